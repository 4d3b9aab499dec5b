//! Why a change of the life cycle was not made, as stable words.
//!
//! Not responsible for: the sentences that people read, see `text`.

use crate::word::words;

words! {
    /// Why nothing was changed: a rule (`refused`), or what was shown (`rejected`).
    pub enum DenialReason {
        /// An activation waits for its second code; it has to come to an end first.
        ActivationOpen = "activation_open",
        /// The acting user must hold a token in service other than the one concerned.
        ActorNeedsOtherToken = "actor_needs_other_token",
        /// The acting user must hold a token in service that is not locked.
        ActorNeedsToken = "actor_needs_token",
        /// The policy gives this actor no right over this user.
        ActorNotAllowed = "actor_not_allowed",
        /// A token is on its way to the user already.
        AlreadyIssued = "already_issued",
        /// The user holds a token; it has to be revoked or given up first.
        AlreadyRegistered = "already_registered",
        /// The challenge was answered already.
        AlreadyUsed = "already_used",
        /// Only users with approval rights (承認権限) may do this.
        ApprovalRightRequired = "approval_right_required",
        /// The code for the challenge or the activation is not the right one.
        BadCode = "bad_code",
        /// A code was not right.
        CodeRejected = "code_rejected",
        /// A code of the acting user's own token is needed.
        CodeRequired = "code_required",
        /// This contract has one token for all its users.
        CommonTokenOnly = "common_token_only",
        /// The front end did not confirm the confirmation password.
        ConfirmationRequired = "confirmation_required",
        /// The front end says that the confirmation password was wrong; no code was looked at.
        ConfirmationWrong = "confirmation_wrong",
        /// The token was put out of use.
        Disabled = "disabled",
        /// Of a challenge: its time is over. Of a code that comes with a change: the token is past its expiry, no code of it is looked at.
        Expired = "expired",
        /// An activation was broken off: the token has to be initialised first.
        InitRequired = "init_required",
        /// The policy allows no change between these kinds of token.
        KindChangeNotAllowed = "kind_change_not_allowed",
        /// This kind of token can not be ordered or issued.
        KindNotAllowed = "kind_not_allowed",
        /// The code has another number of digits than the token shows; it cost no attempt.
        Length = "length",
        /// Too many wrong codes for this challenge, or too many open challenges.
        Limit = "limit",
        /// Too many wrong codes; no code of the token is looked at.
        Locked = "locked",
        /// The usage mode can not be changed to this.
        ModeNotAllowed = "mode_not_allowed",
        /// The token was given up or revoked and must be issued anew.
        NeedsIssue = "needs_issue",
        /// A token of this kind gets a new seed each time: this serial can not be issued again.
        NewSeedRequired = "new_seed_required",
        /// There is no such challenge or activation (any more).
        NoChallenge = "no_challenge",
        /// What was shown does not fit; which part of it is not told.
        NotAccepted = "not_accepted",
        /// Not possible yet; `not_before` says from when on.
        NotBefore = "not_before",
        /// It belongs to another user, another session, or a token that the user does not hold.
        NotBound = "not_bound",
        /// The token is not in service with anybody; the code was not looked at.
        NotInService = "not_in_service",
        /// The token works: it is revoked and issued anew, not initialised.
        NotInitialisable = "not_initialisable",
        /// The token was issued to another user.
        NotIssuedToUser = "not_issued_to_user",
        /// The user holds no token.
        NotRegistered = "not_registered",
        /// The token can not sign this kind of operation.
        NotSignable = "not_signable",
        /// No such token belongs to this contract.
        NotThisContract = "not_this_contract",
        /// Before the token's first day.
        NotYetValid = "not_yet_valid",
        /// The token is ready for an activation already.
        NothingToInitialise = "nothing_to_initialise",
        /// A reason is needed.
        ReasonRequired = "reason_required",
        /// A reference is needed.
        ReferenceRequired = "reference_required",
        /// The token was restored from a backup; two consecutive codes must be shown first.
        ResyncRequired = "resync_required",
        /// The code was right once but is used.
        Reused = "reused",
        /// The user's token was taken away.
        Revoked = "revoked",
        /// Another user has it in service, and this contract does not share.
        SerialInUse = "serial_in_use",
        /// The acting user signs with a token: a signature of it is needed.
        SignatureRequired = "signature_required",
        /// The registration may not be passed over.
        SkipNotAllowed = "skip_not_allowed",
        /// The token is past its expiry.
        TokenExpired = "token_expired",
        /// The token is locked.
        TokenLocked = "token_locked",
        /// The token was reported lost.
        TokenLost = "token_lost",
        /// The token is put out of use.
        TokenUnusable = "token_unusable",
        /// More new payees than the token can show: register them first, or split the batch.
        TooManyNewPayees = "too_many_new_payees",
        /// A digit is mistyped: the check digit does not fit. It cost no try.
        Typo = "typo",
        /// There is no such user in the contract.
        UnknownUser = "unknown_user",
        /// The code fits nothing that is expected now.
        Wrong = "wrong",
        /// A code of another kind or length than asked for. It cost no try.
        WrongKindOfCode = "wrong_kind_of_code",
    }
}
