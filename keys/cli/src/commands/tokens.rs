//! `warifu tokens`: look at tokens and change their state.
//!
//! Not responsible for: who may do that; the server knows.

mod life;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use warifu_api::{
    Language, SecretText, Timestamp,
    client::Client,
    token::{TokenDetail, TokenPage, TokenQuery, TokenStatus},
};

pub(super) use self::life::History;
use self::life::{Issue, Lost, Recall};
use super::{
    answer::{Grounds, dash},
    verify, words,
};
use crate::{
    connection::Connection,
    exit::{EXIT_CODES, Exit, Failure},
    input, label,
    language::named,
    output::{Output, facts_in, headings, table},
    paging::Paging,
};

/// Look at tokens and change their state.
#[derive(Debug, Subcommand)]
pub(crate) enum Tokens {
    List(List),
    /// Show all that is known of a token (never its seed)
    Show(One),
    History(History),
    Issue(Issue),
    Recall(Recall),
    Lost(Lost),
    Resync(Resync),
    /// Lift the lock that wrong codes have set
    Unlock(Change),
    /// Put a token in use
    Enable(Change),
    /// Put a token out of use
    Disable(Change),
    Expire(Expire),
}

/// List tokens by serial.
///
/// Shows one page; `--all` follows the pages to the end. With --json, each page is one line.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu tokens list --status locked
  warifu tokens list --batch 2026-11 --all --json

{EXIT_CODES}"))]
pub(crate) struct List {
    /// Only tokens in this state: active, disabled, expired, locked, not_yet_valid, resync_required
    #[arg(long, value_parser = words::status)]
    status: Option<TokenStatus>,
    /// Only tokens of this batch
    #[arg(long, value_name = "NAME")]
    batch: Option<String>,
    /// Only tokens of this manufacturer
    #[arg(long, value_name = "NAME")]
    manufacturer: Option<String>,
    /// Only serials that begin so
    #[arg(long, value_name = "TEXT")]
    prefix: Option<String>,
    #[command(flatten)]
    paging: Paging,
}

/// One token.
#[derive(Args, Debug)]
#[command(after_long_help = EXIT_CODES)]
pub(crate) struct One {
    /// Serial as printed on the token
    serial: String,
}

/// Find a token's counter or clock again, by two consecutive codes.
///
/// The codes are read from standard input, one per line, or asked for on a terminal.
#[derive(Args, Debug)]
#[command(after_long_help = EXIT_CODES)]
pub(crate) struct Resync {
    /// Serial as printed on the token
    serial: String,
    /// File with the two codes, the earlier one first; `-` is standard input
    #[arg(long, value_name = "FILE", default_value = "-")]
    code_file: PathBuf,
}

/// A change with a reason.
#[derive(Args, Debug)]
#[command(after_long_help = EXIT_CODES)]
pub(crate) struct Change {
    /// Serial as printed on the token
    serial: String,
    #[command(flatten)]
    grounds: Grounds,
}

/// Set a token's last moment, or lift it.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu tokens expire 00123456 --at 2031-03-31T23:59:59+09:00
  warifu tokens expire 00123456 --never --reason 'battery replaced'

{EXIT_CODES}"))]
pub(crate) struct Expire {
    /// Serial as printed on the token
    serial: String,
    /// Last moment at which codes are accepted, RFC 3339
    #[arg(long, value_name = "TIME", required_unless_present = "never", value_parser = words::time)]
    at: Option<Timestamp>,
    /// No expiry
    #[arg(long, conflicts_with = "at")]
    never: bool,
    #[command(flatten)]
    grounds: Grounds,
}

impl Tokens {
    pub(crate) async fn run(&self, connection: &Connection, out: Output) -> Result<Exit, Failure> {
        let client = connection.client()?;
        let detail = match self {
            Self::List(list) => return list.run(&client, out).await,
            Self::Resync(resync) => return resync.run(&client, out).await,
            Self::History(history) => return history.run(connection, out).await,
            Self::Issue(issue) => return issue.run(&client, out).await,
            Self::Recall(recall) => return recall.run(&client, out).await,
            Self::Lost(lost) => return lost.run(&client, out).await,
            Self::Show(one) => client.token(&one.serial).await?,
            Self::Unlock(to) => client.unlock(&to.serial, &to.grounds.change()).await?,
            Self::Enable(to) => client.enable(&to.serial, &to.grounds.change()).await?,
            Self::Disable(to) => client.disable(&to.serial, &to.grounds.change()).await?,
            Self::Expire(to) => {
                client.set_expiry(&to.serial, to.at.clone(), to.grounds.change()).await?
            }
        };
        out.show(&detail, |detail| text(detail, out.language()))?;
        Ok(Exit::Ok)
    }
}

