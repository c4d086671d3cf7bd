//! Numbers to compute with, always the same.

/// A fixed sequence of pseudo-random values, for the data of the workloads.
pub struct Values(u64);

impl Values {
    /// The sequence from its start.
    pub fn new() -> Values {
        Values(1)
    }

    /// The next value, in `0..1`.
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6364136223846793005);
        self.0 = self.0.wrapping_add(1442695040888963407);
        (self.0 >> 40) as f32 / (1u64 << 24) as f32
    }

    /// `count` values in `low..high`.
    pub fn uniform(&mut self, count: usize, low: f32, high: f32) -> Vec<f32> {
        (0..count)
            .map(|_| low + (high - low) * self.next())
            .collect()
    }

    /// `count` class labels below `classes`.
    pub fn labels(&mut self, count: usize, classes: u32) -> Vec<u32> {
        let label = |value: f32| ((value * classes as f32) as u32).min(classes - 1);
        (0..count).map(|_| label(self.next())).collect()
    }
}
