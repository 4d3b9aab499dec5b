//! `warifu imports`: what became of seed files. Not responsible for: sending one (`warifu import`).

use clap::{Args, Subcommand};
use warifu_api::import::{ImportPage, ImportQuery};

use super::import;
use crate::{
    connection::Connection,
    exit::{EXIT_CODES, Exit, Failure},
    output::{Output, table},
};

/// Look at imports, cancel one.
#[derive(Debug, Subcommand)]
pub(crate) enum Imports {
    List(List),
    /// Show an import with its report
    #[command(after_long_help = EXIT_CODES)]
    Show(One),
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

impl Imports {
    pub(crate) async fn run(&self, connection: &Connection, out: Output) -> Result<Exit, Failure> {
        let client = connection.client()?;
        match self {
            Self::List(List { limit, cursor }) => {
                let query = ImportQuery { limit: *limit, cursor: cursor.clone() };
                out.show(&client.imports(&query).await?, page_text)?;
                Ok(Exit::Ok)
            }
            Self::Show(One { id }) => {
                let job = client.import(id).await?;
                out.show(&job, |job| import::text(job, out.language()))?;
                Ok(Exit::Ok)
            }
            Self::Cancel(One { id }) => {
                let job = client.cancel_import(id).await?;
                out.show(&job, |job| import::text(job, out.language()))?;
                Ok(Exit::Ok)
            }
        }
    }
}

fn page_text(page: &ImportPage) -> String {
    let head = ["ID", "STATE", "BATCH", "ACCEPTED", "REFUSED", "DRY RUN", "CREATED"];
    let mut text = table(
        head,
        page.items.iter().map(|job| {
            [
                job.id.clone(),
                job.state.word().to_owned(),
                job.batch.clone(),
                job.accepted.to_string(),
                job.refused.to_string(),
                (if job.dry_run { "yes" } else { "no" }).to_owned(),
                job.created_at.to_string(),
            ]
        }),
    );
    if let Some(cursor) = &page.next_cursor {
        text.extend(["There is more: --cursor ", cursor, "\n"]);
    }
    text
}
