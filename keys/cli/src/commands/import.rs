//! `warifu import`: sends a seed file, watches the job, prints its report.
//!
//! Not responsible for: reading the file (the server does), nor for what is accepted; what the second
//! officer does is in `warifu imports`.

mod report;
mod watch;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use tokio::fs::File;
use warifu_api::{
    SecretText,
    client::{Client, ClientError},
    import::{Declared, ImportJob, ImportRequest, ImportState},
    token::Custody,
};
use warifu_keys::seedfile::options::ReadOptions;

pub(crate) use self::{
    report::{meaning, text},
    watch::{PATIENCE, finished, may_pass},
};
use super::{
    declared::{FileOptions, Strictness},
    explain,
    progress::Progress,
    words::KindWord,
};
use crate::{
    connection::Connection,
    exit::{EXIT_CODES, Exit, Failure},
    input,
    output::Output,
};

/// Bring a seed file into service.
///
/// The server checks the whole file first and takes all of it or nothing. The work is a job of the
/// server: it goes on if this command is interrupted once the file is sent. Tokens that exist are
/// refused, and no counter is ever lowered, so sending a file again does no harm.
///
/// Where the bank's policy wants two officers, the batch ends as `staged`: checked and sealed, but not
/// in service. Another officer compares fingerprint, counts and samples, and approves or rejects it
/// (`warifu imports approve`, `warifu imports reject`).
///
/// The format is told from the content, never from the file's name; --explain says why.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu import batch.xml --explain
  warifu import batch.xml --key-label acme --dry-run
  warifu import batch.xml --key-label acme --batch 2026-11
  warifu import batch.xml --password-file - --custody resident
  warifu import apps.xml --key-label acme --kind soft
  warifu import camera.xml --key-label acme --kind camera
  warifu import seeds.txt --format feitian --algorithm totp --digits 6 --time-step 60

{EXIT_CODES}
A staged batch is a success (0): whether another officer approves it is told by `warifu imports show`."))]
pub(crate) struct Import {
    /// The seed file, as its maker sent it
    file: PathBuf,
    /// Only say what the file is taken for, and why; nothing is sent
    ///
    /// Shows the format, what in the file says so, which formats look alike and what tells them
    /// apart, how the seeds are encrypted and whether the file is signed. Needs no server and no key.
    #[arg(long, conflicts_with_all = ["dry_run", "no_wait"])]
    explain: bool,
    /// Check everything, also that the seeds decrypt, but keep nothing
    #[arg(long)]
    dry_run: bool,
    /// Label of the manufacturer's transport key in the HSM (see `warifu keys`)
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
    /// Return once the file is sent; see `warifu imports show`
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    facts: FileOptions,
    #[command(flatten)]
    strictness: Strictness,
}

/// Custody on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum CustodyWord {
    /// In the store, wrapped under a key that never leaves the HSM
    Wrapped,
    /// As objects inside the HSM
    Resident,
}

impl Import {
    pub(crate) async fn run(&self, connection: &Connection, out: Output) -> Result<Exit, Failure> {
        if self.explain {
            return explain::run(&self.file, self.read_options(), out);
        }
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
        let mut request = ImportRequest {
            batch: self.batch.clone(),
            dry_run: self.dry_run,
            custody: self.custody.map(|custody| match custody {
                CustodyWord::Wrapped => Custody::Wrapped,
                CustodyWord::Resident => Custody::Resident,
            }),
            kind: Some(self.kind.into()),
            key_label: self.key_label.clone(),
            password,
            integer_encoding: None,
            format: None,
            declared: Declared::default(),
            signature: None,
            allow_sha1_signature: false,
            mac_over_plaintext: false,
        };
        self.facts.describe(&mut request);
        self.strictness.describe(&mut request);
        Ok(request)
    }

    fn read_options(&self) -> ReadOptions {
        let mut options = ReadOptions::default();
        self.facts.prepare(&mut options);
        self.strictness.prepare(&mut options, Vec::new());
        options
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
    Failure::new(Exit::Interrupted, watch::goes_on(id))
}

/// Whether the job came as far as it was to come.
pub(crate) fn exit_of(job: &ImportJob) -> Exit {
    match job.state {
        ImportState::Refused | ImportState::Rejected | ImportState::Cancelled => Exit::Refused,
        ImportState::Failed => Exit::Unavailable,
        ImportState::Done
        | ImportState::Staged
        | ImportState::AwaitingContent
        | ImportState::Receiving
        | ImportState::Checking
        | ImportState::Sealing => Exit::Ok,
    }
}
