//! Pictures. `WENGERT_PICTURES=DIR` keeps them, to be looked at.

use wengert_nn::look::pictures::{Chart, Confusion, HeatMap, Histogram, ImageGrid};
use wengert_nn::look::{Graph, Profile, summary};
use wengert_nn::transformer::TransformerEncoderLayer;
use wengert_nn::{Forward, LayerNorm, Linear, Lstm, Relu, Residual, Tanh};
use wengert_tape::Tape;
use wengert_tape::compose::cross_entropy;
use wengert_tensor::{Rng, Tensor};

/// Checks what can be told without eyes, and keeps the picture if somebody wants to look.
fn look(name: &str, svg: &str) {
    assert!(svg.trim_end().ends_with("</svg>"), "{name}");
    assert!(!svg.contains("=\"NaN") && !svg.contains("=\"inf"), "{name}");
    keep(&format!("{name}.svg"), svg);
}

fn keep(name: &str, text: &str) {
    if let Some(folder) = std::env::var_os("WENGERT_PICTURES") {
        let path = std::path::Path::new(&folder).join(name);
        std::fs::write(path, text).expect("a folder for the pictures");
    }
}

#[test]
fn charts() {
    let mut rng = Rng::seed_from_u64(1);
    let mut noisy = |rate: f64, end: f64| -> Vec<f64> {
        (0..60)
            .map(|at| end + 2.0 * (-rate * f64::from(at)).exp() + 0.03 * rng.standard_normal())
            .collect()
    };
    let (train, valid) = (noisy(0.12, 0.1), noisy(0.1, 0.35));
    let chart = Chart::new("Learning curves")
        .with_axes("epoch", "loss")
        .with_curve("training", &train)
        .with_curve("validation", &valid);
    look("curves", &chart.svg().expect("curves"));
    let positive: Vec<f64> = train.iter().map(|x| (x - 0.09).abs().powi(3)).collect();
    let log = Chart::new("On a logarithmic scale")
        .with_axes("epoch", "error")
        .with_log_y();
    look(
        "log",
        &log.with_curve("cubed", &positive).svg().expect("a curve"),
    );
    let points: Vec<(f64, f64)> = (0..80)
        .map(|at| {
            (
                f64::from(at) / 10.0,
                (f64::from(at) / 10.0).sin() + 0.1 * rng.standard_normal(),
            )
        })
        .collect();
    let line: Vec<(f64, f64)> = (0..400)
        .map(|at| f64::from(at) / 50.0)
        .map(|x| (x, x.sin()))
        .collect();
    let cut = line.iter().map(|&(x, y)| {
        (
            x,
            if (3.0..3.5).contains(&x) {
                f64::NAN
            } else {
                0.5 * y
            },
        )
    });
    let fit = Chart::new("Measured and fitted")
        .with_axes("x", "y")
        .with_points("measured", points)
        .with_line("fitted", line.clone())
        .with_line("half, with a gap", cut);
    look("fit", &fit.svg().expect("lines"));
    let moon = |angle: f64, sign: f64| {
        let x = angle.cos() * sign + 0.5 - 0.5 * sign;
        (x, sign * angle.sin() + 0.25 - 0.25 * sign)
    };
    let angles = || (0..60).map(|at| f64::from(at) / 19.0);
    let moons = Chart::new("Two moons, and what parts them")
        .with_axes("x", "y")
        .with_points("one moon", angles().map(|angle| moon(angle, 1.0)))
        .with_points("the other", angles().map(|angle| moon(angle, -1.0)))
        .with_boundary("boundary", 40, |x, y| (2.5 * x - 1.0).sin() - 3.0 * y + 0.8);
    let svg = moons.svg().expect("points and a line");
    // A mark of 0 is one, whatever rounding left of it.
    assert!(!svg.contains("e-17"), "{svg}");
    look("moons", &svg);
    for odd in [
        vec![1.0],
        vec![0.0, 0.0],
        vec![1e-300, 1e300],
        vec![f64::NAN, 5.0, f64::INFINITY],
        vec![-1e9, 2e9],
    ] {
        look(
            "odd",
            &Chart::new("odd")
                .with_curve("odd", &odd)
                .svg()
                .expect("something to draw"),
        );
    }
    // Around a circle of radius 1, to a thousandth.
    let circle = |x: f64, y: f64| x * x + y * y - 1.0;
    let axes = Chart::new("")
        .with_x_range(-2.0..2.0)
        .with_y_range(-2.0..2.0);
    let svg = axes.clone().with_boundary("", 50, circle);
    let svg = svg.with_size(460, 460).svg().expect("a circle");
    look("circle", &svg);
    let lines: Vec<&str> = svg.split("<polyline").skip(1).collect();
    let ends = |line: &str| -> Vec<(f64, f64)> {
        let points = line
            .split("points=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        let pairs = points.unwrap_or("").split_whitespace();
        let pair = |pair: &str| {
            let (x, y) = pair.split_once(',').expect("two numbers");
            (x.parse().expect("a number"), y.parse().expect("a number"))
        };
        pairs.map(pair).collect()
    };
    // What is drawn with strokes of width 2 is the boundary.
    let drawn: Vec<(f64, f64)> = lines
        .iter()
        .filter(|line| line.contains("stroke-width=\"2\""))
        .flat_map(|line| ends(line))
        .collect();
    assert!(drawn.len() > 100);
    let middle = |of: fn(&(f64, f64)) -> f64| {
        let numbers: Vec<f64> = drawn.iter().map(of).collect();
        let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
        let most = numbers.iter().copied().fold(0.0, f64::max);
        ((least + most) / 2.0, (most - least) / 2.0)
    };
    let ((x, wide), (y, high)) = (middle(|point| point.0), middle(|point| point.1));
    for point in &drawn {
        let radius = ((point.0 - x) / wide).hypot((point.1 - y) / high);
        // Points lie at whole pixels.
        assert!((radius - 1.0).abs() < 2.0 / wide, "{radius}");
    }
    let nothing = axes.with_boundary("", 10, |_, _| 1.0).svg();
    assert!(nothing.is_ok());
    assert!(Chart::new("").with_boundary("", 10, circle).svg().is_err());
    let named = Chart::new("a <b> & \"c\"")
        .with_curve("<&>", &[1.0, 2.0])
        .svg()
        .expect("a curve");
    assert!(!named.contains("<b>") && named.contains("&lt;b&gt;"));
    for range in [0.0..0.0, 1.0..0.0, 0.0..f64::NAN] {
        assert!(
            Chart::new("")
                .with_curve("", &[1.0])
                .with_y_range(range)
                .svg()
                .is_err()
        );
    }
    let negative = Chart::new("").with_log_y().with_curve("", &[-1.0, 0.0]);
    assert!(negative.svg().is_err());
}

#[test]
fn maps_and_tables() {
    let words = ["the", "black", "cat", "sat", "on", "a", "mat", "<end>"];
    let written = [
        "le", "chat", "noir", "était", "assis", "sur", "un", "tapis", "<fin>",
    ];
    let centers = [0.0, 2.0, 1.0, 3.0, 3.2, 4.0, 5.0, 6.0, 7.0];
    let scores = Tensor::<f32>::from_fn([9, 8], |at| {
        (-((at[1] as f64 - centers[at[0]]) / 0.6).powi(2)) as f32
    });
    let weights = scores.exp() / scores.exp().sum_axes(&[1], true);
    let map = HeatMap::new("Attention of a translation", &weights)
        .with_rows("written", &written)
        .with_columns("read", &words);
    look("attention", &map.svg().expect("a map"));
    let hops = Tensor::<f64>::from([[0.02, 0.9, 0.05], [0.9, 0.05, 0.9], [0.08, 0.05, 0.05]]);
    let story = [
        "mary took the milk",
        "john went home",
        "mary is in the garden",
    ];
    let map = HeatMap::new("Where is the milk?", &hops)
        .with_rows("", &story)
        .with_columns("hop", &["1", "2", "3"])
        .with_numbers()
        .with_marked_rows(&[0, 2])
        .with_notes(&["answer: garden", "said: garden (0.97)"]);
    look("story", &map.svg().expect("a map"));
    let mut rng = Rng::seed_from_u64(2);
    let weights: Tensor<f64> = rng.normal([60, 90], 0.0, 1.0);
    look(
        "weights",
        &HeatMap::new("Weights of a layer", &weights)
            .svg()
            .expect("a map"),
    );
    let odd = Tensor::<f64>::from([[f64::NAN, 1.0], [f64::INFINITY, 0.0]]);
    look(
        "odd_map",
        &HeatMap::new("NaN is gray", &odd)
            .with_numbers()
            .svg()
            .expect("a map"),
    );
    assert!(HeatMap::new("", &odd).with_rows("", &["a"]).svg().is_err());
    assert!(HeatMap::new("", &Tensor::<f32>::from([1.0])).svg().is_err());

    let truth: Vec<i64> = (0..2000).map(|_| rng.below(10) as i64).collect();
    let said = truth.iter().map(|&class| match rng.below(20) {
        0 => rng.below(10) as i64,
        1 if class == 4 || class == 9 => 13 - class,
        _ => class,
    });
    let said: Vec<i64> = said.collect();
    let digits: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
    let table = Confusion::new(
        "Digits",
        &digits,
        &Tensor::from(truth.clone()),
        &Tensor::from(said.clone()),
    );
    let table = table.expect("a table");
    let right = truth.iter().zip(&said).filter(|(a, b)| a == b).count();
    assert_eq!(table.accuracy(), right as f64 / 2000.0);
    let all: u64 = (0..10)
        .flat_map(|row| (0..10).map(move |column| (row, column)))
        .map(|(a, b)| table.count(a, b))
        .sum();
    assert_eq!(all, 2000);
    look("confusion", &table.svg().expect("a table"));
}

#[test]
fn images_and_histograms() {
    let ring = |at: &[usize], radius: f64| {
        let (y, x) = (at[1] as f64 - 13.5, at[2] as f64 - 13.5);
        (1.5 - ((x * x + y * y).sqrt() - radius).abs()).clamp(0.0, 1.0)
    };
    let images = Tensor::<f32>::from_fn([12, 28, 28], |at| ring(at, at[0] as f64 + 1.0) as f32);
    let captions: Vec<String> = (1..=12).map(|radius| format!("radius {radius}")).collect();
    let grid = ImageGrid::new("Rings", &images)
        .with_captions(&captions)
        .with_columns(6);
    look("rings", &grid.svg().expect("images"));
    look(
        "light",
        &ImageGrid::new("Light", &images)
            .light()
            .svg()
            .expect("images"),
    );
    let colors = Tensor::<f64>::from_fn([3, 16, 16, 3], |at| match at[3] {
        0 => at[1] as f64 / 15.0,
        1 => at[2] as f64 / 15.0,
        _ => at[0] as f64 / 2.0,
    });
    look(
        "colors",
        &ImageGrid::new("Colors", &colors).svg().expect("images"),
    );
    assert!(grid.with_captions(&["one"]).svg().is_err());

    let mut rng = Rng::seed_from_u64(3);
    let (a, b): (Tensor, Tensor) = (rng.normal([5000], 0.0, 1.0), rng.normal([3000], 2.0, 0.5));
    let odd = Tensor::cat(&[&b, &Tensor::from([f32::NAN])], 0);
    let histogram = Histogram::new("Activations", "value")
        .with_numbers("before", &a)
        .with_numbers("after", &odd);
    assert_eq!(
        histogram
            .counts(7)
            .expect("counts")
            .iter()
            .flatten()
            .sum::<u64>(),
        8000
    );
    look("histogram", &histogram.svg().expect("a histogram"));
    for same in [0.0f64, 7.0, 1e-300, -1e300] {
        let same = Histogram::new("", "")
            .with_bins(3)
            .with_numbers("", &Tensor::from([same, same]));
        look("same", &same.svg().expect("a histogram"));
    }
    let far = Histogram::new("", "").with_numbers("", &Tensor::from([1e308, -1e308]));
    assert!(far.svg().is_err());
}

/// The graphs of some steps, a profile and a summary.
#[test]
fn steps() {
    let mut rng = Rng::seed_from_u64(4);
    let model = (
        Linear::new(4, 16, &mut rng),
        Relu,
        Residual(Linear::new(16, 16, &mut rng)),
        LayerNorm::new(16),
        Linear::new(16, 3, &mut rng),
    );
    let (x, labels) = (Tensor::ones([5, 4]), Tensor::from([0, 1, 2, 0, 1]));
    let step = Tape::new().value_and_grad_aux(&model, |t, m| {
        let loss = cross_entropy(m.forward(t.constant(&x)), &labels);
        (loss, Graph::of(t))
    });
    look("graph_ops", &step.1.svg());
    look("graph_layers", &step.1.layers(1).svg());
    keep("graph.dot", &step.1.layers(1).dot());
    keep("graph.txt", &step.1.layers(1).text());
    let model = (Lstm::new(3, 8, &mut rng), Tanh, Linear::new(8, 2, &mut rng));
    let x: Tensor = rng.normal([4, 20, 3], 0.0, 1.0);
    let mut tape = Tape::new();
    let step = tape.value_and_grad_aux(&model, |t, m| {
        let h = m.0.last(t.constant(&x), None).h();
        (m.2.forward(m.1.forward(h)).powf(2.0).mean(), Graph::of(t))
    });
    look("graph_lstm", &step.1.layers(1).svg());
    let (_, _, profile) = Profile::of_step(&mut tape, &model, |t, m| {
        let h = m.0.last(t.constant(&x), None).h();
        m.2.forward(m.1.forward(h)).powf(2.0).mean()
    });
    keep("profile.txt", &profile.text());
    keep("trace.json", &profile.chrome_trace());
    keep("summary.txt", &summary(&model).to_string());
    let model = TransformerEncoderLayer::new(16, 2, 32, &mut rng);
    let x: Tensor = rng.normal([2, 5, 16], 0.0, 1.0);
    let step = Tape::new().value_and_grad_aux(&model, |t, m| {
        let y = m.forward(t.constant(&x), None);
        ((y * y).mean(), Graph::of(t))
    });
    look("graph_transformer", &step.1.layers(1).svg());
}
