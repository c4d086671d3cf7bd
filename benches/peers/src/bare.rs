//! Products by a bare call of the crate that does ours.

use private_gemm_x86 as gemm;

/// The instruction set of this machine.
pub fn instructions() -> gemm::InstrSet {
    if is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512bw")
    {
        return gemm::InstrSet::Avx512;
    }
    assert!(
        is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
        "the floor is written for AVX2 at least"
    );
    gemm::InstrSet::Avx256
}

/// A matrix in a slice: rows, columns, and the steps from row to row and from column to column.
#[derive(Clone, Copy)]
pub struct Matrix<'a>(&'a [f32], usize, usize, usize, usize);

impl<'a> Matrix<'a> {
    /// With one row after the other.
    pub fn rows(data: &'a [f32], rows: usize, cols: usize) -> Self {
        Matrix(data, rows, cols, cols, 1)
    }
    /// Transposed.
    pub fn t(self) -> Self {
        Matrix(self.0, self.2, self.1, self.4, self.3)
    }
}

/// c ← a b, or c ← c + a b, with c row-major.
pub fn multiply(c: &mut [f32], a: Matrix<'_>, b: Matrix<'_>, add: bool) {
    let (m, k, n) = (a.1, a.2, b.2);
    assert!(b.1 == k && c.len() >= m * n);
    for x in [a, b] {
        assert!(x.0.len() > (x.1 - 1) * x.3 + (x.2 - 1) * x.4);
    }
    let accumulate = if add {
        gemm::Accum::Add
    } else {
        gemm::Accum::Replace
    };
    let one = 1.0f32;
    // SAFETY: every element that the strides reach was just found to lie in its slice.
    unsafe {
        gemm::gemm(
            gemm::DType::F32,
            gemm::IType::U64,
            instructions(),
            m,
            n,
            k,
            c.as_mut_ptr().cast(),
            n as isize,
            1,
            std::ptr::null(),
            std::ptr::null(),
            gemm::DstKind::Full,
            accumulate,
            a.0.as_ptr().cast(),
            a.3 as isize,
            a.4 as isize,
            false,
            std::ptr::null(),
            0,
            b.0.as_ptr().cast(),
            b.3 as isize,
            b.4 as isize,
            false,
            (&raw const one).cast(),
            1,
        );
    }
}
