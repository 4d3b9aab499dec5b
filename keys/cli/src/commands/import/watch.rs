//! Waiting for the server's work on an import.
//!
//! Not responsible for: beginning or ending it.

use tokio::time::{Duration, sleep};
use warifu_api::{
    client::{Client, ClientError},
    import::ImportJob,
};

use crate::{commands::progress::Progress, exit::Failure, output::Output};

/// Questions that may fail in a row before this command gives up asking.
pub(crate) const PATIENCE: u32 = 30;

/// Asks until the job has ended. A server that is out of reach for a moment is no end.
pub(crate) async fn finished(
    client: &Client,
    mut job: ImportJob,
    out: Output,
) -> Result<ImportJob, Failure> {
    let progress = Progress::of_job(out);
    let mut failed = 0;
    let mut pause = Duration::from_millis(100);
    while !job.state.is_final() {
        progress.follow(&job);
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(1));
        match client.import(&job.id).await {
            Ok(next) => (job, failed) = (next, 0),
            Err(error) if failed < PATIENCE && may_pass(&error) => failed += 1,
            Err(error) => {
                eprintln!("{}", goes_on(&job.id));
                return Err(error.into());
            }
        }
    }
    progress.clear();
    Ok(job)
}

/// Whether a question that failed so is worth asking again.
pub(crate) fn may_pass(error: &ClientError) -> bool {
    match error {
        ClientError::Problem { problem, .. } => problem.kind.retry_after_s().is_some(),
        ClientError::Ambiguous(_) | ClientError::Unreachable(_) | ClientError::Truncated(_) => true,
        _ => false,
    }
}

/// What to tell a person who leaves early.
pub(super) fn goes_on(id: &str) -> String {
    format!(
        "import {id} goes on in the server; look with `warifu imports show {id}`, \
         stop it with `warifu imports cancel {id}`"
    )
}
