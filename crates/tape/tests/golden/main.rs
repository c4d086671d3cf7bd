//! Values, gradients and Hessian–vector products beside PyTorch's: every case has a program, which is
//! one call of the library.

#![allow(clippy::print_stdout)]

mod case;
mod table;

use case::{Book, Case};
use table::{Program, program};
use wengert_tape::{GradOptions, Tape, Unused, Var};
use wengert_tensor::Tensor;

/// |a − b| ≤ 1e-9 · (1 + max |b|)
fn agree(case: &Case, what: &str, found: &Tensor<f64>, key: &str) -> Result<(), String> {
    let expected = case.tensor(key);
    if found.shape() != expected.shape() {
        return Err(format!(
            "{}: {what} has the shape {}, not {}",
            case.name,
            found.shape(),
            expected.shape()
        ));
    }
    let most = expected.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    let worst = found
        .iter()
        .zip(expected.iter())
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max);
    let finite = found.iter().all(f64::is_finite);
    if finite && worst <= 1e-9 * (1.0 + most) {
        return Ok(());
    }
    Err(format!(
        "{}: {what} is off by {worst:.1e}: {found:?} for {expected:?}",
        case.name
    ))
}

fn run(case: &Case, program: Program) -> Result<(), String> {
    let tape = Tape::new();
    let inputs: Vec<_> = case
        .inputs
        .iter()
        .map(|name| tape.leaf(&case.tensor(name)))
        .collect();
    let y = program(&inputs, case);
    agree(case, "the value", &y.value(), "output")?;

    let y_bar = case.tensor("cotangent");
    let backward = y.backward_with(&y_bar);
    // PyTorch multiplies by 1/6 rounded to `f32`, whatever the type; ours is compared with that factor.
    let sixth = match case.op.as_str() {
        "hardsigmoid" => f64::from(1.0_f32 / 6.0) * 6.0,
        _ => 1.0,
    };
    for (name, x) in case.inputs.iter().zip(&inputs) {
        let bar = backward.wrt(*x).unwrap_or_else(|| Tensor::zeros(x.shape()));
        let bar = bar * sixth;
        agree(
            case,
            &format!("the gradient of {name}"),
            &bar,
            &format!("grad.{name}"),
        )?;
    }
    drop(backward);
    if !case.second_order {
        return Ok(());
    }

    let mut options = GradOptions {
        create_graph: true,
        unused: Unused::Zeros,
    };
    let bars = tape.grad_with(&[y], &inputs, &[tape.constant(&y_bar)], options);
    let directions: Vec<_> = case
        .inputs
        .iter()
        .map(|name| tape.constant(&case.tensor(&format!("direction.{name}"))))
        .collect();
    // Forward over reverse, and reverse over reverse.
    let moved: Vec<(Var<'_, f64>, Var<'_, f64>)> = inputs
        .iter()
        .copied()
        .zip(directions.iter().copied())
        .collect();
    let forward = tape.tangents(&bars, &moved);
    options.create_graph = false;
    let reverse = tape.grad_with(&bars, &inputs, &directions, options);
    for (k, name) in case.inputs.iter().enumerate() {
        let (what, key) = (
            format!("the Hessian–vector product of {name}"),
            format!("hvp.{name}"),
        );
        agree(case, &what, &forward[k].value(), &key)?;
        agree(case, &what, &reverse[k].value(), &key)?;
    }
    Ok(())
}

#[test]
fn ops_agree_with_pytorch() {
    let book = Book::open("ops");
    let (mut ran, mut failures, mut rest) = (0, Vec::new(), Vec::new());
    for case in book.cases() {
        let Some(program) = program(&case.op) else {
            rest.push(case.name);
            continue;
        };
        ran += 1;
        failures.extend(run(&case, program).err());
    }
    println!("{ran} cases ran; not covered: {}", rest.join(" "));
    assert!(
        failures.is_empty(),
        "{} of {ran} cases:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(rest.is_empty(), "not covered: {}", rest.join(" "));
    assert!(ran >= 400, "only {ran} cases ran");
}
