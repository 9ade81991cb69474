//! A program compiled for a home: the modules that are not here are asked for, each once.

use std::sync::Arc;

use super::caller::NodeCaller;
use super::conversation::NodeConversation;
use super::grants::granted;
use super::state::Node;
use crate::runtime::remote::wire::{HomeMessage, ModuleName, NodeMessage, WireInterface};
use crate::runtime::source::MODULES_MAX;
use crate::runtime::{Failure, FailureKind, Host, LogLevel, ModuleBytes, Program, Spec};

/// Compiles a program and tells its home.
pub fn prepare(
    node: &Arc<Node>,
    conversation: &Arc<NodeConversation>,
    plugin: &str,
    modules: &[ModuleName],
    spec: &[u8],
) {
    let prepared = compile(node, conversation, plugin, modules, spec);
    let (message, payload) = prepared.unwrap_or_else(|failure| (HomeMessage::Refused(failure), Vec::new()));
    // The home may be gone: nobody needs the answer then.
    let _ = node.send(conversation, &message, &payload);
}

fn compile(
    node: &Arc<Node>,
    conversation: &Arc<NodeConversation>,
    plugin: &str,
    names: &[ModuleName],
    spec: &[u8],
) -> Result<(HomeMessage, Vec<u8>), Failure> {
    if names.len() > MODULES_MAX {
        return Err(fails(format!("{} modules; at most {MODULES_MAX} are taken", names.len())));
    }
    let spec: Spec = serde_json::from_slice(spec).map_err(|error| fails(format!("no spec: {error}")))?;
    let spec = Spec::clone(&*granted(spec, plugin, node.policy(), node.name().as_str())?);
    let modules = all_modules(node, conversation, names)?;
    let program = Program { modules, spec, origin: String::new(), stem: plugin.to_owned() };
    let caller = NodeCaller::idle(node, conversation);
    let (image, origin) = node.images.get(Host::Native, &program, &caller, None)?;
    let (interface, code_bytes) = (WireInterface::of(image.interface()), image.code_bytes());
    let payload = serde_json::to_vec(&interface).map_err(|error| fails(format!("no interface: {error}")))?;
    let image = node.programs.keep(image);
    Ok((HomeMessage::Prepared { image, code_bytes, origin }, payload))
}

/// The modules of a program; those that are not here come from its home.
fn all_modules(
    node: &Node,
    conversation: &NodeConversation,
    names: &[ModuleName],
) -> Result<Vec<ModuleBytes>, Failure> {
    let mut found: Vec<Option<Arc<[u8]>>> = names.iter().map(|name| node.programs.module(&name.sha256)).collect();
    let lacks: Vec<usize> = (0..found.len()).filter(|index| found.get(*index).is_some_and(Option::is_none)).collect();
    if !lacks.is_empty() {
        let missing = lacks.len();
        node.send(conversation, &HomeMessage::Lacks { modules: lacks }, &[]).map_err(|_| Failure::interrupted())?;
        for _ in 0..missing {
            let Some((NodeMessage::Module { index }, bytes)) = node.next(conversation) else {
                return Err(Failure::interrupted());
            };
            let (Some(name), Some(place)) = (names.get(index), found.get_mut(index)) else {
                return Err(fails(format!("no module of number {index}")));
            };
            let kept = node.programs.keep_module(&name.sha256, bytes.into_vec());
            *place = Some(kept.ok_or_else(|| fails(format!("a module's SHA-256 is not {}", name.sha256)))?);
        }
    }
    let module = |(name, bytes): (&ModuleName, Option<Arc<[u8]>>)| {
        let bytes = bytes.ok_or_else(|| fails("a module came twice, and another not".to_owned()))?;
        let (name, sha256) = (name.name.clone(), name.sha256.clone());
        Ok(ModuleBytes { name, bytes, sha256, linked_from: None })
    };
    names.iter().zip(found).map(module).collect()
}

fn fails(why: String) -> Failure {
    Failure::new(FailureKind::Load, why)
}

impl NodeCaller {
    /// The caller of no run: for a compilation, which asks only whether it is to end.
    fn idle(node: &Arc<Node>, conversation: &Arc<NodeConversation>) -> NodeCaller {
        let run = crate::runtime::remote::wire::RunContext {
            process: 0,
            remaining_us: None,
            log_level: LogLevel::Off,
            watches_host: false,
            takes_streams: false,
        };
        let (lease, plugin, requests_ns, names) =
            (Arc::default(), "".into(), Default::default(), NodeCaller::no_names());
        NodeCaller { node: node.clone(), conversation: conversation.clone(), run, lease, plugin, requests_ns, names }
    }
}
