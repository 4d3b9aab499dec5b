//! `warifu challenge`: a tester's front end for signatures. It asks a user to sign, and checks the code
//! that their token shows.
//!
//! Not responsible for: which tokens can sign what, activations (`warifu camera`), virtual tokens
//! (`warifu token camera`, `warifu token keypad`).

mod account;
mod create;
mod text;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use warifu_api::{
    SecretText,
    action::ActionAnswer,
    challenge::{
        ChallengeCancelQuery, ChallengeShowQuery, ChallengeVerifyAnswer, CodeRequest, Image,
    },
    client::Client,
    token::Outcome,
};

use super::{
    answer,
    camera::{activate::digits, actor, picture::Picture},
};
use crate::{
    connection::Connection,
    exit::{EXIT_CODES, Exit, Failure},
    input,
    output::Output,
};

/// Ask a user to sign, and check the code (トランザクション認証).
///
/// You act as a front end, with a certificate of the role validator, in a session whose name you make
/// up: only the session that asked can answer. For tests and demonstrations. A bank's front end talks
/// to the server itself, see docs/api.md.
#[derive(Debug, Subcommand)]
pub(crate) enum Challenge {
    Create(Box<create::Create>),
    Show(Show),
    Verify(Verify),
    Cancel(Cancel),
}

/// Who is asked, and in which session.
#[derive(Args, Debug)]
struct Asked {
    /// Contract of the user
    contract: String,
    /// Name of the user within the contract
    user: String,
    /// The front end's session: any text. Other users of this machine can see it here
    #[arg(long, value_name = "SESSION")]
    session: String,
}

/// One challenge.
#[derive(Args, Debug)]
struct One {
    #[command(flatten)]
    asked: Asked,
    /// The challenge, as `create` names it
    #[arg(value_name = "CHALLENGE")]
    id: String,
}

/// Show an open challenge again: the picture, or what is to be typed.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu challenge show C-1001 U1 0112345679-0d20b52063568484493fa0b1 --session test-1 --png qr.png

{EXIT_CODES}"))]
pub(crate) struct Show {
    #[command(flatten)]
    one: One,
    #[command(flatten)]
    picture: Picture,
}

/// Check the code that the token showed.
///
/// The code is read from standard input, or asked for where that is a terminal. What the answer says
/// was signed comes from the stored message: carry out that. A wrong code costs one of the tries.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu challenge verify C-1001 U1 0112345679-0d20b52063568484493fa0b1 --session test-1
  echo 12345678 | warifu challenge verify C-1001 U1 K0000003-5c1e0f0d9a7b6c5d4e3f2a1b \\
      --session test-1 --json

{EXIT_CODES}"))]
pub(crate) struct Verify {
    #[command(flatten)]
    one: One,
    /// File with the code; `-` is standard input
    #[arg(long, value_name = "FILE", default_value = "-")]
    code_file: PathBuf,
}

/// Take a challenge back. No code is an answer to it any more.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu challenge cancel C-1001 U1 0112345679-0d20b52063568484493fa0b1 --session test-1

{EXIT_CODES}"))]
pub(crate) struct Cancel {
    #[command(flatten)]
    one: One,
}

impl Challenge {
    pub(crate) async fn run(&self, connection: &Connection, out: Output) -> Result<Exit, Failure> {
        let client = connection.client()?;
        match self {
            Self::Create(create) => create.run(&client, out).await,
            Self::Show(show) => show.run(&client, out).await,
            Self::Verify(verify) => verify.run(&client, out).await,
            Self::Cancel(cancel) => {
                let answer = cancel.run(&client).await?;
                out.show(&answer, |answer| answer::text(answer, out.language()))?;
                Ok(answer::exit_of(answer.outcome))
            }
        }
    }
}

impl Asked {
    fn session(&self) -> SecretText {
        SecretText::new(self.session.clone())
    }

    fn actor(&self) -> warifu_api::actor::Actor {
        actor::own(&self.user, &self.session)
    }
}

impl Show {
    async fn run(&self, client: &Client, out: Output) -> Result<Exit, Failure> {
        self.picture.check()?;
        let One { asked, id } = &self.one;
        let query = ChallengeShowQuery { image: self.picture.wanted(), session: asked.session() };
        let answer = client.challenge(&asked.contract, &asked.user, id, &query).await?;
        self.picture.keep(answer.message.as_ref())?;
        out.show(&answer, |answer| text::challenge(answer, out.language()))?;
        Ok(answer::exit_of(answer.outcome))
    }
}

impl Verify {
    async fn run(&self, client: &Client, out: Output) -> Result<Exit, Failure> {
        let One { asked, id } = &self.one;
        let code = input::secret(&self.code_file, "code")?;
        let request = CodeRequest {
            actor: Some(asked.actor()),
            code: SecretText::new(digits(&code)),
            image: Image::None,
        };
        let answer = client.verify_challenge(&asked.contract, &asked.user, id, &request).await?;
        out.show(&answer, |answer| text::verified(answer, out.language()))?;
        Ok(exit_of(&answer))
    }
}

impl Cancel {
    async fn run(&self, client: &Client) -> Result<ActionAnswer, Failure> {
        let One { asked, id } = &self.one;
        let query = ChallengeCancelQuery { session: asked.session() };
        Ok(client.cancel_challenge(&asked.contract, &asked.user, id, &query).await?)
    }
}

/// Whether the code was right, as an exit code.
const fn exit_of(answer: &ChallengeVerifyAnswer) -> Exit {
    match answer.outcome {
        Outcome::Accepted => Exit::Ok,
        Outcome::Rejected => Exit::Refused,
    }
}
