//! `Profile`: where the time and the memory of a step go.

use std::collections::HashMap;
use std::fmt;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use wengert_tape::tree::Tree;
use wengert_tape::{Gradients, Moment, Record, Tape, Var};
use wengert_tensor::{Float, Tensor};

use crate::look::summary::thousands;
use crate::look::xml::short;

/// What one op, or one line of the source, took.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProfileRow {
    /// The op, or the line as `layers/linear.rs:52`.
    pub name: String,
    /// How many values it made.
    pub calls: usize,
    /// The time on the way there.
    pub forward: Duration,
    /// The time on the way back.
    pub backward: Duration,
    /// The bytes that its values take on the tape.
    pub bytes: usize,
}

impl ProfileRow {
    /// The time there and back.
    pub fn time(&self) -> Duration {
        self.forward + self.backward
    }
}

/// A stretch of time: a value that was computed, or a rule that ran.
#[derive(Clone, Debug)]
struct Span {
    node: usize,
    back: bool,
    start: Duration,
    time: Duration,
}

/// The time, calls and bytes of one step, by op and by line of the source.
///
/// An op's time reaches from where its value begins to be computed to where the next one does, and so has the program's own
/// work between the two; all times together are the step's. Ops that only show another value in another way, as `reshape`
/// does, take no time of their own. Asking the clock takes some 50 ns an op. A step that nobody profiles pays nothing: the
/// question whether somebody looks is only asked where the tape's memory would have to grow (see
/// [`Tape::observe`](wengert_tape::Tape::observe)).
///
/// ```
/// use wengert_nn::Linear;
/// use wengert_nn::look::Profile;
/// use wengert_tape::Tape;
/// use wengert_tensor::{Rng, Tensor};
///
/// let model = Linear::new(8, 8, &mut Rng::seed_from_u64(1));
/// let x = Tensor::ones([16, 8]);
/// let mut tape = Tape::new();
/// let (loss, grads, profile) = Profile::of_step(&mut tape, &model, |t, m| {
///     m.forward(t.constant(&x)).tanh().sum()
/// });
/// assert!(loss.is_finite() && grads.iter().count() == 2);
/// let tanh = profile.by_op().into_iter().find(|row| row.name == "tanh").unwrap();
/// assert_eq!((tanh.calls, tanh.bytes), (1, 16 * 8 * 4));
/// assert!(profile.by_op().iter().map(|row| row.time()).sum::<std::time::Duration>() <= profile.time());
/// assert!(profile.chrome_trace().starts_with("{\"traceEvents\":["));
/// ```
#[derive(Clone, Debug)]
#[doc(alias("torch.profiler", "profiler", "autograd.profiler"))]
pub struct Profile {
    records: Vec<Record>,
    spans: Vec<Span>,
    time: Duration,
}

impl Profile {
    /// Runs a step as [`Tape::value_and_grad`](wengert_tape::Tape::value_and_grad) does, and looks at it. The first steps on a tape
    /// take its memory from the system; one that was run before shows what the others cost. Where the tape had an observer, it is
    /// gone.
    ///
    /// # Panics
    /// As [`Tape::value_and_grad`](wengert_tape::Tape::value_and_grad).
    #[track_caller]
    pub fn of_step<M: Tree<Tensor<T>>, T: Float>(
        tape: &mut Tape<T>,
        model: &M,
        f: impl for<'t> FnOnce(&'t Tape<T>, M::With<Var<'t, T>>) -> Var<'t, T>,
    ) -> (T, Gradients<M, T>, Self) {
        let moments = Arc::new(Mutex::new(Vec::with_capacity(1 << 12)));
        let tell = Arc::clone(&moments);
        tape.observe(move |moment| {
            let mut moments = tell.lock().unwrap_or_else(PoisonError::into_inner);
            moments.push((Instant::now(), moment));
        });
        let begin = Instant::now();
        let (loss, (records, turn), grads) = tape.value_and_grad_aux(model, |tape, model| {
            let loss = f(tape, model);
            let turn = Instant::now();
            (loss, (tape.records(), turn))
        });
        let end = Instant::now();
        tape.stop_observing();
        let moments = std::mem::take(&mut *moments.lock().unwrap_or_else(PoisonError::into_inner));
        let looked = moments.iter().find(|&&(at, _)| at > turn);
        // Making the records is no part of the step.
        let pause = looked.map_or(Duration::ZERO, |&(at, _)| at - turn);
        let since = |at: Instant| {
            let all = at - begin;
            if at > turn {
                all.saturating_sub(pause)
            } else {
                all
            }
        };
        let time = since(end);
        let mut spans: Vec<Span> = Vec::with_capacity(moments.len());
        let turned = since(turn);
        for (at, moment) in moments {
            let (node, back) = match moment {
                // What a rule computes on its way is the rule's.
                Moment::Value(_) if at > turn => continue,
                Moment::Value(node) => (node, false),
                Moment::Rule(node) => (node, true),
                _ => continue,
            };
            if node < records.len() {
                spans.push(Span {
                    node,
                    back,
                    start: since(at),
                    time: Duration::ZERO,
                });
            }
        }
        for at in 0..spans.len() {
            let (start, back) = (spans[at].start, spans[at].back);
            let next = spans.get(at + 1);
            let end = match next {
                Some(next) if next.back == back => next.start,
                Some(_) => turned,
                None => time,
            };
            spans[at].time = end.saturating_sub(start);
        }
        let profile = Profile {
            records,
            spans,
            time,
        };
        (loss, grads, profile)
    }

