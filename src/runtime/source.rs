//! From a name, a path or a URL to a [`Program`]: where plugins come from.
