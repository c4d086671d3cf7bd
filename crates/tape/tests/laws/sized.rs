use wengert_tape::Tape;
use wengert_tape::check::{Case, Samples};
use wengert_tape::ops::ALL;
use wengert_tensor::Tensor;

/// The size of the greatest input or output.
fn greatest(case: &Case<f64>) -> usize {
    let tape = Tape::new();
    let x: Vec<_> = case.inputs.iter().map(|x| tape.leaf(x)).collect();
    let outputs = (case.program)(&x);
    x.iter()
        .chain(&outputs)
        .map(|x| x.size())
        .max()
        .unwrap_or(0)
}

/// What benches are generated from: a size may not be had to the element, and a few ops have samples of one
/// size alone.
#[test]
fn nearly_every_op_can_be_had_at_any_size() {
    let mut others = Vec::new();
    for row in ALL {
        let case = (row.samples)().sized(1000).expect("every op has a case");
        let size = greatest(&case);
        if !(250..=4000).contains(&size) {
            others.push(format!("{} of {size}", row.name));
        }
    }
    println!("of another size: {}", others.join(", "));
    assert!(others.len() * 6 <= ALL.len(), "too many: {others:?}");
}

#[test]
fn axes_grow_as_far_as_the_program_allows() {
    let columns = |samples: Samples<f64>, elements| {
        let case = samples.sized(elements).expect("a case");
        case.inputs[0].shape().to_vec()
    };
    let all = || Samples::new("t").case("any", &[&[3, 2]], |x| vec![x[0].t()]);
    assert_eq!(columns(all(), 600), [30, 20]);
    // A factor for each column keeps the columns.
    let rows = || {
        Samples::new("mul").case("two columns", &[&[3, 2]], |x| {
            vec![x[0] * &Tensor::from([1.0, 2.0])]
        })
    };
    assert_eq!(columns(rows(), 600), [300, 2]);
    let fixed = || Samples::new("expand").case("fixed", &[&[1, 4]], |x| vec![x[0].expand([3, 4])]);
    assert_eq!(columns(fixed(), 600), [1, 4]);
    assert_eq!(columns(Samples::unary("tanh", |x| x.tanh()), 600), [600]);
    assert_eq!(columns(Samples::unary("tanh", |x| x.tanh()), 1), [0; 0]);
    assert!(Samples::<f64>::new("nothing").sized(600).is_none());
}
