//! The names given to parts of the program, each inside another.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};

use crate::record::node::NONE;
use crate::record::op_store::TakeAsIs;

/// The names since the reset. A name under the same outer name is one row, however often it comes.
pub(crate) struct Names {
    /// Rows behind `used` keep their memory for names to come.
    rows: Vec<Row>,
    used: usize,
    /// The newest row of each hash of an outer row and a name.
    index: HashMap<u64, u32, BuildHasherDefault<TakeAsIs>>,
    /// The row of the innermost name that is active.
    pub active: u32,
}

struct Row {
    name: String,
    outer: u32,
    hash: u64,
    /// The row before it that has the same hash.
    same: u32,
}

impl Default for Names {
    fn default() -> Self {
        Names {
            rows: Vec::new(),
            used: 0,
            index: HashMap::default(),
            active: NONE,
        }
    }
}

impl Names {
    /// Enters a name inside the active one; returns the row that was active.
    pub fn enter(&mut self, name: &str) -> u32 {
        let outer = self.active;
        self.active = self.row(outer, name);
        outer
    }

    fn row(&mut self, outer: u32, name: &str) -> u32 {
        let mut hasher = DefaultHasher::new();
        (outer, name).hash(&mut hasher);
        let hash = hasher.finish();
        let newest = self.index.get(&hash).copied().unwrap_or(NONE);
        let mut at = newest;
        while at != NONE {
            let row = &self.rows[at as usize];
            if row.outer == outer && row.name == name {
                return at;
            }
            at = row.same;
        }
        if self.used == self.rows.len() {
            self.rows.push(Row {
                name: String::new(),
                outer,
                hash,
                same: newest,
            });
        }
        let row = &mut self.rows[self.used];
        name.clone_into(&mut row.name);
        (row.outer, row.hash, row.same) = (outer, hash, newest);
        let at = self.used as u32;
        self.index.insert(hash, at);
        self.used += 1;
        at
    }

    /// The number of names.
    pub fn len(&self) -> usize {
        self.used
    }

    /// Forgets the names from number `len` on.
    pub fn truncate(&mut self, len: usize) {
        for row in self.rows[len..self.used].iter().rev() {
            if row.same == NONE {
                self.index.remove(&row.hash);
            } else {
                self.index.insert(row.hash, row.same);
            }
        }
        self.used = len;
    }

    /// Forgets all names and leaves them.
    pub fn clear(&mut self) {
        self.index.clear();
        (self.used, self.active) = (0, NONE);
    }

    /// A name with those around it: `encoder/rnn`.
    pub fn path(&self, mut at: u32) -> String {
        let mut parts = Vec::new();
        while at != NONE {
            let row = &self.rows[at as usize];
            parts.push(row.name.as_str());
            at = row.outer;
        }
        parts.reverse();
        parts.join("/")
    }

    /// The bytes of the names, and of those that were.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        let names: usize = self.rows.iter().map(|row| row.name.capacity()).sum();
        names + self.rows.capacity() * size_of::<Row>()
    }
}

#[cfg(test)]
mod tests {
    use super::Names;
    use crate::record::node::NONE;

    #[test]
    fn a_name_is_one_row_and_its_memory_is_used_again() {
        let mut names = Names::default();
        let mut bytes = None;
        for _ in 0..3 {
            let outer = names.enter("encoder");
            assert_eq!(outer, NONE);
            for layer in 0..1000 {
                let encoder = names.enter(&format!("layer {layer}"));
                assert_eq!(names.path(names.active), format!("encoder/layer {layer}"));
                names.active = encoder;
                let _ = names.enter("layer 0");
                names.active = encoder;
            }
            names.active = outer;
            assert_eq!(names.len(), 1001);
            assert_eq!(*bytes.get_or_insert(names.bytes()), names.bytes());
            names.clear();
            assert_eq!(names.len(), 0);
        }
    }

    /// A name is compared with those of the same hash alone, and there is hardly ever one.
    #[test]
    fn many_names_are_found_without_comparing_all() {
        let mut names = Names::default();
        for at in 0..40_000 {
            assert_eq!(names.row(NONE, &format!("part {at}")), at);
        }
        let compared = names.rows.iter().filter(|row| row.same != NONE).count();
        assert!(compared <= 4, "{compared} hashes came twice");
        assert_eq!(names.row(NONE, "part 17"), 17);
    }

    #[test]
    fn the_names_of_a_scope_are_forgotten_with_it() {
        let mut names = Names::default();
        names.active = names.row(NONE, "a");
        let len = names.len();
        let inner = names.row(names.active, "b");
        names.truncate(len);
        assert_eq!(names.row(NONE, "a"), names.active);
        assert_eq!(names.row(names.active, "c"), inner);
        assert_eq!(names.path(inner), "a/c");
    }
}
