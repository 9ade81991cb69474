//! A project's file, `plugsh.toml`: what a system of plugins is started with.
//!
//! `find` looks for the file and reads it, `file` is its content as data, `document` TOML with places, `keys` the words
//! of an option that a table has, `reference` the `${NAME}` in values, `secrets` keeps it where specs are
//! written down. `order` says who starts first, `check` what
//! would go wrong, `line` is a plugin as words of `load`. `init` writes a file from what is loaded, `draft` one from
//! the modules of a directory, `render` puts both into words, `schema` describes the file for editors. Nothing here
//! starts anything: the commands `up` and `init` do.
//!
//! The keys of a plugin are the options of `load`, those of `[limits]` the program's, those of `[[stub]]` the options
//! of `stub`: each is read from the option's own definition.

pub mod check;
pub mod document;
pub mod draft;
pub mod file;
pub mod find;
pub mod init;
pub mod keys;
pub mod line;
pub mod order;
pub mod reference;
pub mod render;
pub mod schema;
pub mod secrets;

#[cfg(test)]
mod tests;
