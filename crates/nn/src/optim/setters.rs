//! What several optimizers are set by: a word in a list gives an optimizer the setter.

use wengert_tensor::Float;

use super::{Adadelta, Adagrad, Adam, Adamax, Lamb, Lion, NAdam, RAdam, RmsProp, Sgd, setting};

macro_rules! betas {
    ($($Name:ident;)*) => { $(
        impl<T: Float> $Name<T> {
            /// With other β₁ and β₂.
            ///
            /// # Panics
            /// Unless both are at least 0 and less than 1.
            #[track_caller]
            pub fn with_betas(mut self, first: f64, second: f64) -> Self {
                self.betas = [first, second];
                setting::refuse(self.wrong());
                self
            }
        }
    )* };
}

betas! {
    Adam;
    Adamax;
    Lamb;
    Lion;
    NAdam;
    RAdam;
}

macro_rules! epsilon {
    ($($Name:ident;)*) => { $(
        impl<T: Float> $Name<T> {
            /// With another ε.
            ///
            /// # Panics
            /// If it is negative or not finite.
            #[track_caller]
            pub fn with_epsilon(mut self, epsilon: f64) -> Self {
                self.epsilon = epsilon;
                setting::refuse(self.wrong());
                self
            }
        }
    )* };
}

epsilon! {
    Adadelta;
    Adagrad;
    Adam;
    Adamax;
    Lamb;
    NAdam;
    RAdam;
    RmsProp;
}

macro_rules! penalty {
    ($($Name:ident;)*) => { $(
        impl<T: Float> $Name<T> {
            /// With a penalty on the squared weights, that is, λ θ added to the gradient.
            ///
            /// # Panics
            /// If it is negative or not finite.
            #[track_caller]
            pub fn with_weight_decay(mut self, weight_decay: f64) -> Self {
                self.weight_decay = weight_decay;
                setting::refuse(self.wrong());
                self
            }
        }
    )* };
}

penalty! {
    Adadelta;
    Adagrad;
    Adamax;
    RmsProp;
    Sgd;
}

macro_rules! lazy_rows {
    ($($Name:ident;)*) => { $(
        impl<T: Float> $Name<T> {
            /// Where a gradient is held as rows ([`Gradients::rows`](wengert_tape::Gradients::rows)), with a step of these
            /// rows alone: the others and their moments stay as they are, decay included, so that a step costs what its
            /// rows cost. t counts the steps of the leaf, not those of a row.
            pub fn with_lazy_rows(mut self) -> Self {
                self.lazy_rows = true;
                self
            }
        }
    )* };
}

lazy_rows! {
    Adadelta;
    Adagrad;
    Adamax;
    Lion;
    NAdam;
    RAdam;
    RmsProp;
}

macro_rules! either_decay {
    ($($Name:ident;)*) => { $(
        impl<T: Float> $Name<T> {
            /// With a penalty on the squared weights, that is, λ θ added to the gradient.
            ///
            /// # Panics
            /// If it is negative or not finite.
            #[track_caller]
            pub fn with_weight_decay(mut self, weight_decay: f64) -> Self {
                (self.weight_decay, self.decoupled) = (weight_decay, false);
                setting::refuse(self.wrong());
                self
            }

            /// With decay apart from the gradient, as in AdamW.
            ///
            /// # Panics
            /// If it is negative or not finite.
            #[track_caller]
            pub fn with_decoupled_weight_decay(mut self, weight_decay: f64) -> Self {
                (self.weight_decay, self.decoupled) = (weight_decay, true);
                setting::refuse(self.wrong());
                self
            }
        }
    )* };
}

either_decay! {
    Adam;
    NAdam;
    RAdam;
}
