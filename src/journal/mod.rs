//! The journal: the bounded log of calls, and what can be asked of it. Pure data: no plugin, no process, no clock of its own.
