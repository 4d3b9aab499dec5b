//! `warifu import`: sends a seed file, watches the job, prints its report.
//!
//! Not responsible for: reading the file (the server does), nor for what is accepted.

mod progress;
mod report;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use tokio::{
    fs::File,
    time::{Duration, sleep},
};
use warifu_api::{
    SecretText,
    client::{Client, ClientError},
    import::{ImportJob, ImportRequest, ImportState, IntegerEncoding},
    token::Custody,
};

use self::progress::Progress;
pub(crate) use self::report::text;
use super::words::KindWord;
use crate::{
    connection::Connection,
    exit::{EXIT_CODES, Exit, Failure},
    input,
    output::Output,
};

/// Questions about the job that may fail in a row before this command gives up asking.
const PATIENCE: u32 = 30;

/// Bring a seed file into service.
///
/// The server checks the whole file first and takes all of it or nothing. The work is a job of the
/// server: it goes on if this command is interrupted once the file is sent. Tokens that exist are
/// refused, and no counter is ever lowered, so sending a file again does no harm.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu import batch.xml --key-label acme --dry-run
  warifu import batch.xml --key-label acme --batch 2026-11
  warifu import batch.xml --password-file - --custody resident
  warifu import apps.xml --key-label acme --kind soft
  warifu import camera.xml --key-label acme --kind camera

{EXIT_CODES}"))]
pub(crate) struct Import {
    /// The seed file (PSKC, RFC 6030)
    file: PathBuf,
    /// Check everything, also that the seeds decrypt, but keep nothing
    #[arg(long)]
    dry_run: bool,
    /// Label of the manufacturer's transport key in the HSM (see `warifu hsm key`)
    #[arg(long, value_name = "LABEL")]
    key_label: Option<String>,
    /// File with the password, for files under one; `-` asks for it
    #[arg(long, value_name = "FILE", conflicts_with = "key_label")]
    password_file: Option<PathBuf>,
    /// Where the seeds shall lie; the server's setting where absent
    #[arg(long, value_enum)]
    custody: Option<CustodyWord>,
    /// Kind of the tokens, as the customer sees it; camera tokens are `camera`, and no others
    #[arg(long, value_enum, default_value = "hard")]
    kind: KindWord,
    /// Name of the batch; one is made where absent
    #[arg(long, value_name = "NAME")]
    batch: Option<String>,
    /// How to read encrypted numbers, where the file does not say
    #[arg(long, value_enum)]
    integer_encoding: Option<IntegerWord>,
    /// Return once the file is sent; see `warifu imports show`
    #[arg(long)]
    no_wait: bool,
}

/// Custody on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum CustodyWord {
    /// In the store, wrapped under a key that never leaves the HSM
    Wrapped,
    /// As objects inside the HSM
    Resident,
}

/// Encoding of encrypted numbers on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum IntegerWord {
    /// Decimal digits in ASCII
    Ascii,
    /// Eight bytes, most significant first
    BigEndian,
}

impl Import {
    pub(crate) async fn run(&self, connection: &Connection, out: Output) -> Result<Exit, Failure> {
        let client = connection.client()?;
        let (file, length) = open(&self.file).await?;
        let job = client.open_import(&self.request()?).await?;
        let sent = tokio::select! {
            sent = send(&client, &job, file, length, out) => sent,
            _ = tokio::signal::ctrl_c() => return Err(call_off(&client, &job).await),
        };
        let job = match sent {
            Ok(job) => job,
            Err(failure) => {
                // The failure is what matters; a job without content does no harm.
                drop(client.cancel_import(&job.id).await);
                return Err(failure.into());
            }
        };
        let job = if self.no_wait {
            job
        } else {
            tokio::select! {
                job = finished(&client, job.clone(), out) => job?,
                _ = tokio::signal::ctrl_c() => return Err(left_alone(&job.id)),
            }
        };
        out.show(&job, |job| text(job, out.language()))?;
        Ok(exit_of(&job))
    }

    fn request(&self) -> Result<ImportRequest, Failure> {
        let password = match &self.password_file {
            Some(path) => {
                let password = input::secret(path, "password of the file")?;
                Some(SecretText::new(password.as_str().to_owned()))
            }
            None => None,
        };
        Ok(ImportRequest {
            batch: self.batch.clone(),
            dry_run: self.dry_run,
            custody: self.custody.map(|custody| match custody {
                CustodyWord::Wrapped => Custody::Wrapped,
                CustodyWord::Resident => Custody::Resident,
            }),
            kind: Some(self.kind.into()),
            key_label: self.key_label.clone(),
            password,
            integer_encoding: self.integer_encoding.map(|encoding| match encoding {
                IntegerWord::Ascii => IntegerEncoding::Ascii,
                IntegerWord::BigEndian => IntegerEncoding::BigEndian,
            }),
        })
    }
}

async fn open(path: &Path) -> Result<(File, u64), Failure> {
    let file = File::open(path).await.map_err(|e| input::unreadable(path, &e))?;
    let facts = file.metadata().await.map_err(|e| input::unreadable(path, &e))?;
    if !facts.is_file() {
        return Err(Failure::new(Exit::Usage, format!("{}: is no file", path.display())));
    }
    Ok((file, facts.len()))
}

async fn send(
    client: &Client,
    job: &ImportJob,
    file: File,
    length: u64,
    out: Output,
) -> Result<ImportJob, ClientError> {
    let progress = Progress::of_upload(length, out);
    let shown = progress.clone();
    let tell = move |bytes| shown.at(bytes);
    let sent = client.import_content(&job.id, file, Some(length), tell).await;
    progress.clear();
    sent
}

/// Asks until the job has ended. A server that is out of reach for a moment is no end.
async fn finished(client: &Client, mut job: ImportJob, out: Output) -> Result<ImportJob, Failure> {
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

fn may_pass(error: &ClientError) -> bool {
    match error {
        ClientError::Problem { problem, .. } => problem.kind.retry_after_s().is_some(),
        ClientError::Ambiguous(_) | ClientError::Unreachable(_) | ClientError::Truncated(_) => true,
        _ => false,
    }
}

/// Ctrl-C while the file is being sent: the server has nothing it could go on with.
async fn call_off(client: &Client, job: &ImportJob) -> Failure {
    let id = &job.id;
    let message = match client.cancel_import(id).await {
        Ok(_) => format!("interrupted; import {id} is cancelled, nothing was kept"),
        Err(_) => format!("interrupted; cancel it with `warifu imports cancel {id}`"),
    };
    Failure::new(Exit::Interrupted, message)
}

/// Ctrl-C while the server works.
fn left_alone(id: &str) -> Failure {
    Failure::new(Exit::Interrupted, goes_on(id))
}

fn goes_on(id: &str) -> String {
    format!(
        "import {id} goes on in the server; look with `warifu imports show {id}`, \
         stop it with `warifu imports cancel {id}`"
    )
}

fn exit_of(job: &ImportJob) -> Exit {
    match job.state {
        ImportState::Refused | ImportState::Cancelled => Exit::Refused,
        ImportState::Failed => Exit::Unavailable,
        ImportState::Done
        | ImportState::AwaitingContent
        | ImportState::Receiving
        | ImportState::Checking
        | ImportState::Sealing => Exit::Ok,
    }
}
