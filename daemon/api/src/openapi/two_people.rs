//! What the description says about decisions of a second person: staged batches, proposals, and the
//! problems that send a caller to one.
//!
//! Not responsible for: all other operations, and for other problems, see [`super::operations`].

use utoipa::{
    IntoParams as _,
    openapi::{
        RefOr,
        path::{Parameter, ParameterIn},
        schema::Schema,
    },
};

use super::{
    collect,
    lifecycle::{Facts, facts_of, shown},
    operations::{Text, words},
};
use crate::{approval, import, operation::Operation as O, problem::ProblemType};

/// `None` for all operations that no second person decides.
pub(super) fn facts(operation: O) -> Option<Facts> {
    imports(operation).or_else(|| proposals(operation))
}

fn imports(operation: O) -> Option<Facts> {
    let text = |summary, description| words("imports", summary, description);
    Some(match operation {
        O::ImportApprove => facts_of(
            "ApproveRequest",
            "ImportJob",
            text(
                "Puts a staged batch into service",
                "By another officer than staged it, whatever certificates they hold. The fingerprint says which batch was looked at; where it is another one, or somebody decided before, nothing happens.",
            ),
        ),
        O::ImportReject => facts_of(
            "DecisionRequest",
            "ImportJob",
            text(
                "Refuses a staged batch",
                "By another officer than staged it. Nothing of the batch is kept but its report; whoever staged it cancels it instead.",
            ),
        ),
        _ => return None,
    })
}

fn proposals(operation: O) -> Option<Facts> {
    const fn text(summary: &'static str, description: &'static str) -> Text {
        words("approvals", summary, description)
    }
    Some(match operation {
        O::ProposalApprove => facts_of(
            "DecisionRequest",
            "Proposal",
            text(
                "Carries a proposal out",
                "By another person than proposed it, with a role that may do the operation. Answers once it is done; where the state `approved` is left behind by an outage, approve again.",
            ),
        ),
        O::ProposalCreate => facts_of(
            "ProposalRequest",
            "Proposal",
            text(
                "Proposes an operation that needs two people",
                "Nothing happens until another person approves it, and nothing at all where nobody does in time.",
            ),
        ),
        O::ProposalList => shown(
            "ProposalPage",
            text(
                "Lists proposals, the latest first",
                "Follow `next_cursor` until it is absent; a page may be short, even empty, without being the last.",
            ),
        ),
        O::ProposalReject => facts_of(
            "DecisionRequest",
            "Proposal",
            text(
                "Refuses a proposal",
                "By another person than proposed it; whoever proposed it withdraws it instead.",
            ),
        ),
        O::ProposalShow => shown(
            "Proposal",
            text(
                "Shows a proposal",
                "With its fingerprint, which is to be given with the decision.",
            ),
        ),
        O::ProposalWithdraw => shown(
            "Proposal",
            text("Takes a proposal of one's own back", "Only while nobody has decided about it."),
        ),
        _ => return None,
    })
}

pub(super) fn query() -> Vec<Parameter> {
    approval::ProposalQuery::into_params(|| Some(ParameterIn::Query))
}

/// What only operations can answer that two people have to do with.
pub(super) fn problems(operation: O) -> Vec<ProblemType> {
    use ProblemType as P;
    match operation {
        O::CameraInitialise | O::ContractUnlocks | O::TokenLost => vec![P::ApprovalRequired],
        O::CeremonyComponent => vec![P::SamePerson, P::HsmUnavailable],
        O::CeremonyConfirm | O::KeyList | O::KeyPublic | O::WrappingKeys => {
            vec![P::HsmUnavailable]
        }
        O::ImportApprove | O::ImportReject | O::ProposalReject => vec![P::SamePerson],
        O::ProposalApprove => vec![P::SamePerson, P::HsmUnavailable, P::TokenUnusable],
        _ => Vec::new(),
    }
}

/// The schemas of all bodies and answers above.
pub(super) fn schemas(all: &mut Vec<(String, RefOr<Schema>)>) {
    collect::<approval::DecisionRequest>(all);
    collect::<approval::Proposal>(all);
    collect::<approval::ProposalPage>(all);
    collect::<approval::ProposalRequest>(all);
    collect::<import::ApproveRequest>(all);
}
