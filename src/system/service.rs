//! The door to a system for `plugsh attach`.

use std::path::Path;

use super::System;
use super::error::Error;
use crate::serve::Server;
use crate::shell::front::ServeOptions;

/// A system that people and programs of the same user can attach to. Dropping it sends them away; calls go on.
pub struct Service {
    /// `None` once it has ended.
    server: Option<Server>,
}

impl System {
    /// Serves the system from now on: `plugsh attach NAME` opens a prompt at it, where all that plugsh can do to a
    /// system of plugins can be done to this one. Of the crate's features this needs `shell`.
    ///
    /// ```
    /// use plugsh::System;
    ///
    /// # fn main() -> Result<(), plugsh::system::Error> {
    /// # let name = format!("doctest-{}", std::process::id());
    /// # let name = name.as_str();
    /// let system = System::builder().build()?;
    /// let service = system.serve(name)?;
    /// assert!(service.path().unwrap().ends_with(format!("{name}.sock")));
    /// assert!(system.serve(name).is_err(), "one door of a name");
    /// drop(service);
    /// system.serve(name)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The name is served already or cannot be one, or its socket cannot be listened at.
    pub fn serve(&self, name: &str) -> Result<Service, Error> {
        self.serve_logged(name, |_| ())
    }

    /// Serves as [`System::serve`] does. `log` gets a line for each client that could not come in, or was sent away as
    /// it did not read.
    ///
    /// # Errors
    /// As of [`System::serve`].
    pub fn serve_logged(&self, name: &str, log: impl Fn(&str) + Send + Sync + 'static) -> Result<Service, Error> {
        let options = ServeOptions { name: Some(name.to_owned()), ..ServeOptions::default() };
        let server = Server::start(self.kernel.clone(), &options, Box::new(log));
        let server = server.map_err(|error| Error::refused(error.to_string()))?;
        Ok(Service { server: Some(server) })
    }
}

impl Service {
    /// The socket's path.
    pub fn path(&self) -> Option<&Path> {
        self.server.as_ref().and_then(Server::path)
    }
}

/// The service alone ends, while a server that is dropped takes the jobs with it.
impl Drop for Service {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.leave();
        }
    }
}
