//! Schedules, beside PyTorch's rates and their closed forms.

use wengert_nn::optim::{OneCycle, Piece, PieceMut, Plateau, Schedule, Stateful};

use crate::book::Book;
use crate::optim::cases;

/// The rates of a case, to 1e-12.
fn follow(book: &Book, case: &str, schedule: &Schedule) -> String {
    let wanted = book.get(case, "rates");
    for (step, wanted) in wanted.iter().enumerate() {
        let rate = schedule.at(step as u64);
        let near = (rate - wanted).abs() <= 1e-12;
        assert!(near, "{case}, step {step}: {rate} and {wanted}");
    }
    case.to_owned()
}

#[test]
fn the_rates_are_those_of_pytorch() {
    let book = Book::open("optim");
    let followed = [
        ("step", Schedule::step(0.1, 3, 0.5)),
        ("multi_step", Schedule::multi_step(0.1, &[2, 5, 6], 0.1)),
        ("exponential", Schedule::exponential(0.1, 0.9)),
        ("cosine", Schedule::cosine(0.1, 10, 0.001)),
        ("linear", Schedule::linear(0.01, 0.1, 5)),
        ("polynomial", Schedule::polynomial(0.1, 8, 2.0)),
        ("one_cycle", Schedule::one_cycle(OneCycle::new(0.5, 12))),
        ("cosine_restarts", Schedule::cosine_restarts(0.1, 4, 2, 0.0)),
    ];
    let mut names: Vec<_> = followed
        .iter()
        .map(|(case, schedule)| follow(&book, case, schedule))
        .collect();
    let mut plateau = Plateau::new(0.1).with_factor(0.5).with_patience(1);
    names.push(watch(&book, "plateau", &mut plateau));
    assert_eq!(names, cases(&book, "schedule"));
}

#[test]
fn every_shape_is_that_of_pytorch() {
    let book = Book::open("training");
    let cycle = OneCycle::new(0.5, 40);
    let linear = OneCycle {
        rise: 0.25,
        start: 10.0,
        end: 100.0,
        linear: true,
        ..cycle.clone()
    };
    let three = OneCycle {
        three_phases: true,
        ..cycle.clone()
    };
    let sequence = Schedule::linear(0.01, 0.1, 5).then(
        5,
        Schedule::cosine(0.1, 20, 0.001).then(20, Schedule::exponential(0.1, 0.9)),
    );
    let constant = Schedule::constant(0.025).then(6, Schedule::constant(0.1));
    let followed = [
        ("step", Schedule::step(0.1, 4, 0.3)),
        (
            "multi_step",
            Schedule::multi_step(0.1, &[3, 3, 10, 30], 0.5),
        ),
        ("exponential", Schedule::exponential(0.1, 0.95)),
        ("cosine", Schedule::cosine(0.1, 40, 0.01)),
        (
            "cosine_restarts_1",
            Schedule::cosine_restarts(0.1, 7, 1, 0.02),
        ),
        (
            "cosine_restarts_3",
            Schedule::cosine_restarts(0.1, 3, 3, 0.02),
        ),
        ("linear", Schedule::linear(0.02, 0.07, 12)),
        ("polynomial", Schedule::polynomial(0.1, 25, 1.5)),
        ("one_cycle", Schedule::one_cycle(cycle)),
        ("one_cycle_linear", Schedule::one_cycle(linear)),
        ("one_cycle_three", Schedule::one_cycle(three)),
        ("constant", constant),
        ("sequential", sequence),
    ];
    let names: Vec<_> = followed
        .iter()
        .map(|(case, schedule)| follow(&book, case, schedule))
        .collect();
    assert_eq!(names, cases(&book, "schedule"));
    let relative = Plateau {
        threshold: 0.05,
        ..Plateau::new(0.1).with_factor(0.5).with_patience(2)
    };
    let absolute = Plateau {
        threshold: 0.02,
        absolute: true,
        cooldown: 3,
        least: 0.002,
        ..Plateau::new(0.1).with_factor(0.3).with_patience(1)
    };
    let greatest = Plateau {
        threshold: 0.01,
        ..Plateau::new(0.1)
            .with_factor(0.5)
            .with_patience(3)
            .of_greatest()
    };
    let watched = [
        ("plateau_rel", relative),
        ("plateau_abs", absolute),
        ("plateau_max", greatest),
    ]
    .map(|(case, mut plateau)| watch(&book, case, &mut plateau));
    assert_eq!(watched.to_vec(), cases(&book, "plateau"));
}

