//! Every panic and every error that the docs of `files` promise, provoked; see `tests/tidy.rs` of the
//! workspace for the rule that none is forgotten.

use wengert_nn::files::torch::{self, TorchMap};
use wengert_nn::files::{self, Checkpoint, Checkpoints, LoadOptions, Persist, Record};
use wengert_nn::{Adam, Linear};
use wengert_tensor::{Rng, Tensor};

use crate::common::Folder;
use crate::refusals::{Place, check_errors, check_panics, errors, panics};

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

/// A folder whose checkpoint of step 1 is a link that leads to itself.
fn endless() -> (Folder, Checkpoints) {
    let folder = Folder::new();
    let kept = Checkpoints::new(folder.path()).expect("a folder");
    #[cfg(unix)]
    std::os::unix::fs::symlink(kept.path(1), kept.path(1)).expect("a link");
    let kept = Checkpoints::new(folder.path()).expect("a folder");
    (folder, kept)
}

#[test]
fn errors_of_checkpoints() {
    check_errors(errors! {
        "Persist::load": 0u64.load(&mut Record::new()) => "it is missing";
        "Record::take": Record::new().take("step", &mut 0u64) => "`step`: it is missing";
        "Record::get": Record::new().get() => "it is missing";
        "Checkpoint::save": Checkpoint::new().save("no/folder/a") => "making the new file failed";
        "Checkpoint::write_to": Checkpoint::new().write_to(&mut [0u8; 3][..]) => "writing failed";
        "Checkpoint::open": Checkpoint::open("no/folder/a") => "no/folder/a: opening failed";
        "Checkpoint::read_from": Checkpoint::read_from(&b""[..]) => "after 0 of 8 bytes";
        "Restore::finish": Checkpoint::new().restore().part("step", &mut 0u64).finish() => "`step`: it is missing";
        "Checkpoints::new": Checkpoints::new("/dev/null/a") => "making the folder failed";
        "Checkpoints::save": {
            let (folder, mut kept) = endless();
            drop(folder);
            kept.save(1, None, &Checkpoint::new())
        } => "making the new file failed";
        "Checkpoints::resume": endless().1.resume() => "opening failed";
    });
}

#[test]
fn panics_of_checkpoints() {
    let table = panics! {
        "Checkpoint::model": Checkpoint::new().model("a.b", &model()) => "`a.b` is no name for a part";
        "Checkpoint::optimizer": Checkpoint::new().optimizer::<f32>("", &Adam::new(0.1)) => "`` is no name";
        "Checkpoint::state": Checkpoint::new().state::<f32>("", &Adam::new(0.1)) => "`` is no name";
        "Checkpoint::part": Checkpoint::new().part("a", &1u64).part("a", &2u64) => "`a` is no name";
    };
    check_panics(file!(), Place::Here, table);
}

#[test]
fn errors_of_torch() {
    let linear = || Linear::new(2, 1, &mut Rng::seed_from_u64(1));
    check_errors(errors! {
        "TorchMap::save": TorchMap::new().save(&model(), "a") => "`0` has no name in PyTorch";
        "TorchMap::save_to": TorchMap::new().save_to(&model(), Vec::new()) => "`0` has no name in PyTorch";
        "TorchMap::load": TorchMap::new().load(&mut model(), "no/folder/a") => "opening failed";
        "TorchMap::load_with": TorchMap::new().load_with(LoadOptions::new(), &mut model(), "no/folder/a") => "opening failed";
        "TorchMap::load_from": TorchMap::new().load_from(&mut model(), &b""[..]) => "after 0 of 8 bytes";
    });
    // The names of these are those of the weights' functions.
    let path = "no/folder/a";
    assert!(torch::save(&linear(), path).is_err() && torch::load(&mut linear(), path).is_err());
}
