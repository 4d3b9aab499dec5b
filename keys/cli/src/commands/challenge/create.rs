//! `warifu challenge create`: what is to be signed, from the options to the wire.
//!
//! Not responsible for: whether texts, amounts and dates are possible; the server says so.

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::{ArgGroup, Args, ValueEnum};
use warifu_api::{
    challenge::ChallengeRequest,
    client::Client,
    signing::{BatchKind, Order, Payee, Payer},
};

use super::{Asked, account, text};
use crate::{
    commands::{answer::exit_of, camera::picture::Picture},
    exit::{EXIT_CODES, Exit, Failure},
    input::unreadable,
    output::Output,
};

/// Put something to a user's token to be signed.
///
/// Exactly one of --transfer, --batch, --payee, --admin, --share, --login, --register, --question and
/// --deactivate says what. A camera token gets a picture, a keypad token digits to be typed. Accounts
/// are written as tokens show them: branch-type-account, with the bank in front for a payee.
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("paid").args(["transfer", "batch"])))]
#[command(group(ArgGroup::new("named").args(["transfer", "payee"])))]
#[command(group(ArgGroup::new("pointed").args(["share", "deactivate"])))]
#[command(after_long_help = format!("\
Examples:
  warifu challenge create C-1001 U1 --session test-1 --transfer 1250000 --from 011-1-0012345 \\
      --to 0138-201-1-1234567 --name 'ﾔﾏﾀﾞ ﾊﾅｺ' --date 2025-11-28 --png qr.png
  warifu challenge create C-1001 U1 --session test-1 --batch zengin.txt --kind salary \\
      --date 2025-11-25 --known 0138-201-1-1234567
  warifu challenge create C-1001 U2 --session test-2 --share --token-code 482913 --may-approve
  warifu challenge create C-1001 U3 --session test-3 --register K0000003

{EXIT_CODES}"))]
pub(crate) struct Create {
    #[command(flatten)]
    asked: Asked,
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    picture: Picture,
}

/// What is to be signed: one of them.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct What {
    /// A single transfer (都度振込) of so much; with --from, --to, --name and --date
    #[arg(long, value_name = "YEN", requires_all = ["from", "to", "name", "date"])]
    transfer: Option<u64>,
    /// A batch (総合振込, 給与振込) of Zengin records as received; with --kind and --date
    #[arg(long, value_name = "FILE", requires_all = ["kind", "date"])]
    batch: Option<PathBuf>,
    /// The registration of a payee (振込先登録), with --name
    #[arg(long, value_name = "ACCOUNT", value_parser = account::payee, requires = "name")]
    payee: Option<Payee>,
    /// Another operation (管理操作), in words: 1 to 60 characters of half-width kana and ASCII
    #[arg(long, value_name = "TEXT")]
    admin: Option<String>,
    /// Taking part in a camera token that others have in service (トークン共有登録)
    #[arg(long)]
    share: bool,
    /// A login with a keypad token
    #[arg(long)]
    login: bool,
    /// Taking the keypad token with this serial into service (利用開始登録)
    #[arg(long, value_name = "SERIAL")]
    register: Option<String>,
    /// A question of your own, for keypad tokens of other makers
    #[arg(long, value_name = "DIGITS")]
    question: Option<String>,
    /// The camera token is to forget its activation
    #[arg(long)]
    deactivate: bool,
}

/// The particulars of it.
#[derive(Args, Debug)]
struct How {
    /// Account that pays, for --transfer
    #[arg(long, value_name = "ACCOUNT", value_parser = account::payer, requires = "transfer")]
    from: Option<Payer>,
    /// Account that is paid, for --transfer
    #[arg(long, value_name = "ACCOUNT", value_parser = account::payee, requires = "transfer")]
    to: Option<Payee>,
    /// Holder of the account that is paid, 1 to 30 characters of half-width kana and ASCII
    #[arg(long, value_name = "KANA", requires = "named")]
    name: Option<String>,
    /// Day of payment
    #[arg(long, value_name = "YYYY-MM-DD", requires = "paid")]
    date: Option<String>,
    /// Kind of a batch
    #[arg(long, value_enum, requires = "batch")]
    kind: Option<Kind>,
    /// Payee of a batch that was registered or paid before; all others are shown first. Repeat it for
    /// each
    #[arg(long, value_name = "ACCOUNT", requires = "batch")]
    known: Vec<String>,
    /// Token code of the camera token to take part in; the only one of the contract where absent
    #[arg(long, value_name = "CODE", requires = "share", conflicts_with = "serial")]
    token_code: Option<String>,
    /// Serial of the camera token, for --share and --deactivate
    #[arg(long, value_name = "SERIAL", requires = "pointed")]
    serial: Option<String>,
    /// Name that the token shows for the user, for --share; the user's name where absent
    #[arg(long, value_name = "NAME", requires = "share")]
    login_id: Option<String>,
    /// Vouch that the user has approval rights (承認権限), for --share
    #[arg(long, requires = "share")]
    may_approve: bool,
    /// The serial once more, for --register where the bank's policy wants it twice
    #[arg(long, value_name = "SERIAL", requires = "register")]
    serial_again: Option<String>,
    /// OCRA suite, for --question where the token has several
    #[arg(long, value_name = "SUITE", requires = "question")]
    suite: Option<String>,
}

