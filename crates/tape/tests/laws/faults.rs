use wengert_tape::check::sight;
use wengert_tape::ops::ALL;

#[test]
fn every_planted_mistake_is_seen() {
    let _set = crate::one_instruction_set();
    let (mut planted, mut seen) = (0, 0);
    let mut missed = Vec::new();
    let mut blind = Vec::new();
    for row in ALL {
        let samples = (row.samples)();
        let sightings = sight(&samples);
        // Some mistake in the op's own rule must be possible, else nothing was proved about it.
        if !sightings
            .iter()
            .any(|s| s.op == samples.name && s.applied > 0)
        {
            blind.push(row.name);
        }
        for s in sightings {
            planted += 1;
            let what = format!(
                "{}: {:?} in `{}` for input {}",
                row.name, s.fault, s.op, s.input
            );
            if s.applied == 0 {
                println!("does not apply: {what}");
            } else if s.seen == 0 {
                let case = s.missed.map_or("", |case| &samples.cases[case].label);
                missed.push(format!("{what} (case {case})"));
            } else {
                seen += 1;
            }
        }
    }
    let rest = planted - seen - missed.len();
    println!(
        "{planted} mistakes planted, {seen} seen, {rest} do not apply, {} missed",
        missed.len()
    );
    assert!(missed.is_empty(), "not seen:\n{}", missed.join("\n"));
    assert!(blind.is_empty(), "no mistake applies to {blind:?}");
}
