//! Laws of the tape itself.

mod smoke;
