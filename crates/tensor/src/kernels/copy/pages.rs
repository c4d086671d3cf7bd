//! The pages of memory.

use crate::Float;

/// The bytes of a page of the greatest size, and a multiple of those of every other.
const HUGE: usize = 2 << 20;

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

/// Copies numbers to the start of a slice that may be longer, and gives the pages of the old place
/// back to the system meanwhile, where it has a way, so that long ones never fill memory twice. What
/// the old place holds afterwards is not said.
///
/// ```
/// use wengert_tensor::kernels::move_long;
/// let mut old: Vec<f32> = (0..2 << 20).map(|x| x as f32).collect();
/// let mut new = vec![0.0; 3 << 20];
/// move_long(&mut old, &mut new);
/// assert!((0..2 << 20).all(|x| new[x] == x as f32));
/// ```
///
/// # Panics
/// If the new place is shorter.
pub fn move_long<T: Float>(old: &mut [T], new: &mut [T]) {
    let new = &mut new[..old.len()];
    let skip = old.as_ptr().align_offset(HUGE).min(old.len());
    let ((old_start, old), (new_start, new)) = (old.split_at_mut(skip), new.split_at_mut(skip));
    new_start.copy_from_slice(old_start);
    let block = HUGE / size_of::<T>();
    for (old, new) in old.chunks_mut(block).zip(new.chunks_mut(block)) {
        new.copy_from_slice(old);
        if old.len() == block {
            give_back(old);
        }
    }
}

/// Gives `HUGE` bytes back, which begin at a multiple of it. They are zeros afterwards, or what they
/// were.
fn give_back<T: Float>(memory: &mut [T]) {
    #[cfg(target_os = "linux")]
    {
        let bytes = size_of_val(memory);
        let start = memory.as_mut_ptr();
        // SAFETY: the range is the slice, which is borrowed for writing. Afterwards its bytes are
        // zeros, of which a float may be made, or what they were, hence no look at the result.
        unsafe { libc::madvise(start.cast(), bytes, libc::MADV_DONTNEED) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = memory;
}
