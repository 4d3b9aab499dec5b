//! `warifu user`: one customer's user, from the order of a token to its end.
//!
//! The person at this terminal acts as the bank's staff, who are known by their certificate.
//!
//! Not responsible for: who may do what; the server knows the bank's policy.

mod text;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use warifu_api::{
    SecretText,
    action::{ActionAnswer, DeactivateRequest, OrderRequest, RegisterRequest},
    approval::ProposedOperation,
    client::Client,
    contract::TargetsRequest,
    user::{Role, UserDetail, UserRemoveQuery, UserSetRequest, UserStatusQuery},
};

use super::{
    answer::{self, Grounds},
    propose::{Propose, or_propose, propose},
    words::KindWord,
};
use crate::{
    connection::Connection,
    exit::{EXIT_CODES, Exit, Failure},
    input,
    output::Output,
};

/// Look after the users (利用者) of a contract and their tokens.
///
/// You act as the bank's staff. Each change goes into the audit chain with your certificate's name;
/// the bank's policy may insist on --reason and --reference.
#[derive(Debug, Subcommand)]
pub(crate) enum User {
    Set(Set),
    /// Show all that is known of a user
    #[command(after_long_help = EXIT_CODES)]
    Show(One),
    /// Show what happened to a user last, the newest first
    ///
    /// The last 10 events are kept here; all of them are in the audit chain.
    #[command(after_long_help = EXIT_CODES)]
    History(One),
    Status(Status),
    Order(Order),
    Register(Register),
    Unlock(Unlock),
    Revoke(Revoke),
    Deactivate(Deactivate),
    Remove(Remove),
}

/// One user.
#[derive(Args, Debug)]
pub(crate) struct One {
    /// Name of the user within the contract
    user: String,
    /// Contract of the user
    #[arg(long, value_name = "CONTRACT")]
    contract: String,
}

/// Make a user, or change the role.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu user set U1 --contract C-1001 --role master

{EXIT_CODES}"))]
pub(crate) struct Set {
    #[command(flatten)]
    one: One,
    /// What the user may do within the contract
    #[arg(long, value_enum)]
    role: RoleWord,
}

/// Show what a user who is logging in would see: a registration screen, or why it does not go on.
///
/// Changes nothing.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu user status U1 --contract C-1001
  warifu user status U1 --contract C-1001 --rights transfer_single,login --language ja

{EXIT_CODES}"))]
pub(crate) struct Status {
    #[command(flatten)]
    one: One,
    /// Classes of operations that the front end lets the user do, separated by commas; all of them
    /// where absent
    #[arg(long, value_name = "CLASSES")]
    rights: Option<String>,
}

/// Order a token for a user (発行申請).
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu user order U1 --contract C-1001 --kind hard --reason 'paper form' --reference A-4713

{EXIT_CODES}"))]
pub(crate) struct Order {
    #[command(flatten)]
    one: One,
    /// Kind of the token
    #[arg(long, value_enum)]
    kind: KindWord,
    #[command(flatten)]
    grounds: Grounds,
}

/// Take a token into service for a user (利用開始登録).
///
/// Serial and code prove that the user holds the token. The code is read from standard input, or
/// asked for where that is a terminal; it is never an argument, which other users of this machine
/// could see.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu user register U1 --contract C-1001 --serial 00123456 --reason 'by phone' --reference T-17

{EXIT_CODES}"))]
pub(crate) struct Register {
    #[command(flatten)]
    one: One,
    /// Serial as printed on the token
    #[arg(long, value_name = "SERIAL")]
    serial: String,
    /// The serial once more, where the bank's policy wants it twice
    #[arg(long, value_name = "SERIAL")]
    serial_again: Option<String>,
    /// File with the code; `-` is standard input
    #[arg(long, value_name = "FILE", default_value = "-")]
    code_file: PathBuf,
    #[command(flatten)]
    grounds: Grounds,
}

/// Several users.
#[derive(Args, Debug)]
pub(crate) struct Several {
    /// Names of the users within the contract, at most 500
    #[arg(required = true, value_name = "USER")]
    users: Vec<String>,
    /// Contract of the users
    #[arg(long, value_name = "CONTRACT")]
    contract: String,
    #[command(flatten)]
    grounds: Grounds,
}

/// Lift the lock that wrong codes have set (利用停止解除).
///
/// A lock is the token's: it is lifted for all users of the same token, who are shown. With several
/// users, all locks are lifted or none. The bank's policy may want two people for several users: then
/// --propose it, and have another person approve it.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu user unlock U1 --contract C-1001 --reason 'identified by phone' --reference T-18
  warifu user unlock U1 U2 U3 --contract C-1001 --reason 'tokens mixed up' --reference T-19 --propose

{EXIT_CODES}"))]
pub(crate) struct Unlock {
    #[command(flatten)]
    several: Several,
    #[command(flatten)]
    propose: Propose,
}

/// Take the tokens of users away (失効), as after a loss.
///
/// Ends the registration of each user named, not that of others who share the token. When they may
/// register again is shown; the bank's policy says how long that takes. With several users, all are
/// revoked or none.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu user revoke U1 --contract C-1001 --reason 'token lost' --reference T-20

{EXIT_CODES}"))]
pub(crate) struct Revoke {
    #[command(flatten)]
    several: Several,
}

/// Give a user's token up for them (利用解除).
///
/// The token has to be issued again before anybody can register it, unless the bank's policy says
/// otherwise.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu user deactivate U1 --contract C-1001 --reason 'leaves the company' --reference T-21

{EXIT_CODES}"))]
pub(crate) struct Deactivate {
    #[command(flatten)]
    one: One,
    #[command(flatten)]
    grounds: Grounds,
}

