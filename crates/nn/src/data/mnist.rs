//! The files of MNIST, and of the sets that come in the same form (Fashion-MNIST, KMNIST, EMNIST).
//!
//! Source: LeCun, Cortes and Burges, *The MNIST database of handwritten digits*.

use std::path::Path;

use wengert_tensor::{Float, Tensor};

use crate::data::error::{Place, ReadError};
use crate::data::idx::{self, IdxError};
use crate::data::{MOST_BYTES, gzip};

/// The images \[N, 28, 28\] of a part, from 0 to 1, and their labels \[N\].
///
/// For the part "train" these are the files `train-images-idx3-ubyte` and `train-labels-idx1-ubyte` of the folder, and for
/// the test "t10k"; each plain or compressed, as `….gz`. Images of another size are read as they are.
///
/// ```
/// use wengert_nn::data::mnist;
/// use wengert_tensor::Tensor;
/// # let folder = std::env::temp_dir().join(format!("wengert-mnist-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let image = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255];
/// # std::fs::write(folder.join("train-images-idx3-ubyte"), image)?;
/// # std::fs::write(folder.join("train-labels-idx1-ubyte"), [0, 0, 8, 1, 0, 0, 0, 1, 7])?;
/// let (images, labels) = mnist::load::<f32>(&folder, "train")?;
/// assert_eq!((images.to_vec(), labels), (vec![0.0, 1.0], Tensor::from([7])));
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If a file is not there, cannot be read, is none of its kind, or takes more than [`MOST_BYTES`]; and if there are not as many
/// labels as images.
#[doc(alias("torchvision.datasets.MNIST", "keras.datasets.mnist"))]
pub fn load<T: Float>(
    folder: impl AsRef<Path>,
    part: &str,
) -> Result<(Tensor<T>, Tensor<i64>), ReadError> {
    let folder = folder.as_ref();
    let images = read(folder, &format!("{part}-images-idx3-ubyte"), idx::images)?;
    let labels = read(folder, &format!("{part}-labels-idx1-ubyte"), idx::labels)?;
    let counts = (images.dim(0), labels.dim(0));
    if counts.0 != counts.1 {
        let error = IdxError::Counts {
            images: counts.0,
            labels: counts.1,
        };
        let error = ReadError::format(Place::Whole, format!("{part}: {error}"));
        return Err(error.in_file(folder));
    }
    Ok((images, labels))
}

/// Reads the file of this name, or the compressed one. What a file is decides its beginning, not its name.
fn read<X>(
    folder: &Path,
    name: &str,
    read: impl FnOnce(gzip::Opened) -> Result<X, IdxError>,
) -> Result<X, ReadError> {
    let (plain, zipped) = (folder.join(name), folder.join(format!("{name}.gz")));
    let path = if zipped.exists() && !plain.exists() {
        zipped
    } else {
        plain
    };
    read(gzip::open(&path, MOST_BYTES)?).map_err(|error| {
        let error = match error {
            IdxError::Io { source, .. } => ReadError::io(source),
            other => ReadError::format(Place::Whole, other.to_string()),
        };
        error.in_file(&path)
    })
}
