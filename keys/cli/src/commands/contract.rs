//! `warifu contract`: customers of the bank, their users and tokens in lists, their usage mode.
//!
//! Not responsible for: one user (`warifu user`), one token (`warifu tokens`).

use clap::{Args, Subcommand, ValueEnum};
use warifu_api::{
    Language, Timestamp,
    client::Client,
    contract::{
        ContractDetail, ContractSetRequest, ContractTokenPage, ContractTokenQuery, UsageMode,
        UsageModeRequest, UserPage, UserQuery,
    },
    user::{Authentication, ListedState},
};

use super::{
    answer::{self, Grounds, dash},
    words,
};
use crate::{
    connection::Connection,
    exit::{EXIT_CODES, Exit, Failure},
    label,
    language::named,
    output::{Output, facts_in, headings, table},
    paging::Paging,
};

/// Look after contracts (契約先): their users and tokens, how these belong together.
#[derive(Debug, Subcommand)]
pub(crate) enum Contract {
    Set(Set),
    /// Show a contract
    #[command(after_long_help = EXIT_CODES)]
    Show(One),
    Users(Users),
    Tokens(Tokens),
    UsageMode(Usage),
}

/// Make a contract, or change its start of service.
///
/// A contract has to be there before its users and before tokens can be issued to it.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu contract set C-1001 --service-start 2026-12-01T00:00:00+09:00
  warifu contract set C-1001 --usage-mode shared --reference A-2026-4711

{EXIT_CODES}"))]
pub(crate) struct Set {
    /// Name of the contract: up to 32 letters, digits, `-`, `_`, `.`
    contract: String,
    /// From when on tokens are asked for (利用開始日), RFC 3339
    ///
    /// Now for a new contract, unchanged for another where absent.
    #[arg(long, value_name = "TIME", value_parser = words::time)]
    service_start: Option<Timestamp>,
    /// How users and tokens belong together (利用形態); for a new contract only
    ///
    /// The bank's policy decides where absent. For another contract use `warifu contract
    /// usage-mode`.
    #[arg(long, value_enum, value_name = "MODE")]
    usage_mode: Option<Mode>,
    #[command(flatten)]
    grounds: Grounds,
}

/// One contract.
#[derive(Args, Debug)]
pub(crate) struct One {
    /// Name of the contract
    contract: String,
}

/// List the users of a contract (利用者一覧), by name.
///
/// Shows one page; `--all` follows the pages to the end. With --json, each page is one line. The
/// expiry is in the bank's time zone.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu contract users C-1001
  warifu contract users C-1001 --authentication stopped --all
  warifu contract users C-1001 --state issued --json

{EXIT_CODES}"))]
pub(crate) struct Users {
    /// Name of the contract
    contract: String,
    /// Only users in this state: unregistered (未登録), issued (トークン発行済み), in_service
    /// (サービス利用中), revoked (失効中), expired (トークン有効期限切れ)
    #[arg(long, value_parser = words::listed_state)]
    state: Option<ListedState>,
    /// Only users whose codes are looked at (available, 利用可能) or are not (stopped, 停止中)
    #[arg(long, value_parser = words::authentication)]
    authentication: Option<Authentication>,
    #[command(flatten)]
    paging: Paging,
}

/// List the tokens of a contract, by serial.
///
/// Shows one page; `--all` follows the pages to the end. With --json, each page is one line.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu contract tokens C-1001 --all

{EXIT_CODES}"))]
pub(crate) struct Tokens {
    /// Name of the contract
    contract: String,
    #[command(flatten)]
    paging: Paging,
}

/// Change how a contract's users and tokens belong together (利用形態), or see what that would do.
///
/// Ends all registrations of the contract and frees all its tokens, at once. Without --yes nothing
/// is changed: it is shown how many users and tokens are concerned. The bank's policy may insist on
/// --reason and --reference for that too.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu contract usage-mode C-1001 --to common --reason 'as applied for' --reference A-4712
  warifu contract usage-mode C-1001 --to common --reason 'as applied for' --reference A-4712 --yes

{EXIT_CODES}"))]
pub(crate) struct Usage {
    /// Name of the contract
    contract: String,
    /// The new mode
    #[arg(long, value_enum, value_name = "MODE")]
    to: Mode,
    /// Do it
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    grounds: Grounds,
}

/// Usage mode on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Mode {
    /// Each user a token of their own
    Individual,
    /// A user may register a token that another user of the contract has in service
    Shared,
    /// One token for all users
    Common,
}

impl From<Mode> for UsageMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Individual => Self::Individual,
            Mode::Shared => Self::Shared,
            Mode::Common => Self::Common,
        }
    }
}

