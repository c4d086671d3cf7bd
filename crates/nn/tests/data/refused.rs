//! Every error and every panic that the docs of `data` promise, provoked.

use wengert_nn::data::{
    Ahead, Alphabet, BytePairs, Epochs, MinMaxScaler, Specials, Split, StandardScaler, Train, Unit,
    Vocabulary, Windows, babi, pad_front, text,
};
use wengert_tensor::{Rng, Tensor};

use crate::refusals::{Place, check_errors, check_panics, errors, panics};

fn rng() -> Rng {
    Rng::seed_from_u64(1)
}

/// Training data with a number that has no scale.
fn odd() -> Train<Tensor> {
    Train::assume(Tensor::from([[1.0], [f32::NAN]]))
}

fn x() -> Tensor {
    Tensor::zeros([3, 2])
}

fn labels() -> Tensor<i64> {
    Tensor::from([1, 2, 3])
}

fn split() -> Split {
    Split::chronological(4, 0.0, 0.5)
}

fn windows() -> Windows {
    Windows::new(&x(), 1, 1)
}

fn standard() -> StandardScaler {
    StandardScaler::fit(&train())
}

fn range() -> MinMaxScaler {
    MinMaxScaler::fit(&train())
}

fn words() -> Vocabulary {
    Vocabulary::words(["a"], Specials::NONE)
}

fn pairs() -> BytePairs {
    BytePairs::train(["a"], Alphabet::Characters, 9, Specials::NONE)
}

fn train() -> Train<Tensor> {
    Train::assume(Tensor::from([[1.0], [2.0]]))
}

#[test]
fn parts_and_batches() {
    let table = panics! {
        "Split::chronological": Split::chronological(3, 0.6, 0.6) => "are no parts of 1";
        "Split::random": Split::random(3, -0.1, 0.0, &mut rng()) => "are no parts of 1";
        "Split::stratified": Split::stratified(&labels(), f64::NAN, 0.0, &mut rng()) => "are no parts of 1";
        "Split::stratified": Split::stratified(&Tensor::from([[1]]), 0.0, 0.0, &mut rng()) => "[1, 1] are not [N]";
        "Split::folds": Split::folds(3, 4, &mut rng()) => "3 rows do not make 4 folds";
        "Split::stratified_folds": Split::stratified_folds(&labels(), 1, &mut rng()) => "do not make 1 folds";
        "Split::rolling": Split::rolling(3, 3) => "3 rows do not make 3 splits";
        "Split::train": split().train(&x()) => "have not the 4 rows";
        "Split::validation": split().validation(&x()) => "have not the 4 rows";
        "Split::test": split().test(&x()) => "have not the 4 rows";
        "StandardScaler::fit": StandardScaler::fit(&odd()) => "row 1, feature 0: NaN has no scale";
        "StandardScaler::transform": standard().transform(&x()) => "[3, 2] does not end with 1 features";
        "StandardScaler::inverse": standard().inverse(&x()) => "[3, 2] does not end with 1 features";
        "MinMaxScaler::fit": MinMaxScaler::fit(&odd()) => "row 1, feature 0: NaN has no scale";
        "MinMaxScaler::transform": range().transform(&x()) => "[3, 2] does not end with 1 features";
        "MinMaxScaler::inverse": range().inverse(&x()) => "[3, 2] does not end with 1 features";
        "Windows::new": Windows::new(&x(), 0, 1) => "a window has at least one step";
        "Windows::new": Windows::new(&Tensor::<f32>::scalar(1.0), 1, 1) => "a series [] has no steps";
        "Windows::with_stride": windows().with_stride(0) => "the stride is at least one step";
        "Windows::rows": windows().rows(&Tensor::from([2])) => "row 2 is none of the 2 windows";
        "Windows::rows": windows().rows(&Tensor::from([-1])) => "row -1 is none of the 2 windows";
        "Epochs::new": Epochs::new(0, 1, 1) => "there are no rows";
        "Epochs::new": Epochs::new(1, 0, 1) => "a batch has at least one row";
        "Epochs::by_length": Epochs::by_length(&[], 1, 1) => "there are no rows";
        "Epochs::full_only": Epochs::new(2, 3, 1).full_only() => "2 rows do not fill a batch of 3";
        "Ahead::new": Ahead::new(0..1, 0) => "at least one item is prepared";
    };
    check_panics(file!(), Place::Here, table);
    check_errors(errors! {
        "pad_front": pad_front::<f32>(&[], 0.0) => "pad_front: there is no sequence";
        "StandardScaler::try_fit": StandardScaler::try_fit(&odd()) => "feature 0: NaN has no scale";
        "StandardScaler::try_fit": StandardScaler::try_fit(&Train::assume(Tensor::<f32>::scalar(1.0))) => "no axis of features";
        "MinMaxScaler::try_fit": MinMaxScaler::try_fit(&Train::assume(Tensor::<f32>::zeros([0, 2]))) => "have no rows";
    });
}

#[test]
fn vocabularies() {
    check_errors(errors! {
        "Vocabulary::from_tokens": Vocabulary::from_tokens(Unit::Word, Specials::NONE, ["a", "a"]) => "twice";
        "Vocabulary::encode": words().encode("b") => "\"b\" is not in the vocabulary";
        "Vocabulary::encode_tokens": words().encode_tokens(["b"]) => "\"b\" is not in the vocabulary";
        "BytePairs::encode": pairs().encode("b") => "\"b\" is not in the vocabulary";
    });
}