/// Kind of a batch on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Kind {
    /// 総合振込
    Transfer,
    /// 給与振込
    Salary,
    /// 賞与振込
    Bonus,
}

impl From<Kind> for BatchKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Transfer => Self::Transfer,
            Kind::Salary => Self::Salary,
            Kind::Bonus => Self::Bonus,
        }
    }
}

impl Create {
    pub(super) async fn run(&self, client: &Client, out: Output) -> Result<Exit, Failure> {
        self.picture.check()?;
        let request = ChallengeRequest {
            actor: Some(self.asked.actor()),
            operation: self.order()?,
            image: self.picture.wanted(),
        };
        let Asked { contract, user, .. } = &self.asked;
        let answer = client.create_challenge(contract, user, &request).await?;
        self.picture.keep(answer.message.as_ref())?;
        out.show(&answer, |answer| text::challenge(answer, out.language()))?;
        Ok(exit_of(answer.outcome))
    }

    fn order(&self) -> Result<Order, Failure> {
        let (what, how) = (&self.what, &self.how);
        if let Some(path) = &what.batch {
            return how.batch(path);
        }
        if let Some(amount) = what.transfer {
            return how.transfer(amount).ok_or_else(incomplete);
        }
        if let Some(payee) = &what.payee {
            let payee_name = how.name.clone().ok_or_else(incomplete)?;
            return Ok(Order::PayeeRegistration { payee: payee.clone(), payee_name });
        }
        Ok(self.other())
    }

    /// What needs nothing besides.
    fn other(&self) -> Order {
        let (what, how) = (&self.what, &self.how);
        if let Some(text) = &what.admin {
            Order::Admin { text: text.clone() }
        } else if let Some(serial) = &what.register {
            Order::Register { serial: serial.clone(), serial_again: how.serial_again.clone() }
        } else if let Some(question) = &what.question {
            Order::Question { question: question.clone(), suite: how.suite.clone() }
        } else if what.share {
            Order::Share {
                token_code: how.token_code.clone(),
                serial: how.serial.clone(),
                login_id: how.login_id.clone(),
                may_approve: how.may_approve,
            }
        } else if what.deactivate {
            Order::Deactivate { serial: how.serial.clone() }
        } else {
            Order::Login {}
        }
    }
}

impl How {
    fn transfer(&self, amount: u64) -> Option<Order> {
        Some(Order::Transfer {
            payer: self.from.clone()?,
            payee: self.to.clone()?,
            payee_name: self.name.clone()?,
            amount,
            date: self.date.clone()?,
        })
    }

    fn batch(&self, path: &Path) -> Result<Order, Failure> {
        // Base64 makes four bytes of three.
        let most = u64::try_from(ChallengeRequest::MOST_BYTES / 4 * 3).unwrap_or(u64::MAX);
        let failed = |error| unreadable(path, &error);
        if fs::metadata(path).map_err(failed)?.len() > most {
            let rule = format!("{}: a batch has at most {most} bytes", path.display());
            return Err(Failure::new(Exit::Usage, rule));
        }
        let records = fs::read(path).map_err(failed)?;
        Ok(Order::Batch {
            kind: self.kind.ok_or_else(incomplete)?.into(),
            date: self.date.clone().ok_or_else(incomplete)?,
            records: STANDARD.encode(records),
            known_payees: self.known.clone(),
        })
    }
}

/// The command line has said so already.
fn incomplete() -> Failure {
    Failure::new(Exit::Usage, "an option of this operation is missing")
}
