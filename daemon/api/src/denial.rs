//! Why a change of the life cycle was not made, as stable words.
//!
//! Not responsible for: the sentences that people read, see `text`.

use crate::word::words;

words! {
    /// Why nothing was changed: a rule (`refused`), or what was shown (`rejected`).
    pub enum DenialReason {
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
        /// The token is past its expiry; no code of it is looked at.
        Expired = "expired",
        /// The policy allows no change between these kinds of token.
        KindChangeNotAllowed = "kind_change_not_allowed",
        /// This kind of token can not be ordered or issued.
        KindNotAllowed = "kind_not_allowed",
        /// The code has another number of digits than the token shows; it cost no attempt.
        Length = "length",
        /// Too many wrong codes; no code of the token is looked at.
        Locked = "locked",
        /// The usage mode can not be changed to this.
        ModeNotAllowed = "mode_not_allowed",
        /// The token was given up or revoked and must be issued anew.
        NeedsIssue = "needs_issue",
        /// A token of this kind gets a new seed each time: this serial can not be issued again.
        NewSeedRequired = "new_seed_required",
        /// What was shown does not fit; which part of it is not told.
        NotAccepted = "not_accepted",
        /// Not possible yet; `not_before` says from when on.
        NotBefore = "not_before",
        /// The token is not in service with anybody; the code was not looked at.
        NotInService = "not_in_service",
        /// The token was issued to another user.
        NotIssuedToUser = "not_issued_to_user",
        /// The user holds no token.
        NotRegistered = "not_registered",
        /// No such token belongs to this contract.
        NotThisContract = "not_this_contract",
        /// Before the token's first day.
        NotYetValid = "not_yet_valid",
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
        /// There is no such user in the contract.
        UnknownUser = "unknown_user",
        /// The code fits nothing that is expected now.
        Wrong = "wrong",
    }
}