/// Remove a user from the contract.
///
/// What they held is let go as by a revocation. A token that is on its way to them has to be recalled
/// first.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu user remove U1 --contract C-1001 --reason 'left the company' --reference T-22

{EXIT_CODES}"))]
pub(crate) struct Remove {
    #[command(flatten)]
    one: One,
    #[command(flatten)]
    grounds: Grounds,
}

/// Role on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum RoleWord {
    /// マスターユーザ
    Master,
    /// 管理者ユーザ
    Administrator,
    /// 一般ユーザ
    General,
}

impl From<RoleWord> for Role {
    fn from(role: RoleWord) -> Self {
        match role {
            RoleWord::Master => Self::Master,
            RoleWord::Administrator => Self::Administrator,
            RoleWord::General => Self::General,
        }
    }
}

impl User {
    pub(crate) async fn run(&self, connection: &Connection, out: Output) -> Result<Exit, Failure> {
        let client = connection.client()?;
        let answer = match self {
            Self::Set(set) => return detail(&set.run(&client).await?, out),
            Self::Show(one) => return detail(&one.show(&client).await?, out),
            Self::History(one) => return history(&one.show(&client).await?, out),
            Self::Status(status) => return status.run(&client, out).await,
            Self::Unlock(unlock) => return unlock.run(&client, out).await,
            Self::Revoke(revoke) => return revoke.run(&client, out).await,
            Self::Order(order) => order.run(&client).await?,
            Self::Register(register) => register.run(&client).await?,
            Self::Deactivate(deactivate) => deactivate.run(&client).await?,
            Self::Remove(remove) => remove.run(&client).await?,
        };
        out.show(&answer, |answer| answer::text(answer, out.language()))?;
        Ok(answer::exit_of(answer.outcome))
    }
}

fn detail(user: &UserDetail, out: Output) -> Result<Exit, Failure> {
    out.show(user, |user| text::detail(user, out.language()))?;
    Ok(Exit::Ok)
}

fn history(user: &UserDetail, out: Output) -> Result<Exit, Failure> {
    out.show(user, |user| text::history(user, out.language()))?;
    Ok(Exit::Ok)
}

impl One {
    async fn show(&self, client: &Client) -> Result<UserDetail, Failure> {
        Ok(client.user(&self.contract, &self.user).await?)
    }
}

impl Set {
    async fn run(&self, client: &Client) -> Result<UserDetail, Failure> {
        let One { user, contract } = &self.one;
        let request = UserSetRequest { role: self.role.into() };
        Ok(client.set_user(contract, user, &request).await?)
    }
}

impl Status {
    async fn run(&self, client: &Client, out: Output) -> Result<Exit, Failure> {
        let One { user, contract } = &self.one;
        let query = UserStatusQuery { rights: self.rights.clone() };
        let answer = client.user_status(contract, user, &query).await?;
        out.show(&answer, |answer| text::status(answer, out.language()))?;
        Ok(Exit::Ok)
    }
}

impl Order {
    async fn run(&self, client: &Client) -> Result<ActionAnswer, Failure> {
        let One { user, contract } = &self.one;
        let Grounds { reason, reference } = self.grounds.clone();
        let request = OrderRequest { actor: None, kind: self.kind.into(), reason, reference };
        Ok(client.order_token(contract, user, &request).await?)
    }
}

impl Register {
    async fn run(&self, client: &Client) -> Result<ActionAnswer, Failure> {
        let One { user, contract } = &self.one;
        let code = input::secret(&self.code_file, "code")?;
        let Grounds { reason, reference } = self.grounds.clone();
        let request = RegisterRequest {
            actor: None,
            serial: self.serial.clone(),
            serial_again: self.serial_again.clone(),
            code: SecretText::new(code.trim().to_owned()),
            reason,
            reference,
        };
        Ok(client.register_token(contract, user, &request).await?)
    }
}

impl Several {
    fn request(&self) -> TargetsRequest {
        let Grounds { reason, reference } = self.grounds.clone();
        TargetsRequest { actor: None, users: self.users.clone(), reason, reference }
    }
}

impl Unlock {
    async fn run(&self, client: &Client, out: Output) -> Result<Exit, Failure> {
        let several = &self.several;
        if self.propose.propose {
            let operation = ProposedOperation::ContractUnlocks {
                contract: several.contract.clone(),
                users: several.users.clone(),
                request: several.grounds.change(),
            };
            return propose(client, operation, out).await;
        }
        let answer = client.unlock_users(&several.contract, &several.request()).await;
        let answer = answer.map_err(or_propose)?;
        out.show(&answer, |answer| answer::targets_text(answer, out.language()))?;
        Ok(answer::exit_of(answer.outcome))
    }
}

impl Revoke {
    async fn run(&self, client: &Client, out: Output) -> Result<Exit, Failure> {
        let several = &self.several;
        let answer = client.revoke_users(&several.contract, &several.request()).await?;
        out.show(&answer, |answer| answer::targets_text(answer, out.language()))?;
        Ok(answer::exit_of(answer.outcome))
    }
}

impl Remove {
    async fn run(&self, client: &Client) -> Result<ActionAnswer, Failure> {
        let One { user, contract } = &self.one;
        let Grounds { reason, reference } = self.grounds.clone();
        Ok(client.remove_user(contract, user, &UserRemoveQuery { reason, reference }).await?)
    }
}

impl Deactivate {
    async fn run(&self, client: &Client) -> Result<ActionAnswer, Failure> {
        let One { user, contract } = &self.one;
        let Grounds { reason, reference } = self.grounds.clone();
        let request = DeactivateRequest { actor: None, reason, reference };
        Ok(client.deactivate_user(contract, user, &request).await?)
    }
}
