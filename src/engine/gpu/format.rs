//! The float type that a shader computes in, and how its numbers lie in buffers.

use crate::experiment::Precision;
use crate::math::{double, single};

/// The format of a plan's numbers on the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Format(pub Precision);

impl Format {
    /// The type's name in WGSL.
    pub fn name(self) -> &'static str {
        match self.0 {
            Precision::F32 => "f32",
            Precision::F64 => "f64",
        }
    }

    /// Bytes of a number.
    pub fn bytes(self) -> u64 {
        match self.0 {
            Precision::F32 => 4,
            Precision::F64 => 8,
        }
    }

    /// The numbers as they lie in a buffer.
    pub fn encode<'a>(self, values: impl IntoIterator<Item = &'a f64>) -> Vec<u8> {
        let values = values.into_iter();
        match self.0 {
            Precision::F32 => values.flat_map(|&v| (v as f32).to_ne_bytes()).collect(),
            Precision::F64 => values.flat_map(|v| v.to_ne_bytes()).collect(),
        }
    }

    /// What lies in a buffer, number by number: its bits.
    pub fn decode(self, bytes: &[u8]) -> Vec<u64> {
        match self.0 {
            Precision::F32 => {
                bytemuck::pod_collect_to_vec::<u8, u32>(bytes).into_iter().map(u64::from).collect()
            }
            Precision::F64 => bytemuck::pod_collect_to_vec(bytes),
        }
    }

    /// The number with these bits.
    pub fn float(self, bits: u64) -> f64 {
        match self.0 {
            Precision::F32 => f64::from(f32::from_bits(bits as u32)),
            Precision::F64 => f64::from_bits(bits),
        }
    }

    /// What is written of the type in WGSL, with constants and polynomials of the elementary functions.
    pub fn wgsl(self) -> String {
        match self.0 {
            Precision::F32 => single::wgsl("f32", "u32", "i32", "u"),
            Precision::F64 => double::wgsl("f64", "u64", "i64", "lu"),
        }
    }

    /// The distance from 1 to the next larger number, the least normal one, and the largest.
    pub fn limits(self) -> [f64; 3] {
        match self.0 {
            Precision::F32 => [f32::EPSILON, f32::MIN_POSITIVE, f32::MAX].map(f64::from),
            Precision::F64 => [f64::EPSILON, f64::MIN_POSITIVE, f64::MAX],
        }
    }
}
