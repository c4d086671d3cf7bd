//! `Rule`: how one leaf follows from arrays of PyTorch's, and the way back.

use std::fmt;
use std::sync::Arc;

use wengert_tensor::{Element, Float, Tensor};

use crate::files::value::Value;

/// How a leaf follows from what PyTorch has, and PyTorch's from the leaf.
///
/// First comes where it is taken from ([`of`](Rule::of), [`sum`](Rule::sum), [`part_of`](Rule::part_of)),
/// then what is done with it, in order; on the way to PyTorch the opposites are done in the opposite order.
///
/// ```
/// use wengert_nn::files::torch::{Rule, TorchMap};
/// use wengert_tensor::Tensor;
///
/// // A layer of one's own, whose two gates stand in the other order there.
/// let mut model = vec![Tensor::from([[1.0_f32, 2.0, 3.0, 4.0]])];
/// let mut map = TorchMap::new();
/// map.add("0", Rule::of("gates").transposed().blocks(1, &[1, 0]));
/// let mut bytes = Vec::new();
/// map.save_to(&model, &mut bytes)?;
/// let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
/// let (shape, data) = (vec![4, 1], [3.0_f32, 4.0, 1.0, 2.0]);
/// let data: Vec<u8> = data.iter().flat_map(|x| x.to_le_bytes()).collect();
/// assert_eq!((file.tensor("gates").unwrap().shape(), file.tensor("gates").unwrap().data()), (&shape[..], &data[..]));
///
/// let before = model.clone();
/// model[0] = Tensor::zeros([1, 4]);
/// map.load_from(&mut model, &bytes[..])?;
/// assert_eq!(model, before);
/// # Ok::<(), wengert_nn::files::FileError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Rule {
    pub(super) source: Source,
    changes: Vec<Change>,
}

/// Where a leaf is taken from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    One(String),
    /// The sum of these, of which the first is written and the others are 0.
    Sum(Vec<String>),
    /// One of so many equal parts along the first axis.
    Part {
        name: String,
        at: usize,
        of: usize,
    },
}

#[derive(Clone)]
enum Change {
    Permute(Vec<isize>),
    Blocks {
        axis: usize,
        order: Vec<usize>,
    },
    With {
        to_leaf: Function,
        to_torch: Function,
    },
}

type Function = Arc<dyn Fn(Tensor<f64>) -> Tensor<f64> + Send + Sync>;

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Permute(axes) => write!(f, "permute {axes:?}"),
            Change::Blocks { axis, order } => write!(f, "blocks {order:?} along {axis}"),
            Change::With { .. } => write!(f, "a function"),
        }
    }
}

impl Rule {
    /// The array of this name.
    pub fn of(name: impl Into<String>) -> Self {
        Self::from(Source::One(name.into()))
    }

    /// The sum of arrays. To PyTorch the first becomes the leaf, and the others 0.
    pub fn sum<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self::from(Source::Sum(names.into_iter().map(Into::into).collect()))
    }

    /// Part `at` of an array that is so many equal parts along its first axis, each of which is another
    /// leaf.
    pub fn part_of(name: impl Into<String>, at: usize, of: usize) -> Self {
        let name = name.into();
        Self::from(Source::Part { name, at, of })
    }

    fn from(source: Source) -> Self {
        let changes = Vec::new();
        Rule { source, changes }
    }

    /// Then the two axes of a matrix are exchanged.
    pub fn transposed(self) -> Self {
        self.permuted(&[1, 0])
    }

    /// Then the axes stand in this order: axis k of the result is the axis that is k-th in the list.
    pub fn permuted(mut self, axes: &[usize]) -> Self {
        let axes = axes.iter().map(|&axis| axis as isize).collect();
        self.changes.push(Change::Permute(axes));
        self
    }

    /// Then the equal blocks along an axis, such as the gates of a cell, stand in this order: block k of
    /// the result is the one that is k-th in the list.
    pub fn blocks(mut self, axis: usize, order: &[usize]) -> Self {
        let order = order.to_vec();
        self.changes.push(Change::Blocks { axis, order });
        self
    }

    /// Then a function of one's own, with its opposite.
    pub fn with(
        mut self,
        to_leaf: impl Fn(Tensor<f64>) -> Tensor<f64> + Send + Sync + 'static,
        to_torch: impl Fn(Tensor<f64>) -> Tensor<f64> + Send + Sync + 'static,
    ) -> Self {
        let (to_leaf, to_torch) = (Arc::new(to_leaf), Arc::new(to_torch));
        self.changes.push(Change::With { to_leaf, to_torch });
        self
    }

    /// The same with another name for every array.
    pub(super) fn renamed(mut self, rename: impl Fn(&str) -> String) -> Self {
        match &mut self.source {
            Source::One(name) | Source::Part { name, .. } => *name = rename(name),
            Source::Sum(names) => names.iter_mut().for_each(|name| *name = rename(name)),
        }
        self
    }

    /// The names of the arrays.
    pub(super) fn names(&self) -> Vec<&str> {
        match &self.source {
            Source::One(name) | Source::Part { name, .. } => vec![name],
            Source::Sum(names) => names.iter().map(String::as_str).collect(),
        }
    }

    /// The leaf from the arrays, which are there; or why it cannot be made of them.
    pub(super) fn import(&self, arrays: &[&Value]) -> Result<Value, String> {
        match arrays.first() {
            Some(Value::F32(_)) => Ok(Value::F32(self.import_of(&tensors(arrays)?)?)),
            Some(Value::F64(_)) => Ok(Value::F64(self.import_of(&tensors(arrays)?)?)),
            Some(other) => Err(format!("no floating-point numbers but {}", other.dtype())),
            None => Err("nothing to be made of".to_owned()),
        }
    }

    fn import_of<T: Float>(&self, arrays: &[Tensor<T>]) -> Result<Tensor<T>, String> {
        let mut x = arrays[0].clone();
        match &self.source {
            Source::One(_) => {}
            Source::Sum(_) => {
                for other in &arrays[1..] {
                    if other.shape() != x.shape() {
                        return Err(format!("a sum of {} and {}", x.shape(), other.shape()));
                    }
                    x = &x + other;
                }
            }
            &Source::Part { at, of, .. } => {
                let length = x.shape().first().copied().unwrap_or(0);
                if of == 0 || at >= of || length % of != 0 || x.rank() == 0 {
                    return Err(format!("not {of} equal parts"));
                }
                let length = length / of;
                x = x.slice(0, at * length..(at + 1) * length);
            }
        }
        for change in &self.changes {
            x = change.to_leaf(&x)?;
        }
        Ok(x.contiguous())
    }

    /// What PyTorch has for the leaf, or why it cannot be said.
    pub(super) fn export(&self, leaf: &Value) -> Result<Value, String> {
        match leaf {
            Value::F32(x) => Ok(Value::F32(self.export_of(x)?)),
            Value::F64(x) => Ok(Value::F64(self.export_of(x)?)),
            other => Err(format!("no floating-point numbers but {}", other.dtype())),
        }
    }

    fn export_of<T: Float>(&self, leaf: &Tensor<T>) -> Result<Tensor<T>, String> {
        let mut x = leaf.clone();
        for change in self.changes.iter().rev() {
            x = change.to_torch(&x)?;
        }
        Ok(x.contiguous())
    }
}

