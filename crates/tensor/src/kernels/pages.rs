//! The pages of memory.

/// Wishes for pages of the greatest size under a long slice, of which the processor remembers more
/// than of the usual ones. A system that has none, or a short slice, stays as it is.
///
/// ```
/// let mut memory = vec![1.0f32; 5 << 20];
/// wengert_tensor::kernels::prefer_huge_pages(&mut memory);
/// assert!(memory.iter().all(|x| *x == 1.0));
/// ```
pub fn prefer_huge_pages<T>(memory: &mut [T]) {
    #[cfg(target_os = "linux")]
    {
        const HUGE: usize = 2 << 20;
        let bytes = size_of_val(memory);
        let start = memory.as_mut_ptr().cast::<u8>();
        let skip = start.align_offset(HUGE);
        let len = bytes.saturating_sub(skip) / HUGE * HUGE;
        if len > 0 {
            // SAFETY: the range lies in the slice, and the advice changes no byte of it. Whether
            // the system follows it makes no difference to anyone, hence no look at the result.
            unsafe { libc::madvise(start.add(skip).cast(), len, libc::MADV_HUGEPAGE) };
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = memory;
}
