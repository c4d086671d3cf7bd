//! The figures of an experiment, which the claims of `examples/claims.toml` are held against.

use std::time::Instant;

use serde_json::{Map, Value, json};

use super::{Options, Outcome};

/// Figures by name, each with a number per seed (or one, where no seed plays a part).
pub struct Figures {
    example: &'static str,
    started: Instant,
    figures: Map<String, Value>,
}

impl Figures {
    /// No figures yet. The clock of the experiment starts.
    pub fn new(example: &'static str) -> Self {
        Figures {
            example,
            started: Instant::now(),
            figures: Map::new(),
        }
    }

    /// Adds a figure, with its numbers in the order of the seeds, and prints it.
    pub fn add(&mut self, name: &str, numbers: &[f64]) {
        let text: Vec<String> = numbers.iter().map(|x| format!("{x:.4e}")).collect();
        println!("{name}: {}", text.join("  "));
        self.figures.insert(name.to_owned(), json!(numbers));
    }

    /// Writes all figures where the user asked for them.
    pub fn write(self, options: &Options) -> Outcome {
        let seconds = self.started.elapsed().as_secs_f64();
        println!("{:.1} s", seconds);
        options.write_figures(&json!({
            "example": self.example,
            "quick": options.quick,
            "seed": options.seed,
            "threads": options.threads,
            "seconds": seconds,
            "figures": self.figures,
        }))
    }
}
