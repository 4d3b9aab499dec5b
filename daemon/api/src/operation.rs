//! The table of operations: every path, method and success status of the interface, once.
//!
//! The daemon's router and role table, the OpenAPI description and the client are all held against
//! it. Not responsible for: who may call what.

/// Declares the table: variant, stable name, method, path, status of success.
macro_rules! operations {
    ($($(#[$doc:meta])* $variant:ident = $id:ident, $method:ident, $path:literal, $success:literal;)+) => {
        /// An operation of the interface, by path.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum Operation { $($(#[$doc])* $variant,)+ }

        impl Operation {
            /// All of them, in the order of the enum.
            pub const ALL: [Self; [$($success),+].len()] = [$(Self::$variant),+];

            const fn row(self) -> (&'static str, Method, &'static str, u16) {
                match self {
                    $(Self::$variant => (stringify!($id), Method::$method, $path, $success),)+
                }
            }
        }
    };
}

operations! {
    /// Ends an activation: the 8 digits of its second message.
    ActivationConfirm = activation_confirm, Post, "/v1/contracts/{contract}/users/{user}/activations/{activation}/confirm", 200;
    /// Takes an activation to its second message: the 12 digits of the first.
    ActivationDeviceCode = activation_device_code, Post, "/v1/contracts/{contract}/users/{user}/activations/{activation}/device-code", 200;
    /// Shows the message of an activation's present step again.
    ActivationShow = activation_show, Get, "/v1/contracts/{contract}/users/{user}/activations/{activation}", 200;
    /// Begins the activation of a camera token (トランザクション認証利用開始登録).
    ActivationStart = activation_start, Post, "/v1/contracts/{contract}/users/{user}/activations", 200;
    /// Public key of the audit chain.
    AuditPublicKey = audit_public_key, Get, "/v1/audit/public-key", 200;
    /// Export of the audit chain.
    AuditExport = audit_export, Get, "/v1/audit/records", 200;
    /// Takes a backup.
    BackupCreate = backup_create, Post, "/v1/backup", 200;
    /// A user gives their camera token up (利用解除).
    CameraDeactivate = camera_deactivate, Post, "/v1/contracts/{contract}/users/{user}/camera/deactivations", 200;
    /// Makes a camera token ready for another activation (初期化).
    CameraInitialise = camera_initialise, Post, "/v1/contracts/{contract}/camera-tokens/{serial}/initialisations", 200;
    /// Takes a user's camera token away (失効).
    CameraRevoke = camera_revoke, Post, "/v1/contracts/{contract}/users/{user}/camera/revocations", 200;
    /// Lists the active camera tokens of a contract.
    CameraTokens = camera_tokens, Get, "/v1/contracts/{contract}/camera-tokens", 200;
    /// Gives a key ceremony up.
    CeremonyAbort = ceremony_abort, Delete, "/v1/ceremonies/{id}", 200;
    /// Enters a component of a key.
    CeremonyComponent = ceremony_component, Post, "/v1/ceremonies/{id}/components", 200;
    /// Confirms the check value of the whole key.
    CeremonyConfirm = ceremony_confirm, Post, "/v1/ceremonies/{id}/confirmation", 200;
    /// Lists key ceremonies.
    CeremonyList = ceremony_list, Get, "/v1/ceremonies", 200;
    /// Opens a key ceremony.
    CeremonyOpen = ceremony_open, Post, "/v1/ceremonies", 201;
    /// Shows a key ceremony.
    CeremonyShow = ceremony_show, Get, "/v1/ceremonies/{id}", 200;
    /// Takes a challenge back.
    ChallengeCancel = challenge_cancel, Delete, "/v1/contracts/{contract}/users/{user}/challenges/{challenge}", 200;
    /// Asks a user to sign.
    ChallengeCreate = challenge_create, Post, "/v1/contracts/{contract}/users/{user}/challenges", 200;
    /// Shows an open challenge again.
    ChallengeShow = challenge_show, Get, "/v1/contracts/{contract}/users/{user}/challenges/{challenge}", 200;
    /// Checks the code for a challenge.
    ChallengeVerify = challenge_verify, Post, "/v1/contracts/{contract}/users/{user}/challenges/{challenge}/verify", 200;
    /// Takes the tokens of users away (失効), all of them or none.
    ContractRevocations = contract_revocations, Post, "/v1/contracts/{contract}/revocations", 200;
    /// Makes or changes a contract.
    ContractSet = contract_set, Put, "/v1/contracts/{contract}", 200;
    /// Shows a contract.
    ContractShow = contract_show, Get, "/v1/contracts/{contract}", 200;
    /// Lists the tokens of a contract.
    ContractTokens = contract_tokens, Get, "/v1/contracts/{contract}/tokens", 200;
    /// Lifts the locks of users' tokens (利用停止解除), all of them or none.
    ContractUnlocks = contract_unlocks, Post, "/v1/contracts/{contract}/unlocks", 200;
    /// Changes a contract's usage mode (利用形態), or previews the change.
    ContractUsage = contract_usage, Put, "/v1/contracts/{contract}/usage-mode", 200;
    /// Lists the users of a contract.
    ContractUsers = contract_users, Get, "/v1/contracts/{contract}/users", 200;
    /// Ends a grant.
    GrantEnd = grant_end, Delete, "/v1/grants/{grant}", 200;
    /// Asks whether a grant covers one more operation.
    GrantUse = grant_use, Post, "/v1/grants/{grant}/use", 200;
    /// The process answers.
    Health = health, Get, "/health", 200;
    /// Puts a staged batch into service; by another person than staged it.
    ImportApprove = import_approve, Post, "/v1/imports/{id}/approval", 200;
    /// Cancels an import.
    ImportCancel = import_cancel, Delete, "/v1/imports/{id}", 200;
    /// Sends the file of an import.
    ImportContent = import_content, Put, "/v1/imports/{id}/content", 202;
    /// Opens an import.
    ImportCreate = import_create, Post, "/v1/imports", 201;
    /// Lists imports.
    ImportList = import_list, Get, "/v1/imports", 200;
    /// Refuses a staged batch; nothing of it is kept.
    ImportReject = import_reject, Post, "/v1/imports/{id}/rejection", 200;
    /// Shows an import.
    ImportShow = import_show, Get, "/v1/imports/{id}", 200;
    /// Lists transport keys.
    KeyList = key_list, Get, "/v1/keys", 200;
    /// Public part of a transport key pair.
    KeyPublic = key_public, Get, "/v1/keys/{label}/public-key", 200;
    /// The OpenAPI description.
    OpenApi = openapi, Get, "/openapi.json", 200;
    /// Carries a proposal out; by another person than proposed it.
    ProposalApprove = proposal_approve, Post, "/v1/proposals/{id}/approval", 200;
    /// Proposes an operation that needs two people.
    ProposalCreate = proposal_create, Post, "/v1/proposals", 201;
    /// Lists proposals.
    ProposalList = proposal_list, Get, "/v1/proposals", 200;
    /// Refuses a proposal.
    ProposalReject = proposal_reject, Post, "/v1/proposals/{id}/rejection", 200;
    /// Shows a proposal.
    ProposalShow = proposal_show, Get, "/v1/proposals/{id}", 200;
    /// Takes a proposal of one's own back.
    ProposalWithdraw = proposal_withdraw, Delete, "/v1/proposals/{id}", 200;
    /// Whether codes can be checked right now.
    Ready = ready, Get, "/ready", 200;
    /// Facts about the daemon.
    Status = status, Get, "/v1/status", 200;
    /// Puts a token out of use.
    TokenDisable = token_disable, Post, "/v1/tokens/{serial}/disable", 200;
    /// Puts a token in use.
    TokenEnable = token_enable, Post, "/v1/tokens/{serial}/enable", 200;
    /// Sets or lifts a token's expiry.
    TokenExpiry = token_expiry, Put, "/v1/tokens/{serial}/expiry", 200;
    /// Says how a token makes its codes.
    TokenFacts = token_facts, Get, "/v1/tokens/{serial}/facts", 200;
    /// Shows what was done with a token last.
    TokenHistory = token_history, Get, "/v1/tokens/{serial}/history", 200;
    /// Hands a token out (トークン発行).
    TokenIssue = token_issue, Post, "/v1/tokens/{serial}/issue", 200;
    /// Lists tokens.
    TokenList = token_list, Get, "/v1/tokens", 200;
    /// Reports a token lost (紛失).
    TokenLost = token_lost, Post, "/v1/tokens/{serial}/lost", 200;
    /// Takes an issued token back to the stock.
    TokenRecall = token_recall, Post, "/v1/tokens/{serial}/recall", 200;
    /// Checks two consecutive codes and finds the token's counter or clock again.
    TokenResync = token_resync, Post, "/v1/tokens/{serial}/resync", 200;
    /// Shows a token.
    TokenShow = token_show, Get, "/v1/tokens/{serial}", 200;
    /// Lifts a token's lock.
    TokenUnlock = token_unlock, Post, "/v1/tokens/{serial}/unlock", 200;
    /// Checks a code.
    TokenVerify = token_verify, Post, "/v1/tokens/{serial}/verify", 200;
    /// Decides what an operation of a user needs.
    UserAuthorize = user_authorize, Post, "/v1/contracts/{contract}/users/{user}/authorizations", 200;
    /// A user gives their token up (利用解除).
    UserDeactivate = user_deactivate, Post, "/v1/contracts/{contract}/users/{user}/deactivations", 200;
    /// A user orders a token.
    UserOrder = user_order, Post, "/v1/contracts/{contract}/users/{user}/issue-requests", 200;
    /// A user takes a token into service (利用開始登録).
    UserRegister = user_register, Post, "/v1/contracts/{contract}/users/{user}/registrations", 200;
    /// Removes a user.
    UserRemove = user_remove, Delete, "/v1/contracts/{contract}/users/{user}", 200;
    /// Makes or changes a user.
    UserSet = user_set, Put, "/v1/contracts/{contract}/users/{user}", 200;
    /// Shows a user.
    UserShow = user_show, Get, "/v1/contracts/{contract}/users/{user}", 200;
    /// A user passes over the registration (登録の省略).
    UserSkip = user_skip, Post, "/v1/contracts/{contract}/users/{user}/skips", 200;
    /// What to show a user who is logging in.
    UserStatus = user_status, Get, "/v1/contracts/{contract}/users/{user}/status", 200;
    /// Checks a code of the token that a user holds.
    UserVerify = user_verify, Post, "/v1/contracts/{contract}/users/{user}/verify", 200;
    /// Wrapping keys and the progress of their rotation.
    WrappingKeys = wrapping_keys, Get, "/v1/wrapping-keys", 200;
}

/// HTTP methods in use.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Method {
    /// `DELETE`
    Delete,
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
}

impl Method {
    /// As on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "DELETE",
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

impl Operation {
    /// Stable name, for metrics and as `operationId`.
    pub const fn id(self) -> &'static str {
        self.row().0
    }

    /// The method.
    pub const fn method(self) -> Method {
        self.row().1
    }

    /// The path with its parameters in braces, as axum and OpenAPI write it.
    pub const fn path(self) -> &'static str {
        self.row().2
    }

    /// Status of success.
    pub const fn success(self) -> u16 {
        self.row().3
    }

    /// Whether it changes state and therefore takes an `Idempotency-Key`.
    pub const fn changes_state(self) -> bool {
        !matches!(self.method(), Method::Get)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_operations_share_an_address_or_a_name() {
        let addresses: HashSet<_> =
            Operation::ALL.iter().map(|one| (one.method(), one.path())).collect();
        let names: HashSet<_> = Operation::ALL.iter().map(|one| one.id()).collect();
        assert_eq!(addresses.len(), Operation::ALL.len());
        assert_eq!(names.len(), Operation::ALL.len());
    }
}
