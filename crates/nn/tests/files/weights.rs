//! Weights, there and back.

use std::fs;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use wengert_nn::files::{self, LoadOptions};
use wengert_nn::{Embedding, Linear};
use wengert_tape::Bind;
use wengert_tape::tree::TreeExt;
use wengert_tensor::{Rng, Tensor};

use crate::common::{Folder, bits, net};

#[test]
fn every_bit_comes_back() {
    let folder = Folder::new();
    let path = folder.join("net.safetensors");
    let (mut model, mut other) = (net(1), net(2));
    let odd = [f32::NAN, f32::INFINITY, -0.0, f32::from_bits(1)];
    model.norm.bias = Tensor::from(odd);
    files::save(&model, &path).expect("a saved model");
    assert!(bits(&model) != bits(&other));
    let report = files::load(&mut other, &path).expect("a loaded model");
    assert_eq!(bits(&model), bits(&other));
    assert!(report.is_exact());
    assert_eq!(report.loaded, model.leaf_count());
    assert_eq!(other.norm.bias[[2]].to_bits(), (-0.0_f32).to_bits());
    assert_eq!(folder.names(), ["net.safetensors"]);

    // The same in `f64`, over the old file.
    let (double, mut other) = (model.cast::<f64>(), net(2).cast::<f64>());
    files::save(&double, &path).expect("a saved model");
    files::load(&mut other, &path).expect("a loaded model");
    assert_eq!(bits(&double), bits(&other));
}

#[test]
fn a_view_is_saved_in_its_own_order() {
    let x = Tensor::from_fn([3, 2], |i| (10 * i[0] + i[1]) as f64 as f32);
    let mut bytes = Vec::new();
    files::save_to(&vec![x.t(), x.slice(0, 1..3)], &mut bytes).expect("saved");
    let mut other = vec![Tensor::<f32>::zeros([2, 3]), Tensor::zeros([2, 2])];
    files::load_from(&mut other, &bytes[..]).expect("loaded");
    assert_eq!(
        other[0],
        Tensor::from([[0.0, 10.0, 20.0], [1.0, 11.0, 21.0]])
    );
    assert_eq!(other[1], Tensor::from([[10.0, 11.0], [20.0, 21.0]]));
}

/// The crate reads what is written here, with the names of the tree; equal models make equal bytes.
#[test]
fn the_file_is_a_safetensors_file() {
    let (mut bytes, mut again) = (Vec::new(), Vec::new());
    let model = (net(1), Tensor::<f32>::scalar(7.0), Tensor::zeros([0, 3]));
    files::save_to(&model, &mut bytes).expect("saved");
    files::save_to(&model, &mut again).expect("saved");
    assert_eq!(bytes, again);
    let file = SafeTensors::deserialize(&bytes).expect("a sound file");
    let mut names: Vec<String> = file.names().into_iter().map(str::to_owned).collect();
    let mut paths = model.paths();
    names.sort();
    paths.sort();
    assert_eq!(names, paths);
    let view = file.tensor("0.norm.mean").expect("state leaves too");
    let (data, _) = view.data().as_chunks::<4>();
    let data: Vec<f32> = data.iter().map(|&x| f32::from_le_bytes(x)).collect();
    assert_eq!(data, model.0.norm.mean.to_vec());
    assert_eq!(file.tensor("1").expect("a scalar").shape(), [0usize; 0]);
    assert_eq!(file.tensor("2").expect("nothing").shape(), [0, 3]);
    // The elements lie at multiples of their length.
    let header = u64::from_le_bytes(bytes[..8].try_into().expect("8 bytes"));
    assert_eq!(header % 8, 0);
}

#[test]
fn metadata_comes_back() {
    let folder = Folder::new();
    let path = folder.join("a.safetensors");
    let said = [("a \"quoted\" key", "two\nlines"), ("ключ", "値")];
    let mut model = Linear::new(2, 1, &mut Rng::seed_from_u64(1));
    files::save_with_metadata(&model, &said, &path).expect("saved");
    let report = files::load(&mut model, &path).expect("loaded");
    assert_eq!(report.metadata, files::metadata(&path).expect("texts"));
    for (key, text) in said {
        assert_eq!(report.metadata[key], text);
    }
    let bytes = fs::read(&path).expect("the file");
    let (_, header) = SafeTensors::read_metadata(&bytes).expect("a sound header");
    let texts = header.metadata().as_ref().expect("metadata");
    assert_eq!(texts["ключ"], "値");

    // No leaf at all, and none but texts.
    for said in [&said[..], &[]] {
        files::save_with_metadata::<_, f32>(&Vec::<Tensor>::new(), said, &path).expect("saved");
        let found = files::metadata(&path).expect("texts");
        assert_eq!(found.len(), said.len());
    }
}

/// A file with one array `0` of these bytes.
fn typed(dtype: Dtype, shape: &[usize], data: &[u8]) -> Vec<u8> {
    let view = TensorView::new(dtype, shape.to_vec(), data).expect("a sound array");
    safetensors::serialize([("0", view)], None).expect("a file")
}

