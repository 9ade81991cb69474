//! Tests of the debugger in the kernel: real plugins, real threads.
