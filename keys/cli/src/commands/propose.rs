//! Operations that two people carry out: proposing one, and telling a person that it has to be
//! proposed.
//!
//! Not responsible for: deciding about proposals (`warifu proposals`).

use clap::Args;
use warifu_api::{
    ProblemType,
    approval::{Proposal, ProposalRequest, ProposedOperation},
    client::{Client, ClientError},
};

use super::proposals;
use crate::{
    exit::{Exit, Failure},
    output::Output,
};

/// Whether to propose instead of to do.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Propose {
    /// Propose it only: another person approves it with `warifu proposals approve`
    #[arg(long)]
    pub(crate) propose: bool,
}

/// Proposes an operation, and says how it goes on.
pub(crate) async fn propose(
    client: &Client,
    operation: ProposedOperation,
    out: Output,
) -> Result<Exit, Failure> {
    let proposal: Proposal = client.propose(&ProposalRequest { operation }).await?;
    out.show(&proposal, |proposal| proposals::text(proposal, out.language()))?;
    Ok(Exit::Ok)
}

/// The failure of a command that has `--propose`: where the server wants two people, with the command
/// that proposes it.
pub(crate) fn or_propose(error: ClientError) -> Failure {
    let failure = Failure::from(error);
    if failure.problem() != Some(ProblemType::ApprovalRequired) {
        return failure;
    }
    failure.with_advice(&format!("propose it: {}", proposing(std::env::args())))
}

/// The command line that proposes what this one asked for. No argument holds a secret.
fn proposing(line: impl Iterator<Item = String>) -> String {
    let arguments = line.skip(1).map(|argument| quoted(&argument));
    let words = std::iter::once("warifu".to_owned()).chain(arguments);
    words.chain(["--propose".to_owned()]).collect::<Vec<_>>().join(" ")
}

/// As a shell reads it back (POSIX.1-2024, XCU 2.2.2).
fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+%".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use warifu_api::Problem;

    use super::*;

    #[test]
    fn the_proposing_command_can_be_pasted_into_a_shell() {
        let line = ["/usr/bin/warifu", "tokens", "lost", "0012", "--reason", "it's lost", ""];
        let line = proposing(line.into_iter().map(str::to_owned));
        assert_eq!(line, r"warifu tokens lost 0012 --reason 'it'\''s lost' '' --propose");
    }

    #[test]
    fn only_whoever_needs_another_person_is_told_to_propose() {
        let told = |kind| {
            let problem = Box::new(Problem::new(kind));
            let failure = or_propose(ClientError::Problem { problem, retry_after: None });
            format!("{failure:?}").contains("propose it: warifu ")
        };
        assert!(told(ProblemType::ApprovalRequired));
        assert!(!told(ProblemType::Forbidden));
        assert!(!told(ProblemType::SamePerson));
    }
}
