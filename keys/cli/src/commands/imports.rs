//! `warifu imports`: what became of seed files, and what the second officer does with a staged batch.
//!
//! Not responsible for: sending a file (`warifu import`).

mod decide;
mod page;

use std::{io::Write as _, path::PathBuf};

use clap::{Args, Subcommand};
use warifu_api::{
    Language,
    client::Client,
    import::{ImportJob, ImportPage, ImportQuery},
};

use self::decide::{Approve, Reject};
use super::import;
use crate::{
    connection::Connection,
    exit::{EXIT_CODES, Exit, Failure},
    label,
    language::named,
    output::{Output, headings, table},
    output_file::{OutputFile, unwritable},
};

/// Look at imports; approve, reject or cancel one.
#[derive(Debug, Subcommand)]
pub(crate) enum Imports {
    List(List),
    /// Show an import with its report
    #[command(after_long_help = EXIT_CODES)]
    Show(One),
    Report(Report),
    Approve(Approve),
    Reject(Reject),
    /// Cancel an import; nothing of its file stays in service
    #[command(after_long_help = EXIT_CODES)]
    Cancel(One),
}

/// List imports.
#[derive(Args, Debug)]
#[command(after_long_help = EXIT_CODES)]
pub(crate) struct List {
    /// Most imports per page, 1 to 1000
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// Go on where an earlier page ended
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
}

/// One import.
#[derive(Args, Debug)]
pub(crate) struct One {
    /// Id of the import
    id: String,
}

/// Make the page for the archive: what was imported, by whom, and what became of it.
///
/// In English and Japanese, without any secret: the file's digest and format, the officers, dates,
/// counts, refused records, warnings, expiry, custody, where seeds were readable, samples, the
/// fingerprint, and lines for two signatures. With --json it is the import as the server gives it.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu imports report 4f0c --html 2026-11.html
  warifu imports report 4f0c > 2026-11.txt

{EXIT_CODES}"))]
pub(crate) struct Report {
    /// Id of the import
    id: String,
    /// Write a page of HTML to this file; it refers to nothing outside and prints on A4
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Print the page as text on standard output; so it is where nothing is said
    #[arg(long, conflicts_with = "html")]
    text: bool,
    /// Overwrite the file
    #[arg(long, requires = "html")]
    force: bool,
}

impl Imports {
    pub(crate) async fn run(&self, connection: &Connection, out: Output) -> Result<Exit, Failure> {
        let client = connection.client()?;
        match self {
            Self::List(List { limit, cursor }) => {
                let query = ImportQuery { limit: *limit, cursor: cursor.clone() };
                let page = client.imports(&query).await?;
                out.show(&page, |page| page_text(page, out.language()))?;
                Ok(Exit::Ok)
            }
            Self::Show(One { id }) => show(&client.import(id).await?, out),
            Self::Cancel(One { id }) => show(&client.cancel_import(id).await?, out),
            Self::Report(report) => report.run(&client, out).await,
            Self::Approve(approve) => approve.run(&client, out).await,
            Self::Reject(reject) => reject.run(&client, out).await,
        }
    }
}

fn show(job: &ImportJob, out: Output) -> Result<Exit, Failure> {
    out.show(job, |job| import::text(job, out.language()))?;
    Ok(Exit::Ok)
}

impl Report {
    async fn run(&self, client: &Client, out: Output) -> Result<Exit, Failure> {
        let target = match &self.html {
            Some(path) => Some((path, OutputFile::create(path, self.force)?)),
            None => None,
        };
        let job = client.import(&self.id).await?;
        let page = page::of(&job)?;
        if let Some((path, mut file)) = target {
            let html = page::html(&page);
            file.file().write_all(html.as_bytes()).map_err(|e| unwritable(path, &e))?;
            file.keep()?;
            out.show(&job, |_| format!("{} written", path.display()))?;
        } else {
            out.show(&job, |_| page::text(&page))?;
        }
        Ok(Exit::Ok)
    }
}

fn page_text(page: &ImportPage, language: Language) -> String {
    let head = [
        label::IMPORT,
        label::STATE,
        label::BATCH,
        label::ACCEPTED,
        label::REFUSED,
        label::DRY_RUN,
        label::OPENED_AT,
        label::DECIDED_BY,
    ];
    let mut text = table(
        headings(language, head),
        page.items.iter().map(|job| {
            [
                job.id.clone(),
                named(job.state, language),
                job.batch.clone(),
                job.accepted.to_string(),
                job.refused.to_string(),
                (if job.dry_run { "yes" } else { "no" }).to_owned(),
                job.created_at.to_string(),
                job.decided_by.clone().unwrap_or_else(|| "-".to_owned()),
            ]
        }),
    );
    if let Some(cursor) = &page.next_cursor {
        text.extend(["There is more: --cursor ", cursor, "\n"]);
    }
    text
}
