//! Elements read and written at places that indices name, beyond one axis and beyond a sum.

use wengert_tensor::places::{along, dims, gathered_at, placed, placed_nd, stretched};
use wengert_tensor::{Float, ScatterReduce, Shape, Tensor};

use crate::record::recording::or_panic;
use crate::record::var::{Operand, Var};

impl<'t, T: Float> Var<'t, T> {
    /// The elements at `index` along `axis`, as [`gather`](Var::gather), where both are stretched to each other
    /// beside the axis.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
    /// let y = x.take_along_dim(1, &Tensor::from([[1]]));
    /// assert_eq!(y.value(), Tensor::from([[2.0], [4.0]]));
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range, the ranks differ, or the shapes do not stretch.
    #[doc(alias = "take_along_axis")]
    #[track_caller]
    pub fn take_along_dim(self, axis: isize, index: &Tensor<i64>) -> Self {
        let shape = self.shape();
        let (value, of_index) = or_panic(stretched(&shape, axis, index.shape()));
        let x = if value == shape {
            self
        } else {
            self.expand(value)
        };
        x.gather(axis, &index.expand(of_index))
    }

    /// The elements at these places of the row-major order, in the shape of the indices.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
    /// assert_eq!(x.take(&Tensor::from([3, 0, -1])).value(), Tensor::from([4.0, 1.0, 4.0]));
    /// ```
    ///
    /// # Panics
    /// If an index is out of range.
    #[track_caller]
    pub fn take(self, indices: &Tensor<i64>) -> Self {
        let places = placed("take", &Shape::from([self.size()]), 0, &indices.flatten(0));
        let y = self.flatten(0).index_select(0, &places);
        y.reshape(&dims(indices.shape()))
    }

    /// The elements or slices that the innermost axis of `indices` names, an index for each of the outer axes:
    /// `y[i] = x[indices[i, 0], indices[i, 1], …]`.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
    /// assert_eq!(x.gather_nd(&Tensor::from([[0, 1], [1, 0]])).value(), Tensor::from([2.0, 3.0]));
    /// assert_eq!(x.gather_nd(&Tensor::from([[1]])).value(), Tensor::from([[3.0, 4.0]]));
    /// ```
    ///
    /// # Panics
    /// If there are more indices than axes, or one is out of range.
    #[track_caller]
    pub fn gather_nd(self, indices: &Tensor<i64>) -> Self {
        self.take(&placed_nd("gather_nd", &self.shape(), indices))
    }

    /// This value with `src` at the places of the row-major order that `indices` name. Of several for one
    /// place, the last counts.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
    /// assert_eq!(x.put(&Tensor::from([0, -1]), 9.0).value().to_rows(), [[9.0, 2.0], [3.0, 9.0]]);
    /// ```
    ///
    /// # Panics
    /// If an index is out of range, or `src` does not stretch to the indices' shape.
    #[track_caller]
    pub fn put(self, indices: &Tensor<i64>, src: impl Operand<'t, T>) -> Self {
        let places = placed("put", &Shape::from([self.size()]), 0, &indices.flatten(0));
        let src = src.on(self.tape()).expand(indices.shape());
        self.written_over(&places, src.flatten(0))
    }

    /// This value with `src` at the elements or slices that the innermost axis of `indices` names, an index for
    /// each of the outer axes. Of several for one place, the last counts.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
    /// let y = x.scatter_nd(&Tensor::from([[1, 0]]), 9.0);
    /// assert_eq!(y.value().to_rows(), [[1.0, 2.0], [9.0, 4.0]]);
    /// ```
    ///
    /// # Panics
    /// If there are more indices than axes, one is out of range, or `src` does not stretch to what they name.
    #[doc(alias = "index_put")]
    #[doc(alias = "tensor_scatter_nd_update")]
    #[track_caller]
    pub fn scatter_nd(self, indices: &Tensor<i64>, src: impl Operand<'t, T>) -> Self {
        let places = placed_nd("scatter_nd", &self.shape(), indices);
        let src = src.on(self.tape()).expand(places.shape());
        self.written_over(&places, src)
    }

    /// This value with `src` added to the elements or slices that the innermost axis of `indices` names, an
    /// index for each of the outer axes. Where places coincide, all are added.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let y = tape.zeros([2, 2]).scatter_nd_add(&Tensor::from([[1, 0], [1, 0]]), 2.0);
    /// assert_eq!(y.value().to_rows(), [[0.0, 0.0], [4.0, 0.0]]);
    /// ```
    ///
    /// # Panics
    /// If there are more indices than axes, one is out of range, or `src` does not stretch to what they name.
    #[doc(alias = "index_put")]
    #[doc(alias = "tensor_scatter_nd_add")]
    #[track_caller]
    pub fn scatter_nd_add(self, indices: &Tensor<i64>, src: impl Operand<'t, T>) -> Self {
        let shape = self.shape();
        let places = placed_nd("scatter_nd_add", &shape, indices);
        let src = src.on(self.tape()).expand(places.shape());
        let y = self
            .flatten(0)
            .scatter_add(0, &places.flatten(0), src.flatten(0));
        y.reshape(&dims(&shape))
    }

