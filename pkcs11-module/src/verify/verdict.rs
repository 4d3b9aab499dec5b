//! The daemon's verdict as a return value: what the program does next.
//!
//! Not responsible for requests that got no verdict, see [`crate::remote`].

use warifu_api::{
    challenge::ChallengeVerifyAnswer,
    denial::DenialReason,
    token::{Outcome as Word, Reason, VerifyAnswer},
};

use crate::{
    fault::{Fault, Outcome},
    rv::Rv,
};

/// What became of a code.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Verdict {
    /// Why it was not accepted, and the daemon's word for that.
    refusal: Option<(Rv, &'static str)>,
    /// The challenge that it was for can not be answered any more.
    pub(super) is_final: bool,
}

impl Verdict {
    pub(super) fn of_code(answer: &VerifyAnswer) -> Self {
        let why = answer.reason.map(|reason| (of_reason(reason), reason.word()));
        Self { refusal: refusal(answer.outcome, why), is_final: false }
    }

    pub(super) fn of_challenge(answer: &ChallengeVerifyAnswer) -> Self {
        let why = answer.reason.map(|reason| (of_denial(reason), reason.word()));
        let refusal = refusal(answer.outcome, why);
        Self { is_final: refusal.is_none() || !answer.retryable, refusal }
    }

    /// The token's next code is needed, too.
    pub(super) fn wants_next(&self) -> bool {
        matches!(self.refusal, Some((Rv::NextOtp, _)))
    }

    pub(super) fn outcome(&self) -> Outcome<()> {
        self.refusal.map_or(Ok(()), |(rv, why)| Err(Fault::new(rv, why)))
    }
}

fn refusal(outcome: Word, why: Option<(Rv, &'static str)>) -> Option<(Rv, &'static str)> {
    match outcome {
        Word::Accepted => None,
        Word::Rejected => Some(why.unwrap_or((Rv::SignatureInvalid, "rejected"))),
    }
}

const fn of_reason(reason: Reason) -> Rv {
    match reason {
        Reason::Length => Rv::SignatureLenRange,
        Reason::Locked => Rv::PinLocked,
        Reason::ResyncRequired => Rv::NextOtp,
        Reason::Disabled
        | Reason::Expired
        | Reason::NotInService
        | Reason::NotRegistered
        | Reason::NotYetValid
        | Reason::Revoked
        | Reason::WrongKindOfCode => Rv::KeyFunctionNotPermitted,
        Reason::ConfirmationWrong | Reason::NotAccepted | Reason::Reused | Reason::Wrong => {
            Rv::SignatureInvalid
        }
    }
}

/// A code for a challenge that is over is no right answer to anything: the next step is another
/// challenge. All other denials are about the user or the token, so no code would do.
const fn of_denial(reason: DenialReason) -> Rv {
    use DenialReason as D;
    match reason {
        D::Length | D::WrongKindOfCode => Rv::SignatureLenRange,
        D::Locked | D::TokenLocked => Rv::PinLocked,
        D::BadCode
        | D::CodeRejected
        | D::ConfirmationWrong
        | D::NotAccepted
        | D::Reused
        | D::Typo
        | D::Wrong => Rv::SignatureInvalid,
        D::AlreadyUsed | D::Expired | D::Limit | D::NoChallenge | D::NotBound => {
            Rv::SignatureInvalid
        }
        _ => Rv::KeyFunctionNotPermitted,
    }
}

#[cfg(test)]
mod tests {
    use warifu_api::Timestamp;

    use super::*;

    fn code(outcome: Word, reason: Option<Reason>) -> Verdict {
        Verdict::of_code(&VerifyAnswer {
            serial: "1".to_owned(),
            outcome,
            reason,
            remaining_attempts: 3,
            checked_at: Timestamp(String::new()),
            request_id: String::new(),
            text: None,
        })
    }

    fn challenge(outcome: Word, reason: Option<DenialReason>, retryable: bool) -> Verdict {
        Verdict::of_challenge(&ChallengeVerifyAnswer {
            outcome,
            reason,
            retryable,
            tries_left: None,
            remaining_attempts: None,
            challenge: String::new(),
            serial: String::new(),
            operation: None,
            covered: None,
            display: None,
            verified_at: None,
            checked_at: Timestamp(String::new()),
            request_id: String::new(),
            text: None,
        })
    }

    #[test]
    fn only_what_is_accepted_is_right() {
        assert_eq!(code(Word::Accepted, None).outcome(), Ok(()));
        assert_eq!(code(Word::Rejected, None).outcome().unwrap_err().rv, Rv::SignatureInvalid);
        for reason in Reason::ALL {
            let fault = code(Word::Rejected, Some(*reason)).outcome().unwrap_err();
            assert_eq!(fault.why, reason.word());
        }
        for reason in DenialReason::ALL {
            let fault = challenge(Word::Rejected, Some(*reason), false).outcome().unwrap_err();
            assert_eq!(fault.why, reason.word());
        }
    }

    #[test]
    fn reasons_become_what_the_program_does_next() {
        let rv = |reason| code(Word::Rejected, Some(reason)).outcome().unwrap_err().rv;
        assert_eq!(rv(Reason::Wrong), Rv::SignatureInvalid);
        assert_eq!(rv(Reason::Reused), Rv::SignatureInvalid);
        assert_eq!(rv(Reason::Length), Rv::SignatureLenRange);
        assert_eq!(rv(Reason::Locked), Rv::PinLocked);
        assert_eq!(rv(Reason::ResyncRequired), Rv::NextOtp);
        assert_eq!(rv(Reason::Expired), Rv::KeyFunctionNotPermitted);
        assert!(code(Word::Rejected, Some(Reason::ResyncRequired)).wants_next());
        assert!(!code(Word::Rejected, Some(Reason::Wrong)).wants_next());
    }

    #[test]
    fn denials_become_what_the_program_does_next() {
        let rv = |reason| challenge(Word::Rejected, Some(reason), true).outcome().unwrap_err().rv;
        assert_eq!(rv(DenialReason::BadCode), Rv::SignatureInvalid);
        assert_eq!(rv(DenialReason::Expired), Rv::SignatureInvalid);
        assert_eq!(rv(DenialReason::WrongKindOfCode), Rv::SignatureLenRange);
        assert_eq!(rv(DenialReason::TokenLocked), Rv::PinLocked);
        assert_eq!(rv(DenialReason::TokenExpired), Rv::KeyFunctionNotPermitted);
        assert_eq!(rv(DenialReason::ResyncRequired), Rv::KeyFunctionNotPermitted);
    }

    #[test]
    fn a_challenge_is_over_when_no_answer_counts_any_more() {
        assert!(challenge(Word::Accepted, None, false).is_final);
        assert!(challenge(Word::Rejected, Some(DenialReason::Expired), false).is_final);
        assert!(!challenge(Word::Rejected, Some(DenialReason::BadCode), true).is_final);
    }
}
