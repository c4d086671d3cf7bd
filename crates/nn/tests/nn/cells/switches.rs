//! Every cell with all pairs of its switches.

use std::collections::BTreeSet;

use wengert_nn::rnn::{
    Activation, ForgetGate, GruBiases, GruOptions, GruVariant, LightGru, LstmOptions, LstmVariant,
    LstmVariantCell, MinimalGru, Nonlinearity, ParameterGroups, Peepholes, Stacking,
};
use wengert_nn::{Gru, Lstm, LstmState, SimpleRnn, State};
use wengert_tape::{Bind, Tape, Var};
use wengert_tensor::{Float, Tensor};

use super::twins::{self, Parts, Row};
use super::{holds, rng};

#[test]
fn simple() {
    for activation in [Activation::Tanh, Activation::Relu] {
        let make = |stacking| {
            let rnn = SimpleRnn::stacked(2, 3, stacking, &mut rng()).with_activation(activation);
            rnn.cast::<f64>()
        };
        holds!("simple", make, twins::simple);
    }
}

#[test]
fn lstm() {
    let make = |stacking| Lstm::stacked(2, 3, stacking, &mut rng()).cast::<f64>();
    holds!("lstm", make, twins::lstm);
}

#[test]
fn gru() {
    let make = |stacking| Gru::stacked(2, 3, stacking, &mut rng()).cast::<f64>();
    holds!("gru", make, twins::gru);
}

#[test]
fn small_cells() {
    let make = |stacking| MinimalGru::stacked(2, 3, stacking, &mut rng()).cast::<f64>();
    holds!("minimal", make, twins::minimal);
    let make = |stacking| LightGru::stacked(2, 3, stacking, &mut rng()).cast::<f64>();
    holds!("light", make, twins::light);
}

#[test]
fn gru_variants() {
    for biases in [
        GruBiases::Double,
        GruBiases::Single,
        GruBiases::Gates,
        GruBiases::None,
    ] {
        for reset_after in [false, true] {
            let options = GruOptions {
                reset_after,
                biases,
            };
            let make = |stacking| {
                let rnn = GruVariant::stacked_with_options(2, 3, options, stacking, &mut rng());
                rnn.cast::<f64>()
            };
            holds!(format!("{options:?}"), make, twins::gru_variant);
        }
    }
}

/// All settings of the switches of an LSTM that go together.
fn all_options() -> Vec<LstmOptions> {
    use ForgetGate::*;
    let mut all = vec![];
    let either = [false, true];
    for (forget_gate, bits) in [Learned, Coupled, Fixed(1.0), Fixed(0.7)]
        .into_iter()
        .flat_map(|gate| (0..32).map(move |bits| (gate, bits)))
    {
        let bit = |at: usize| either[bits >> at & 1];
        for peepholes in [Peepholes::None, Peepholes::Diagonal, Peepholes::Full] {
            if bit(0) || forget_gate != Coupled {
                all.push(LstmOptions {
                    input_gate: bit(0),
                    forget_gate,
                    output_gate: bit(1),
                    bias: bit(2),
                    forget_bias: 0.5,
                    peepholes,
                    projection: bit(3).then_some(2),
                    layer_norm: bit(4),
                });
            }
        }
    }
    all
}

/// The pairs of settings that are in some options.
fn pairs(options: &LstmOptions) -> BTreeSet<String> {
    let settings = [
        format!("input {}", options.input_gate),
        format!("forget {:?}", options.forget_gate),
        format!("output {}", options.output_gate),
        format!("bias {}", options.bias),
        format!("peepholes {:?}", options.peepholes),
        format!("projection {:?}", options.projection),
        format!("norm {}", options.layer_norm),
    ];
    let pair = |(k, a): (usize, &String)| {
        let others = settings[k + 1..].iter();
        others.map(|b| format!("{a}, {b}")).collect::<Vec<_>>()
    };
    settings.iter().enumerate().flat_map(pair).collect()
}

/// Few options in which every pair of settings occurs that can: always those with most new pairs.
fn all_pairs() -> Vec<LstmOptions> {
    let all = all_options();
    let mut open: BTreeSet<String> = all.iter().flat_map(pairs).collect();
    let mut chosen = vec![];
    while !open.is_empty() {
        let news = |options: &&LstmOptions| pairs(options).intersection(&open).count();
        let best = *all.iter().max_by_key(news).expect("there are options");
        for pair in pairs(&best) {
            open.remove(&pair);
        }
        chosen.push(best);
    }
    chosen
}

#[test]
fn lstm_variants() {
    let chosen = all_pairs();
    assert!((12..25).contains(&chosen.len()), "{} options", chosen.len());
    for options in chosen {
        let make = |stacking| {
            let rnn = LstmVariant::stacked_with_options(2, 3, options, stacking, &mut rng());
            rnn.cast::<f64>()
        };
        holds!(format!("{options:?}"), make, twins::lstm_variant);
    }
}

#[test]
fn zoneout_expects() {
    // In evaluation mode every element is what it is on the average.
    fn twin(
        cell: &wengert_nn::rnn::Zoneout<wengert_nn::LstmCell<Tensor<f64>>>,
        x: &[f64],
        state: &[Row],
    ) -> Parts {
        let next = twins::lstm(&cell.cell, x, state);
        let mix = |(part, p): (usize, f64)| -> Row {
            let both = state[part].iter().zip(&next[part]);
            both.map(|(before, after)| p * before + (1.0 - p) * after)
                .collect()
        };
        [(0, 0.2), (1, 0.6)].into_iter().map(mix).collect()
    }
    let make = |stacking| {
        let lstm = Lstm::stacked(2, 3, stacking, &mut rng()).cast::<f64>();
        lstm.with_zoneout(0.2, 0.6)
    };
    holds!("zoneout", make, twin);
}

