//! `warifu proposals`: what one person proposes and another carries out or refuses.
//!
//! Not responsible for: making proposals, which the commands of the operations do, nor for batches of
//! tokens (`warifu imports`).

mod text;

use clap::{Args, Subcommand};
use warifu_api::{
    approval::{DecisionRequest, Proposal, ProposalPage, ProposalQuery, ProposalState},
    client::Client,
};

pub(crate) use self::text::text;
use super::{fingerprint, words};
use crate::{
    connection::Connection,
    exit::{EXIT_CODES, Exit, Failure},
    output::Output,
    paging::{Page, Paging},
};

/// Decide about what others propose (申請と承認).
///
/// Operations that the bank's policy wants two people for are proposed by one (`--propose`, or a
/// command that can do nothing else) and approved by another, whatever certificates they hold. What
/// nobody decides about expires.
#[derive(Debug, Subcommand)]
pub(crate) enum Proposals {
    List(List),
    /// Show a proposal with its fingerprint
    #[command(after_long_help = EXIT_CODES)]
    Show(One),
    Approve(Decide),
    Reject(Reject),
    /// Take a proposal of your own back
    #[command(after_long_help = EXIT_CODES)]
    Withdraw(One),
}

/// List proposals, the latest first.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu proposals list --state open

{EXIT_CODES}"))]
pub(crate) struct List {
    /// Only those in this state: open, approved, done, failed, rejected, withdrawn, expired
    #[arg(long, value_parser = words::proposal_state)]
    state: Option<ProposalState>,
    #[command(flatten)]
    paging: Paging,
}

/// One proposal.
#[derive(Args, Debug)]
pub(crate) struct One {
    /// Id of the proposal
    id: String,
}

/// Approve a proposal and carry it out.
///
/// Shows what is proposed and asks for the first and last digits of its fingerprint, which its proposer
/// gives you by another way. With --fingerprint nothing is asked. A proposal that an outage left
/// `approved` is brought to its end by approving it again.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu proposals approve 4f0c --reason 'agreed by phone'

{EXIT_CODES}
What was approved and then refused by the state of the thing ends as `failed` (1)."))]
pub(crate) struct Decide {
    /// Id of the proposal
    id: String,
    /// Fingerprint of the proposal, whole; asked for where absent
    #[arg(long, value_name = "HEX", value_parser = fingerprint::parse)]
    fingerprint: Option<String>,
    /// What to say about it; goes into the audit chain
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Refuse a proposal; nothing of it happens.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu proposals reject 4f0c --reason 'wrong serial'

{EXIT_CODES}"))]
pub(crate) struct Reject {
    /// Id of the proposal
    id: String,
    /// Why; goes into the audit chain
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Page for ProposalPage {
    fn next_cursor(&self) -> Option<&String> {
        self.next_cursor.as_ref()
    }
}

impl Proposals {
    pub(crate) async fn run(&self, connection: &Connection, out: Output) -> Result<Exit, Failure> {
        let client = connection.client()?;
        match self {
            Self::List(list) => list.run(&client, out).await,
            Self::Show(One { id }) => {
                show(&client.proposal(id).await?, out)?;
                Ok(Exit::Ok)
            }
            Self::Approve(decide) => decide.run(&client, out).await,
            Self::Reject(Reject { id, reason }) => {
                let request = DecisionRequest { fingerprint: None, reason: Some(reason.clone()) };
                show(&client.reject_proposal(id, &request).await?, out)?;
                Ok(Exit::Ok)
            }
            Self::Withdraw(One { id }) => {
                show(&client.withdraw_proposal(id).await?, out)?;
                Ok(Exit::Ok)
            }
        }
    }
}

fn show(proposal: &Proposal, out: Output) -> Result<(), Failure> {
    out.show(proposal, |proposal| text(proposal, out.language()))
}

impl List {
    async fn run(&self, client: &Client, out: Output) -> Result<Exit, Failure> {
        let fetch = async |cursor| {
            let query = ProposalQuery { limit: self.paging.limit, cursor, state: self.state };
            client.proposals(&query).await
        };
        self.paging.show(out, fetch, |page| text::page(page, out.language())).await
    }
}

impl Decide {
    async fn run(&self, client: &Client, out: Output) -> Result<Exit, Failure> {
        let fingerprint = match &self.fingerprint {
            Some(fingerprint) => fingerprint.clone(),
            None => self.compared(client, out).await?,
        };
        let reason = self.reason.clone();
        let request = DecisionRequest { fingerprint: Some(fingerprint), reason };
        let proposal = client.approve_proposal(&self.id, &request).await?;
        show(&proposal, out)?;
        Ok(exit_of(proposal.state))
    }

    async fn compared(&self, client: &Client, out: Output) -> Result<String, Failure> {
        let proposal = client.proposal(&self.id).await?;
        if !matches!(proposal.state, ProposalState::Open | ProposalState::Approved) {
            let message = format!("proposal {} waits for nobody: {}", proposal.id, proposal.state);
            return Err(Failure::new(Exit::Refused, message));
        }
        let shown = text::facts_of(&proposal, out.language());
        fingerprint::compare(&proposal.fingerprint, &shown, out)?;
        Ok(proposal.fingerprint)
    }
}

const fn exit_of(state: ProposalState) -> Exit {
    match state {
        ProposalState::Done | ProposalState::Open => Exit::Ok,
        ProposalState::Approved => Exit::Unavailable,
        ProposalState::Failed
        | ProposalState::Rejected
        | ProposalState::Withdrawn
        | ProposalState::Expired => Exit::Refused,
    }
}
