//! Tests of `bench` on the built-in plugins: its shape and that it counts right; no durations.

