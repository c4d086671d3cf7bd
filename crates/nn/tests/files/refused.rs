//! Every panic and every error that the docs of `files` promise, provoked; see `tests/tidy.rs` of the
//! workspace for the rule that none is forgotten.

use wengert_nn::files::{self, LoadOptions};
use wengert_tensor::Tensor;

use crate::refusals::{check_errors, errors};

fn model() -> Vec<Tensor> {
    vec![Tensor::zeros([2])]
}

#[test]
fn errors_of_weights() {
    check_errors(errors! {
        "files::save": files::save(&model(), "no/folder/a.safetensors") => "a.safetensors: making the new file failed";
        "files::save_with_metadata": files::save_with_metadata(&model(), &[], "no/folder/a") => "making the new file";
        "files::save_to": files::save_to(&model(), &mut [0u8; 3][..]) => "writing failed";
        "files::load": files::load(&mut model(), "no/folder/a") => "no/folder/a: opening failed";
        "files::load_from": files::load_from(&mut model(), &b""[..]) => "the length of the header, after 0 of 8";
        "files::metadata": files::metadata("no/folder/a") => "opening failed";
        "LoadOptions::load": LoadOptions::new().load(&mut model(), "no/folder/a") => "opening failed";
        "LoadOptions::load_from": LoadOptions::new().load_from(&mut model(), &b"PK\x03\x04"[..]) => "a zip archive";
    });
}
