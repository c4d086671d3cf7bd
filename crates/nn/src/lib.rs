//! wengert-nn.
