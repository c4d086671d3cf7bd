//! The written policy at kinks, ties, zeros and masks, entry by entry, at first and second order.

mod products;