    /// The time of the step.
    pub fn time(&self) -> Duration {
        self.time
    }

    /// The bytes of all values.
    pub fn bytes(&self) -> usize {
        self.records.iter().map(|record| record.bytes).sum()
    }

    /// What each op took, the longest first.
    pub fn by_op(&self) -> Vec<ProfileRow> {
        self.rows(|record| record.op.to_owned())
    }

    /// What each line of the source took, the longest first: of the program, or of the layer that records.
    pub fn by_line(&self) -> Vec<ProfileRow> {
        self.rows(|record| short(record.location))
    }

    fn rows(&self, name: impl Fn(&Record) -> String) -> Vec<ProfileRow> {
        let mut rows: Vec<ProfileRow> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut row_of = Vec::with_capacity(self.records.len());
        for record in &self.records {
            let name = name(record);
            let at = *places.entry(name.clone()).or_insert_with(|| {
                rows.push(ProfileRow {
                    name,
                    calls: 0,
                    forward: Duration::ZERO,
                    backward: Duration::ZERO,
                    bytes: 0,
                });
                rows.len() - 1
            });
            rows[at].calls += usize::from(record.output == 0);
            rows[at].bytes += record.bytes;
            row_of.push(at);
        }
        for span in &self.spans {
            let row = &mut rows[row_of[span.node]];
            match span.back {
                true => row.backward += span.time,
                false => row.forward += span.time,
            }
        }
        // Equally long ones in the order of the program.
        rows.reverse();
        rows.sort_by_key(ProfileRow::time);
        rows.reverse();
        rows
    }

    /// Tables of the ops and of the lines, the longest first.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let total = milliseconds(self.time);
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "one step: {total} ms, {} values, {} bytes\n",
            thousands(self.records.len()),
            thousands(self.bytes())
        );
        for (what, rows) in [("op", self.by_op()), ("line", self.by_line())] {
            let wide = rows
                .iter()
                .map(|row| row.name.chars().count())
                .max()
                .unwrap_or(0)
                .max(4);
            let _ = writeln!(
                text,
                "{what:wide$}  {:>7}  {:>10}  {:>10}  {:>5}  {:>14}",
                "calls", "forward ms", "back ms", "share", "bytes"
            );
            for row in &rows {
                let share = row.time().as_secs_f64() / self.time.as_secs_f64().max(1e-12) * 100.0;
                let _ = writeln!(
                    text,
                    "{:wide$}  {:>7}  {:>10}  {:>10}  {share:>4.1}%  {:>14}",
                    row.name,
                    thousands(row.calls),
                    milliseconds(row.forward),
                    milliseconds(row.backward),
                    thousands(row.bytes)
                );
            }
            text.push('\n');
        }
        text.truncate(text.trim_end().len());
        text + "\n"
    }

    /// The step as a trace in the JSON that Chrome (`chrome://tracing`) and Perfetto show: what ran when, with shape and line; the way
    /// there in one row, the way back in another.
    #[doc(alias("perfetto", "export_chrome_trace", "tensorboard"))]
    pub fn chrome_trace(&self) -> String {
        let mut text = "{\"traceEvents\":[".to_owned();
        for (row, name) in [(1, "forward"), (2, "backward")] {
            let _ = write!(
                text,
                "\n{{\"ph\":\"M\",\"pid\":1,\"tid\":{row},\"name\":\"thread_name\",\
                 \"args\":{{\"name\":\"{name}\"}}}},"
            );
        }
        for span in &self.spans {
            let (row, start) = (1 + u8::from(span.back), microseconds(span.start));
            let record = &self.records[span.node];
            let _ = write!(
                text,
                "\n{{\"ph\":\"X\",\"pid\":1,\"tid\":{row},\"ts\":{start},\"dur\":{},\"name\":{},\
                 \"cat\":\"{}\",\"args\":{{\"shape\":\"{}\",\"line\":{},\"bytes\":{},\"in\":{}}}}},",
                microseconds(span.time),
                json(record.op),
                if span.back { "backward" } else { "forward" },
                record.shape,
                json(&short(record.location)),
                record.bytes,
                json(&record.path),
            );
        }
        if text.ends_with(',') {
            text.pop();
        }
        text + "\n],\"displayTimeUnit\":\"ns\"}\n"
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64() * 1e3)
}

fn microseconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64() * 1e6)
}

/// A text of JSON.
fn json(text: &str) -> String {
    let mut out = "\"".to_owned();
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            _ if letter.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            _ => out.push(letter),
        }
    }
    out.push('"');
    out
}