/// The tensors of values that are all of one type.
fn tensors<T: Float>(values: &[&Value]) -> Result<Vec<Tensor<T>>, String> {
    let tensors = values.iter().map(|value| value.tensor());
    let tensors: Option<Vec<Tensor<T>>> = tensors.collect();
    tensors.ok_or_else(|| "of several types".to_owned())
}

impl Change {
    fn to_leaf<T: Float>(&self, x: &Tensor<T>) -> Result<Tensor<T>, String> {
        match self {
            Change::Permute(axes) => permuted(x, axes),
            Change::Blocks { axis, order } => blocks(x, *axis, order),
            Change::With { to_leaf, .. } => Ok(to_leaf(x.cast()).cast()),
        }
    }

    fn to_torch<T: Float>(&self, x: &Tensor<T>) -> Result<Tensor<T>, String> {
        match self {
            Change::Permute(axes) => {
                let order: Vec<usize> = axes.iter().map(|&axis| axis as usize).collect();
                let axes: Vec<isize> = inverse(&order)?.iter().map(|&axis| axis as isize).collect();
                permuted(x, &axes)
            }
            Change::Blocks { axis, order } => blocks(x, *axis, &inverse(order)?),
            Change::With { to_torch, .. } => Ok(to_torch(x.cast()).cast()),
        }
    }
}

fn permuted<T: Element>(x: &Tensor<T>, axes: &[isize]) -> Result<Tensor<T>, String> {
    let order: Vec<usize> = axes.iter().map(|&axis| axis as usize).collect();
    inverse(&order)?;
    if axes.len() != x.rank() {
        return Err(format!("not of {} axes", axes.len()));
    }
    Ok(x.permute(axes))
}

fn blocks<T: Element>(x: &Tensor<T>, axis: usize, order: &[usize]) -> Result<Tensor<T>, String> {
    inverse(order)?;
    let count = order.len();
    let length = match x.shape().get(axis) {
        Some(length) if count > 0 && length % count == 0 => length / count,
        _ => return Err(format!("not {count} equal blocks along axis {axis}")),
    };
    let block = |&at: &usize| x.slice(axis as isize, at * length..(at + 1) * length);
    let parts: Vec<Tensor<T>> = order.iter().map(block).collect();
    let parts: Vec<&Tensor<T>> = parts.iter().collect();
    Ok(Tensor::cat(&parts, axis as isize))
}

/// The order that undoes an order.
fn inverse(order: &[usize]) -> Result<Vec<usize>, String> {
    let mut inverse = vec![usize::MAX; order.len()];
    for (to, &from) in order.iter().enumerate() {
        match inverse.get_mut(from) {
            Some(place) if *place == usize::MAX => *place = to,
            _ => return Err(format!("not to be ordered by {order:?}")),
        }
    }
    Ok(inverse)
}
