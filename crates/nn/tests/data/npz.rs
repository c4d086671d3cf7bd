//! NumPy's archives.

use wengert_nn::data::Reason;
use wengert_nn::data::npz::Npz;
use wengert_tensor::Tensor;

use crate::hostile::{Folder, Slow, cut_everywhere, flip_everywhere};

fn arrays() -> Npz {
    let mut arrays = Npz::new();
    arrays.insert(
        "encoder.weight",
        &Tensor::<f32>::from([[1.0, 2.0], [3.0, 4.0]]),
    );
    arrays.insert("größe", &Tensor::from([7, 8, 9]));
    arrays
}

fn files() -> [Vec<u8>; 2] {
    let (mut plain, mut small) = (Vec::new(), Vec::new());
    arrays().write(&mut plain).expect("memory takes everything");
    arrays()
        .write_compressed(&mut small)
        .expect("memory takes everything");
    assert!(small.len() < plain.len());
    [plain, small]
}

#[test]
fn what_is_written_is_read() {
    for file in files() {
        let read = Npz::read(Slow::new(&file, false)).expect("what was written");
        assert_eq!(read, arrays());
        assert_eq!(
            read.names().collect::<Vec<_>>(),
            ["encoder.weight", "größe"]
        );
        let weight = read.get::<f64>("encoder.weight").expect("an array");
        assert_eq!(weight, Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
        let error = read.get::<f32>("größe").expect_err("of i64");
        let told = "entry \"größe\": the elements are <i8, which f32 does not hold exactly";
        assert_eq!(error.to_string(), told);
        assert!(matches!(
            read.get::<f32>("x").expect_err("none").reason(),
            Reason::Missing(_)
        ));
    }
    let mut twice = arrays();
    twice.insert("größe", &Tensor::from([true]));
    assert_eq!(
        twice.get::<bool>("größe").expect("the new one"),
        Tensor::from([true])
    );
    let (mut none, read) = (Vec::new(), Npz::new());
    read.write(&mut none).expect("memory takes everything");
    assert_eq!(Npz::read(&none[..]).expect("an empty archive"), read);
}

#[test]
fn every_beginning_is_refused_and_no_byte_changes_a_number() {
    for good in files() {
        cut_everywhere(
            &good,
            &arrays(),
            |bytes| Npz::read(bytes),
            |end, cut| {
                assert!(cut.is_err(), "after {end} bytes");
            },
        );
        flip_everywhere(
            &good,
            |bytes| Npz::read(bytes),
            |at, byte, flipped| {
                // What has no check sum are the names.
                let Ok(flipped) = flipped else { return };
                let (names, whole) = (flipped.names().collect::<Vec<_>>(), arrays());
                for (name, known) in names.into_iter().zip(whole.names()) {
                    if known == "größe" {
                        let numbers = flipped.get::<i64>(name).expect("an array");
                        assert_eq!(numbers, Tensor::from([7, 8, 9]), "byte {at} as {byte}");
                    }
                }
            },
        );
    }
}

#[test]
fn what_is_no_archive_is_named() {
    for bytes in [&b""[..], b"PK", b"\x93NUMPY\x01\x00", &[0; 100]] {
        let error = Npz::read(bytes).expect_err("no archive").to_string();
        assert!(error.starts_with("no archive as .npz files are"), "{error}");
    }
    let [plain, _] = files();
    // Two archives behind each other are the last one, whose places count from its start.
    let both = [plain.clone(), plain.clone()].concat();
    let _ = Npz::read(&both[..]);
    let folder = Folder::new("npz");
    let error = Npz::load(&folder.0).expect_err("a folder");
    assert!(error.to_string().ends_with("it is a folder"));
    let path = folder.0.join("x.npz");
    arrays().save(&path).expect("a file");
    assert_eq!(Npz::load(&path).expect("a file"), arrays());
    assert!(arrays().save(&folder.0).is_err());
    // A foreign file in an archive is read as bytes, and is no array.
    let mut foreign = Npz::new();
    foreign.insert("x", &Tensor::<f32>::from([1.0]));
    let mut file = Vec::new();
    foreign.write(&mut file).expect("memory takes everything");
    let name = file
        .windows(5)
        .position(|bytes| bytes == b"x.npy")
        .expect("its name");
    file[name + 1] = b'!';
    let _ = Npz::read(&file[..]);
}

#[test]
fn a_name_stands_once() {
    let mut two = Npz::new();
    two.insert("a", &Tensor::<f32>::from([1.0]));
    two.insert("b", &Tensor::<f32>::from([2.0]));
    let mut file = Vec::new();
    two.write(&mut file).expect("memory takes everything");
    for at in 0..file.len() - 5 {
        if &file[at..at + 5] == b"b.npy" {
            file[at] = b'a';
        }
    }
    let error = Npz::read(&file[..]).expect_err("a name twice");
    assert_eq!(error.to_string(), "two have the name \"a\"");
}

#[test]
fn a_bomb_stops_at_the_limit() {
    let mut large = Npz::new();
    for name in ["a", "b", "c"] {
        large.insert(name, &Tensor::<f64>::zeros([100_000]));
    }
    let mut bomb = Vec::new();
    large
        .write_compressed(&mut bomb)
        .expect("memory takes everything");
    assert!(bomb.len() < 20_000);
    // Each is within the limit, and all of them are not.
    let error = Npz::read_within(&bomb[..], 2_000_000).expect_err("a bomb");
    let told = "it takes more than the 2000000 bytes that are allowed";
    assert_eq!(error.to_string(), told);
    assert_eq!(
        Npz::read_within(&bomb[..], 2_500_000).expect("within the limit"),
        large
    );
    let error = Npz::read_within(&bomb[..], 100).expect_err("the file itself is larger");
    assert!(matches!(
        error.reason(),
        Reason::OverLimit { limit: 100, .. }
    ));
}

/// A full disk is told, also where the last bytes are still in a buffer.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    use std::fs::File;
    use wengert_nn::data::npy;
    let full = || {
        let file = File::options().write(true).open("/dev/full");
        file.expect("the device")
    };
    let small = npy::write(full(), &Tensor::<f32>::from([1.0]));
    let large = npy::write(full(), &Tensor::<f32>::zeros([100_000]));
    for written in [small, large, arrays().write(full())] {
        let error = written.expect_err("a full disk");
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    }
}

