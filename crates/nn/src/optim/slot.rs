//! What an optimizer holds of one leaf.

use wengert_tensor::{Float, Tensor};

use super::state::{Piece, PieceMut};

/// What an optimizer holds of one leaf: all that a checkpoint has to save of it.
///
/// Which moment is what stands at the optimizer; [`Stateful`](super::Stateful) names them.
#[derive(Clone, Debug)]
pub struct Slot<T: Float = f32> {
    /// t, the number of steps that the leaf has taken.
    pub steps: u64,
    /// A product over the steps, for those that need one; 1 at first.
    pub product: f64,
    /// The moments, flat; none before the first step that needs them.
    pub moments: [Option<Tensor<T>>; 3],
}

impl<T: Float> Default for Slot<T> {
    fn default() -> Self {
        Slot {
            steps: 0,
            product: 1.0,
            moments: [None, None, None],
        }
    }
}

impl<T: Float> Slot<T> {
    /// The number of elements of the leaf whose moments these are, if there are some; of moments that
    /// differ, one that is no leaf's.
    pub(super) fn size(&self) -> Option<usize> {
        let mut sizes = self.moments.iter().flatten().map(Tensor::size);
        let first = sizes.next()?;
        Some(if sizes.all(|size| size == first) {
            first
        } else {
            usize::MAX
        })
    }

    /// Shows the pieces by their names: the steps, the product if it has a name, and the moments.
    pub(super) fn visit(
        slots: &[Slot<T>],
        steps: &str,
        product: Option<&str>,
        moments: &[&str],
        f: &mut dyn FnMut(Option<usize>, &str, Piece<'_, T>),
    ) {
        for (at, slot) in slots.iter().enumerate() {
            f(Some(at), steps, Piece::Count(slot.steps));
            if let Some(name) = product {
                f(Some(at), name, Piece::Number(slot.product));
            }
            for (name, moment) in moments.iter().zip(&slot.moments) {
                f(Some(at), name, Piece::Tensor(moment.as_ref()));
            }
        }
    }

    /// [`visit`](Self::visit), to be written.
    pub(super) fn visit_mut(
        slots: &mut [Slot<T>],
        steps: &str,
        product: Option<&str>,
        moments: &[&str],
        f: &mut dyn FnMut(Option<usize>, &str, PieceMut<'_, T>),
    ) {
        for (at, slot) in slots.iter_mut().enumerate() {
            f(Some(at), steps, PieceMut::Count(&mut slot.steps));
            if let Some(name) = product {
                f(Some(at), name, PieceMut::Number(&mut slot.product));
            }
            for (name, moment) in moments.iter().zip(&mut slot.moments) {
                f(Some(at), name, PieceMut::Tensor(moment));
            }
        }
    }

    /// Makes empty slots of so many leaves where there are none.
    pub(super) fn prepare(slots: &mut Vec<Self>, leaves: usize) {
        if slots.is_empty() {
            slots.resize_with(leaves, Self::default);
        }
    }
}
