//! The most arithmetic that a device does: `shaders/ceiling.wgsl`, multiply-adds in registers.

use std::time::{Duration, Instant};

use super::adapters::GpuEngine;
use super::format::Format;
use super::shader::WORKGROUP;
use super::slice::TILE_LANES;
use crate::error::{Error, Result};
use crate::experiment::Precision;

const CEILING: &str = include_str!("../../../shaders/ceiling.wgsl");
/// Passes through the loop, and multiply-adds in each.
const ROUNDS: u32 = 1024;
const PER_ROUND: u32 = 64;
/// `a` and `b` of `x a + b`, and what an invocation's chains must add up to.
const FACTORS: [f32; 2] = [0.5, 1.0];
const SUM: f32 = 16.0;
/// A dispatch that takes longer is long enough.
const LONG: Duration = Duration::from_millis(20);

/// The whole WGSL text.
pub fn ceiling_source(precision: Precision) -> String {
    let real = Format(precision).name();
    format!(
        "alias Real = {real};\nconst WORKGROUP: u32 = {WORKGROUP}u;\nconst ROUNDS: u32 = {ROUNDS}u;\n{CEILING}"
    )
}

impl GpuEngine {
    /// Multiply-adds per second of independent chains in registers: the fastest dispatch of those that fit into
    /// `time`, three at least, each long enough (20 ms, if the device can be kept busy so long).
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails, or does not do all of the work.
    pub fn multiply_adds(&self, precision: Precision, time: Duration) -> Result<f64> {
        let most = TILE_LANES as u32;
        let opened = self.opened()?;
        let factors = opened.filled("factors", bytemuck::cast_slice(&FACTORS));
        let bytes = 4 * u64::from(most);
        let sums = opened.storage("sums", bytes);
        let through = opened.mappable("sums, read", bytes);
        let pipeline = opened.kernel("ceiling", None, ceiling_source(precision));
        let bindings = opened.bind(&pipeline.get_bind_group_layout(0), (0..).zip([&factors, &sums]));
        opened.check_faults()?;
        // The first dispatch may still compile.
        let mut lanes = WORKGROUP;
        let timed = |lanes: u32| {
            let mut encoder = opened.encoder();
            opened.dispatch(&mut encoder, &pipeline, &bindings, lanes);
            let started = Instant::now();
            opened.finish(encoder)?;
            Ok::<_, Error>(started.elapsed())
        };
        timed(lanes)?;
        let mut took = timed(lanes)?;
        while took < LONG && lanes < most {
            lanes *= 2;
            took = timed(lanes)?;
        }
        let repeats = (time.as_secs_f64() / took.as_secs_f64().max(1e-6)).clamp(3.0, 1000.0) as u32;
        let clear = vec![0; 4 * lanes as usize];
        opened.queue.write_buffer(&sums, 0, &clear);
        for _ in 0..repeats {
            took = took.min(timed(lanes)?);
        }
        let sums: Vec<f32> =
            bytemuck::pod_collect_to_vec(&opened.read(&sums, &through, 4 * u64::from(lanes))?);
        complete(&sums)?;
        Ok(f64::from(lanes) * f64::from(ROUNDS) * f64::from(PER_ROUND) / took.as_secs_f64())
    }
}

/// Whether all of the work was done.
fn complete(sums: &[f32]) -> Result<()> {
    match sums.iter().find(|&&sum| sum != SUM) {
        Some(wrong) => Err(Error::Device(format!("its multiply-adds came to {wrong} instead of {SUM}"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_that_was_left_out_is_seen() {
        assert!(complete(&[SUM; 128]).is_ok());
        let mut sums = [SUM; 128];
        sums[77] = 0.0;
        assert!(complete(&sums).unwrap_err().to_string().contains("came to 0"));
    }
}