impl Contract {
    pub(crate) async fn run(&self, connection: &Connection, out: Output) -> Result<Exit, Failure> {
        let client = connection.client()?;
        let detail = match self {
            Self::Set(set) => client.set_contract(&set.contract, &set.request()).await?,
            Self::Show(One { contract }) => client.contract(contract).await?,
            Self::Users(users) => return users.run(&client, out).await,
            Self::Tokens(tokens) => return tokens.run(&client, out).await,
            Self::UsageMode(usage) => return usage.run(&client, out).await,
        };
        out.show(&detail, |detail| text(detail, out.language()))?;
        Ok(Exit::Ok)
    }
}

impl Set {
    fn request(&self) -> ContractSetRequest {
        ContractSetRequest {
            service_start: self.service_start.clone(),
            usage_mode: self.usage_mode.map(Into::into),
            reason: self.grounds.reason.clone(),
            reference: self.grounds.reference.clone(),
        }
    }
}

impl Users {
    async fn run(&self, client: &Client, out: Output) -> Result<Exit, Failure> {
        let fetch = async |cursor| {
            let query = UserQuery {
                limit: self.paging.limit,
                cursor,
                state: self.state,
                authentication: self.authentication,
            };
            client.contract_users(&self.contract, &query).await
        };
        self.paging.show(out, fetch, |page| users_text(page, out.language())).await
    }
}

impl Tokens {
    async fn run(&self, client: &Client, out: Output) -> Result<Exit, Failure> {
        let fetch = async |cursor| {
            let query = ContractTokenQuery { limit: self.paging.limit, cursor };
            client.contract_tokens(&self.contract, &query).await
        };
        self.paging.show(out, fetch, |page| tokens_text(page, out.language())).await
    }
}

impl Usage {
    async fn run(&self, client: &Client, out: Output) -> Result<Exit, Failure> {
        let request = UsageModeRequest {
            actor: None,
            usage_mode: self.to.into(),
            dry_run: !self.yes,
            reason: self.grounds.reason.clone(),
            reference: self.grounds.reference.clone(),
        };
        let answer = client.change_usage_mode(&self.contract, &request).await?;
        out.show(&answer, |answer| answer::usage_text(answer, out.language()))?;
        Ok(answer::exit_of_usage(answer.outcome))
    }
}

fn text(contract: &ContractDetail, language: Language) -> String {
    let time = |time: &Timestamp| Some(time.to_string());
    facts_in(
        language,
        [
            (label::CONTRACT, Some(contract.contract.clone())),
            (label::SERVICE_START, time(&contract.service_start)),
            (label::USAGE_MODE, Some(named(contract.usage_mode, language))),
            (label::COMMON_SERIAL, contract.common_serial.clone()),
            (label::COMMON_SINCE, contract.common_since.as_ref().and_then(time)),
            (label::GENERATION, Some(contract.generation.to_string())),
            (label::CREATED_AT, time(&contract.created_at)),
        ],
    )
}

fn users_text(page: &UserPage, language: Language) -> String {
    let head = [
        label::USER,
        label::ROLE,
        label::STATE,
        label::AUTHENTICATION_SHORT,
        label::SERIAL,
        label::EXPIRES,
    ];
    table(
        headings(language, head),
        page.items.iter().map(|user| {
            [
                user.user.clone(),
                named(user.role, language),
                named(user.state, language),
                named(user.authentication, language),
                user.serial.clone().unwrap_or_else(dash),
                user.expires_local.clone().unwrap_or_else(dash),
            ]
        }),
    )
}

fn tokens_text(page: &ContractTokenPage, language: Language) -> String {
    let head = [
        label::SERIAL,
        label::KIND,
        label::LIFE,
        label::STATUS,
        label::USERS,
        label::ISSUED_TO,
        label::EXPIRES,
    ];
    table(
        headings(language, head),
        page.items.iter().map(|token| {
            [
                token.serial.clone(),
                named(token.kind, language),
                named(token.life, language),
                named(token.status, language),
                token.users.to_string(),
                token.issued_to.clone().unwrap_or_else(dash),
                token.expires_at.as_ref().map_or_else(dash, ToString::to_string),
            ]
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> UserPage {
        serde_json::from_str(
            r#"{"items":[
                {"user":"U1","role":"master","state":"in_service","authentication":"stopped",
                 "serial":"00123456","kind":"hard","expires_local":"2026-09-30 08:00"},
                {"user":"U2","role":"general","state":"unregistered","authentication":"available"}
            ]}"#,
        )
        .unwrap()
    }

    #[test]
    fn the_list_of_users_is_the_banks_list() {
        assert_eq!(
            users_text(&page(), Language::Ja),
            "\
利用者  区分            状態            認証状態  シリアル番号  有効期限
U1      マスターユーザ  サービス利用中  停止中    00123456      2026-09-30 08:00
U2      一般ユーザ      未登録          利用可能  -             -
"
        );
    }

    #[test]
    fn in_english_it_shows_what_options_take() {
        assert_eq!(
            users_text(&page(), Language::En),
            "\
USER  ROLE     STATE         AUTH       SERIAL    EXPIRES
U1    master   in_service    stopped    00123456  2026-09-30 08:00
U2    general  unregistered  available  -         -
"
        );
    }
}
