//! NumPy's arrays.

use wengert_nn::data::{Reason, npy};
use wengert_tensor::{Element, Tensor};

use crate::hostile::{Endless, Folder, Slow, cut_everywhere, flip_everywhere};

/// A file with this dict.
pub fn file(version: u8, dict: &str, data: &[u8]) -> Vec<u8> {
    let mut file = b"\x93NUMPY".to_vec();
    file.extend([version, 0]);
    match version {
        1 => file.extend((dict.len() as u16).to_le_bytes()),
        _ => file.extend((dict.len() as u32).to_le_bytes()),
    }
    file.extend(dict.bytes());
    file.extend(data);
    file
}

fn dict(descr: &str, fortran: bool, shape: &str) -> String {
    let order = if fortran { "True" } else { "False" };
    format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}")
}

fn array(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    file(1, &dict(descr, false, shape), data)
}

fn refusal<T: Element>(bytes: &[u8]) -> String {
    npy::read::<T>(bytes).expect_err("a refusal").to_string()
}

/// What NumPy 2 writes for `numpy.arange(6, dtype="f4").reshape(2, 3)`, byte for byte.
#[test]
fn numpy_writes_the_same() {
    let mut numpy = b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, \
                      'shape': (2, 3), }"
        .to_vec();
    numpy.resize(127, b' ');
    numpy.push(b'\n');
    for x in 0..6 {
        numpy.extend((x as f32).to_le_bytes());
    }
    let x = Tensor::<f32>::from([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]);
    let mut ours = Vec::new();
    npy::write(&mut ours, &x).expect("memory takes everything");
    assert_eq!(ours, numpy);
    assert_eq!(npy::read::<f32>(&numpy[..]).expect("a good file"), x);
}

#[test]
fn what_is_written_is_read() {
    fn there_and_back<T: Element>(x: &Tensor<T>) -> Tensor<T> {
        let mut file = Vec::new();
        npy::write(&mut file, x).expect("memory takes everything");
        assert_eq!((file.len() - x.size() * size_of::<T>()) % 64, 0);
        npy::read(&file[..]).expect("what was written")
    }
    let truths = Tensor::from([[true, false], [false, true]]);
    assert_eq!(there_and_back(&truths), truths);
    let integers = Tensor::from([i64::MIN, -1, 0, i64::MAX]);
    assert_eq!(there_and_back(&integers), integers);
    let scalar = Tensor::<f64>::scalar(0.1);
    assert_eq!(there_and_back(&scalar), scalar);
    let none = Tensor::<f32>::zeros([3, 0, 2]);
    assert_eq!(there_and_back(&none).shape(), none.shape());
    let view = Tensor::<f32>::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).t();
    assert_eq!(there_and_back(&view), view);
    // NaN and infinities come back with every bit.
    let odd = [
        f64::NAN,
        -f64::NAN,
        f64::INFINITY,
        -f64::INFINITY,
        -0.0,
        5e-324,
    ];
    let odd = odd.map(f64::to_bits);
    let back = there_and_back(&Tensor::from(odd.map(f64::from_bits)));
    assert!(back.iter().map(f64::to_bits).eq(odd));
}

