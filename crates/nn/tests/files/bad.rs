//! Files that are wrong: each gives an error that says what is wrong, and the model stays as it is.

use std::fs::{self, File};
use std::io::{self, Read};
use std::process::Command;

use wengert_nn::files::{self, Problem};
use wengert_tensor::Tensor;

use crate::common::{Folder, bits, file, net};

/// What is said of these bytes, as a file and from a reader of unknown length.
fn refusal(bytes: &[u8]) -> String {
    let folder = Folder::new();
    let path = folder.join("bad");
    fs::write(&path, bytes).expect("a file");
    let mut model = vec![Tensor::<f32>::zeros([2])];
    let from_file = files::load(&mut model, &path).expect_err("a refusal");
    let read = files::load_from(&mut model, bytes).expect_err("a refusal");
    assert_eq!(model[0].to_vec(), [0.0, 0.0]);
    let said = from_file.problem.to_string();
    if !matches!(from_file.problem, Problem::Truncated { .. }) {
        assert_eq!(said, read.to_string());
    }
    assert_eq!(from_file.to_string(), format!("{}: {said}", path.display()));
    said
}

/// One array.
fn entry(dtype: &str, shape: &str, offsets: &str) -> String {
    format!(r#"{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}"#)
}

#[test]
fn what_is_wrong_is_named() {
    let says = |bytes: &[u8], says: &str| {
        let said = refusal(bytes);
        assert!(said.contains(says), "{said:?} instead of {says:?}");
    };
    let good = entry("F32", "[2]", "[0,8]");
    let one = |entry: &str| file(&format!(r#"{{"0":{entry}}}"#), &[0; 8]);
    let (x, y) = (entry("F32", "[1]", "[0,4]"), entry("F32", "[1]", "[4,8]"));

    says(
        b"",
        "the file ends in the length of the header, after 0 of 8 bytes",
    );
    says(
        b"\x93NUMPY\x01\x00v\x00{",
        "no safetensors file: this is an array of NumPy",
    );
    says(
        b"PK\x03\x04\x00\x00\x08\x08",
        "this is a zip archive, as torch.save and",
    );
    says(b"\x1f\x8b\x08\x08abcdefgh", "this is gzip");
    says(b"inputs,targets\n1,2\n", "no safetensors file: a header of");
    says(
        &file("[1, 2, 3]       ", &[]),
        "its header does not begin with {",
    );
    says(
        &file("{not json", &[]),
        "the header is wrong: key must be a string at line 1 column 2",
    );
    says(
        &file("{\"\u{0}\":1}", &[]),
        "byte 10: the header is wrong: control character",
    );
    says(
        &one(&good)[..40],
        "the file ends in the header, after 32 of",
    );
    says(
        one(&good).split_last().expect("bytes").1,
        "the file ends in the data, after 7 of 8",
    );
    says(
        &[one(&good), vec![0]].concat(),
        "the file goes on after byte",
    );
    // Claims.
    let claim = 9_223_372_036_854_775_807u64.to_le_bytes();
    says(&claim, "a header of 9223372036854775807 bytes is claimed");
    says(
        &one(&entry("F32", "[9223372036854775807]", "[0,8]")),
        "than the address space holds",
    );
    says(
        &one(&entry("F32", "[9223372036854775808,0]", "[0,0]")),
        "larger than the address space",
    );
    let much = entry("U8", "[9223372036854775807]", "[0,9223372036854775807]");
    says(&one(&much), "than the address space holds");
    let much = entry("U8", "[1152921504606846975]", "[0,1152921504606846975]");
    says(
        &one(&much),
        "the file ends in the data, after 8 of 1152921504606846975 bytes",
    );
    says(
        &one(&entry("F32", "[NaN]", "[0,8]")),
        "the header is wrong: expected value",
    );
    says(
        &one(&entry("F32", "[-2]", "[0,8]")),
        "the header is wrong: invalid value: integer `-2`",
    );
    says(
        &one(&entry("F32", "[2.5]", "[0,8]")),
        "the header is wrong: invalid type",
    );
    // Types and shapes.
    says(&one(&entry("F99", "[2]", "[0,8]")), "unknown variant `F99`");
    says(
        &one(&entry("F64", "[2]", "[0,8]")),
        "not those of its shape and type",
    );
    says(
        &one(&entry("I64", "[1]", "[0,8]")),
        "`0` is f32 [2] in the model and i64 [1] in the file",
    );
    says(
        &one(&entry("C64", "[1]", "[0,8]")),
        "`0` is f32 [2] in the model and C64 [1]",
    );
    says(
        &one(&entry("F32", "[2,1]", "[0,8]")),
        "`0` is f32 [2] in the model and f32 [2, 1]",
    );
    let mut truth = one(&entry("BOOL", "[8]", "[0,8]"));
    *truth.last_mut().expect("bytes") = 2;
    says(&truth, "2 is neither true nor false");
    // Names and places.
    says(
        &file(&format!(r#"{{"0":{x},"0":{y}}}"#), &[0; 8]),
        "`0` occurs twice",
    );
    says(
        &file(
            &format!(r#"{{"__metadata__":{{"a":"b","a":"c"}},"0":{good}}}"#),
            &[0; 8],
        ),
        "`a` occurs twice",
    );
    says(
        &file(
            &format!(r#"{{"__metadata__":{{"a":1}},"0":{good}}}"#),
            &[0; 8],
        ),
        "expected a string",
    );
    says(
        &file(&format!(r#"{{"0":{x},"1":{x}}}"#), &[0; 8]),
        "does not begin where the array before it ends",
    );
    says(
        &file(&format!(r#"{{"1":{good}}}"#), &[0; 8]),
        "the file does not have `0`; the model does not have `1`",
    );
    let mut latin = file(&format!(r#"{{"é":{good}}}"#), &[0; 8]);
    latin[10] = 0xe9;
    says(&latin, "the header is wrong: invalid unicode code point");
    let deep = format!(r#"{{"0":{}"#, "[".repeat(100_000));
    says(&file(&deep, &[]), "the header is wrong");
}

/// A model in a small file, cut at every byte.
#[test]
fn every_prefix_is_refused() {
    let mut good = Vec::new();
    files::save_to(&vec![Tensor::from([1.0_f32, 2.0])], &mut good).expect("saved");
    for end in 0..good.len() {
        let mut model = vec![Tensor::<f32>::zeros([2])];
        let error = files::load_from(&mut model, &good[..end]).expect_err("a refusal");
        let truncated = matches!(error.problem, Problem::Truncated { .. });
        assert!(truncated, "{end}: {error}");
        assert_eq!(model[0].to_vec(), [0.0, 0.0]);
    }
}

/// A flipped bit gives other numbers or an error, and never a part of the model.
#[test]
fn every_flipped_bit_is_survived() {
    let mut good = Vec::new();
    let model = net(1);
    files::save_to(&model, &mut good).expect("saved");
    let header = 8 + u64::from_le_bytes(good[..8].try_into().expect("8 bytes")) as usize;
    let (fresh, mut refused) = (net(2), 0);
    // All of the header, and a part of the numbers.
    for at in (0..good.len()).filter(|&at| at < header || at % 97 == 0) {
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            let mut other = fresh.clone();
            match files::load_from(&mut other, &bad[..]) {
                Ok(_) => assert!(other.heads[0].weight != fresh.heads[0].weight),
                Err(_) => {
                    refused += 1;
                    assert_eq!(bits(&other), bits(&fresh));
                }
            }
        }
    }
    assert!(refused > 4 * header, "{refused} of {header} bytes");
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = Folder::new();
    let mut model = vec![Tensor::<f32>::zeros([2])];
    let error = files::load(&mut model, folder.path()).expect_err("a folder");
    assert!(
        error
            .to_string()
            .ends_with(": this is a folder, and no file"),
        "{error}"
    );
    let error = files::save(&model, folder.path()).expect_err("a folder");
    assert!(
        error
            .to_string()
            .ends_with(": this is a folder, and no file"),
        "{error}"
    );
    let error = files::save(&model, folder.join("..")).expect_err("a folder");
    assert!(matches!(error.problem, Problem::NotAFile { .. }), "{error}");
    let error = files::load(&mut model, folder.join("none")).expect_err("nothing there");
    assert!(matches!(error.problem, Problem::Io { .. }), "{error}");
    assert!(std::error::Error::source(&error).is_some());
    if cfg!(unix) {
        // An endless device, which a reader would read until memory ends.
        let error = files::load(&mut model, "/dev/zero").expect_err("a device");
        assert!(matches!(error.problem, Problem::NotAFile { .. }), "{error}");
        let error = files::save(&model, "/dev/null").expect_err("a device");
        assert!(matches!(error.problem, Problem::NotAFile { .. }), "{error}");
    }
}

/// A name that is no text is as good as any.
#[cfg(target_os = "linux")]
#[test]
fn names_of_files_need_no_text() {
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::new();
    let path = folder
        .path()
        .join(std::ffi::OsStr::from_bytes(b"\xff\xfe.weights"));
    let (model, mut other) = (net(1), net(2));
    files::save(&model, &path).expect("saved");
    files::load(&mut other, &path).expect("loaded");
    assert_eq!(bits(&model), bits(&other));
}

#[cfg(unix)]
#[test]
fn without_permission_nothing_changes() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let path = folder.join("a");
    files::save(&net(1), &path).expect("saved");
    let allow = |mode| {
        let mode = fs::Permissions::from_mode(mode);
        fs::set_permissions(folder.path(), mode).expect("a mode");
    };
    // Whoever owns what it makes is this process's user.
    let owner = std::os::unix::fs::MetadataExt::uid(&fs::metadata(&path).expect("the file"));
    if owner == 0 {
        println!("without_permission_nothing_changes: skipped, for permissions do not bind root");
        return;
    }
    allow(0o555);
    let error = files::save(&net(2), &path).expect_err("no permission");
    assert!(
        error.to_string().contains("making the new file failed"),
        "{error}"
    );
    let mut other = net(2);
    files::load(&mut other, &path).expect("the old file");
    assert_eq!(bits(&other), bits(&net(1)));
    allow(0o755);
}

/// Where no byte more may be written, the old file is there, and nothing beside it.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_the_old_file() {
    let full = File::options()
        .write(true)
        .open("/dev/full")
        .expect("the device");
    let error = files::save_to(&net(1), full).expect_err("a full disk");
    assert!(error.to_string().starts_with("writing failed"), "{error}");

    // A process whose files may not grow beyond some blocks.
    let folder = Folder::new();
    let path = folder.join("a");
    files::save(&net(1), &path).expect("saved");
    let old = fs::read(&path).expect("the file");
    let test = std::env::current_exe().expect("this test");
    let script = "trap '' XFSZ; ulimit -f 1; exec \"$0\" --exact bad::full_disk_child --ignored";
    let status = Command::new("sh")
        .args(["-c", script])
        .arg(test)
        .env("WENGERT_FULL_DISK", &path)
        .output()
        .expect("a process");
    let said = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(status.status.success(), "{said}");
    assert_eq!(fs::read(&path).expect("the file"), old);
    assert_eq!(folder.names(), ["a"]);
}

/// What [`a_full_disk_leaves_the_old_file`] runs.
#[test]
#[ignore = "run by another test, with a limit on files"]
fn full_disk_child() {
    let Some(path) = std::env::var_os("WENGERT_FULL_DISK") else {
        return;
    };
    let big = vec![Tensor::<f32>::ones([100_000])];
    let error = files::save(&big, path).expect_err("a full disk");
    assert!(error.to_string().contains("failed"), "{error}");
}

#[test]
fn a_reader_may_fail_and_come_in_pieces() {
    /// One byte at a time, with interruptions, and a failure at a byte.
    struct Slow(Vec<u8>, usize, bool, usize);
    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.2 = !self.2;
            if self.2 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            if self.1 == self.3 {
                return Err(io::Error::other("the disk is gone"));
            }
            match (self.0.get(self.1), buffer.first_mut()) {
                (Some(&byte), Some(place)) => {
                    *place = byte;
                    self.1 += 1;
                    Ok(1)
                }
                _ => Ok(0),
            }
        }
    }
    let mut good = Vec::new();
    let model = net(1);
    files::save_to(&model, &mut good).expect("saved");
    let mut other = net(2);
    files::load_from(&mut other, Slow(good.clone(), 0, false, usize::MAX)).expect("loaded");
    assert_eq!(bits(&other), bits(&model));
    let error = files::load_from(&mut other, Slow(good, 0, false, 1500)).expect_err("a failure");
    assert_eq!(
        error.to_string(),
        "byte 1500: reading failed: the disk is gone"
    );
}

#[test]
fn two_leaves_of_one_path_are_refused() {
    use wengert_tape::tree::{Path, StructureError, Tree};
    /// A tree by hand that forgets to extend the path.
    struct Twice(Tensor, Tensor);
    impl Tree<Tensor> for Twice {
        type With<Q> = (Q, Q);
        fn map_leaves<Q>(
            &self,
            path: &mut Path,
            f: &mut impl FnMut(&Path, &Tensor) -> Q,
        ) -> (Q, Q) {
            (f(path, &self.0), f(path, &self.1))
        }
        fn unmap_leaves<Q>(
            with: &(Q, Q),
            path: &mut Path,
            f: &mut impl FnMut(&Path, &Q) -> Tensor,
        ) -> Self {
            Twice(f(path, &with.0), f(path, &with.1))
        }
        fn visit_leaves(&self, path: &mut Path, f: &mut impl FnMut(&Path, &Tensor)) {
            f(path, &self.0);
            f(path, &self.1);
        }
        fn visit_leaves_mut(&mut self, path: &mut Path, f: &mut impl FnMut(&Path, &mut Tensor)) {
            f(path, &mut self.0);
            f(path, &mut self.1);
        }
        fn zip_leaves<Q>(
            &self,
            _: &(Q, Q),
            _: &mut Path,
            _: &mut impl FnMut(&Path, &Tensor, &Q),
        ) -> Result<(), StructureError> {
            Ok(())
        }
        fn zip_leaves_mut<Q>(
            &mut self,
            _: &(Q, Q),
            _: &mut Path,
            _: &mut impl FnMut(&Path, &mut Tensor, &Q),
        ) -> Result<(), StructureError> {
            Ok(())
        }
    }
    let model = Twice(Tensor::zeros([1]), Tensor::zeros([1]));
    let error = files::save_to(&model, io::sink()).expect_err("a refusal");
    assert_eq!(
        error.to_string(),
        "`` cannot be written: there are two of this name"
    );
}
