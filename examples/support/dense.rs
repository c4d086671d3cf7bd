//! Fully connected layers with rectified units, and what may keep them from overfitting.

use wengert::prelude::*;

/// Layers from input to output. Between two of them stand batch norm, if wanted, the rectifier and
/// dropout.
#[derive(Tree, Clone)]
pub struct Dense<P = Tensor> {
    pub layers: Vec<Linear<P>>,
    pub norms: Vec<BatchNorm<P>>,
    pub dropout: Dropout,
}

impl Dense {
    /// Layers of these sizes, the first of which is that of the input, without batch norm or dropout.
    pub fn new(sizes: &[usize], rng: &mut Rng) -> Self {
        let layer = |pair: &[usize]| Linear::new(pair[0], pair[1], rng);
        Dense {
            layers: sizes.windows(2).map(layer).collect(),
            norms: Vec::new(),
            dropout: Dropout::new(0.0),
        }
    }

    /// With batch norm before each rectifier.
    pub fn with_batch_norm(mut self) -> Self {
        let hidden = self.layers.iter().take(self.layers.len() - 1);
        self.norms = hidden
            .map(|layer| BatchNorm::new(layer.weight.dim(1)))
            .collect();
        self
    }

    /// With dropout after each rectifier.
    pub fn with_dropout(mut self, p: f64) -> Self {
        self.dropout = Dropout::new(p);
        self
    }
}

impl<'t, T: Float> Dense<Var<'t, T>> {
    /// x \[…, I\] → \[…, O\]
    pub fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
        let (last, hidden) = self.layers.split_last().expect("there is a layer");
        let mut x = x;
        for (at, layer) in hidden.iter().enumerate() {
            x = layer.forward(x);
            if let Some(norm) = self.norms.get(at) {
                x = norm.forward(x);
            }
            x = self.dropout.forward(x.relu());
        }
        last.forward(x)
    }
}
