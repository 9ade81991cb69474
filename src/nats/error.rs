//! Why a server cannot be used.

use std::fmt;

use async_nats::ConnectErrorKind;

/// A failure to connect. Displayed as one line that names the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectError {
    /// The server's address without secrets.
    pub server: String,
    pub cause: ConnectCause,
}

/// The cause of a failed connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectCause {
    /// The address cannot be read.
    Address(String),
    /// Nobody answers at the address; with the system's word for it.
    NoServer(String),
    /// The server refuses the credentials, or asks for some.
    Refused,
    /// The credentials file cannot be used.
    Credentials(String),
    /// TLS cannot be set up.
    Tls(String),
    /// The server's largest message is smaller than a chunk.
    SmallMessages { bytes_max: usize, bytes_needed: usize },
    /// No thread can be started.
    NoThread(String),
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = &self.server;
        match &self.cause {
            ConnectCause::Address(why) => write!(f, "`{server}` is no address of a NATS server: {why}"),
            ConnectCause::NoServer(why) => {
                write!(f, "no NATS server at `{server}`: {why}; `nats-server` starts one there")
            }
            ConnectCause::Refused => write!(f, "the NATS server `{server}` refuses these credentials"),
            ConnectCause::Credentials(why) => write!(f, "the credentials for `{server}`: {why}"),
            ConnectCause::Tls(why) => write!(f, "the NATS server `{server}`: {why}"),
            ConnectCause::SmallMessages { bytes_max, bytes_needed } => write!(
                f,
                "the NATS server `{server}` takes messages of {bytes_max} bytes; set its `max_payload` to {bytes_needed} at \
                 least"
            ),
            ConnectCause::NoThread(why) => write!(f, "cannot start a thread for `{server}`: {why}"),
        }
    }
}

impl std::error::Error for ConnectError {}

impl ConnectCause {
    /// The cause behind the client's error.
    pub(super) fn of(error: &async_nats::ConnectError) -> ConnectCause {
        let why = || std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
        match error.kind() {
            ConnectErrorKind::ServerParse => ConnectCause::Address(why()),
            ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => ConnectCause::Refused,
            ConnectErrorKind::Tls => ConnectCause::Tls(why()),
            ConnectErrorKind::TimedOut => ConnectCause::NoServer("it does not answer".to_owned()),
            ConnectErrorKind::Dns | ConnectErrorKind::Io | ConnectErrorKind::MaxReconnects => {
                ConnectCause::NoServer(why())
            }
        }
    }
}

/// A message that was not sent: there is no connection now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotSent;