#[test]
fn the_default_is_the_plain_cell() {
    let (plain, tape) = (Lstm::new(2, 3, &mut rng()).cast::<f64>(), Tape::new());
    let cell = &plain.layers[0].forward;
    let mut same =
        LstmVariantCell::with_options(2, 3, LstmOptions::default(), &mut rng()).cast::<f64>();
    assert_eq!(same.bias.as_ref(), Some(&cell.bias));
    (same.wx, same.wh) = (cell.wx.clone(), cell.wh.clone());
    let same = wengert_nn::Recurrent::of([same]);
    let x = tape.constant(&super::normal(1, &[4, 5, 2]));
    let before = tape.stats().nodes;
    let a = plain.bind(&tape).last(x, None);
    let between = tape.stats().nodes;
    let b = same.bind(&tape).last(x, None);
    assert_eq!(a.c().value(), b.c().value());
    // The same op, and so the same number of nodes but for the second zeros of the start.
    assert_eq!(tape.stats().nodes - between, between - before + 1);
}

#[test]
fn groups_are_those_of_the_equations() {
    let with =
        |options| LstmVariantCell::with_options(2, 3, options, &mut rng()).parameter_groups();
    let plain = LstmOptions::default();
    let peepholes = Peepholes::Diagonal;
    assert_eq!(Lstm::new(2, 3, &mut rng()).parameter_groups(), 12);
    assert_eq!(with(plain), 12);
    assert_eq!(with(LstmOptions { peepholes, ..plain }), 15);
    assert_eq!(
        with(LstmOptions {
            projection: Some(2),
            ..plain
        }),
        13
    );
    assert_eq!(
        with(LstmOptions {
            bias: false,
            ..plain
        }),
        8
    );
    assert_eq!(
        with(LstmOptions {
            forget_gate: ForgetGate::Coupled,
            ..plain
        }),
        9
    );
    assert_eq!(
        with(LstmOptions {
            layer_norm: true,
            ..plain
        }),
        18
    );
    assert_eq!(
        with(LstmOptions {
            peepholes,
            ..LstmOptions::of_1997()
        }),
        11
    );
    assert_eq!(with(LstmOptions::constant_error_carousel()), 3);
    let both = Stacking {
        layers: 2,
        bidirectional: true,
    };
    assert_eq!(
        Gru::stacked(2, 3, both, &mut rng()).parameter_groups(),
        4 * 12
    );
    assert_eq!(SimpleRnn::new(2, 3, &mut rng()).parameter_groups(), 3);
    assert_eq!(
        MinimalGru::stacked(2, 3, both, &mut rng()).parameter_groups(),
        4 * 6
    );
    assert_eq!(
        LightGru::stacked(2, 3, both, &mut rng()).parameter_groups(),
        4 * 6
    );
}

/// ∂c(T)/∂c(0) of a carousel is w to the power of T: 1 neither vanishes nor explodes.
#[test]
fn the_carousel_keeps_errors() {
    for (weight, over_100) in [
        (1.0, 1.0),
        (0.9, 2.656_139_888_758_754e-5),
        (2.0, 1.267_650_600_228_229_4e30),
    ] {
        let options = LstmOptions {
            forget_gate: ForgetGate::Fixed(weight),
            ..LstmOptions::constant_error_carousel()
        };
        let mut cell = LstmVariantCell::with_options(1, 1, options, &mut rng()).cast::<f64>();
        cell.wh = Tensor::zeros([1, 1]);
        let tape = Tape::new();
        let c = tape.leaf(&Tensor::from([[0.3]]));
        let start = State::of([LstmState {
            h: tape.zeros([1, 1]),
            c,
        }]);
        let rnn = wengert_nn::Recurrent::of([cell]);
        let end = rnn.bind(&tape).last(tape.ones([1, 100, 1]), Some(start));
        let slope = end.c().sum().backward().wrt(c).expect("a gradient").item();
        assert!((slope / over_100 - 1.0).abs() < 1e-12, "{weight}: {slope}");
    }
}

#[test]
fn any_activation() {
    #[derive(Clone)]
    struct Cubed;
    impl Nonlinearity for Cubed {
        fn of<'t, T: Float>(&self, x: Var<'t, T>) -> Var<'t, T> {
            x * x * x
        }
    }
    let rnn = SimpleRnn::new(2, 3, &mut rng()).cast::<f64>();
    let cell = rnn.layers[0].forward.clone();
    let sigmoid = rnn.clone().with_activation(wengert_nn::Sigmoid);
    let rnn = rnn.with_activation(Cubed);
    let tape = Tape::new();
    let x = super::normal(1, &[1, 2]);
    let h = rnn
        .bind(&tape)
        .last(tape.constant(&x).unsqueeze(1), None)
        .h();
    let sum = &x.matmul(&cell.wx) + &cell.bias;
    super::near("cubed", &h.value(), &(&(&sum * &sum) * &sum));
    let h = sigmoid
        .bind(&tape)
        .last(tape.constant(&x).unsqueeze(1), None)
        .h();
    super::near("sigmoid", &h.value(), &sum.map(twins::sigmoid));
}
