//! Instruction sets: one generic kernel, compiled once for each, chosen when the program runs.
//!
//! A [`Kernel`] is written once over a type parameter `I: Isa`. [`dispatch`] calls it from a
//! function that enables the instruction set's features; everything that is inlined into it is
//! compiled with them. What is not inlined is not: hence the `#[inline(always)]` on kernels.

use std::sync::atomic::{AtomicU8, Ordering};

/// An instruction set, as a type, so that generic code can ask it.
pub trait Isa: Copy + Send + Sync + 'static {
    /// Whether this is a set that hardly any machine is left with: x86-64 without AVX2. Its loops are
    /// the shortest code that is right, so that nobody else waits for their compilation.
    const RARE: bool = false;
    /// Whether a fused multiply-add is an instruction.
    const FMA: bool;
    /// Whether a register is as long as a cache line.
    const WHOLE_LINES: bool;
}

/// What every machine of the target has.
#[derive(Clone, Copy)]
pub struct Plain;
/// AVX2 with fused multiply-add.
#[derive(Clone, Copy)]
pub struct Avx2;
/// AVX-512 (F, VL, DQ, BW).
#[derive(Clone, Copy)]
pub struct Avx512;

impl Isa for Plain {
    const RARE: bool = cfg!(target_arch = "x86_64");
    // On AArch64 the instruction belongs to the base set.
    const FMA: bool = cfg!(target_arch = "aarch64");
    const WHOLE_LINES: bool = false;
}
impl Isa for Avx2 {
    const FMA: bool = true;
    const WHOLE_LINES: bool = false;
}
impl Isa for Avx512 {
    const FMA: bool = true;
    const WHOLE_LINES: bool = true;
}

/// A loop that is compiled once for every instruction set. `run` must be `#[inline(always)]`.
pub trait Kernel {
    /// Whether AVX2 is enough where there is AVX-512. Few programs wait for loops over `f64`; all would
    /// wait for the compiler.
    const UP_TO_AVX2: bool = false;
    /// What the loop returns.
    type Output;
    /// Runs the loop.
    fn run<I: Isa>(self) -> Self::Output;
}

/// The instruction sets that a program can run on, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Path {
    /// [`Plain`].
    Plain = 1,
    /// [`Avx2`].
    Avx2 = 2,
    /// [`Avx512`].
    Avx512 = 3,
}

static CHOSEN: AtomicU8 = AtomicU8::new(0);

/// Runs a kernel with the best instruction set of this machine.
#[inline]
pub fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    let mut path = CHOSEN.load(Ordering::Relaxed);
    if path == 0 {
        path = choose();
    }
    #[cfg(target_arch = "x86_64")]
    match path {
        // SAFETY: `CHOSEN` holds this value only after the features were detected.
        3 if const { !K::UP_TO_AVX2 } => return unsafe { with_avx512(kernel) },
        // SAFETY: as above; whoever has AVX-512 has AVX2.
        2.. => return unsafe { with_avx2(kernel) },
        _ => {}
    }
    kernel.run::<Plain>()
}

/// The instruction sets that this machine has, weakest first.
pub fn paths() -> Vec<Path> {
    let mut paths = vec![Path::Plain];
    let best = best();
    paths.extend(
        [Path::Avx2, Path::Avx512]
            .into_iter()
            .filter(|path| *path <= best),
    );
    paths
}

/// The instruction set in use.
pub fn path() -> Path {
    if CHOSEN.load(Ordering::Relaxed) == 0 {
        choose();
    }
    match CHOSEN.load(Ordering::Relaxed) {
        3 => Path::Avx512,
        2 => Path::Avx2,
        _ => Path::Plain,
    }
}

/// Makes every later kernel of the process use `path`: a switch for tests that compare the paths.
///
/// # Panics
/// If this machine lacks the instruction set.
#[doc(hidden)]
pub fn force_path(path: Path) {
    assert!(path <= best(), "this machine lacks {path:?}");
    CHOSEN.store(path as u8, Ordering::Relaxed);
}

#[cold]
fn choose() -> u8 {
    let path = best() as u8;
    CHOSEN.store(path, Ordering::Relaxed);
    path
}

fn best() -> Path {
    #[cfg(target_arch = "x86_64")]
    {
        let fma = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("bmi2");
        let wide = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512bw");
        if fma && wide {
            return Path::Avx512;
        }
        if fma {
            return Path::Avx2;
        }
    }
    Path::Plain
}

/// Asks for `L` numbers, which need not exist, to be brought into the first cache. Does nothing where
/// the language has no way to ask.
#[inline(always)]
pub(super) fn prefetch<T, const L: usize>(at: *const T) {
    #[cfg(target_arch = "x86_64")]
    for line in (0..L * size_of::<T>()).step_by(64) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch of an address that does not exist does nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast::<i8>().wrapping_add(line)) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// # Safety
/// The machine must have the features.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,bmi2")]
unsafe fn with_avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx512>()
}

/// # Safety
/// The machine must have the features.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,bmi2")]
unsafe fn with_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx2>()
}
