//! What is drawn from the tape's generator.

use wengert_tensor::{Float, Rng, Shape};

use crate::record::tape::Tape;
use crate::record::var::Var;

impl<T: Float> Tape<T> {
    /// Replaces the generator that random layers draw from, and returns the old one.
    ///
    /// # Panics
    /// Inside [`draw`](Tape::draw), whose generator it would be.
    #[track_caller]
    pub fn set_rng(&self, rng: Rng) -> Rng {
        let old = self.lend_rng("set_rng");
        self.inner.borrow_mut().rng = Some(rng);
        old
    }

    /// Draws from the tape's generator.
    ///
    /// # Panics
    /// Inside another `draw`, which has the generator. Anything else may be done on the tape
    /// meanwhile.
    #[track_caller]
    pub fn draw<R>(&self, f: impl FnOnce(&mut Rng) -> R) -> R {
        struct Back<'t, T: Float>(&'t Tape<T>, Rng);
        impl<T: Float> Drop for Back<'_, T> {
            fn drop(&mut self) {
                if let Some(mut inner) = self.0.inner.free() {
                    let rng = std::mem::replace(&mut self.1, Rng::seed_from_u64(0));
                    inner.rng = Some(rng);
                }
            }
        }
        let mut lent = Back(self, self.lend_rng("draw"));
        f(&mut lent.1)
    }

    /// The generator, which is gone until it is put back.
    #[track_caller]
    fn lend_rng(&self, name: &'static str) -> Rng {
        match self.inner.borrow_mut().rng.take() {
            Some(rng) => rng,
            None => lent_out(name),
        }
    }

    /// A constant whose elements are drawn from the tape's generator, in row-major order: the mask
    /// of a dropout, the noise of a sampling layer.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// let noise = tape.sample([2, 3], |rng| rng.standard_normal());
    /// assert_eq!(noise.shape(), [2, 3]);
    /// ```
    #[track_caller]
    pub fn sample(
        &self,
        shape: impl Into<Shape>,
        mut draw: impl FnMut(&mut Rng) -> f64,
    ) -> Var<'_, T> {
        let shape = shape.into();
        let rng = self.inner.borrow().rng.clone();
        let Some(mut rng) = rng else {
            lent_out("sample")
        };
        let drawn = self.constant_with("sample", &shape, |out| {
            out.iter_mut()
                .for_each(|x| *x = T::from_f64(draw(&mut rng)));
        });
        self.inner.borrow_mut().rng = Some(rng);
        drawn
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn lent_out(name: &'static str) -> ! {
    panic!("{name}: the tape's generator is in use by a `draw` that has not ended")
}