#[test]
fn half_precision_is_read_exactly() {
    // Zero, one, the least, the greatest, the greatest below normal, −2, infinity; by IEEE 754.
    let halves: [u16; 7] = [0, 0x3c00, 1, 0x7bff, 0x03ff, 0xc000, 0xfc00];
    let values = [
        0.0,
        1.0,
        2f64.powi(-24),
        65504.0,
        1023.0 * 2f64.powi(-24),
        -2.0,
        f64::NEG_INFINITY,
    ];
    let data: Vec<u8> = halves.iter().flat_map(|x| x.to_le_bytes()).collect();
    let bytes = typed(Dtype::F16, &[7], &data);
    let mut single = [Tensor::<f32>::zeros([7])];
    let mut double = [Tensor::<f64>::zeros([7])];
    files::load_from(&mut single, &bytes[..]).expect("loaded");
    files::load_from(&mut double, &bytes[..]).expect("loaded");
    assert_eq!(double[0].to_vec(), values);
    assert_eq!(single[0].cast::<f64>().to_vec(), values);

    let brains: [u16; 3] = [0x3f80, 0xc2f7, 0x7fc0];
    let data: Vec<u8> = brains.iter().flat_map(|x| x.to_le_bytes()).collect();
    let mut single = [Tensor::<f32>::zeros([3])];
    files::load_from(&mut single, &typed(Dtype::BF16, &[3], &data)[..]).expect("loaded");
    assert_eq!(single[0].to_vec()[..2], [1.0, -123.5]);
    assert!(single[0][[2]].is_nan());
}

#[test]
fn no_bit_is_lost_unasked() {
    let mut bytes = Vec::new();
    let model = [Tensor::from([0.1_f64, 1e300])];
    files::save_to(&model, &mut bytes).expect("saved");
    let mut single = [Tensor::<f32>::zeros([2])];
    let error = files::load_from(&mut single, &bytes[..]).expect_err("a refusal");
    let says = "`0` is f32 [2] in the model and f64 [2] in the file (rounding has to be allowed)";
    assert_eq!(
        error.to_string(),
        format!("it does not fit the model: {says}")
    );
    assert_eq!(single[0].to_vec(), [0.0, 0.0]);
    let options = LoadOptions::new().allow_rounding();
    options.load_from(&mut single, &bytes[..]).expect("loaded");
    assert_eq!(single[0].to_vec(), [0.1, f32::INFINITY]);

    // The other way nothing is lost.
    let mut bytes = Vec::new();
    files::save_to(&[Tensor::from([0.1_f32])], &mut bytes).expect("saved");
    let mut double = [Tensor::<f64>::zeros([1])];
    files::load_from(&mut double, &bytes[..]).expect("loaded");
    assert_eq!(double[0].to_vec(), [f64::from(0.1_f32)]);
    // Whole numbers are no weights.
    let error = files::load_from(&mut double, &typed(Dtype::I32, &[1], &[1, 0, 0, 0])[..]);
    let says = "`0` is f64 [1] in the model and i64 [1] in the file";
    assert!(error.expect_err("a refusal").to_string().contains(says));
}

#[test]
fn options_allow_what_they_say() {
    let rng = &mut Rng::seed_from_u64(1);
    let mut bytes = Vec::new();
    let old = (Embedding::new(5, 4, rng), vec![Linear::new(4, 2, rng)]);
    files::save_to(&old, &mut bytes).expect("saved");
    // Another head, and one more layer.
    let fresh = (
        Embedding::new(5, 4, rng),
        vec![Linear::new(4, 3, rng), Linear::new(3, 3, rng)],
    );
    let all = LoadOptions::new().allow_missing().allow_misfits();
    let mut new = fresh.clone();
    for refused in [
        LoadOptions::new(),
        LoadOptions::new().allow_missing().allow_unexpected(),
        LoadOptions::new().allow_misfits().allow_unexpected(),
    ] {
        assert!(refused.load_from(&mut new, &bytes[..]).is_err());
        assert_eq!(bits(&new), bits(&fresh), "nothing was loaded");
    }
    let report = all.load_from(&mut new, &bytes[..]).expect("loaded");
    assert_eq!(report.missing, ["1.1.weight", "1.1.bias"]);
    assert_eq!((report.loaded, report.misfits.len()), (1, 2));
    assert_eq!(new.0.weight, old.0.weight);
    assert_eq!(new.1[0].weight, fresh.1[0].weight);

    // The words alone.
    let mut words = (Embedding::new(5, 4, rng),);
    let error = files::load_from(&mut words, &bytes[..]).expect_err("a refusal");
    let says = "the model does not have `1.0.bias`, `1.0.weight`";
    assert!(error.to_string().ends_with(says), "{error}");
    let options = LoadOptions::new().allow_unexpected();
    let report = options.load_from(&mut words, &bytes[..]).expect("loaded");
    assert_eq!(report.unexpected, ["1.0.bias", "1.0.weight"]);
    assert_eq!(words.0.weight, old.0.weight);
}

/// What a link points to is written, and nothing else than files.
#[cfg(unix)]
#[test]
fn links_stay_links() {
    let folder = Folder::new();
    let (real, link) = (folder.join("real"), folder.join("link"));
    let model = Linear::new(2, 1, &mut Rng::seed_from_u64(1));
    fs::write(&real, b"old").expect("a file");
    std::os::unix::fs::symlink(&real, &link).expect("a link");
    files::save(&model, &link).expect("saved");
    assert!(fs::symlink_metadata(&link).expect("the link").is_symlink());
    files::load(&mut model.clone(), &real).expect("loaded");
    assert_eq!(folder.names(), ["link", "real"]);
}

#[cfg(unix)]
#[test]
fn permissions_stay() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let path = folder.join("a");
    let model = Linear::new(2, 1, &mut Rng::seed_from_u64(1));
    files::save(&model, &path).expect("saved");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("a mode");
    files::save(&model, &path).expect("saved");
    let mode = fs::metadata(&path).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}
