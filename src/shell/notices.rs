//! The kernel's notices in a session.

use super::session::Session;

impl Session {
    /// Shows the kernel's notices, and serves the holds of background jobs.
    pub fn show_notices(&mut self) {
        if self.is_helper() {
            return;
        }
        for line in self.notices().take() {
            self.notice(line);
        }
        self.serve_background_holds();
    }
}
