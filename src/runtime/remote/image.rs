//! A program on nodes: compiled by the node that is chosen for it, and by others as instances of it start there.

use std::collections::HashMap;
use std::sync::Arc;

use super::conversation::{Conversation, ConversationEvent};
use super::guest::RemoteGuest;
use super::home::Home;
use super::node_table::NodeKey;
use super::request_handler::{RequestHandler, lost, not_sent, run_of, unexpected};
use super::wire::{HomeMessage, ModuleName, NodeMessage, WireInterface};
use crate::image_origin::ImageOrigin;
use crate::locks::{Mutex, Rank};
use crate::runtime::{
    Failure, FailureKind, Guest, Image, Interface, NodeView, NodeWatcher, Nodes, Program, Spec, Upcalls,
};

/// A program whose instances run on nodes.
pub struct RemoteImage {
    home: Arc<Home>,
    /// A node's name, or a glob of names.
    on: String,
    program: Program,
    interface: Interface,
    code_bytes: u64,
    /// The nodes that have compiled it, with the number of it there.
    prepared: Mutex<HashMap<NodeKey, u64>>,
    /// The node that was chosen to compile it, until the first instance is made there.
    chosen: Mutex<Option<NodeKey>>,
}

impl Nodes for Home {
    fn image(
        self: Arc<Self>,
        on: &str,
        program: &Program,
        up: &dyn Upcalls,
    ) -> Result<(Arc<dyn Image>, ImageOrigin), Failure> {
        let (image, origin) = RemoteImage::prepare(&self, on, program, up)?;
        Ok((Arc::new(image), origin))
    }

    fn nudge(&self) {
        self.nudge_all();
    }

    fn views(&self) -> Vec<NodeView> {
        self.ask_all()
    }

    fn names(&self) -> Vec<String> {
        Home::names(self)
    }

    fn set_watcher(&self, watcher: Arc<dyn NodeWatcher>) {
        self.notify_of_losses(watcher);
    }
}

/// A compiled program as its node describes it.
struct Prepared {
    image: u64,
    code_bytes: u64,
    origin: ImageOrigin,
    interface: Interface,
}

impl RemoteImage {
    /// Has the node that is chosen by `on` compile a program. Modules that it lacks are sent to it. `up` may interrupt
    /// the wait.
    ///
    /// # Errors
    /// No node fits, it is lost, the program does not compile there, or the wait was interrupted.
    fn prepare(
        home: &Arc<Home>,
        on: &str,
        program: &Program,
        up: &dyn Upcalls,
    ) -> Result<(RemoteImage, ImageOrigin), Failure> {
        let node = home.choose(on)?;
        let prepared = prepare(home, &node, program, up)?;
        let image = RemoteImage {
            home: home.clone(),
            on: on.to_owned(),
            program: program.clone(),
            interface: prepared.interface,
            code_bytes: prepared.code_bytes,
            prepared: Mutex::new(Rank::RemoteImage, HashMap::from([(node.clone(), prepared.image)])),
            chosen: Mutex::new(Rank::RemoteImage, Some(node)),
        };
        Ok((image, prepared.origin))
    }

    /// The number of the image on a node, which compiles the program if it has not yet.
    fn on_node(&self, node: &NodeKey, up: &dyn Upcalls) -> Result<u64, Failure> {
        let known = self.prepared.lock().get(node).copied();
        if let Some(image) = known {
            return Ok(image);
        }
        let prepared = prepare(&self.home, node, &self.program, up)?;
        if *prepared.interface.functions() != *self.interface.functions() {
            let why = format!("node `{}` has another interface for the same program", node.name);
            return Err(Failure::new(FailureKind::Load, why));
        }
        self.prepared.lock().insert(node.clone(), prepared.image);
        Ok(prepared.image)
    }
}

impl Image for RemoteImage {
    fn interface(&self) -> &Interface {
        &self.interface
    }

    fn code_bytes(&self) -> u64 {
        self.code_bytes
    }