/// The rates of a case after each of its losses. Half way, the state is moved to a new value.
fn watch(book: &Book, case: &str, plateau: &mut Plateau) -> String {
    let (losses, wanted) = (book.get(case, "losses"), book.get(case, "rates"));
    for (step, (loss, wanted)) in losses.iter().zip(wanted.iter()).enumerate() {
        if step == losses.size() / 2 {
            *plateau = moved(plateau);
        }
        let rate = plateau.show(loss);
        assert!(
            (rate - wanted).abs() <= 1e-12,
            "{case}, step {step}: {rate} and {wanted}"
        );
        assert_eq!(rate, plateau.rate);
    }
    case.to_owned()
}

/// A new one with the same settings, and the state by its pieces.
fn moved(plateau: &Plateau) -> Plateau {
    let (mut numbers, mut counts) = (Vec::new(), Vec::new());
    Stateful::<f64>::visit_state(plateau, &mut |_, _, piece| match piece {
        Piece::Number(number) => numbers.push(number),
        Piece::Count(count) => counts.push(count),
        Piece::Tensor(_) => panic!("a plateau has no tensor"),
    });
    let mut new = plateau.clone();
    for _ in 0..20 {
        new.show(f64::NAN);
    }
    let (mut numbers, mut counts) = (numbers.into_iter(), counts.into_iter());
    Stateful::<f64>::visit_state_mut(&mut new, &mut |_, _, piece| match piece {
        PieceMut::Number(to) => *to = numbers.next().expect("a number"),
        PieceMut::Count(to) => *to = counts.next().expect("a count"),
        PieceMut::Tensor(_) => panic!("a plateau has no tensor"),
    });
    assert_eq!(&new, plateau);
    new
}

#[test]
fn a_warm_up_is_a_line_in_front() {
    let of = Schedule::cosine(0.2, 30, 0.0);
    let schedule = of.clone().with_warm_up(9);
    for step in 0..40 {
        let factor = ((step + 1) as f64 / 10.0).min(1.0);
        assert!((schedule.at(step) - of.at(step) * factor).abs() < 1e-15);
    }
    assert_eq!(of.clone().with_warm_up(0).at(0), of.at(0));
}

/// The closed form of the source: width^−½ · min(k^−½, k · warm^−1.5).
#[test]
fn the_inverse_root_is_that_of_the_transformer() {
    let (width, warm) = (64.0_f64, 400.0_f64);
    let schedule = Schedule::inverse_root(1.0 / (width * warm).sqrt(), 400);
    for step in [0, 1, 57, 398, 399, 400, 5000, 1_000_000] {
        let k = (step + 1) as f64;
        let wanted = width.powf(-0.5) * k.powf(-0.5).min(k * warm.powf(-1.5));
        assert!((schedule.at(step) / wanted - 1.0).abs() < 1e-12, "{step}");
    }
}

/// Any step has a rate, however far, and at once.
#[test]
fn far_steps_have_rates() {
    let schedules = [
        Schedule::cosine_restarts(0.1, 3, 1, 0.0),
        Schedule::cosine_restarts(0.1, 3, 2, 0.0),
        Schedule::one_cycle(OneCycle::new(0.1, 10)),
        Schedule::polynomial(0.1, 10, 0.5),
        Schedule::step(0.1, 1, 0.5),
    ];
    for schedule in schedules {
        let rate = schedule.at(u64::MAX);
        assert!((0.0..=0.1).contains(&rate), "{schedule:?}: {rate}");
    }
}
