//! The most arithmetic that the processor does: multiply-adds in registers, on all threads, with the widest
//! instructions that it has. Its twin for GPUs is `engine/gpu/ceiling.rs`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use multiversion::multiversion;

use crate::experiment::Precision;

/// Multiply-adds of one number between two looks at the clock, in the first try.
const ROUNDS: u32 = 1 << 12;
/// A try that takes longer is long enough.
const LONG: Duration = Duration::from_millis(10);

/// A float with a multiply-add; unless `FUSED`, it rounds twice.
trait MultiplyAdd: Copy + Default + Send + Sync + PartialEq + From<f32> {
    fn multiply_add<const FUSED: bool>(self, a: Self, b: Self) -> Self;
}

macro_rules! multiply_add {
    ($float:ident) => {
        impl MultiplyAdd for $float {
            #[inline(always)]
            fn multiply_add<const FUSED: bool>(self, a: Self, b: Self) -> Self {
                if FUSED { self.mul_add(a, b) } else { self * a + b }
            }
        }
    };
}

multiply_add!(f32);
multiply_add!(f64);

/// Takes each of `CHAINS` numbers `x` through `rounds` times eight steps to `a x + b`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
fn chains<T: MultiplyAdd, const CHAINS: usize, const FUSED: bool>(
    rounds: u32,
    [a, b]: [T; 2],
) -> [T; CHAINS] {
    let mut x = [T::default(); CHAINS];
    for _ in 0..rounds {
        for _ in 0..8 {
            for x in &mut x {
                *x = x.multiply_add::<FUSED>(a, b);
            }
        }
    }
    x
}

/// Whether the processor has multiply-adds that round once: without, a call for each would take their place.
fn is_fused() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("fma");
    #[cfg(not(target_arch = "x86_64"))]
    return cfg!(target_arch = "aarch64");
}

/// Multiply-adds per second on all threads together: the fastest of the tries that fit into `time`, with as
/// many numbers at once as suit the processor best.
pub fn multiply_adds(precision: Precision, time: Duration) -> f64 {
    match precision {
        Precision::F32 => fastest::<f32>(time),
        Precision::F64 => fastest::<f64>(time),
    }
}

fn fastest<T: MultiplyAdd>(time: Duration) -> f64 {
    let share = time / 4;
    let rates = match is_fused() {
        true => [
            rate::<T, 32, true>(share),
            rate::<T, 64, true>(share),
            rate::<T, 96, true>(share),
            rate::<T, 128, true>(share),
        ],
        false => [
            rate::<T, 16, false>(share),
            rate::<T, 32, false>(share),
            rate::<T, 48, false>(share),
            rate::<T, 64, false>(share),
        ],
    };
    rates.into_iter().fold(0.0, f64::max)
}

/// Multiply-adds per second with `CHAINS` numbers in each thread.
fn rate<T: MultiplyAdd, const CHAINS: usize, const FUSED: bool>(time: Duration) -> f64 {
    // With these every number ends at 2.
    let factors = [T::from(0.5), T::from(1.0)];
    let attempt = |rounds: u32| {
        let started = Instant::now();
        let threads = rayon::broadcast(|_| {
            let ends = chains::<T, CHAINS, FUSED>(black_box(rounds), black_box(factors));
            assert!(ends.iter().all(|&x| x == T::from(2.0)), "the processor miscalculates");
        });
        (started.elapsed(), threads.len())
    };
    let mut rounds = ROUNDS;
    let (mut took, threads) = attempt(rounds);
    while took < LONG {
        rounds *= 2;
        took = attempt(rounds).0;
    }
    let mut best = took;
    let started = Instant::now();
    while started.elapsed() < time {
        best = best.min(attempt(rounds).0);
    }
    threads as f64 * CHAINS as f64 * 8.0 * f64::from(rounds) / best.as_secs_f64()
}