    /// This value with the elements of `src` brought to the places that `index` names along `axis`, and at each
    /// place made one as `how` says: with its own element if `include_self` is set, or else of those alone that
    /// are brought. Places that nothing is brought to stay as they are.
    ///
    /// A product is differentiated by multiplying again, so that zeros are no exception; elements that tie for the
    /// greatest or the least share equally.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::{ScatterReduce, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([5.0, 5.0, 5.0]));
    /// let src = tape.leaf(&Tensor::from([2.0, 3.0, 4.0]));
    /// let y = x.scatter_reduce(0, &Tensor::from([0, 2, 0]), src, ScatterReduce::Prod, false);
    /// assert_eq!(y.value(), Tensor::from([8.0, 5.0, 3.0]));
    /// let bars = y.sum().backward();
    /// assert_eq!(bars.wrt(src).unwrap().to_vec(), [4.0, 1.0, 2.0]);
    /// assert_eq!(bars.wrt(x).unwrap().to_vec(), [0.0, 1.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range, or the shapes do not fit.
    #[doc(alias = "scatter_max")]
    #[doc(alias = "scatter_min")]
    #[doc(alias = "scatter_mul")]
    #[track_caller]
    pub fn scatter_reduce(
        self,
        axis: isize,
        index: &Tensor<i64>,
        src: impl Operand<'t, T>,
        how: ScatterReduce,
        include_self: bool,
    ) -> Self {
        let shape = self.shape();
        let places = placed("scatter_reduce", &shape, axis, index);
        let src = src.on(self.tape()).expand(index.shape());
        let all = Var::cat(&[self.flatten(0), src.flatten(0)], 0);
        let lists = gathered_at(shape.size(), &places, include_self);
        let y = match how {
            ScatterReduce::Prod => multiplied(all, lists),
            ScatterReduce::Sum | ScatterReduce::Mean => {
                let mean = how == ScatterReduce::Mean;
                let weight = |list: &[usize]| if mean { 1.0 / list.len() as f64 } else { 1.0 };
                summed(all, &lists, weight)
            }
            ScatterReduce::Max | ScatterReduce::Min => {
                let value =
                    self.value()
                        .scatter_reduce(axis, index, src.value(), how, include_self);
                let found = all.value();
                let of = |at: usize| found.get(&[at as isize]).unwrap_or(T::NAN);
                let winners = |(list, best): (&Vec<usize>, T)| {
                    let wins = |&at: &usize| of(at) == best || of(at).is_nan();
                    list.iter().copied().filter(wins).collect()
                };
                let winners: Vec<Vec<usize>> =
                    lists.iter().zip(value.iter()).map(winners).collect();
                let y = summed(all, &winners, |list| 1.0 / list.len() as f64);
                let value = value.flatten(0);
                y.straight_through(|y| y.tape().constant(&value))
            }
        };
        y.reshape(&dims(&shape))
    }

    /// This value with `value` in the slices at the positions that `indices` name along `axis`.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 2.0, 3.0]));
    /// assert_eq!(x.index_fill(0, &Tensor::from([2, 0]), 7.0).value(), Tensor::from([7.0, 2.0, 7.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range, or the indices are no list.
    #[track_caller]
    pub fn index_fill(self, axis: isize, indices: &Tensor<i64>, value: f64) -> Self {
        let index = along("index_fill", &self.shape(), axis, indices);
        self.scatter(axis, &index, value)
    }
}

/// The sum of each list of elements, each times the weight of its list.
#[track_caller]
fn summed<'t, T: Float>(
    all: Var<'t, T>,
    lists: &[Vec<usize>],
    weight: impl Fn(&[usize]) -> f64,
) -> Var<'t, T> {
    let (mut sources, mut places, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    for (place, list) in lists.iter().enumerate() {
        let of_list = weight(list);
        for &at in list {
            sources.push(at as i64);
            places.push(place as i64);
            weights.push(T::from_f64(of_list));
        }
    }
    let mut terms = all.index_select(0, &Tensor::from(sources));
    if weights.iter().any(|&weight| weight != T::ONE) {
        terms *= &Tensor::from(weights);
    }
    let zeros = all.tape().zeros([lists.len()]);
    zeros.index_add(0, &Tensor::from(places), terms)
}

/// The product of each list of elements, by pairs of neighbors until one is left: only products are
/// differentiated, so that a 0 among the elements is like any other number.
#[track_caller]
fn multiplied<'t, T: Float>(mut all: Var<'t, T>, mut lists: Vec<Vec<usize>>) -> Var<'t, T> {
    let select = |of: Var<'t, T>, list: Vec<i64>| of.index_select(0, &Tensor::from(list));
    while lists.iter().any(|list| list.len() > 1) {
        let (mut single, mut left, mut right) = (Vec::new(), Vec::new(), Vec::new());
        for list in &lists {
            let (pairs, rest) = list.as_chunks::<2>();
            single.extend(rest.iter().map(|&at| at as i64));
            for &[a, b] in pairs {
                left.push(a as i64);
                right.push(b as i64);
            }
        }
        let (mut next_single, mut next_pair) = (0, single.len());
        for list in &mut lists {
            let (pairs, rest) = (list.len() / 2, list.len() % 2);
            list.clear();
            list.extend(next_pair..next_pair + pairs);
            list.extend(next_single..next_single + rest);
            (next_pair, next_single) = (next_pair + pairs, next_single + rest);
        }
        let products = select(all, left) * select(all, right);
        all = match single.is_empty() {
            true => products,
            false => Var::cat(&[select(all, single), products], 0),
        };
    }
    select(all, lists.into_iter().map(|list| list[0] as i64).collect())
}
