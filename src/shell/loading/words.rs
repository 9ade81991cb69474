//! The words of `load`: their definition, and the request that they make.

use std::time::Duration;

use super::options::LoadOptions;
use super::{LoadChoice, request};
use crate::kernel::supervision::CRASHES_MAX_MAX;
use crate::kernel::{CrashesMax, LoadRequest, OnCrash, ProcessLabel, Restart, Supervision, watchable};
use crate::runtime::{FuelCount, Host};
use crate::shell::reply::ShellError;
use crate::shell::session::Session;
use crate::shell::units::parse_duration;

/// The words of `load`.
#[derive(Debug, clap::Args)]
// `--wasi-stdin` for `plugsh call`, where `--stdin` is the call's input.
#[command(mut_arg("wasi_stdin", |arg| arg.long("stdin")))]
pub struct LoadWords {
    #[arg(value_name = "SOURCE")]
    pub source: String,
    /// the process's name
    #[arg(long = "as", value_name = "NAME")]
    pub name: Option<String>,
    /// native: this shell's own runtime; extism: the stock SDK
    #[arg(long, default_value = "native")]
    pub host: Host,
    /// after a crash: never start it again, or `on-crash=5/10s`: at most 5 times in 10 s
    #[arg(long, value_name = "never|on-crash[=MAX/WINDOW]", value_parser = parse_restart)]
    pub restart: Option<Restart>,
    /// when it crashes: reset throws its instance away, kill ends it
    #[arg(long)]
    pub on_crash: Option<OnCrash>,
    /// reload it when its file changes, and what it starts when theirs do; a manifest's URLs are not looked at before
    #[arg(long)]
    pub watch: bool,
    /// the most time to fetch and compile it; 0: as without this option
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub load_timeout: Option<Duration>,
    /// count the fuel of its calls, and of what it loads, as `trace fuel on` does of all
    #[arg(long)]
    pub fuel_count: bool,
    /// make it stop at breakpoints in its code from the start; it and what it loads are slower then
    #[arg(long)]
    pub debug: bool,
    #[command(flatten)]
    pub options: LoadOptions,
}

impl LoadWords {
    /// The reaction to a crash.
    pub fn supervision(&self) -> Supervision {
        Supervision { on_crash: self.on_crash.unwrap_or_default(), restart: self.restart.unwrap_or_default() }
    }

    /// The request for one source.
    ///
    /// # Errors
    /// The source is no program, or the options do not fit it.
    pub fn request(&self, session: &mut Session, source: &str) -> Result<LoadRequest, ShellError> {
        let deadline = session.kernel().load_deadline(self.load_timeout);
        let choice = LoadChoice { name: self.name.clone(), host: self.host, options: &self.options, deadline };
        let request = request(session, source, choice)?;
        if self.watch {
            watchable(&request.program).map_err(|error| session.call_error(error))?;
        }
        let mut request = LoadRequest { supervision: self.supervision(), ..request };
        if self.fuel_count {
            request.spec.fuel_count = FuelCount::Asked;
        }
        if self.debug {
            if request.host == Host::Extism || request.spec.on.is_some() {
                let why = "`--debug` is for plugins of the native host on this machine";
                return Err(ShellError::usage(format!("`load`: {why}")));
            }
            request.spec.debugged = true;
        }
        Ok(request)
    }

    /// The process that was started, watched where that is asked for.
    ///
    /// # Errors
    /// The process cannot be watched.
    pub fn watched(&self, session: &Session, label: ProcessLabel) -> Result<ProcessLabel, ShellError> {
        watched(session, label, self.watch)
    }
}

/// A process that was started, watched where that is asked for.
///
/// # Errors
/// The process cannot be watched.
pub fn watched(session: &Session, label: ProcessLabel, watch: bool) -> Result<ProcessLabel, ShellError> {
    if watch {
        session.kernel().watch(label.id).map_err(|error| session.call_error(error))?;
    }
    Ok(label)
}

/// Reads `never`, `on-crash` or `on-crash=MAX/WINDOW`.
fn parse_restart(text: &str) -> Result<Restart, String> {
    let wrong = || format!("`{text}`: write `never`, `on-crash` or `on-crash=5/10s`");
    match text.split_once('=') {
        None if text == "never" => Ok(Restart::Never),
        None if text == "on-crash" => Ok(Restart::OnCrash(None)),
        Some(("on-crash", limit)) => {
            let (most, window) = limit.split_once('/').ok_or_else(wrong)?;
            let crashes_max: u32 = most.parse().map_err(|_| wrong())?;
            if !(1..=CRASHES_MAX_MAX).contains(&crashes_max) {
                return Err(format!("`{text}`: from 1 to {CRASHES_MAX_MAX} crashes can be counted"));
            }
            Ok(Restart::OnCrash(Some(CrashesMax { crashes_max, window: parse_duration(window)? })))
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_are_read() {
        let most = CrashesMax { crashes_max: 5, window: Duration::from_secs(10) };
        assert_eq!(parse_restart("never"), Ok(Restart::Never));
        assert_eq!(parse_restart("on-crash"), Ok(Restart::OnCrash(None)));
        assert_eq!(parse_restart("on-crash=5/10s"), Ok(Restart::OnCrash(Some(most))));
        for wrong in ["", "always", "on-crash=", "on-crash=5", "on-crash=0/1s", "on-crash=9999/1s", "never=1/1s"] {
            assert!(parse_restart(wrong).is_err(), "{wrong}");
        }
    }
}
