use wengert_tape::check::{apart, readings};
use wengert_tape::ops::ALL;
use wengert_tensor::kernels::{Path, force_path, path, paths};

#[test]
fn every_instruction_set_agrees() {
    let _set = crate::INSTRUCTION_SET
        .write()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let best = path();
    force_path(Path::Plain);
    let read = || {
        ALL.iter().flat_map(|row| {
            let label = move |(case, values)| (format!("{} ({case})", row.name), values);
            readings(&(row.samples)()).into_iter().map(label)
        })
    };
    let plain: Vec<_> = read().collect();
    let mut wrong = Vec::new();
    for other in [Path::Avx2, Path::Avx512] {
        if !paths().contains(&other) {
            println!("this machine lacks {other:?}");
            continue;
        }
        force_path(other);
        for ((case, values), (_, expected)) in read().zip(&plain) {
            if let Some(detail) = apart(&values, expected, 1e-12) {
                wrong.push(format!("{case} with {other:?}: {detail}"));
            }
        }
    }
    force_path(best);
    assert!(
        wrong.is_empty(),
        "the instruction sets disagree:\n{}",
        wrong.join("\n")
    );
}
