//! Matrices: where their elements lie in a storage, and that they do.

/// Where the elements of a matrix lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub offset: usize,
    pub rows: usize,
    pub cols: usize,
    pub row_stride: isize,
    pub col_stride: isize,
}

impl Place {
    /// A place that lies within `len` elements.
    #[inline]
    #[track_caller]
    fn within(self, len: usize) -> Self {
        if self.rows > 0 && self.cols > 0 {
            let fits = self
                .reach()
                .is_some_and(|(low, high)| low >= 0 && (high as usize) < len);
            assert!(fits, "a matrix reaches beyond its storage");
        }
        self
    }

    /// The least and the greatest position, if they are numbers at all.
    #[inline]
    fn reach(&self) -> Option<(isize, isize)> {
        let offset = isize::try_from(self.offset).ok()?;
        let down = isize::try_from(self.rows - 1)
            .ok()?
            .checked_mul(self.row_stride)?;
        let right = isize::try_from(self.cols - 1)
            .ok()?
            .checked_mul(self.col_stride)?;
        let low = offset.checked_add(down.min(0))?.checked_add(right.min(0))?;
        let high = offset.checked_add(down.max(0))?.checked_add(right.max(0))?;
        Some((low, high))
    }

    /// Whether no two indices lead to the same element, of a place within its storage, whose
    /// products of sizes and strides therefore do not overflow.
    #[inline]
    fn is_injective(&self) -> bool {
        let (down, right) = (
            self.row_stride.unsigned_abs(),
            self.col_stride.unsigned_abs(),
        );
        match (self.rows, self.cols) {
            (0, _) | (_, 0) | (1, 1) => true,
            (1, _) => right > 0,
            (_, 1) => down > 0,
            (rows, cols) => {
                right > 0 && down > right * (cols - 1) || down > 0 && right > down * (rows - 1)
            }
        }
    }

    fn transposed(self) -> Self {
        Place {
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            ..self
        }
    }
}

/// A matrix to read: element (i, j) is `data[offset + i · row_stride + j · col_stride]`.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a, T> {
    data: &'a [T],
    pub(super) place: Place,
}

impl<'a, T> Matrix<'a, T> {
    /// A matrix of `rows` × `cols` elements. A stride of 0 repeats an element.
    ///
    /// # Panics
    /// If an element would lie outside the data.
    #[inline]
    #[track_caller]
    pub fn new(
        data: &'a [T],
        offset: usize,
        rows: usize,
        cols: usize,
        row_stride: isize,
        col_stride: isize,
    ) -> Self {
        let place = Place {
            offset,
            rows,
            cols,
            row_stride,
            col_stride,
        }
        .within(data.len());
        Matrix { data, place }
    }

    /// A matrix whose rows lie one after the other.
    ///
    /// # Panics
    /// If the data are shorter than `rows` · `cols`.
    #[inline]
    #[track_caller]
    pub fn row_major(data: &'a [T], rows: usize, cols: usize) -> Self {
        Matrix::new(data, 0, rows, cols, cols as isize, 1)
    }

    /// The transposed matrix; nothing moves.
    #[inline]
    pub fn t(self) -> Self {
        Matrix {
            data: self.data,
            place: self.place.transposed(),
        }
    }

    /// Element (i, j).
    pub(super) fn get(&self, i: usize, j: usize) -> T
    where
        T: Copy,
    {
        let down = i as isize * self.place.row_stride;
        let right = j as isize * self.place.col_stride;
        self.data[(self.place.offset as isize + down + right) as usize]
    }

    pub(super) fn pointer(&self) -> *const T {
        // Not from a part of the slice: negative strides lead to what lies before the offset.
        self.data.as_ptr().wrapping_add(self.place.offset)
    }
}

/// A matrix to write: element (i, j) is `data[offset + i · row_stride + j · col_stride]`.
#[derive(Debug)]
pub struct MatrixMut<'a, T> {
    pub(super) data: &'a mut [T],
    pub(super) place: Place,
}

impl<'a, T> MatrixMut<'a, T> {
    /// A matrix of `rows` × `cols` elements.
    ///
    /// # Panics
    /// If an element would lie outside the data, or if the rows or columns overlap or are
    /// interleaved.
    #[inline]
    #[track_caller]
    pub fn new(
        data: &'a mut [T],
        offset: usize,
        rows: usize,
        cols: usize,
        row_stride: isize,
        col_stride: isize,
    ) -> Self {
        let place = Place {
            offset,
            rows,
            cols,
            row_stride,
            col_stride,
        }
        .within(data.len());
        assert!(
            place.is_injective(),
            "the elements of a matrix to write overlap"
        );
        MatrixMut { data, place }
    }

    /// A matrix whose rows lie one after the other.
    ///
    /// # Panics
    /// If the data are shorter than `rows` · `cols`.
    #[inline]
    #[track_caller]
    pub fn row_major(data: &'a mut [T], rows: usize, cols: usize) -> Self {
        MatrixMut::new(data, 0, rows, cols, cols as isize, 1)
    }

    /// The transposed matrix; nothing moves.
    #[inline]
    pub fn t(self) -> Self {
        MatrixMut {
            data: self.data,
            place: self.place.transposed(),
        }
    }

    pub(super) fn pointer(&mut self) -> *mut T {
        self.data.as_mut_ptr().wrapping_add(self.place.offset)
    }
}