/// What is saved is written aside: where that fails, the kind says why, and nothing is left behind.
#[test]
fn what_cannot_be_saved_is_told_by_its_kind() {
    use std::io::ErrorKind;
    use std::path::Path;
    use wengert_nn::data::{Alphabet, BytePairs, Specials, Vocabulary, npy};
    let folder = std::env::temp_dir().join(format!("wengert-aside-{}", std::process::id()));
    let save = |path: &Path| {
        let words = Vocabulary::words(["a"], Specials::NONE);
        let pairs = BytePairs::train(["a"], Alphabet::Bytes, 300, Specials::NONE);
        [
            npy::save(path, &Tensor::<f32>::from([1.0])),
            words.save(path),
            pairs.save(path),
            arrays().save(path),
        ]
    };
    for refused in save(&folder.join("file")) {
        assert_eq!(refused.expect_err("no folder").kind(), ErrorKind::NotFound);
    }
    std::fs::create_dir_all(&folder).expect("a folder");
    for refused in save(&folder) {
        let kind = refused.expect_err("a folder").kind();
        assert_eq!(kind, ErrorKind::IsADirectory);
    }
    for saved in save(&folder.join("file")) {
        saved.expect("saved");
    }
    let names: Vec<_> = std::fs::read_dir(&folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(names, ["file"]);
    let back = Npz::load(folder.join("file")).expect("the last of them");
    assert_eq!(back, arrays());
    std::fs::remove_dir_all(folder).expect("the folder");
}
