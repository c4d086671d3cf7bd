//! What layers of windows refuse.

use wengert_nn::{
    AvgPool1d, AvgPool2d, AvgPool3d, Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d,
    ConvTranspose3d, MaxPool1d, MaxPool2d, MaxPool3d,
};
use wengert_tape::{Bind, Tape};
use wengert_tensor::{Conv, Rng};

use crate::refusals::{Place, check_panics, panics};

fn rng() -> Rng {
    Rng::seed_from_u64(1)
}

fn plain() -> Conv {
    Conv::new()
}

/// Binds a layer and hands it over with ones of this shape.
macro_rules! forward {
    ($layer:expr, $shape:expr) => {{
        let tape = Tape::<f32>::new();
        $layer.bind(&tape).forward(tape.ones($shape));
    }};
}

#[test]
fn convolutions() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Conv1d::new": Conv1d::new(3, 4, 2, plain().groups(2), &mut rng()) => "Conv1d: 3 and 4 channels do not make up 2 groups";
            "Conv2d::new": Conv2d::new(2, 2, [2], plain(), &mut rng()) => "Conv2d: a kernel has a size, or one for each of the 2 axes";
            "Conv3d::new": Conv3d::new(2, 2, 2, plain().groups(0), &mut rng()) => "Conv3d: 2 and 2 channels do not make up 0 groups";
            "ConvTranspose1d::new": ConvTranspose1d::new(4, 3, 2, plain().groups(2), &mut rng()) => "ConvTranspose1d: 4 and 3 channels do not make up 2 groups";
            "ConvTranspose2d::new": ConvTranspose2d::new(4, 4, [2; 3], plain(), &mut rng()) => "ConvTranspose2d: a kernel has a size, or one for each of the 2 axes";
            "ConvTranspose3d::new": ConvTranspose3d::new(4, 4, [2; 2], plain(), &mut rng()) => "ConvTranspose3d: a kernel has a size, or one for each of the 3 axes";
            "Conv1d::forward": forward!(Conv1d::new(2, 4, 3, plain(), &mut rng()), [5, 3, 8]) => "conv1d: a weight of shape [4, 2, 3] does not fit an input of shape [5, 3, 8] in 1 groups";
            "Conv2d::forward": forward!(Conv2d::new(2, 4, 3, plain(), &mut rng()), [5, 2, 8, 2]) => "conv2d: a kernel over 3 places, of the weight [4, 2, 3, 3], is longer than an axis of [5, 2, 8, 2] with its padding: 2";
            "Conv3d::forward": forward!(Conv3d::new(2, 4, 3, plain(), &mut rng()), [2, 8, 8]) => "conv3d: an input of shape [2, 8, 8] and a weight of shape [4, 2, 3, 3, 3] over 3 axes";
            "ConvTranspose1d::forward": forward!(ConvTranspose1d::new(2, 4, 3, plain(), &mut rng()), [5, 3, 8]) => "conv_transpose1d: a weight of shape [2, 4, 3] does not fit an input of shape [5, 3, 8] in 1 groups";
            "ConvTranspose2d::forward": forward!(ConvTranspose2d::new(2, 4, 3, plain().output_padding(1), &mut rng()), [2, 8, 8]) => "conv_transpose2d: an output padding of 1 is not below the stride 1 or the dilation 1";
            "ConvTranspose3d::forward": forward!(ConvTranspose3d::new(2, 4, 3, plain(), &mut rng()), [2, 8, 8]) => "conv_transpose3d: an input of shape [2, 8, 8] and a weight of shape [2, 4, 3, 3, 3] over 3 axes";
        },
    );
}

#[test]
fn pools() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "MaxPool1d::forward": MaxPool1d::new(5).forward(Tape::<f32>::new().ones([4])) => "max_pool1d: a window over 5 places is longer than 4 with the padding: axis 0 of [4]";
            "MaxPool2d::forward": MaxPool2d::new(5).forward(Tape::<f32>::new().ones([4])) => "max_pool2d: [4] has no 2 axes to pool over";
            "MaxPool3d::forward": MaxPool3d::new([5, 5]).forward(Tape::<f32>::new().ones([4, 4, 4])) => "max_pool3d: 2 numbers for the windows of 3 axes";
            "AvgPool1d::forward": AvgPool1d::new(5).forward(Tape::<f32>::new().ones([4])) => "avg_pool1d: a window over 5 places is longer than 4 with the padding: axis 0 of [4]";
            "AvgPool2d::forward": AvgPool2d::new(5).forward(Tape::<f32>::new().ones([4])) => "avg_pool2d: [4] has no 2 axes to pool over";
            "AvgPool3d::forward": AvgPool3d::new(5).forward(Tape::<f32>::new().ones([4])) => "avg_pool3d: [4] has no 3 axes to pool over";
        },
    );
}
