//! Every panic and every error that the docs of `look` promise, provoked.

use wengert_nn::look::Profile;
use wengert_tape::Tape;
use wengert_tensor::Tensor;

use crate::refusals::{Place, check_panics, panics};

#[test]
fn steps() {
    let table = panics! {
        "Profile::of_step": Profile::of_step(&mut Tape::<f32>::new(), &Tensor::from([1.0, 2.0]), |_, x| x * x) => "a loss has one element";
    };
    check_panics(file!(), Place::Here, table);
}

#[cfg(feature = "pictures")]
mod pictures {
    use wengert_nn::look::pictures::{
        Chart, Confusion, HeatMap, Histogram, ImageGrid, PictureError,
    };
    use wengert_tensor::Tensor;

    use crate::refusals::{Place, check_errors, check_panics, errors, panics};

    fn chart() -> Chart {
        Chart::new("none")
    }

    fn cells() -> HeatMap {
        HeatMap::new("none", &Tensor::<f32>::zeros([2, 0]))
    }

    fn images() -> ImageGrid {
        ImageGrid::new("none", &Tensor::<f32>::zeros([2, 3]))
    }

    fn confusion(truth: &[i64], predicted: &[i64]) -> Result<Confusion, PictureError> {
        let (truth, predicted) = (Tensor::from(truth), Tensor::from(predicted));
        Confusion::new("two", &["a", "b"], &truth, &predicted)
    }

    fn table() -> Confusion {
        confusion(&[0], &[1]).expect("a table")
    }

    #[test]
    fn pictures() {
        check_errors(errors! {
            "Chart::svg": chart().svg() => "there is no point to draw";
            "Chart::save": chart().with_curve("a", &[1.0]).save("/") => "/: ";
            "HeatMap::svg": cells().svg() => "there is no cell to draw";
            "HeatMap::save": cells().save("/") => "there is no cell to draw";
            "Confusion::new": confusion(&[0], &[2]) => "class 2 is none of the 2";
            "Confusion::new": confusion(&[0], &[]) => "1 labels and 0 predictions";
            "Confusion::svg": confusion(&[-1], &[0]).and_then(|table| table.svg()) => "class -1 is none";
            "Confusion::save": table().save("/") => "/: ";
            "Histogram::counts": Histogram::new("none", "x").counts(2) => "there is no number to draw";
            "Histogram::svg": Histogram::new("none", "x").svg() => "there is no number to draw";
            "Histogram::save": Histogram::new("none", "x").save("/") => "there is no number to draw";
            "ImageGrid::svg": images().svg() => "[2, 3] are no images";
            "ImageGrid::save": images().save("/") => "[2, 3] are no images";
        });
        let table = panics! {
            "Confusion::count": table().count(0, 2) => "there are 2 classes, and no 2";
            "Histogram::with_bins": Histogram::new("none", "x").with_bins(0) => "at least one bin";
            "ImageGrid::with_columns": images().with_columns(0) => "at least one image";
        };
        check_panics(file!(), Place::Here, table);
    }
}
