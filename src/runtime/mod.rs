//! One plugin instance, in one of two hosts behind one trait. Knows no processes.