#[test]
fn kinds_orders_and_versions() {
    let read = |descr: &str, data: &[u8]| {
        let count = data.len() / descr[2..].parse::<usize>().expect("a width");
        npy::read::<f64>(&array(descr, &format!("({count},)"), data)[..]).expect(descr)
    };
    assert_eq!(read("<i2", &[0xff, 0xff, 2, 0]), Tensor::from([-1.0, 2.0]));
    assert_eq!(read(">i2", &[0xff, 0xfe]), Tensor::from([-2.0]));
    assert_eq!(read("|u1", &[0xff]), Tensor::from([255.0]));
    assert_eq!(read("|i1", &[0xff]), Tensor::from([-1.0]));
    assert_eq!(read("<u4", &[0xff; 4]), Tensor::from([4_294_967_295.0]));
    assert_eq!(read(">f4", &1.5f32.to_be_bytes()), Tensor::from([1.5]));
    // Half numbers: 1, the least normal, the least of all, the greatest, −2, 0, −0.
    let halves: [u16; 7] = [0x3c00, 0x0400, 0x0001, 0x7bff, 0xc000, 0, 0x8000];
    let bytes: Vec<u8> = halves.iter().flat_map(|half| half.to_le_bytes()).collect();
    let exact = [
        1.0,
        2f64.powi(-14),
        2f64.powi(-24),
        65504.0,
        -2.0,
        0.0,
        -0.0,
    ];
    let found = read("<f2", &bytes);
    assert!(found.iter().map(f64::to_bits).eq(exact.map(f64::to_bits)));
    assert_eq!(
        read("<f2", &[0, 0x7c, 0, 0xfc]),
        Tensor::from([f64::INFINITY, -f64::INFINITY])
    );
    assert!(read("<f2", &[1, 0x7c])[[0]].is_nan());

    let fortran = file(1, &dict("|u1", true, "(2, 3)"), &[1, 4, 2, 5, 3, 6]);
    let x = npy::read::<i64>(&fortran[..]).expect("Fortran's order");
    assert_eq!(
        (x.is_contiguous(), x),
        (true, Tensor::from([[1, 2, 3], [4, 5, 6]]))
    );
    for version in 1..=3 {
        let file = file(version, &dict("|u1", false, "(1,)"), &[7]);
        assert_eq!(
            npy::read::<i64>(&file[..]).expect("a version"),
            Tensor::from([7])
        );
    }
    let old = file(
        1,
        "{\"descr\": \"<i8\",\"fortran_order\":False,\"shape\":(1L,2L)}\n",
        &[0; 16],
    );
    assert_eq!(
        npy::read::<i64>(&old[..]).expect("Python 2"),
        Tensor::from([[0, 0]])
    );
}

#[test]
fn a_type_must_hold_every_value() {
    let told =
        |wanted, descr| format!("the elements are {descr}, which {wanted} does not hold exactly");
    let of = |descr: &str| array(descr, "(0,)", &[]);
    assert_eq!(refusal::<f32>(&of("<f8")), told("f32", "<f8"));
    assert_eq!(refusal::<f32>(&of("<i4")), told("f32", "<i4"));
    assert_eq!(refusal::<f64>(&of("<i8")), told("f64", "<i8"));
    assert_eq!(refusal::<i64>(&of("<f4")), told("i64", "<f4"));
    assert_eq!(refusal::<i64>(&of("|b1")), told("i64", "|b1"));
    assert_eq!(refusal::<bool>(&of("|u1")), told("bool", "|u1"));
    let great = refusal::<i64>(&array("<u8", "(1,)", &[0xff; 8]));
    assert!(
        great.ends_with("18446744073709551615 is beyond i64"),
        "{great}"
    );
    let truth = refusal::<bool>(&array("|b1", "(2,)", &[1, 7]));
    assert!(truth.ends_with("7 is no truth value"), "{truth}");
    for descr in [
        "<c8", "|S5", "<U3", "|O", "<f3", "f4", "", "<M8[ns]", "|f4", "<b1",
    ] {
        let error = refusal::<f64>(&of(descr));
        let told = format!("elements of type {descr:?} are not read");
        assert!(error.ends_with(&told), "{error}");
    }
    let records = "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,), }";
    let error = refusal::<f32>(&file(1, records, &[0; 4]));
    assert!(error.ends_with("records are not read"), "{error}");
}

#[test]
fn a_claim_takes_no_memory() {
    let lie = array("<f8", "(9223372036854775808,)", &[]);
    let told = "[9223372036854775808] elements are more than the address space holds";
    assert_eq!(refusal::<f64>(&lie), told);
    let lie = array("<f8", "(4294967296, 4294967296)", &[]);
    assert!(refusal::<f64>(&lie).ends_with("are more than the address space holds"));
    let lie = array("<f8", "(99999999999999999999,)", &[]);
    let told = "the header: \"99999999999999999999\" is no length of an axis";
    assert!(refusal::<f64>(&lie).ends_with(told));
    let lie = array("|u1", "(536870912,)", &[1, 2]);
    let told = "it ends in the elements, after 2 of 536870912 bytes";
    assert!(refusal::<i64>(&lie).ends_with(told));
    let lie = Endless::after(array("|u1", "(536870913,)", &[]));
    let error = npy::read::<i64>(lie).expect_err("over the limit");
    assert!(matches!(
        error.reason(),
        Reason::OverLimit {
            needed: Some(4294967304),
            ..
        }
    ));
    let none = array("<f8", "(0, 9223372036854775808)", &[]);
    let _ = npy::read::<f64>(&none[..]);
    let mut long = b"\x93NUMPY\x02\x00".to_vec();
    long.extend(u32::MAX.to_le_bytes());
    let error = npy::read::<f64>(Endless::after(long)).expect_err("a long header");
    assert!(error.to_string().contains("a header of 4294967295 bytes"));
}

