//! Classes of operations, and what each of them needs.
//!
//! Not responsible for: deciding about one operation (`lifecycle::authorize`).

/// What a user does, as far as the rules tell it apart.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum OperationClass {
    /// Approval of a batch (総合振込, 給与振込).
    BatchApprove,
    /// A change of the customer's own data.
    CustomerData,
    /// Logging in.
    Login,
    /// Pay-easy (ペイジー).
    Payeasy,
    /// Administration of tokens.
    TokenAdmin,
    /// A single transfer (都度振込, 資金移動).
    TransferSingle,
    /// Everything that is not protected: balances, statements, other data transmission.
    Unprotected,
    /// Administration of users.
    UserAdmin,
}

impl OperationClass {
    /// All of them, in the order of the enum.
    pub const ALL: [Self; 8] = [
        Self::BatchApprove,
        Self::CustomerData,
        Self::Login,
        Self::Payeasy,
        Self::TokenAdmin,
        Self::TransferSingle,
        Self::Unprotected,
        Self::UserAdmin,
    ];

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::BatchApprove => "batch_approve",
            Self::CustomerData => "customer_data",
            Self::Login => "login",
            Self::Payeasy => "payeasy",
            Self::TokenAdmin => "token_admin",
            Self::TransferSingle => "transfer_single",
            Self::Unprotected => "unprotected",
            Self::UserAdmin => "user_admin",
        }
    }

    /// Reads [`Self::word`].
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.word() == word)
    }
}

/// What proves that the user holds the token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Factor {
    /// Nothing is asked.
    None,
    /// A one-time password.
    Otp,
    /// A signature over the transaction that the token showed.
    TransactionSignature,
}

impl Factor {
    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Otp => "otp",
            Self::TransactionSignature => "transaction_signature",
        }
    }
}

/// Where an operation stands on its way through the customer's approvals.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Stage {
    /// Entered, to be approved by others.
    Entry,
    /// Carried out by the one who entered it.
    Execution,
    /// The first of two approvals.
    FirstApproval,
    /// The only approval.
    Approval,
    /// The second of two approvals.
    FinalApproval,
}

impl Stage {
    /// All of them, in the order of the enum.
    pub const ALL: [Self; 5] =
        [Self::Entry, Self::Execution, Self::FirstApproval, Self::Approval, Self::FinalApproval];

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Execution => "execution",
            Self::FirstApproval => "first_approval",
            Self::Approval => "approval",
            Self::FinalApproval => "final_approval",
        }
    }

    /// Reads [`Self::word`].
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.word() == word)
    }
}

/// What becomes of an operation of a user who has no token in service.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WithoutToken {
    /// Refused until they registered one.
    Refused,
    /// Allowed within the daily limit for users without a token.
    Limited,
}

/// What a class of operations needs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OperationRule {
    /// The proof.
    pub factor: Factor,
    /// Stages that need it.
    pub stages: Vec<Stage>,
    /// Not needed where the payee was registered beforehand.
    pub preregistered_exempt: bool,
    /// Needed only where one of these attributes changes; `None`: always.
    pub attributes: Option<Vec<String>>,
    /// For users without a token.
    pub without_token: WithoutToken,
    /// Allowed unregistered within the grace period.
    pub grace: bool,
}

impl OperationRule {
    /// A code at every stage, no exceptions.
    pub fn strictest() -> Self {
        Self {
            factor: Factor::Otp,
            stages: Stage::ALL.to_vec(),
            preregistered_exempt: false,
            attributes: None,
            without_token: WithoutToken::Refused,
            grace: false,
        }
    }

    /// Nothing is asked.
    pub fn free() -> Self {
        Self { factor: Factor::None, ..Self::strictest() }
    }
}
