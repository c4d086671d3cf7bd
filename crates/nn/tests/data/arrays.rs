//! Safetensors files as named arrays, and the folder of MNIST.

use std::fs;
use std::path::PathBuf;

use wengert_nn::data::mnist;
use wengert_nn::data::safetensors::Safetensors;
use wengert_nn::files::{self, Checkpoint};
use wengert_nn::{Adam, Linear};
use wengert_tensor::{Rng, Tensor};

/// A folder that goes when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("wengert-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder");
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A file of one array of a type that is not ours.
fn file(dtype: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let end = data.len();
    let header =
        format!("{{\"a\":{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":[0,{end}]}}}}");
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(data);
    bytes
}

#[test]
fn arrays_come_in_the_type_that_holds_them() {
    let read = |dtype: &str, data: &[u8]| Safetensors::read(&file(dtype, "[2]", data)[..]);
    let half = read("F16", &[0x00, 0x3c, 0x00, 0xc0]).expect("a file");
    assert_eq!(
        half.get::<f32>("a").expect("exact"),
        Tensor::from([1.0, -2.0])
    );
    assert_eq!(
        half.get::<f64>("a").expect("exact"),
        Tensor::from([1.0, -2.0])
    );
    assert!(half.get::<i64>("a").is_err());
    let small = read("I8", &[0xff, 3]).expect("a file");
    assert_eq!(small.get::<i64>("a").expect("exact"), Tensor::from([-1, 3]));
    let truths = read("BOOL", &[1, 0]).expect("a file");
    assert_eq!(
        truths.get::<bool>("a").expect("exact"),
        Tensor::from([true, false])
    );
    assert_eq!(truths.get::<i64>("a").expect("exact"), Tensor::from([1, 0]));
    assert_eq!(
        truths.get::<f32>("a").expect("exact"),
        Tensor::from([1.0, 0.0])
    );
    let bytes = read("U8", &[255, 7]).expect("a file");
    assert_eq!(
        bytes.get::<f64>("a").expect("exact"),
        Tensor::from([255.0, 7.0])
    );
    assert!(bytes.get::<bool>("a").is_err());
    let double = read("F64", &[0; 16]).expect("a file");
    let error = double.get::<f32>("a").expect_err("it may lose bits");
    let says = "entry \"a\": the elements are f64, which f32 does not hold exactly";
    assert_eq!(error.to_string(), says);
    let error = double.get::<f32>("b").expect_err("nothing");
    assert_eq!(error.to_string(), "nothing in it has the name \"b\"");
}

#[test]
fn whatever_is_a_safetensors_file_is_read() {
    let folder = Folder::new("arrays");
    let path = folder.0.join("a.safetensors");
    let model = Linear::new(3, 2, &mut Rng::seed_from_u64(1));
    files::save_with_metadata(&model, &[("data", "none")], &path).expect("saved");
    let mut arrays = Safetensors::load(&path).expect("weights");
    assert_eq!(arrays.get::<f32>("weight").expect("a leaf"), model.weight);
    assert_eq!(arrays.metadata["data"], "none");
    arrays.insert("more", &Tensor::from([1, 2, 3]));
    arrays.save(&path).expect("saved");
    assert_eq!(Safetensors::load(&path).expect("a file"), arrays);

    let adam: Adam = Adam::new(0.1);
    let kept = Checkpoint::new()
        .model("model", &model)
        .optimizer("adam", &adam);
    kept.save(&path).expect("saved");
    let arrays = Safetensors::load(&path).expect("a checkpoint");
    let weight = arrays.value("model.weight").expect("a leaf");
    assert_eq!(weight.tensor::<f32>(), Some(model.weight));

    let bytes = fs::read(&path).expect("the file");
    let error = Safetensors::read(&bytes[..bytes.len() - 1]).expect_err("cut off");
    assert!(error.to_string().contains("the file ends in"), "{error}");
    fs::write(&path, &bytes[..20]).expect("a file");
    let error = Safetensors::load(&path).expect_err("cut off");
    assert!(
        error.to_string().starts_with(&path.display().to_string()),
        "{error}"
    );
    let error = Safetensors::load(folder.0.join("none")).expect_err("nothing there");
    assert!(
        matches!(error.reason(), wengert_nn::data::Reason::Io(_)),
        "{error}"
    );
    // A folder that is not there, and a writer that takes nothing.
    assert!(arrays.save(folder.0.join("none/a")).is_err());
    assert!(arrays.write(&mut [0_u8; 10][..]).is_err());
}

#[test]
fn mnist_is_read_from_its_folder() {
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;
    let folder = Folder::new("mnist");
    let write = |name: &str, bytes: &[u8]| fs::write(folder.0.join(name), bytes).expect("a file");
    let images = [
        0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 51, 255, 0,
    ];
    let labels = [0, 0, 8, 1, 0, 0, 0, 2, 7, 3];
    let load = || mnist::load::<f64>(&folder.0, "t10k");
    let error = load().expect_err("no file");
    assert!(
        error.to_string().contains("t10k-images-idx3-ubyte: "),
        "{error}"
    );
    write("t10k-images-idx3-ubyte", &images);
    let mut zipped = GzEncoder::new(Vec::new(), Compression::default());
    zipped.write_all(&labels).expect("memory takes everything");
    write("t10k-labels-idx1-ubyte.gz", &zipped.finish().expect("gzip"));
    let (found, known) = load().expect("two files");
    assert_eq!(
        found,
        Tensor::from([0.0, 0.2, 1.0, 0.0]).reshape(&[2, 1, 2])
    );
    assert_eq!(known, Tensor::from([7, 3]));

    // The plain file is there too, and counts.
    write("t10k-labels-idx1-ubyte", &[0, 0, 8, 1, 0, 0, 0, 1, 7]);
    let error = load().expect_err("too few labels");
    let says = "t10k: there are 2 images and 1 labels";
    assert!(error.to_string().ends_with(says), "{error}");
    write("t10k-labels-idx1-ubyte", &images);
    let error = load().expect_err("images for labels");
    assert!(error.to_string().contains("labels have 1 axes"), "{error}");
}
