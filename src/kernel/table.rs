//! The process table: living processes by id and by name, their parents, and a memory of the dead.
//!
//! Ids go up and are never used twice. A name is unique among the living. Everything here is under one lock that is
//! held for look-ups and changes only, never across a call.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::process::Process;
use super::view::{ProcessId, ProcessView};

/// Living processes, and a bounded memory of dead ones.
pub struct Table {
    living: BTreeMap<ProcessId, Entry>,
    names: HashMap<String, ProcessId>,
    /// Where to look for the next free `NAME-N`: no lower suffix is free.
    suffixes: HashMap<String, u32>,
    dead: VecDeque<ProcessView>,
    dead_max: usize,
    /// Dead processes whose figures may still change: calls that still run in them or wait for them are added when they
    /// end.
    leaving: Vec<Arc<Process>>,
    next_id: ProcessId,
    root: BTreeSet<ProcessId>,
}

struct Entry {
    process: Arc<Process>,
    children: BTreeSet<ProcessId>,
}

/// Most stems whose next suffix is remembered; past it a search starts from 2 again.
const SUFFIXES_MAX: usize = 4096;

impl Table {
    /// An empty table that remembers at most `dead_max` dead processes.
    pub fn new(dead_max: usize) -> Self {
        Table {
            living: BTreeMap::new(),
            names: HashMap::new(),
            suffixes: HashMap::new(),
            dead: VecDeque::new(),
            dead_max,
            leaving: Vec::new(),
            next_id: 1,
            root: BTreeSet::new(),
        }
    }

    /// Count of living processes.
    pub fn len(&self) -> usize {
        self.living.len()
    }

    /// Allocates the next id.
    pub fn take_id(&mut self) -> ProcessId {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    /// Makes `id` the next one to be allocated, where no process has had it.
    pub fn skip_ids_to(&mut self, id: ProcessId) {
        self.next_id = self.next_id.max(id);
    }

    /// A name that is free: the stem, or the stem with the smallest free suffix from 2.
    pub fn free_name(&mut self, stem: &str) -> String {
        if !self.names.contains_key(stem) {
            return stem.to_string();
        }
        let mut suffix = self.suffixes.get(stem).copied().unwrap_or(2);
        let mut name = format!("{stem}-{suffix}");
        while self.names.contains_key(&name) {
            suffix += 1;
            name = format!("{stem}-{suffix}");
        }
        if self.suffixes.len() >= SUFFIXES_MAX {
            self.suffixes.clear();
        }
        self.suffixes.insert(stem.to_string(), suffix + 1);
        name
    }

    /// Whether a living process has this name.
    pub fn has_name(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// Adds a process under its parent, which must live or be the shell; false (and nothing added) when it does not.
    pub fn insert(&mut self, process: Arc<Process>) -> bool {
        let (id, parent) = (process.id, process.parent_id());
        if parent == 0 {
            self.root.insert(id);
        } else {
            let Some(entry) = self.living.get_mut(&parent) else { return false };
            entry.children.insert(id);
            entry.process.counters.children.fetch_add(1, Ordering::Relaxed);
        }
        self.names.insert(process.name.clone(), id);
        self.living.insert(id, Entry { process, children: BTreeSet::new() });
        true
    }

    /// A living process.
    pub fn get(&self, id: ProcessId) -> Option<&Arc<Process>> {
        self.living.get(&id).map(|entry| &entry.process)
    }

    /// A living process by its name.
    pub fn by_name(&self, name: &str) -> Option<&Arc<Process>> {
        self.get(*self.names.get(name)?)
    }

    /// All living processes, in id order.
    pub fn living(&self) -> impl Iterator<Item = &Arc<Process>> {
        self.living.values().map(|entry| &entry.process)
    }

    /// Names of the living processes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// The living children of a process (0: the shell), in id order.
    pub fn children(&self, id: ProcessId) -> Vec<ProcessId> {
        match self.living.get(&id) {
            Some(entry) => entry.children.iter().copied().collect(),
            None if id == 0 => self.root.iter().copied().collect(),
            None => Vec::new(),
        }
    }

    /// A process and its descendants, parents before children.
    pub fn subtree(&self, id: ProcessId) -> Vec<ProcessId> {
        let mut all = vec![id];
        let mut at = 0;
        while let Some(next) = all.get(at) {
            all.extend(self.children(*next));
            at += 1;
        }
        all
    }

    /// Whether `id` is a descendant of `ancestor`.
    pub fn is_below(&self, id: ProcessId, ancestor: ProcessId) -> bool {
        let mut at = id;
        while let Some(process) = self.get(at) {
            at = process.parent_id();
            if at == ancestor {
                return true;
            }
        }
        false
    }

    /// Removes a process and moves its children to its parent. Returns the moved ones; `None`: no such living process.
    pub fn remove(&mut self, id: ProcessId) -> Option<(Arc<Process>, Vec<Arc<Process>>)> {
        let Entry { process, children } = self.living.remove(&id)?;
        self.names.remove(&process.name);
        self.free_suffix(&process.name);
        let parent = process.parent_id();
        match self.living.get_mut(&parent) {
            Some(entry) => {
                entry.children.remove(&id);
                entry.children.extend(&children);
                let counters = &entry.process.counters;
                counters.children.fetch_add(children.len() as u32, Ordering::Relaxed);
                counters.children.fetch_sub(1, Ordering::Relaxed);
            }
            None => {
                self.root.remove(&id);
                self.root.extend(&children);
            }
        }
        let moved: Vec<Arc<Process>> = children.iter().filter_map(|child| self.get(*child).cloned()).collect();
        for child in &moved {
            child.parent.store(parent, Ordering::Relaxed);
        }
        Some((process, moved))
    }

    fn free_suffix(&mut self, name: &str) {
        let Some((stem, suffix)) = name.rsplit_once('-') else { return };
        let (Some(next), Ok(suffix)) = (self.suffixes.get_mut(stem), suffix.parse::<u32>()) else { return };
        *next = suffix.max(2).min(*next);
    }

    /// Remembers how a process that is marked dead ended, and the process itself as long as a call still runs in it or
    /// waits for it.
    pub fn remember_dead(&mut self, view: ProcessView, process: Arc<Process>) {
        if self.dead.len() >= self.dead_max {
            self.dead.pop_front();
        }
        self.dead.push_back(view);
        self.leaving.push(process);
        self.evict_dead();
    }

    /// Whether figures of some dead are not final, as far as was looked.
    pub fn is_unsettled(&self) -> bool {
        !self.leaving.is_empty()
    }

    /// Updates the figures of dead processes whose last calls have ended.
    pub fn evict_dead(&mut self) {
        let dead = &mut self.dead;
        self.leaving.retain(|process| {
            let left = process.with_slot(|slot| slot.occupant.is_none() && slot.queue.is_empty());
            if let Some(view) = dead.iter_mut().rev().find(|view| view.id == process.id) {
                view.count(&process.counters);
            }
            !left
        });
    }

    /// The remembered dead, oldest first.
    pub fn dead(&self) -> impl Iterator<Item = &ProcessView> {
        self.dead.iter()
    }

    /// Whether an id was ever assigned.
    pub fn was(&self, id: ProcessId) -> bool {
        (1..self.next_id).contains(&id)
    }
}
