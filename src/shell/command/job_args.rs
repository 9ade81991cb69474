//! Arguments of commands that take one job.

/// One job, or the newest that fits.
#[derive(Debug, clap::Args)]
pub struct JobArg {
    #[arg(value_name = "%JOB")]
    pub job: Option<String>,
}

/// One held job.
#[derive(Debug, clap::Args)]
pub struct HeldJobArg {
    /// the held job, when it is not the newest
    #[arg(long, value_name = "%JOB")]
    pub job: Option<String>,
}
