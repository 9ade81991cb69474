//! Tests of the kernel: real plugins, real threads.