impl List {
    async fn run(&self, client: &Client, out: Output) -> Result<Exit, Failure> {
        let fetch = async |cursor| {
            let query = TokenQuery {
                limit: self.paging.limit,
                cursor,
                status: self.status,
                batch: self.batch.clone(),
                manufacturer: self.manufacturer.clone(),
                prefix: self.prefix.clone(),
            };
            client.tokens(&query).await
        };
        self.paging.show(out, fetch, |page| page_text(page, out.language())).await
    }
}

impl Resync {
    async fn run(&self, client: &Client, out: Output) -> Result<Exit, Failure> {
        let codes = input::two_secrets(&self.code_file, ["first code", "next code"])?;
        let codes = codes.map(|code| SecretText::new(code.trim().to_owned()));
        let answer = client.resync(&self.serial, codes).await?;
        out.show(&answer, |answer| verify::text(answer, out.language()))?;
        Ok(verify::exit_of(&answer))
    }
}

fn page_text(page: &TokenPage, language: Language) -> String {
    let head = [
        label::SERIAL,
        label::STATUS,
        label::LIFE,
        label::KIND,
        label::ALGORITHM,
        label::HASH,
        label::DIGITS,
        label::BATCH,
        label::EXPIRES,
        label::MANUFACTURER,
    ];
    table(
        headings(language, head),
        page.items.iter().map(|token| {
            [
                token.serial.clone(),
                named(token.status, language),
                named(token.life, language),
                named(token.kind, language),
                token.algorithm.word().to_owned(),
                token.hash.word().to_owned(),
                token.digits.to_string(),
                token.batch.clone(),
                token.expires_at.as_ref().map_or_else(dash, ToString::to_string),
                token.manufacturer.clone(),
            ]
        }),
    )
}

fn text(token: &TokenDetail, language: Language) -> String {
    let time = |time: &Option<Timestamp>| time.as_ref().map(ToString::to_string);
    let camera = token.camera.as_ref();
    facts_in(
        language,
        [
            (label::SERIAL, Some(token.serial.clone())),
            (label::STATUS, Some(named(token.status, language))),
            (label::LIFE, Some(named(token.life, language))),
            (label::CONTRACT, token.contract.clone()),
            (label::KIND, Some(named(token.kind, language))),
            (label::FAILURES, Some(token.failures.to_string())),
            (label::ATTEMPTS, Some(token.remaining_attempts.to_string())),
            (label::LOCKED_AT, time(&token.locked_at)),
            (label::LAST_ACCEPTED, time(&token.last_accepted_at)),
            (label::VALID_FROM, time(&token.valid_from)),
            (label::EXPIRES_AT, time(&token.expires_at)),
            (label::ALGORITHM, Some(token.algorithm.word().to_owned())),
            (label::HASH, Some(token.hash.word().to_owned())),
            (label::DIGITS, Some(token.digits.to_string())),
            (label::TIME_STEP, token.time_step_s.map(|step| format!("{step} s"))),
            (label::DRIFT, token.drift_steps.map(|drift| format!("{drift} steps"))),
            (label::NEXT_COUNTER, token.counter_next.map(|counter| counter.to_string())),
            (label::SUITES, token.suites.as_ref().map(|suites| suites.join(", "))),
            (label::CAMERA_STATE, camera.map(|camera| named(camera.state, language))),
            (label::TOKEN_CODE, camera.and_then(|camera| camera.token_code.clone())),
            (label::DEVICE_COUNTER, camera.map(|camera| camera.counter.to_string())),
            (label::MANUFACTURER, Some(token.manufacturer.clone())),
            (label::KEY_ID, Some(token.key_id.clone())),
            (label::BATCH, Some(token.batch.clone())),
            (label::CUSTODY, Some(token.custody.word().to_owned())),
            (label::IMPORTED_AT, Some(token.created_at.to_string())),
        ],
    )
}
