//! The commands of the debugger.

/// An example that stops in the code of `echo`, runs these lines there, and goes on.
macro_rules! stopped_example {
    ($lines:literal) => {
        concat!(
            "load echo\n# 1:echo\nbreak echo::echo\n",
            "# 1:echo restarted; it can be stopped in its code now\n# breakpoint 1: …\n",
            "call echo echo hi\n# %1 is held in 1:echo.echo (breakpoint 1)\n# …\n",
            $lines,
            "continue\n# hi"
        )
    };
}

pub mod answer;
pub mod breakpoints;
pub mod bt;
pub mod frame;
pub mod go;
pub mod hold;
pub mod inject;
pub mod locals;
pub mod peek;
pub mod record;
pub mod replay;
pub mod show;
pub mod stub;
pub mod vars;

use super::{Arguments, Command, Group, Run, syntax};
