//! The stock host: the same plugin in the extism crate's own `Plugin`, as a product would run it.