#[test]
fn what_is_no_array_is_named() {
    assert!(refusal::<f32>(b"").ends_with("it ends in the magic number, after 0 of 8 bytes"));
    assert!(refusal::<f32>(b"PK\x03\x04........").contains("an archive, as .npz files are"));
    assert!(refusal::<f32>(b"{\"a\": [1, 2, 3]}").contains("no .npy file"));
    assert!(refusal::<f32>(&file(4, "", &[])).contains("version 4.0 of the format"));
    for (dict, told) in [
        ("", "there is no '{' here"),
        ("{", "there is no string here"),
        ("{'descr' '<f4'}", "there is no ':' here"),
        ("{'descr': 4}", "there is no value here"),
        ("{'descr': '<f4}", "a string does not end"),
        (
            "{'descr': '<f4'}",
            "'descr', 'fortran_order' or 'shape' is missing",
        ),
        ("{'shape': (1, -2)}", "\"\" is no length of an axis"),
        ("{'shape': (1 2)}", "there is no ')' here"),
        ("{'shape': '<f4'}", "\"shape\" is not as it should be"),
        ("{'fortran_order': Tru}", "this is neither True nor False"),
        ("{'x': (1,)}", "\"x\" is not as it should be"),
        ("{'shape': (), 'shape': ()}", "\"shape\" stands there twice"),
        ("{} {}", "it goes on behind its end"),
    ] {
        let error = refusal::<f32>(&file(1, dict, &[]));
        assert!(error.ends_with(told), "{dict}: {error}");
    }
    let behind = array("|u1", "(1,)", &[1, 2]);
    let told = "it goes on after the elements that its header tells of";
    assert!(refusal::<i64>(&behind).ends_with(told));
}

#[test]
fn every_beginning_is_refused_and_every_byte_is_survived() {
    let good = array("<i2", "(2, 3)", &[1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0]);
    let whole = Tensor::from([[1, 2, 3], [4, 5, 6]]);
    cut_everywhere(
        &good,
        &whole,
        |bytes| npy::read::<i64>(bytes),
        |end, cut| {
            assert!(cut.is_err(), "after {end} bytes");
        },
    );
    flip_everywhere(&good, |bytes| npy::read::<i64>(bytes), |_, _, _| {});
    flip_everywhere(&good, |bytes| npy::read::<f32>(bytes), |_, _, _| {});
}

#[test]
fn blocks_join_and_readers_fail() {
    for count in [65_535usize, 65_536, 65_537, 150_000] {
        let data: Vec<u8> = (0..count).map(|at| (at % 251) as u8).collect();
        let file = array("|u1", &format!("({count},)"), &data);
        let read = npy::read::<i64>(&file[..]).expect("a good file");
        assert!(read.iter().eq(data.iter().map(|&byte| i64::from(byte))));
    }
    let good = array("|u1", "(3,)", &[1, 2, 3]);
    let slow = npy::read::<i64>(Slow::new(&good, false)).expect("a slow file");
    assert_eq!(slow, Tensor::from([1, 2, 3]));
    let error = npy::read::<i64>(Slow::new(&good[..good.len() - 1], true)).expect_err("a failure");
    assert_eq!(
        error.to_string(),
        format!("byte {}: the disk is gone", good.len() - 1)
    );
    let folder = Folder::new("npy");
    let error = npy::load::<f32>(&folder.0).expect_err("a folder");
    assert!(error.to_string().ends_with("it is a folder"));
    let (path, x) = (folder.0.join("x.npy"), Tensor::<f64>::from([1.0, 2.0]));
    npy::save(&path, &x).expect("a file");
    assert_eq!(npy::load::<f64>(&path).expect("a file"), x);
    assert!(npy::save(&folder.0, &x).is_err());
}
