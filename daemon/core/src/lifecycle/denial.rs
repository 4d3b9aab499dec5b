//! Why a change of the life cycle was not made. Each is a stable word with a text in two languages.

use super::words::words;
use crate::{time::UnixTime, token::Status};

/// A change that was not made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Refused {
    /// Why.
    pub denial: Denial,
    /// From when on it would be possible, for [`Denial::NotBefore`].
    pub not_before: Option<UnixTime>,
}

impl Refused {
    /// Not before `at`.
    pub const fn until(at: UnixTime) -> Self {
        Self { denial: Denial::NotBefore, not_before: Some(at) }
    }
}

impl From<Denial> for Refused {
    fn from(denial: Denial) -> Self {
        Self { denial, not_before: None }
    }
}

words! {
    /// Nothing changed, because of this.
    pub enum Denial {
        /// A token is on its way to the user already.
        AlreadyIssued = "already_issued",
        /// The user holds a token; it has to be revoked or given up first.
        AlreadyRegistered = "already_registered",
        /// The policy gives this actor no right over this user.
        ActorNotAllowed = "actor_not_allowed",
        /// The actor must hold a token in service that is not locked.
        ActorNeedsToken = "actor_needs_token",
        /// The actor must hold a token in service other than the one concerned.
        ActorNeedsOtherToken = "actor_needs_other_token",
        /// A code of the actor's own token is needed.
        CodeRequired = "code_required",
        /// The actor's or the user's code was not right, or (where policy says so) the password.
        CodeRejected = "code_rejected",
        /// This contract has one token for all its users.
        CommonTokenOnly = "common_token_only",
        /// The front end did not confirm the confirmation password.
        ConfirmationRequired = "confirmation_required",
        /// The policy allows no change between these kinds of token.
        KindChangeNotAllowed = "kind_change_not_allowed",
        /// This kind of token can not be ordered or issued.
        KindNotAllowed = "kind_not_allowed",
        /// The usage mode can not be changed to this.
        ModeNotAllowed = "mode_not_allowed",
        /// The token was given up or revoked and must be issued anew.
        NeedsIssue = "needs_issue",
        /// A token of this kind gets a new seed each time: this serial can not be issued again.
        NewSeedRequired = "new_seed_required",
        /// Serial or code do not fit; which of them is not told.
        NotAccepted = "not_accepted",
        /// Not possible yet; the answer says from when on.
        NotBefore = "not_before",
        /// The token was issued to another user.
        NotIssuedToUser = "not_issued_to_user",
        /// No such token belongs to this contract.
        NotThisContract = "not_this_contract",
        /// The user holds no token.
        NotRegistered = "not_registered",
        /// A reason is needed.
        ReasonRequired = "reason_required",
        /// A reference is needed.
        ReferenceRequired = "reference_required",
        /// Another user has it in service, and this contract does not share.
        SerialInUse = "serial_in_use",
        /// The registration may not be passed over.
        SkipNotAllowed = "skip_not_allowed",
        /// The token is past its expiry.
        TokenExpired = "token_expired",
        /// The token was reported lost.
        TokenLost = "token_lost",
        /// The token is locked.
        TokenLocked = "token_locked",
        /// The token is put out of use.
        TokenUnusable = "token_unusable",
        /// There is no such user in the contract.
        UnknownUser = "unknown_user",
        /// An activation waits for its second code; it has to come to an end first.
        ActivationOpen = "activation_open",
        /// The challenge was answered already.
        AlreadyUsed = "already_used",
        /// Only users with approval rights (承認権限) may do this.
        ApprovalRightRequired = "approval_right_required",
        /// The code is not the right one.
        BadCode = "bad_code",
        /// The challenge is past its time, or the token was activated anew since.
        ChallengeExpired = "expired",
        /// An activation was broken off: the token has to be initialised first.
        InitRequired = "init_required",
        /// Too many wrong codes for this challenge, or too many open challenges.
        Limit = "limit",
        /// There is no such challenge or activation (any more).
        NoChallenge = "no_challenge",
        /// It belongs to another user, another session, or a token that the user does not hold.
        NotBound = "not_bound",
        /// The token works: it is revoked and issued anew, not initialised.
        NotInitialisable = "not_initialisable",
        /// The token can not sign this kind of operation.
        NotSignable = "not_signable",
        /// The token is ready for an activation already.
        NothingToInitialise = "nothing_to_initialise",
        /// The code was used already for the same input.
        Reused = "reused",
        /// More new payees than the token can show: register them first, or split the batch.
        TooManyNewPayees = "too_many_new_payees",
        /// The actor signs with a token: a signature of it is needed.
        SignatureRequired = "signature_required",
        /// A digit is mistyped: the check digit does not fit. Costs no try.
        Typo = "typo",
        /// A code of another kind or length than asked for. Costs no try.
        WrongKindOfCode = "wrong_kind_of_code",
    }
}

impl Denial {
    /// Why no code of a token in this state is looked at, if so.
    pub const fn of(status: Status) -> Option<Self> {
        match status {
            Status::Active => None,
            Status::Expired => Some(Self::TokenExpired),
            Status::Locked => Some(Self::TokenLocked),
            Status::Disabled | Status::NotYetValid | Status::ResyncRequired => {
                Some(Self::TokenUnusable)
            }
        }
    }
}
