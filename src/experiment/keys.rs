//! Keys of an experiment file that can be written in several ways.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, SeqAccess, Visitor};
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
                while let Some(step) = list.next_element::<(u32, f64)>()? {
                    steps.push(step);
                }
                Ok(EtaKey::Value(Eta::Steps(steps)))
            }
        }
        from.deserialize_any(Forms)
    }
}
