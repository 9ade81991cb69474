//! Options of scripts that stand before a subcommand: `plugsh --keep-going up` is `plugsh up --keep-going`.

use plugsh::shell::ShellError;

use super::lines::ScriptArgs;
use super::mode::Mode;
use super::serving::ServeArgs;

impl ScriptArgs {
    /// Moves these options, from before the subcommand, to a subcommand that has them.
    ///
    /// # Errors
    /// The subcommand does not have one of them.
    pub fn move_to(self, mode: &mut Mode) -> Result<(), ShellError> {
        match mode {
            Mode::Up(up) => {
                up.script.take(self);
                Ok(())
            }
            Mode::Attach(attach) => {
                attach.lines.take(self.lines);
                Ok(())
            }
            Mode::Serve(serve) => serve.take(self),
            _ => self.refuse_all(),
        }
    }

    fn take(&mut self, before: ScriptArgs) {
        self.lines.take(before.lines);
        self.no_rc |= before.no_rc;
    }

    /// Refuses what changes a prompt or a script alone; an rc file is read by neither of the other modes.
    fn refuse_all(&self) -> Result<(), ShellError> {
        let lines = &self.lines;
        let given = [
            ("-c", lines.commands.is_some()),
            ("--echo", lines.echo),
            ("--interactive", lines.interactive),
            ("--variable", !lines.variables.is_empty()),
            ("--keep-going", lines.keep_going),
            ("--pane", lines.pane),
        ];
        match given.into_iter().find(|(_, is_given)| *is_given) {
            None => Ok(()),
            Some((option, _)) => Err(ShellError::usage(format!(
                "`{option}` is for a prompt and for scripts: of the subcommands `up` and `attach` alone have it"
            ))),
        }
    }
}

impl ServeArgs {
    fn take(&mut self, mut before: ScriptArgs) -> Result<(), ShellError> {
        let variables = std::mem::take(&mut before.lines.variables);
        before.refuse_all()?;
        self.variables.splice(0..0, variables);
        Ok(())
    }
}