#[test]
fn texts_and_stories() {
    check_errors(errors! {
        "text::read": text::read(&b"\xff"[..]) => "the text is not UTF-8";
        "text::read_within": text::read_within(&b"abc"[..], 2) => "more than the 2 bytes";
        "text::load": text::load("/") => "/: it is a folder";
        "text::load_lines": text::load_lines("/") => "/: it is a folder";
        "text::parallel": text::parallel("a\n", "") => "line 1: the texts have 1 and 0 lines";
        "text::load_parallel": text::load_parallel("/", "/") => "/: it is a folder";
        "text::pairs": text::pairs("a", '_') => "line 1: there is no '_' in it";
        "text::load_pairs": text::load_pairs("/", '_') => "/: it is a folder";
        "babi::questions": babi::questions("1 A.\n") => "there is no question in it";
        "babi::load": babi::load("/") => "/: it is a folder";
        "babi::load_task": babi::load_task("/", 1, "train") => "/: nothing in it has the name";
    });
}

#[cfg(feature = "files")]
mod files {
    use wengert_nn::data::npz::Npz;
    use wengert_nn::data::safetensors::Safetensors;
    use wengert_nn::data::table::{self, Kind, Reader, Table};
    use wengert_nn::data::{gzip, mnist, npy};
    use wengert_tensor::Tensor;

    use wengert_nn::data::{BytePairs, Vocabulary};

    use super::{pairs, words};
    use crate::refusals::{check_errors, errors};

    fn table() -> Table {
        table::read(&b"a,b\n1,x\n,\n"[..]).expect("a table")
    }

    fn array() -> Vec<u8> {
        let mut file = Vec::new();
        npy::write(&mut file, &Tensor::<f32>::from([1.0, 2.0])).expect("a file");
        file
    }

    #[test]
    fn files() {
        check_errors(errors! {
            "gzip::open": gzip::open("/", 9) => "/: it is a folder";
            "npy::read": npy::read::<f32>(&b""[..]) => "it ends in the magic number";
            "npy::read_within": npy::read_within::<f32>(&array()[..], 7) => "it takes 8 bytes of memory, and 7 are";
            "npy::load": npy::load::<f32>("/") => "/: it is a folder";
            "npy::write": npy::write(&mut [0; 9][..], &Tensor::<f32>::from([1.0])) => "buffer";
            "npy::save": npy::save("/", &Tensor::<f32>::from([1.0])) => "irectory";
            "Npz::read": Npz::read(&b""[..]) => "no archive as .npz files are";
            "Npz::read_within": Npz::read_within(&b"abc"[..], 2) => "more than the 2 bytes";
            "Npz::load": Npz::load("/") => "/: it is a folder";
            "Npz::get": Npz::new().get::<f32>("x") => "nothing in it has the name \"x\"";
            "Npz::write": Npz::new().write(&mut [0; 9][..]) => "buffer";
            "Npz::write_compressed": Npz::new().write_compressed(&mut [0; 9][..]) => "buffer";
            "Npz::save": Npz::new().save("/") => "irectory";
            "mnist::load": mnist::load::<f32>("/", "none") => "/none-images-idx3-ubyte: ";
            "Safetensors::read": Safetensors::read(&b"PK\x03\x04\0\0\x08\x08"[..]) => "this is a zip archive";
            "Safetensors::load": Safetensors::load("/") => "/: this is a folder, and no file";
            "Safetensors::get": Safetensors::new().get::<f32>("x") => "nothing in it has the name \"x\"";
            "Safetensors::write": Safetensors::new().write(&mut [0; 5][..]) => "writing failed";
            "Safetensors::save": Safetensors::new().save("/") => "this is a folder, and no file";
        });
    }

    #[test]
    fn tables() {
        check_errors(errors! {
            "table::read": table::read(&b"a\n1,2\n"[..]) => "line 2: a row of 2 cells";
            "table::load": table::load("/") => "/: it is a folder";
            "Reader::read": Reader::new().with_kind("x", Kind::Text).read(&b"a\n"[..]) => "the name \"x\"";
            "Reader::load": Reader::new().load("/") => "/: it is a folder";
            "Table::column": table().column("c") => "nothing in it has the name \"c\"";
            "Table::tensor": table().tensor::<f32>(&["a"]) => "line 3, column 1: \"a\" is missing";
            "Table::tensor_filled": table().tensor_filled::<f32>(&["b"], 0.0) => "column of texts";
            "Table::integers": table().integers("a") => "line 3, column 1: \"a\" is missing";
            "Table::texts": table().texts("b") => "line 3, column 2: \"b\" is missing";
            "Table::classes": table().classes("a") => "no column of texts";
        });
    }
    #[test]
    fn vocabularies() {
        check_errors(errors! {
            "Vocabulary::from_json": Vocabulary::from_json("{}") => "it is no file of a vocabulary";
            "Vocabulary::save": words().save("/") => "irectory";
            "Vocabulary::load": Vocabulary::load("/") => "/: it is a folder";
            "BytePairs::from_json": BytePairs::from_json("{}") => "it is no file of a byte pairs";
            "BytePairs::save": pairs().save("/") => "irectory";
            "BytePairs::load": BytePairs::load("/") => "/: it is a folder";
        });
    }
}
