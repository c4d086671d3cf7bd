//! Profiles of steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use wengert_nn::look::Profile;
use wengert_nn::{Linear, Lstm, Tanh};
use wengert_tape::{Moment, Tape, Var};
use wengert_tensor::{Rng, Tensor};

type Model<P = Tensor> = (Lstm<P>, Tanh, Linear<P>);

fn model() -> Model {
    let mut rng = Rng::seed_from_u64(1);
    (Lstm::new(3, 8, &mut rng), Tanh, Linear::new(8, 2, &mut rng))
}

fn x() -> Tensor {
    Rng::seed_from_u64(2).normal([4, 6, 3], 0.0, 1.0)
}

fn loss<'t>(t: &'t Tape<f32>, m: Model<Var<'t, f32>>) -> Var<'t, f32> {
    let h = m.0.last(t.constant(&x()), None).h();
    m.2.forward(m.1.forward(h)).powf(2.0).mean()
}

/// Looking changes no bit, before and after.
#[test]
fn a_step_that_is_looked_at_is_the_same_step() {
    let model = model();
    let mut tape = Tape::new();
    let (loss_before, before) = tape.value_and_grad(&model, loss);
    let (loss_seen, seen, _) = Profile::of_step(&mut tape, &model, loss);
    let (loss_after, after) = tape.value_and_grad(&model, loss);
    assert_eq!(loss_before.to_bits(), loss_seen.to_bits());
    assert_eq!(loss_before.to_bits(), loss_after.to_bits());
    let bits = |x: &Tensor| x.iter().map(f32::to_bits).collect::<Vec<_>>();
    for leaf in 0..before.iter().count() {
        let of =
            |grads: &wengert_tape::Gradients<Model, f32>| bits(grads.get(leaf).expect("reached"));
        assert_eq!(of(&before), of(&seen));
        assert_eq!(of(&before), of(&after));
    }
}

#[test]
fn times_calls_and_bytes() {
    let model = model();
    let mut tape = Tape::new();
    let (_, _, profile) = Profile::of_step(&mut tape, &model, loss);
    let (ops, lines) = (profile.by_op(), profile.by_line());
    let time =
        |rows: &[wengert_nn::look::ProfileRow]| rows.iter().map(|row| row.time()).sum::<Duration>();
    assert_eq!(time(&ops), time(&lines));
    assert!(time(&ops) <= profile.time());
    assert!(time(&ops) > Duration::ZERO, "{profile}");
    let bytes =
        |rows: &[wengert_nn::look::ProfileRow]| rows.iter().map(|row| row.bytes).sum::<usize>();
    assert_eq!(
        (bytes(&ops), bytes(&lines)),
        (profile.bytes(), profile.bytes())
    );
    let tanh = ops
        .iter()
        .find(|row| row.name == "tanh")
        .expect("an op of the step");
    assert_eq!((tanh.calls, tanh.bytes), (1, 4 * 8 * 4));
    assert!(tanh.forward > Duration::ZERO && tanh.backward > Duration::ZERO);
    assert!(ops.windows(2).all(|rows| rows[0].time() >= rows[1].time()));
    assert!(
        lines
            .iter()
            .any(|row| row.name.starts_with("look/profile.rs:")),
        "{profile}"
    );
    let text = profile.to_string();
    assert!(
        text.starts_with("one step: ") && text.contains("forward ms"),
        "{text}"
    );
}

#[test]
fn the_trace_is_json_and_its_parts_do_not_overlap() {
    let model = model();
    let (_, _, profile) = Profile::of_step(&mut Tape::new(), &model, loss);
    let trace: serde_json::Value = serde_json::from_str(&profile.chrome_trace()).expect("JSON");
    let events = trace["traceEvents"].as_array().expect("a list");
    let number = |event: &serde_json::Value, name: &str| event[name].as_f64().expect("a number");
    let (mut end, mut rows) = (0.0, std::collections::BTreeSet::new());
    for event in events.iter().filter(|event| event["ph"] == "X") {
        assert!(number(event, "ts") >= end - 0.002, "{event}");
        end = number(event, "ts") + number(event, "dur");
        rows.insert(event["tid"].as_u64());
        assert!(
            event["args"]["line"]
                .as_str()
                .is_some_and(|line| line.contains(':'))
        );
    }
    assert_eq!(rows.len(), 2);
    assert!(end <= profile.time().as_secs_f64() * 1e6 + 1.0);
    // A model that is a single number, on the way there alone.
    let (_, _, small) =
        Profile::of_step(&mut Tape::new(), &Tensor::<f64>::scalar(3.0), |_, x| x * x);
    assert!(serde_json::from_str::<serde_json::Value>(&small.chrome_trace()).is_ok());
}

/// Every value that takes memory is told, in order, and every rule.
#[test]
fn an_observer_hears_of_everything() {
    let heard = Arc::new(AtomicUsize::new(0));
    let tell = Arc::clone(&heard);
    let mut tape = Tape::<f32>::new();
    let model = model();
    let count = |tape: &mut Tape<f32>| {
        let before = heard.load(Ordering::SeqCst);
        let (_, records, _) = tape.value_and_grad_aux(&model, |t, m| (loss(t, m), t.records()));
        let values = records
            .iter()
            .filter(|record| record.bytes > 0 && record.output == 0)
            .count();
        (heard.load(Ordering::SeqCst) - before, values)
    };
    tape.observe(move |moment| {
        if matches!(moment, Moment::Value(_)) {
            tell.fetch_add(1, Ordering::SeqCst);
        }
    });
    let (first, values) = count(&mut tape);
    assert!(first >= values, "{first} of {values}");
    // On a tape that has its memory the same is told, also behind a reset.
    assert_eq!(count(&mut tape), (first, values));
    tape.stop_observing();
    assert_eq!(count(&mut tape).0, 0);
}
