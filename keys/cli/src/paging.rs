//! Lists that come in pages: one page, or all of them.
//!
//! Not responsible for: what a page looks like.

use clap::Args;
use serde::Serialize;
use warifu_api::{
    client::ClientError,
    contract::{ContractTokenPage, UserPage},
    token::TokenPage,
};

use crate::{
    exit::{Exit, Failure},
    output::Output,
};

/// Which part of a list.
#[derive(Args, Debug)]
pub(crate) struct Paging {
    /// Most entries per page, 1 to 1000
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u32>,
    /// Go on where an earlier page ended
    #[arg(long, value_name = "CURSOR", conflicts_with = "all")]
    cursor: Option<String>,
    /// All pages
    #[arg(long)]
    all: bool,
}

/// A page of some list.
pub(crate) trait Page: Serialize {
    /// Where the next one begins.
    fn next_cursor(&self) -> Option<&String>;
}

impl Page for TokenPage {
    fn next_cursor(&self) -> Option<&String> {
        self.next_cursor.as_ref()
    }
}

impl Page for UserPage {
    fn next_cursor(&self) -> Option<&String> {
        self.next_cursor.as_ref()
    }
}

impl Page for ContractTokenPage {
    fn next_cursor(&self) -> Option<&String> {
        self.next_cursor.as_ref()
    }
}

impl Paging {
    /// Shows what was asked for. A person is told on standard error that there is more; a program
    /// reads `next_cursor`.
    pub(crate) async fn show<P: Page>(
        &self,
        out: Output,
        mut fetch: impl AsyncFnMut(Option<String>) -> Result<P, ClientError>,
        text: impl Fn(&P) -> String,
    ) -> Result<Exit, Failure> {
        let mut cursor = self.cursor.clone();
        loop {
            let page = fetch(cursor).await?;
            out.show(&page, &text)?;
            cursor = page.next_cursor().cloned();
            match &cursor {
                Some(_) if self.all => {}
                Some(next) if !out.is_json() => {
                    eprintln!("There is more: --cursor {next}, or --all");
                    return Ok(Exit::Ok);
                }
                _ => return Ok(Exit::Ok),
            }
        }
    }
}
