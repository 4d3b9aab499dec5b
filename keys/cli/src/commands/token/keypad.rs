//! `warifu token keypad`: a virtual keypad token (OCRA).
//!
//! Not responsible for: what may be typed into it (`warifu_core::ocra::keypad`).

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use warifu_core::{
    ocra::keypad::{Account, Amount, Asked, Challenge, KeypadFault, KeypadUse, LoginChallenge},
    time::UnixTime,
};
use warifu_token::{KeypadToken, Keyring};

use super::{failure, now, time};
use crate::{
    exit::{EXIT_CODES, Exit, Failure},
    input,
    output::Output,
};

/// A virtual keypad token (OCRA): digits are typed in, a code comes out.
#[derive(Debug, Subcommand)]
pub(crate) enum Keypad {
    Code(Code),
}

/// Show what a virtual keypad token shows when something is typed into it.
///
/// `--use` says what for: it decides which of the other values are typed. Codes over an account
/// without a challenge also depend on the time.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu token keypad code --keyring demo.json --serial K0000001 --use login --challenge 12345678
  warifu token keypad code --key-file key.hex --use account-amount --account 0123456 --amount 1000

{EXIT_CODES}"))]
pub(crate) struct Code {
    #[command(flatten)]
    token: Token,
    /// Serial of the token in the keyring
    #[arg(long, value_name = "SERIAL", requires = "keyring")]
    serial: Option<String>,
    /// What the code is for
    #[arg(long = "use", value_enum, value_name = "USE")]
    purpose: UseWord,
    /// What the server asks: 8 digits at login, 6 before a transaction
    #[arg(long, value_name = "DIGITS")]
    challenge: Option<String>,
    /// The payee's account number: 7 digits
    #[arg(long, value_name = "DIGITS")]
    account: Option<String>,
    /// The amount in yen
    #[arg(long, value_name = "YEN")]
    amount: Option<u64>,
    /// The time on the token's clock, RFC 3339; now where absent
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<UnixTime>,
}

/// Which token.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct Token {
    /// Keyring of a demo batch of keypad tokens
    #[arg(long, value_name = "FILE", requires = "serial")]
    keyring: Option<PathBuf>,
    /// File with the token's key in hexadecimal; `-` asks for it
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

/// A use on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum UseWord {
    /// Answers a challenge at login
    Login,
    /// Signs an account number; the amount stays open
    Account,
    /// Signs account number and amount
    AccountAmount,
    /// Signs a challenge, account number and amount
    ChallengeAccountAmount,
}

impl From<UseWord> for KeypadUse {
    fn from(word: UseWord) -> Self {
        match word {
            UseWord::Login => Self::Login,
            UseWord::Account => Self::Account,
            UseWord::AccountAmount => Self::AccountAmount,
            UseWord::ChallengeAccountAmount => Self::ChallengeAccountAmount,
        }
    }
}

impl Keypad {
    pub(crate) fn run(&self, out: Output) -> Result<Exit, Failure> {
        let Self::Code(code) = self;
        code.run(out)
    }
}

impl Code {
    fn run(&self, out: Output) -> Result<Exit, Failure> {
        let asked = self.asked()?;
        let token = self.token()?;
        let shown = token.code(asked, self.at.unwrap_or_else(now));
        let shown = shown.map_err(|error| Failure::because(Exit::Usage, "keypad token", &error))?;
        let (one, code) = (asked.keypad_use(), shown.expose().to_owned());
        let answer = json!({
            "use": one.word(),
            "suite": one.suite_text(),
            "question": asked.question(),
            "code": code,
        });
        out.show(&answer, |_| code.clone())?;
        Ok(Exit::Ok)
    }

    fn token(&self) -> Result<KeypadToken, Failure> {
        if let (Some(path), Some(serial)) = (&self.token.keyring, &self.serial) {
            let keyring = Keyring::load(path).map_err(|error| failure(path, error))?;
            return keyring.keypad(serial).map_err(|error| failure(path, error));
        }
        let Some(path) = &self.token.key_file else {
            return Err(Failure::new(Exit::Usage, "a keyring needs --serial"));
        };
        let text = input::secret(path, "key of the token")?;
        KeypadToken::from_text(&text)
            .map_err(|error| Failure::because(Exit::Usage, "key of the token", &error))
    }

    /// What is typed: all that the use has, and nothing else.
    fn asked(&self) -> Result<Asked, Failure> {
        let one = KeypadUse::from(self.purpose);
        let challenge = needed("--challenge", one.has_challenge(), self.challenge.as_deref())?;
        let account = needed("--account", one.has_account(), self.account.as_deref())?;
        let amount = needed("--amount", one.has_amount(), self.amount)?;
        asked(one, challenge.unwrap_or_default(), account.unwrap_or_default(), amount)
            .map_err(|fault| Failure::because(Exit::Usage, "what is typed", &fault))
    }
}

fn asked(
    one: KeypadUse,
    challenge: &str,
    account: &str,
    amount: Option<u64>,
) -> Result<Asked, KeypadFault> {
    let yen = || Amount::new(amount.unwrap_or_default());
    Ok(match one {
        KeypadUse::Login => Asked::Login(LoginChallenge::parse(challenge)?),
        KeypadUse::Account => Asked::Account(Account::parse(account)?),
        KeypadUse::AccountAmount => Asked::AccountAmount(Account::parse(account)?, yen()?),
        KeypadUse::ChallengeAccountAmount => Asked::ChallengeAccountAmount(
            Challenge::parse(challenge)?,
            Account::parse(account)?,
            yen()?,
        ),
    })
}

fn needed<T>(name: &str, needs: bool, value: Option<T>) -> Result<Option<T>, Failure> {
    match (needs, &value) {
        (true, None) => Err(Failure::new(Exit::Usage, format!("this use needs {name}"))),
        (false, Some(_)) => Err(Failure::new(Exit::Usage, format!("this use has no {name}"))),
        _ => Ok(value),
    }
}