    fn instantiate(&self, spec: &Arc<Spec>, up: Arc<dyn Upcalls>) -> Result<Box<dyn Guest>, Failure> {
        let chosen = self.chosen.lock().take().filter(|node| self.home.lives(node));
        let node = chosen.map_or_else(|| self.home.choose(&self.on), Ok)?;
        match self.instantiate_on(&node, spec, &up)? {
            Some(guest) => Ok(guest),
            None => {
                // The node has let go of the program meanwhile.
                self.prepared.lock().remove(&node);
                let again = self.instantiate_on(&node, spec, &up)?;
                again.ok_or_else(|| Failure::denied(format!("node `{}` keeps no more programs", node.name)))
            }
        }
    }
}

impl RemoteImage {
    /// Makes an instance on a node; `None`: it does not have the program any more.
    fn instantiate_on(
        &self,
        node: &NodeKey,
        spec: &Arc<Spec>,
        up: &Arc<dyn Upcalls>,
    ) -> Result<Option<Box<dyn Guest>>, Failure> {
        let image = self.on_node(node, &**up)?;
        let conversation = self.home.begin(&node.name);
        let mut host_data = None;
        let mut handler = RequestHandler {
            home: &self.home,
            up,
            spec,
            host_data: &mut host_data,
            requests: std::time::Duration::ZERO,
        };
        let message = NodeMessage::Instantiate { image, plugin: self.program.stem.clone(), run: run_of(&**up) };
        let made = handler.serve(&conversation, &message, &json(&**spec)?);
        self.home.end(&conversation);
        match made? {
            (HomeMessage::Made { instance, usage }, _) => {
                let home = self.home.clone();
                Ok(Some(Box::new(RemoteGuest::new(home, node.clone(), instance, usage, spec.clone(), host_data))))
            }
            (HomeMessage::Lacks { .. }, _) => Ok(None),
            (HomeMessage::Refused(failure), _) => Err(handler.failed(failure)),
            _ => Err(unexpected(&conversation)),
        }
    }
}

/// A value as JSON.
fn json(value: &impl serde::Serialize) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(value).map_err(|error| Failure::new(FailureKind::Load, format!("it cannot be sent: {error}")))
}

fn prepare(home: &Home, node: &NodeKey, program: &Program, up: &dyn Upcalls) -> Result<Prepared, Failure> {
    let conversation = home.begin(&node.name);
    let prepared = prepare_in(home, node, &conversation, program, up);
    if prepared.is_err() {
        // The node may be compiling for nobody; without a connection it finds out itself.
        let _ = home.send(&conversation, &NodeMessage::Cancel, &[], &|| false);
    }
    home.end(&conversation);
    prepared
}

fn prepare_in(
    home: &Home,
    node: &NodeKey,
    conversation: &Conversation,
    program: &Program,
    up: &dyn Upcalls,
) -> Result<Prepared, Failure> {
    let name =
        |module: &crate::runtime::ModuleBytes| ModuleName { name: module.name.clone(), sha256: module.sha256.clone() };
    let modules = program.modules.iter().map(name).collect();
    let send = |message: &NodeMessage, payload: &[u8]| {
        let sent = home.send(conversation, message, payload, &|| up.interrupted());
        sent.map_err(|error| not_sent(conversation, home, error))
    };
    if up.interrupted() {
        return Err(Failure::interrupted());
    }
    send(&NodeMessage::Prepare { plugin: program.stem.clone(), modules }, &json(&program.spec)?)?;
    loop {
        match home.next(conversation, None) {
            ConversationEvent::Message(HomeMessage::Lacks { modules }, _) => {
                for index in modules {
                    let module = program.modules.get(index).ok_or_else(|| unexpected(conversation))?;
                    send(&NodeMessage::Module { index }, &module.bytes)?;
                }
            }
            ConversationEvent::Message(HomeMessage::Prepared { image, code_bytes, origin }, payload) => {
                let interface: WireInterface =
                    serde_json::from_slice(&payload).map_err(|_| unexpected(conversation))?;
                return Ok(Prepared { image, code_bytes, origin, interface: interface.interface() });
            }
            ConversationEvent::Message(HomeMessage::Refused(failure), _) => return Err(failure.from_elsewhere()),
            ConversationEvent::Message(..) => return Err(unexpected(conversation)),
            ConversationEvent::Nudged | ConversationEvent::TimedOut if up.interrupted() => {
                return Err(Failure::interrupted());
            }
            ConversationEvent::Nudged | ConversationEvent::TimedOut => {}
            ConversationEvent::Closed(loss) => return Err(lost(&node.name, loss)),
        }
    }
}
