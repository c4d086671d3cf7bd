//! Sight: mistakes planted in the rules, which the laws must see.

use super::laws::{Oracle, record_case};
use super::samples::Samples;
use crate::record::node::{Id, LEAF, NEEDS};
use crate::record::tape::Tape;
use crate::walk::planted_fault::{Fault, Planted};

/// What became of one mistake in the rule of one op for one input, over all cases.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Sighting {
    /// The op whose rule was spoiled.
    pub op: &'static str,
    /// The input that got the wrong share.
    pub input: usize,
    /// The kind of mistake.
    pub fault: Fault,
    /// The cases in which it changed what the rule gave.
    pub applied: usize,
    /// The cases in which the laws saw it.
    pub seen: usize,
    /// The last case in which it applied and was not seen.
    pub missed: Option<usize>,
}

/// Plants every kind of mistake in every rule that the samples' cases run, and tries the laws of
/// first order.
#[doc(hidden)]
pub fn sight(samples: &Samples<f64>) -> Vec<Sighting> {
    let mut sightings: Vec<Sighting> = Vec::new();
    for (number, case) in samples.cases.iter().enumerate() {
        let oracle = Oracle::of(case);
        // With views and fast paths, and with the rules alone.
        for plain in [false, true] {
            let tape = Tape::new();
            if plain {
                tape.plain();
            }
            let recorded = record_case(&tape, case);
            for (op, arity) in rules(&tape) {
                for input in 0..arity {
                    for fault in Fault::ALL {
                        tape.plant(Some(Planted { fault, op, input }));
                        let seen = oracle.first_order(&tape, &recorded).is_some();
                        let applied = tape.spoiled() > 0;
                        let same =
                            |s: &&mut Sighting| (s.op, s.input, s.fault) == (op, input, fault);
                        let sighting = match sightings.iter_mut().find(same) {
                            Some(sighting) => sighting,
                            None => {
                                sightings.push(Sighting {
                                    op,
                                    input,
                                    fault,
                                    applied: 0,
                                    seen: 0,
                                    missed: None,
                                });
                                sightings.last_mut().expect("it was pushed")
                            }
                        };
                        sighting.applied += usize::from(applied);
                        sighting.seen += usize::from(applied && seen);
                        if applied && !seen {
                            sighting.missed = Some(number);
                        }
                    }
                }
            }
            tape.plant(None);
        }
    }
    sightings
}

/// The ops whose rules a walk may run, with their greatest number of inputs.
fn rules(tape: &Tape<f64>) -> Vec<(&'static str, usize)> {
    let list = &tape.inner.borrow().list;
    let mut rules: Vec<(&'static str, usize)> = Vec::new();
    for id in 0..list.nodes.len() as Id {
        if list.nodes[id as usize].flags & (LEAF | NEEDS) != NEEDS {
            continue;
        }
        let (name, arity) = (list.op(id).name(), list.inputs(id).len());
        match rules.iter_mut().find(|(other, _)| *other == name) {
            Some((_, most)) => *most = arity.max(*most),
            None => rules.push((name, arity)),
        }
    }
    rules
}
