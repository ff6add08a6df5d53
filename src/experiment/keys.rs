//! Keys of an experiment file that can be written in several ways.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::Eta;
use crate::landscape::Landscape;

/// `landscape = "f3"`, a path, or a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum LandscapeKey {
    /// A built-in name or a path.
    Name(String),
    /// The landscape itself.
    Table(Landscape),
}

/// `eta = 1.0`, `[[0, 1.0], [200, 0.3]]` or `"formula"`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum EtaKey {
    /// A formula, or steps as the flag takes them.
    Text(String),
    /// A number or a list of steps.
    Value(Eta),
}

impl EtaKey {
    /// The learning rate that it says.
    ///
    /// # Errors
    /// A message, for text that does not parse.
    pub fn eta(&self) -> Result<Eta, String> {
        match self {
            EtaKey::Text(text) => text.parse(),
            EtaKey::Value(eta) => Ok(eta.clone()),
        }
    }

    /// The names, besides `t`, that the rate depends on.
    pub(super) fn names(&self) -> Vec<String> {
        self.eta().map(|eta| eta.names()).unwrap_or_default()
    }
}

// Written by hand, because a derived one of several forms loses what is wrong, and where.
impl<'de> Deserialize<'de> for LandscapeKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Forms;
        impl<'de> Visitor<'de> for Forms {
            type Value = LandscapeKey;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a landscape's name or path in quotes, or a table with `variables` and `loss`")
            }

            fn visit_str<E>(self, name: &str) -> Result<LandscapeKey, E> {
                Ok(LandscapeKey::Name(name.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<LandscapeKey, A::Error> {
                Landscape::deserialize(MapAccessDeserializer::new(table)).map(LandscapeKey::Table)
            }
        }
        from.deserialize_any(Forms)
    }
}

impl<'de> Deserialize<'de> for EtaKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Forms;
        impl<'de> Visitor<'de> for Forms {
            type Value = EtaKey;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, steps such as [[0, 1.0], [200, 0.3]], or a formula in quotes")
            }

            fn visit_f64<E>(self, rate: f64) -> Result<EtaKey, E> {
                Ok(EtaKey::Value(Eta::Constant(rate)))
            }

            fn visit_i64<E>(self, rate: i64) -> Result<EtaKey, E> {
                Ok(EtaKey::Value(Eta::Constant(rate as f64)))
            }

            fn visit_str<E>(self, text: &str) -> Result<EtaKey, E> {
                Ok(EtaKey::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<EtaKey, A::Error> {
                let mut steps = Vec::new();
                while let Some(Two(step, rate)) = list.next_element()? {
                    steps.push((step, rate));
                }
                Ok(EtaKey::Value(Eta::Steps(steps)))
            }
        }
        from.deserialize_any(Forms)
    }
}

/// Two entries of a list and no more, where a tuple would leave out the others in silence.
struct Two<A, B>(A, B);

impl<'de, A: Deserialize<'de>, B: Deserialize<'de>> Deserialize<'de> for Two<A, B> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct List<A, B>(PhantomData<(A, B)>);
        impl<'de, A: Deserialize<'de>, B: Deserialize<'de>> Visitor<'de> for List<A, B> {
            type Value = Two<A, B>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of two numbers")
            }

            fn visit_seq<L: SeqAccess<'de>>(self, mut list: L) -> Result<Two<A, B>, L::Error> {
                let first = list.next_element()?.ok_or_else(|| Error::invalid_length(0, &self))?;
                let second = list.next_element()?.ok_or_else(|| Error::invalid_length(1, &self))?;
                let mut length = 2;
                while list.next_element::<IgnoredAny>()?.is_some() {
                    length += 1;
                }
                if length > 2 {
                    return Err(Error::invalid_length(length, &self));
                }
                Ok(Two(first, second))
            }
        }
        from.deserialize_seq(List(PhantomData))
    }
}

/// The key `size`.
pub(super) fn sides<'de, D: Deserializer<'de>>(from: D) -> Result<Option<[u32; 2]>, D::Error> {
    Two::deserialize(from).map(|Two(width, height)| Some([width, height]))
}
