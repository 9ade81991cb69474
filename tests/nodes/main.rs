//! Plugins on nodes: a home and its nodes in processes of their own, with a real NATS server between them on a free
//! port of loopback. Where there is no nats-server the tests say that they were passed by.

mod calls;
mod programs;
mod system;
