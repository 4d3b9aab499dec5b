//! `warifu verify`. Not responsible for: judging the code.

use std::path::PathBuf;

use clap::Args;
use warifu_api::{
    Language, SecretText,
    token::{Outcome, VerifyAnswer},
};

use crate::{
    connection::Connection,
    exit::{EXIT_CODES, Exit, Failure},
    input, label,
    language::named,
    output::{Output, facts_in},
};

/// Check a code of a token.
///
/// The code is read from standard input, or asked for where that is a terminal; it is never an
/// argument, which other users of this machine could see. A right code is used up by this.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu verify 00123456
  echo 755224 | warifu verify 00123456 --json

{EXIT_CODES}"))]
pub(crate) struct Verify {
    /// Serial as printed on the token
    serial: String,
    /// File with the code; `-` is standard input
    #[arg(long, value_name = "FILE", default_value = "-")]
    code_file: PathBuf,
}

impl Verify {
    pub(crate) async fn run(&self, connection: &Connection, out: Output) -> Result<Exit, Failure> {
        let client = connection.client()?;
        let code = input::secret(&self.code_file, "code")?;
        let code = SecretText::new(code.trim().to_owned());
        let answer = client.verify(&self.serial, code).await?;
        out.show(&answer, |answer| text(answer, out.language()))?;
        Ok(exit_of(&answer))
    }
}

/// Whether the code was right, as an exit code.
pub(crate) fn exit_of(answer: &VerifyAnswer) -> Exit {
    match answer.outcome {
        Outcome::Accepted => Exit::Ok,
        Outcome::Rejected => Exit::Refused,
    }
}

/// For people.
pub(crate) fn text(answer: &VerifyAnswer, language: Language) -> String {
    facts_in(
        language,
        [
            (label::SERIAL, Some(answer.serial.clone())),
            (label::OUTCOME, Some(named(answer.outcome, language))),
            (label::REASON, answer.reason.map(|reason| named(reason, language))),
            (label::ATTEMPTS, Some(answer.remaining_attempts.to_string())),
            (label::CHECKED_AT, Some(answer.checked_at.to_string())),
            (label::REQUEST, Some(answer.request_id.clone())),
        ],
    )
}
