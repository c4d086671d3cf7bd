//! The header of a safetensors file, and what is no such file.

use std::collections::BTreeMap;

use safetensors::tensor::{SafeTensorError, TensorInfo};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

/// What a file of another format is, by its first bytes.
pub(super) fn foreign(start: &[u8]) -> Option<&'static str> {
    let known: [(&[u8], &str); 7] = [
        (
            b"PK\x03\x04",
            "this is a zip archive, as torch.save and numpy.savez write: save the state dict with \
             safetensors.torch.save_file",
        ),
        (b"\x1f\x8b", "this is gzip: decompress it first"),
        (b"\x93NUMPY", "this is an array of NumPy"),
        (b"\x89HDF", "this is HDF5"),
        (b"\x80\x02", "this is a pickle of Python"),
        (b"GGUF", "this is GGUF"),
        (b"\x7fELF", "this is a program"),
    ];
    let found = known.iter().find(|(magic, _)| start.starts_with(magic));
    found.map(|(_, what)| *what)
}

pub(super) fn describe(error: &SafeTensorError) -> String {
    match error {
        SafeTensorError::InvalidOffset(name) => {
            format!("`{name}` does not begin where the array before it ends")
        }
        SafeTensorError::TensorInvalidInfo => {
            "the bytes of an array are not those of its shape and type".to_owned()
        }
        SafeTensorError::ValidationOverflow => {
            "an array has more elements than the address space holds".to_owned()
        }
        other => other.to_string(),
    }
}

/// A header; a name that occurs twice is an error.
pub(super) struct Header {
    pub metadata: BTreeMap<String, String>,
    pub tensors: Vec<(String, TensorInfo)>,
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Header;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("arrays by their names")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let (mut metadata, mut tensors) = (None, BTreeMap::new());
                while let Some(name) = map.next_key::<String>()? {
                    let twice = if name == "__metadata__" {
                        let Texts(texts) = map.next_value()?;
                        metadata.replace(texts).is_some()
                    } else {
                        let info: TensorInfo = map.next_value()?;
                        tensors.insert(name.clone(), info).is_some()
                    };
                    if twice {
                        return Err(A::Error::custom(format!("`{name}` occurs twice")));
                    }
                }
                Ok(Header {
                    metadata: metadata.unwrap_or_default(),
                    tensors: tensors.into_iter().collect(),
                })
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// The metadata.
struct Texts(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Texts;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("texts by their names")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
                let mut texts = BTreeMap::new();
                while let Some((key, text)) = map.next_entry::<String, String>()? {
                    if texts.insert(key.clone(), text).is_some() {
                        return Err(A::Error::custom(format!("`{key}` occurs twice")));
                    }
                }
                Ok(Texts(texts))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}
