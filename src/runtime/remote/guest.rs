//! One instance on a node.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::home::Home;
use super::node_table::NodeKey;
use super::payload::Payload;
use super::request_handler::{RequestHandler, run_of, unexpected};
use super::wire::{EndedCall, HomeMessage, InstanceState, NodeMessage, PAYLOAD_BYTES_MAX};
use crate::runtime::{
    Cost, Failure, FailureKind, FunctionId, Guest, HostData, Inspect, MemoryUse, Place, Spec, Upcalls,
};

/// An instance on a node. Dropped, it is dropped there.
pub struct RemoteGuest {
    pub(super) home: Arc<Home>,
    pub(super) node: NodeKey,
    pub(super) instance: u64,
    usage: InstanceState,
    spec: Arc<Spec>,
    host_data: HostData,
    input: Vec<u8>,
    output: Payload,
    cost: Cost,
}

impl RemoteGuest {
    /// The instance of this number on a node.
    pub fn new(
        home: Arc<Home>,
        node: NodeKey,
        instance: u64,
        usage: InstanceState,
        spec: Arc<Spec>,
        host_data: HostData,
    ) -> Self {
        let (input, output, cost) = (Vec::new(), Payload::default(), Cost::NOTHING);
        RemoteGuest { home, node, instance, usage, spec, host_data, input, output, cost }
    }

    fn ended(&mut self, ended: EndedCall, output: Payload, wire: Duration) -> Result<u64, Failure> {
        let wire = wire.saturating_sub(Duration::from_nanos(ended.guest_ns));
        self.cost = Cost { wire_ns: Some(u64::try_from(wire.as_nanos()).unwrap_or(u64::MAX)), ..ended.cost };
        self.usage = ended.usage;
        ended.result?;
        self.output = output;
        Ok(self.output.len() as u64)
    }
}

impl Guest for RemoteGuest {
    fn set_input(&mut self, input: &[u8], up: &dyn Upcalls) -> Result<(), Failure> {
        if up.interrupted() {
            return Err(Failure::interrupted());
        }
        if input.len() as u64 > PAYLOAD_BYTES_MAX {
            let (bytes, node) = (input.len(), &self.node.name);
            let why = format!("an input of {bytes} bytes; node `{node}` takes {PAYLOAD_BYTES_MAX} at most");
            return Err(Failure::new(FailureKind::Denied, why));
        }
        self.input = input.to_vec();
        self.output = Payload::default();
        Ok(())
    }

    fn run(&mut self, function: FunctionId, up: Arc<dyn Upcalls>) -> Result<u64, Failure> {
        let began = Instant::now();
        self.cost = Cost::NOTHING;
        let conversation = self.home.begin(&self.node.name);
        let mut host_data = self.host_data.take();
        let mut handler = RequestHandler {
            home: &self.home,
            up: &up,
            spec: &self.spec,
            host_data: &mut host_data,
            requests: Duration::ZERO,
        };
        let message = NodeMessage::Call { instance: self.instance, function: function.0, run: run_of(&*up) };
        let ran = handler.serve(&conversation, &message, &self.input);
        self.home.end(&conversation);
        let ran = match ran {
            Ok((HomeMessage::Ended(mut ended), output)) => {
                ended.result = ended.result.map_err(|failure| handler.failed(failure));
                Ok((ended, output, began.elapsed().saturating_sub(handler.requests)))
            }
            Ok((HomeMessage::Refused(failure), _)) => Err(handler.failed(failure)),
            Ok(_) => Err(unexpected(&conversation)),
            Err(failure) => Err(failure),
        };
        self.host_data = host_data;
        let (ended, output, wire) = ran?;
        self.ended(ended, output, wire)
    }

    fn input(&self) -> &[u8] {
        &self.input
    }

    fn output(&self) -> &[u8] {
        &self.output
    }

    fn cost(&self) -> Cost {
        self.cost
    }

    fn memory(&self) -> MemoryUse {
        self.usage.memory
    }

    fn inspect(&mut self) -> Option<&mut dyn Inspect> {
        Some(self)
    }

    fn spent(&self) -> bool {
        self.usage.spent
    }

    fn place(&self) -> Option<Place<'_>> {
        Some(Place { node: self.node.name.as_str(), incarnation: self.node.incarnation })
    }
}

impl Drop for RemoteGuest {
    fn drop(&mut self) {
        if self.usage.kept {
            self.home.drop_instance(&self.node.name, self.instance);
        }
    }
}
