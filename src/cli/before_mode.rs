//! Options of scripts that stand before a subcommand: `plugsh --keep-going up` is `plugsh up --keep-going`.

use plugsh::shell::ShellError;

use super::{AttachArgs, Mode, ScriptArgs, ServeArgs};

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
                attach.take(self);
                Ok(())
            }
            Mode::Serve(serve) => serve.take(self),
            _ => self.refuse_all(),
        }
    }

    fn take(&mut self, before: ScriptArgs) {
        self.commands = self.commands.take().or(before.commands);
        self.echo |= before.echo;
        self.interactive |= before.interactive;
        self.variables.splice(0..0, before.variables);
        self.keep_going |= before.keep_going;
        self.quiet |= before.quiet;
        self.no_rc |= before.no_rc;
        self.pane |= before.pane;
    }

    /// Refuses what changes a prompt or a script alone; an rc file is read by neither of the other modes.
    fn refuse_all(&self) -> Result<(), ShellError> {
        let given = [
            ("-c", self.commands.is_some()),
            ("--echo", self.echo),
            ("--interactive", self.interactive),
            ("--variable", !self.variables.is_empty()),
            ("--keep-going", self.keep_going),
            ("--pane", self.pane),
        ];
        match given.into_iter().find(|(_, is_given)| *is_given) {
            None => Ok(()),
            Some((option, _)) => Err(ShellError::usage(format!(
                "`{option}` is for a prompt and for scripts: of the subcommands `up` and `attach` alone have it"
            ))),
        }
    }
}

impl AttachArgs {
    fn take(&mut self, before: ScriptArgs) {
        self.commands = self.commands.take().or(before.commands);
        self.echo |= before.echo;
        self.interactive |= before.interactive;
        self.variables.splice(0..0, before.variables);
        self.keep_going |= before.keep_going;
        self.quiet |= before.quiet;
        self.pane |= before.pane;
    }
}

impl ServeArgs {
    fn take(&mut self, before: ScriptArgs) -> Result<(), ShellError> {
        let variables = before.variables;
        ScriptArgs { variables: Vec::new(), ..before }.refuse_all()?;
        self.variables.splice(0..0, variables);
        Ok(())
    }
}
