//! The options of a server of nodes, and `plugsh node`.

use std::path::PathBuf;

use clap::Args;

use plugsh::nats::NatsSettings;
use plugsh::runtime::remote::HomeOptions;
use plugsh::runtime::remote::wire::{NodeName, SystemName};
use plugsh::shell::units::parse_size;

/// How the server of a system's nodes is reached.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Nodes")]
pub struct NatsArgs {
    /// The NATS server where nodes are, as `nats://host:4222`: `help nodes`.
    #[arg(long, global = true, value_name = "URL")]
    pub nats: Option<String>,
    /// The system that they belong to; systems on one server do not see each other.
    #[arg(long, global = true, value_name = "NAME", value_parser = SystemName::new, default_value = "plugsh", hide_default_value = true)]
    pub system: SystemName,
    /// A file of NATS credentials: a JWT and an nkey.
    #[arg(long, global = true, value_name = "FILE")]
    pub creds: Option<PathBuf>,
    /// The server's token; a file with it is safer: `@FILE`.
    #[arg(long, global = true, value_name = "TOKEN")]
    pub token: Option<String>,
    /// A file of certificates to check the server's with.
    #[arg(long, global = true, value_name = "FILE")]
    pub nats_ca: Option<PathBuf>,
}

impl NatsArgs {
    /// The server's settings for a client of this name; `None` without `--nats`.
    ///
    /// # Errors
    /// The token's file cannot be read.
    pub fn settings(&self, client_name: String) -> Result<Option<NatsSettings>, String> {
        let Some(url) = self.nats.clone() else { return Ok(None) };
        let token = self.token.as_deref().map(token).transpose()?;
        let (credentials, root_certificates) = (self.creds.clone(), self.nats_ca.clone());
        Ok(Some(NatsSettings { url, credentials, token, root_certificates, client_name }))
    }

    /// The options of a home; `None` without `--nats`.
    ///
    /// # Errors
    /// The token's file cannot be read.
    pub fn home(&self) -> Result<Option<HomeOptions>, String> {
        let nats = self.settings(format!("plugsh {}", std::process::id()))?;
        Ok(nats.map(|nats| HomeOptions { nats, system: self.system.clone() }))
    }
}

fn token(text: &str) -> Result<String, String> {
    let Some(file) = text.strip_prefix('@') else { return Ok(text.to_owned()) };
    let read = std::fs::read_to_string(file);
    let read = read.map_err(|error| format!("`--token`: cannot read `{file}`: {}", plugsh::text::io_cause(&error)))?;
    Ok(read.trim().to_owned())
}

/// `plugsh node`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  plugsh node --nats nats://10.0.0.1:4222 --name gpu1     then, elsewhere:\n  \
    plugsh --nats nats://10.0.0.1:4222 -c 'load echo --on gpu1; echo.echo hello'\n\n\
    It runs until it is told to end. It holds compiled programs and instances; processes are their homes'. With `--policy`\n\
    a rule's `children` bounds the instances of the plugins that it names, and its `load` what they may load.")]
pub struct NodeArgs {
    /// The node's name, one of its system.
    #[arg(long, value_name = "NAME", value_parser = NodeName::new)]
    pub name: NodeName,
    /// The most memory of all its instances; the machine's if not given.
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub memory: Option<u64>,
}
