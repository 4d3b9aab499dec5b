//! `warifu camera`: camera tokens of a contract, from their activation to the last user's leaving.
//!
//! Not responsible for: what they sign (`warifu challenge`), the virtual token (`warifu token
//! camera`), who may do what; the server knows the bank's policy.

pub(super) mod activate;
pub(super) mod actor;
pub(super) mod picture;
mod text;

use clap::{Args, Subcommand};
use warifu_api::{
    action::{ActionAnswer, DeactivateRequest},
    approval::ProposedOperation,
    camera::{CameraDeactivateRequest, CameraTokenPage, CameraTokenQuery},
    client::Client,
};

use self::{actor::Front, picture::Picture};
use super::{
    answer::{self, Grounds},
    propose::{Propose, or_propose, propose},
};
use crate::{
    connection::Connection,
    exit::{EXIT_CODES, Exit, Failure},
    output::Output,
    paging::{Page, Paging},
};

/// Look after the camera tokens (カメラ付きトークン) of a contract.
///
/// You act as the bank's staff, or as a front end for the user that --acting names. Each change goes
/// into the audit chain with your certificate's name.
#[derive(Debug, Subcommand)]
pub(crate) enum Camera {
    Tokens(Tokens),
    Activate(activate::Activate),
    Initialise(Initialise),
    Revoke(Revoke),
    Deactivate(Deactivate),
}

/// List the active camera tokens of a contract, by serial.
///
/// These are the tokens that further users can take part in; they pick one by its token code
/// (トークンコード). Shows one page; `--all` follows the pages to the end. With --json, each page is
/// one line.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu camera tokens C-1001
  warifu camera tokens C-1001 --all --json

{EXIT_CODES}"))]
pub(crate) struct Tokens {
    /// Name of the contract
    contract: String,
    #[command(flatten)]
    paging: Paging,
}

/// Make a camera token ready for another activation (初期化).
///
/// Needed after an activation that was broken off when the token had read its second picture, and for
/// a token that was activated and has signed nothing since. A token that has signed is never
/// initialised: revoke it for all its users, and issue it again. The bank's policy may want two people
/// for it: then --propose it, and have another person approve it.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu camera initialise C-1001 0112345679 --reason 'broken off at step 2' --reference T-31
  warifu camera initialise C-1001 0112345679 --reason 'broken off at step 2' --propose

{EXIT_CODES}"))]
pub(crate) struct Initialise {
    /// Contract that holds the token
    contract: String,
    /// Serial as printed on the token
    serial: String,
    #[command(flatten)]
    front: Front,
    #[command(flatten)]
    grounds: Grounds,
    #[command(flatten)]
    propose: Propose,
}

/// One user.
#[derive(Args, Debug)]
struct One {
    /// Contract of the user
    contract: String,
    /// Name of the user within the contract
    user: String,
}

/// Take a user's camera token away (失効), as after a loss.
///
/// Ends the taking part of this user, not that of others who share the token. When they may register
/// again is shown; the bank's policy says how long that takes.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu camera revoke C-1001 U1 --reason 'token lost' --reference T-32

{EXIT_CODES}"))]
pub(crate) struct Revoke {
    #[command(flatten)]
    one: One,
    #[command(flatten)]
    front: Front,
    #[command(flatten)]
    grounds: Grounds,
}

/// Give a user's camera token up for them (利用解除).
///
/// Where nobody else takes part in the token, a picture is shown that makes it forget its activation.
/// With --session, the code that the token shows for it can be checked with `warifu challenge verify`.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu camera deactivate C-1001 U1 --reason 'leaves the company' --reference T-33
  warifu camera deactivate C-1001 U1 --acting U1 --confirmed --session test-1 --png qr.png

{EXIT_CODES}"))]
pub(crate) struct Deactivate {
    #[command(flatten)]
    one: One,
    #[command(flatten)]
    front: Front,
    /// The front end's session; makes a challenge of the picture
    #[arg(long, value_name = "SESSION")]
    session: Option<String>,
    #[command(flatten)]
    picture: Picture,
    #[command(flatten)]
    grounds: Grounds,
}

impl Camera {
    pub(crate) async fn run(&self, connection: &Connection, out: Output) -> Result<Exit, Failure> {
        let client = connection.client()?;
        let answer = match self {
            Self::Tokens(tokens) => return tokens.run(&client, out).await,
            Self::Activate(activate) => return activate.run(&client, out).await,
            Self::Deactivate(deactivate) => return deactivate.run(&client, out).await,
            Self::Initialise(initialise) if initialise.propose.propose => {
                return propose(&client, initialise.proposal()?, out).await;
            }
            Self::Initialise(initialise) => initialise.run(&client).await?,
            Self::Revoke(revoke) => revoke.run(&client).await?,
        };
        out.show(&answer, |answer| answer::text(answer, out.language()))?;
        Ok(answer::exit_of(answer.outcome))
    }
}

impl Page for CameraTokenPage {
    fn next_cursor(&self) -> Option<&String> {
        self.next_cursor.as_ref()
    }
}

impl Tokens {
    async fn run(&self, client: &Client, out: Output) -> Result<Exit, Failure> {
        let fetch = async |cursor| {
            let query = CameraTokenQuery { limit: self.paging.limit, cursor };
            client.camera_tokens(&self.contract, &query).await
        };
        self.paging.show(out, fetch, |page| text::tokens(page, out.language())).await
    }
}

impl Initialise {
    async fn run(&self, client: &Client) -> Result<ActionAnswer, Failure> {
        let request = leave_request(&self.front, &self.grounds);
        let answer = client.initialise_camera(&self.contract, &self.serial, &request).await;
        answer.map_err(or_propose)
    }

    /// What two members of the staff do is nobody's order.
    fn proposal(&self) -> Result<ProposedOperation, Failure> {
        if self.front.actor(None).is_some() {
            let message = "--propose is for the bank's staff: leave --acting out";
            return Err(Failure::new(Exit::Usage, message));
        }
        Ok(ProposedOperation::CameraInitialise {
            contract: self.contract.clone(),
            serial: self.serial.clone(),
            request: self.grounds.change(),
        })
    }
}

impl Revoke {
    async fn run(&self, client: &Client) -> Result<ActionAnswer, Failure> {
        let One { contract, user } = &self.one;
        let request = leave_request(&self.front, &self.grounds);
        Ok(client.revoke_camera(contract, user, &request).await?)
    }
}

impl Deactivate {
    async fn run(&self, client: &Client, out: Output) -> Result<Exit, Failure> {
        self.picture.check()?;
        let One { contract, user } = &self.one;
        let Grounds { reason, reference } = self.grounds.clone();
        let request = CameraDeactivateRequest {
            actor: self.front.actor(self.session.as_deref()),
            image: self.picture.wanted(),
            reason,
            reference,
        };
        let answer = client.deactivate_camera(contract, user, &request).await?;
        self.picture.keep(answer.message.as_ref())?;
        out.show(&answer, |answer| text::left(answer, out.language()))?;
        Ok(answer::exit_of(answer.action.outcome))
    }
}

fn leave_request(front: &Front, grounds: &Grounds) -> DeactivateRequest {
    let Grounds { reason, reference } = grounds.clone();
    DeactivateRequest { actor: front.actor(None), reason, reference }
}
