//! Proposals for people. Not responsible for: JSON, which is the server's answer as it came.

use warifu_api::{
    Language,
    approval::{Proposal, ProposalPage, ProposalState, ProposedOperation},
    token::ChangeRequest,
};

use crate::{
    label,
    language::named,
    output::{clean, facts_in, grouped, headings, table},
};

/// A proposal, and how it goes on.
pub(crate) fn text(proposal: &Proposal, language: Language) -> String {
    let id = &proposal.id;
    let mut text = facts_of(proposal, language);
    let next = match (proposal.state, language) {
        (ProposalState::Open, Language::En) => {
            format!(
                "PROPOSED: nothing is done yet; another person runs: warifu proposals approve {id}"
            )
        }
        (ProposalState::Open, Language::Ja) => format!(
            "承認待ち: まだ実行されていません。別の担当者が次を実行してください: \
             warifu proposals approve {id}"
        ),
        (ProposalState::Approved, Language::En) => {
            format!("NOT FINISHED: approve it again: warifu proposals approve {id}")
        }
        (ProposalState::Approved, Language::Ja) => {
            format!("未完了: もう一度承認してください: warifu proposals approve {id}")
        }
        _ => return text,
    };
    text.extend([&clean(&next), "\n"]);
    text
}

/// All that is known of a proposal.
pub(super) fn facts_of(proposal: &Proposal, language: Language) -> String {
    let change = change_of(&proposal.operation);
    facts_in(
        language,
        [
            (label::PROPOSAL, Some(proposal.id.clone())),
            (label::OPERATION, Some(operation(&proposal.operation, language))),
            (label::REASON, change.and_then(|change| change.reason.clone())),
            (label::REFERENCE, change.and_then(|change| change.reference.clone())),
            (label::STATE, Some(named(proposal.state, language))),
            (label::FINGERPRINT, Some(grouped(&proposal.fingerprint))),
            (label::PROPOSER, Some(proposal.proposer.clone())),
            (label::PROPOSED_AT, Some(proposal.created_at.to_string())),
            (label::WAITS_UNTIL, Some(proposal.expires_at.to_string())),
            (label::DECIDED_BY, proposal.decider.clone()),
            (label::DECIDED_AT, proposal.decided_at.as_ref().map(ToString::to_string)),
            (label::DECISION_REASON, proposal.reason.clone()),
            (label::OUTCOME, proposal.outcome.clone()),
        ],
    )
}

/// A page of the list.
pub(super) fn page(page: &ProposalPage, language: Language) -> String {
    let head =
        [label::PROPOSAL, label::STATE, label::OPERATION, label::PROPOSER, label::WAITS_UNTIL];
    let row = |proposal: &Proposal| {
        [
            proposal.id.clone(),
            named(proposal.state, language),
            operation(&proposal.operation, language),
            proposal.proposer.clone(),
            proposal.expires_at.to_string(),
        ]
    };
    table(headings(language, head), page.items.iter().map(row))
}

const fn change_of(operation: &ProposedOperation) -> Option<&ChangeRequest> {
    match operation {
        ProposedOperation::CameraInitialise { request, .. }
        | ProposedOperation::ContractUnlocks { request, .. }
        | ProposedOperation::TokenLost { request, .. } => Some(request),
        ProposedOperation::KeyGenerate { .. }
        | ProposedOperation::KeyPair { .. }
        | ProposedOperation::KeyDestroy { .. }
        | ProposedOperation::WrappingKeyRotate {}
        | ProposedOperation::WrappingKeyDestroy { .. } => None,
    }
}

/// What is to be done, in one line.
fn operation(operation: &ProposedOperation, language: Language) -> String {
    match language {
        Language::En => english(operation),
        Language::Ja => japanese(operation),
    }
}

fn english(operation: &ProposedOperation) -> String {
    use ProposedOperation as P;
    match operation {
        P::CameraInitialise { contract, serial, .. } => {
            format!("initialise camera token {serial} of contract {contract}")
        }
        P::ContractUnlocks { contract, users, .. } => {
            format!("unlock users {} of contract {contract}", users.join(", "))
        }
        P::KeyGenerate { label, bits } => format!("make AES key {label}, {bits} bits"),
        P::KeyPair { label, bits } => format!("make RSA key pair {label}, {bits} bits"),
        P::KeyDestroy { label } => format!("destroy transport key {label}"),
        P::TokenLost { serial, .. } => format!("report token {serial} lost"),
        P::WrappingKeyRotate {} => "rotate the wrapping key".to_owned(),
        P::WrappingKeyDestroy { generation } => {
            format!("destroy the wrapping key of generation {generation}")
        }
    }
}

fn japanese(operation: &ProposedOperation) -> String {
    use ProposedOperation as P;
    match operation {
        P::CameraInitialise { contract, serial, .. } => {
            format!("契約先 {contract} のカメラ付きトークン {serial} の初期化")
        }
        P::ContractUnlocks { contract, users, .. } => {
            format!("契約先 {contract} の利用者 {} の利用停止解除", users.join(", "))
        }
        P::KeyGenerate { label, bits } => format!("AES鍵 {label} ({bits}ビット) の生成"),
        P::KeyPair { label, bits } => format!("RSA鍵ペア {label} ({bits}ビット) の生成"),
        P::KeyDestroy { label } => format!("搬送鍵 {label} の破棄"),
        P::TokenLost { serial, .. } => format!("トークン {serial} の紛失登録"),
        P::WrappingKeyRotate {} => "シード保護鍵の更新".to_owned(),
        P::WrappingKeyDestroy { generation } => format!("第{generation}世代のシード保護鍵の破棄"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposal(state: &str) -> Proposal {
        serde_json::from_str(&format!(
            r#"{{"operation":"token_lost","serial":"0012","request":{{"reason":"on a \u001b[2Jtrain",
                "reference":"T-1"}},"id":"p1","state":"{state}","fingerprint":"00ff12ab",
                "proposer":"hanako","created_at":"2026-11-21T13:30:00Z",
                "expires_at":"2026-11-24T13:30:00Z","decider":"taro","reason":"agreed",
                "outcome":"done"}}"#
        ))
        .unwrap()
    }

    #[test]
    fn an_open_proposal_says_how_it_goes_on() {
        let english = text(&proposal("open"), Language::En);
        for part in [
            "report token 0012 lost\n",
            "00ff 12ab\n",
            "on a \u{fffd}[2Jtrain\n",
            "another person runs: warifu proposals approve p1\n",
        ] {
            assert!(english.contains(part), "{part}: {english}");
        }
        assert!(text(&proposal("open"), Language::Ja).contains("トークン 0012 の紛失登録"));
    }

    #[test]
    fn a_decided_proposal_says_who_decided_and_why() {
        let text = text(&proposal("done"), Language::En);
        assert!(text.contains("taro") && text.contains("agreed"), "{text}");
        assert!(!text.contains("PROPOSED"), "{text}");
    }
}
