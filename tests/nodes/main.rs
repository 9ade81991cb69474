//! Plugins on nodes: a home and its nodes in processes of their own, with a real NATS server between them on a free
//! port of loopback. Where there is no nats-server the tests say that they were passed by.

#[path = "../common/mod.rs"]
mod common;

mod calls;
mod control;
mod faults;
mod guests;
mod leases;
mod options;
mod partitions;
mod programs;
mod proxy;
mod sessions;
mod silent;
mod stranger;
mod system;
mod versions;
