//! Observers that write lines: JSON and CSV.

use std::io::{self, Write};

use super::observer::{Event, Observer};

/// Writes every event as a line of JSON: `{"event":"step","epoch":0,"step":1,"loss":0.5,…}`. A number
/// that is infinite or NaN is `null`.
///
/// ```
/// use wengert_nn::train::{Event, JsonLines, Observer};
/// let mut lines = JsonLines::new(Vec::new());
/// lines.see(&Event::Start { epochs: Some(2), steps: None });
/// let text = String::from_utf8(lines.finish().unwrap()).unwrap();
/// assert_eq!(text, "{\"event\":\"start\",\"epochs\":2,\"steps\":null}\n");
/// ```
#[derive(Debug)]
pub struct JsonLines<W> {
    to: W,
    failed: Option<io::Error>,
}

impl<W: Write> JsonLines<W> {
    /// Writes to a file, or to whatever can be written to; a `BufWriter` around a file is quicker.
    pub fn new(to: W) -> Self {
        JsonLines { to, failed: None }
    }

    /// Ends the lines, and gives back what they were written to.
    ///
    /// # Errors
    /// The first one that there was in writing, after which nothing was written.
    pub fn finish(mut self) -> io::Result<W> {
        match self.failed {
            Some(error) => Err(error),
            None => self.to.flush().map(|()| self.to),
        }
    }
}

impl<W: Write> Observer for JsonLines<W> {
    fn see(&mut self, event: &Event<'_>) {
        let line = json(event);
        keep(&mut self.failed, || self.to.write_all(line.as_bytes()));
    }
}

/// Writes every epoch as a line of a table: `epoch,step,loss,rate,seconds` and the metrics, under a line
/// of names.
///
/// ```
/// use wengert_nn::train::{Csv, Event, Observer};
/// let mut csv = Csv::new(Vec::new());
/// let metrics = [("accuracy", 0.75)];
/// csv.see(&Event::Epoch {
///     epoch: 0, step: 10, loss: 0.5, rate: 0.1, metrics: &metrics, best: true, seconds: 2.0,
/// });
/// let text = String::from_utf8(csv.finish().unwrap()).unwrap();
/// assert_eq!(text, "epoch,step,loss,rate,seconds,accuracy\n0,10,0.5,0.1,2,0.75\n");
/// ```
#[derive(Debug)]
pub struct Csv<W> {
    to: W,
    headed: bool,
    failed: Option<io::Error>,
}

impl<W: Write> Csv<W> {
    /// Writes to a file, or to whatever can be written to.
    pub fn new(to: W) -> Self {
        Csv {
            to,
            headed: false,
            failed: None,
        }
    }

    /// Ends the table, and gives back what it was written to.
    ///
    /// # Errors
    /// The first one that there was in writing, after which nothing was written.
    pub fn finish(mut self) -> io::Result<W> {
        match self.failed {
            Some(error) => Err(error),
            None => self.to.flush().map(|()| self.to),
        }
    }
}

impl<W: Write> Observer for Csv<W> {
    fn see(&mut self, event: &Event<'_>) {
        let Event::Epoch {
            epoch,
            step,
            loss,
            rate,
            metrics,
            seconds,
            ..
        } = event
        else {
            return;
        };
        let mut text = String::new();
        if !self.headed {
            text += "epoch,step,loss,rate,seconds";
            metrics.iter().for_each(|(name, _)| {
                text.push(',');
                text += &field(name);
            });
            text.push('\n');
            self.headed = true;
        }
        text += &format!("{epoch},{step},{loss},{rate},{seconds}");
        metrics
            .iter()
            .for_each(|(_, value)| text += &format!(",{value}"));
        text.push('\n');
        keep(&mut self.failed, || self.to.write_all(text.as_bytes()));
    }
}

/// Writes, unless that has failed before.
fn keep(failed: &mut Option<io::Error>, write: impl FnOnce() -> io::Result<()>) {
    if failed.is_none() {
        *failed = write().err();
    }
}

/// A name as a field of a table.
fn field(name: &str) -> String {
    match name.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", name.replace('"', "\"\"")),
        false => name.to_owned(),
    }
}

/// An event as a line of JSON.
fn json(event: &Event<'_>) -> String {
    let count = |count: Option<u64>| count.map_or("null".to_owned(), |count| count.to_string());
    let body = match event {
        Event::Start { epochs, steps } => {
            let (epochs, steps) = (count(*epochs), count(*steps));
            format!("\"start\",\"epochs\":{epochs},\"steps\":{steps}")
        }
        Event::Step {
            epoch,
            step,
            loss,
            rate,
            norm,
            seconds,
        } => format!(
            "\"step\",\"epoch\":{epoch},\"step\":{step},\"loss\":{},\"rate\":{},\"norm\":{},\
             \"seconds\":{}",
            number(*loss),
            number(*rate),
            number(*norm),
            number(*seconds)
        ),
        Event::Epoch {
            epoch,
            step,
            loss,
            rate,
            metrics,
            best,
            seconds,
        } => {
            let metrics = metrics.iter();
            let metrics: Vec<String> = metrics
                .map(|(name, value)| format!("{}:{}", string(name), number(*value)))
                .collect();
            format!(
                "\"epoch\",\"epoch\":{epoch},\"step\":{step},\"loss\":{},\"rate\":{},\"best\":{best},\
                 \"seconds\":{},\"metrics\":{{{}}}",
                number(*loss),
                number(*rate),
                number(*seconds),
                metrics.join(",")
            )
        }
        Event::End {
            epochs,
            steps,
            seconds,
        } => format!(
            "\"end\",\"epochs\":{epochs},\"steps\":{steps},\"seconds\":{}",
            number(*seconds)
        ),
    };
    format!("{{\"event\":{body}}}\n")
}

fn number(x: f64) -> String {
    match x.is_finite() {
        true => x.to_string(),
        false => "null".to_owned(),
    }
}

fn string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted += "\\\"",
            '\\' => quoted += "\\\\",
            c if c < ' ' => quoted += &format!("\\u{:04x}", c as u32),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}
