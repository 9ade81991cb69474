//! How a NATS server is reached: its address, and who asks.

use std::path::PathBuf;

/// The address of a server and the credentials for it. Each kind of credentials is NATS's own.
#[derive(Clone, Default)]
pub struct NatsSettings {
    /// `nats://host:port`, several apart by commas; `tls://` for a server with TLS.
    pub url: String,
    /// A file of a JWT and an nkey seed, as NATS's tools write it.
    pub credentials: Option<PathBuf>,
    pub token: Option<String>,
    /// A file of certificates that the server's is checked against, besides the system's.
    pub root_certificates: Option<PathBuf>,
    /// The name that the server lists the connection by.
    pub client_name: String,
}
