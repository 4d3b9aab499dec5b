//! What a user can be asked to sign, on the wire: as it is ordered, and as it was signed.
//!
//! Accounts are text, because leading zeros count. Names are in half-width kana, as the token's
//! screen shows them.
//!
//! Not responsible for: asking and answering, see [`crate::challenge`]; the checks of texts, amounts
//! and dates, which are made by whoever receives them.

use serde::{Deserialize, Serialize};

use crate::word::words;

words! {
    /// Kind of a bank account (預金種目).
    pub enum AccountType {
        /// 当座.
        Current = "current",
        /// 普通.
        Ordinary = "ordinary",
        /// その他.
        Other = "other",
        /// 貯蓄.
        Savings = "savings",
    }
}

words! {
    /// Kind of a batch of transfers.
    pub enum BatchKind {
        /// 賞与振込.
        Bonus = "bonus",
        /// 給与振込.
        Salary = "salary",
        /// 総合振込.
        Transfer = "transfer",
    }
}

/// The account that pays; an account of the institution itself.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Payer {
    /// Branch (支店番号), 3 digits.
    pub branch: String,
    /// Kind of the account.
    pub account_type: AccountType,
    /// Account number, 7 digits.
    pub account: String,
}

/// The account that is paid.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Payee {
    /// Bank (金融機関コード), 4 digits.
    pub bank: String,
    /// Branch (支店番号), 3 digits.
    pub branch: String,
    /// Kind of the account.
    pub account_type: AccountType,
    /// Account number, 7 digits.
    pub account: String,
}

/// What a user is to sign. Which of them a token can sign depends on the token.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "type")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Order {
    /// Some other operation, described in words (管理操作).
    Admin {
        /// What the token shows: 1 to 60 characters of half-width kana and ASCII.
        text: String,
    },
    /// A batch of transfers (総合振込, 給与振込, 賞与振込).
    Batch {
        /// Which kind; must be that of the records.
        kind: BatchKind,
        /// Day of payment, `YYYY-MM-DD`; month and day must be those of the header record.
        #[cfg_attr(feature = "openapi", schema(example = "2025-11-28"))]
        date: String,
        /// The Zengin records as received, in base64. Header, data and trailer records are what is signed; count and total are recomputed from them.
        #[cfg_attr(feature = "openapi", schema(format = Byte))]
        records: String,
        /// Payees that were registered or paid before, at most 10000, each as `bank-branch-type-account`, for example `0138-201-1-1234567`. All others are shown first on the token.
        #[serde(default)]
        #[cfg_attr(feature = "openapi", schema(max_items = 10_000))]
        known_payees: Vec<String>,
    },
    /// The camera token is to forget its activation.
    Deactivate {
        /// Which token; needed where the user no longer holds it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        serial: Option<String>,
    },
    /// Logging in by a challenge, with a keypad token.
    Login {},
    /// A payee is registered (振込先登録).
    PayeeRegistration {
        /// The account.
        payee: Payee,
        /// Its holder, 1 to 30 characters of half-width kana and ASCII.
        payee_name: String,
    },
    /// A question of the caller's own, for keypad tokens of other makers.
    Question {
        /// As the user types it.
        question: String,
        /// OCRA suite; may be left out where the token has one only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        suite: Option<String>,
    },
    /// The user takes a keypad token into service (利用開始登録).
    Register {
        /// Serial as the user typed it from the token.
        serial: String,
        /// The serial typed a second time, where the policy asks for that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        serial_again: Option<String>,
    },
    /// The user takes part in a camera token that others have in service (トークン共有登録).
    Share {
        /// Which token, by its token code (トークンコード).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token_code: Option<String>,
        /// Which token, by its serial; the only one of the contract where both are left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        serial: Option<String>,
        /// The name that the token shows for the user, 1 to 30 printable ASCII characters; the user's name where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        login_id: Option<String>,
        /// The front end vouches that the user has approval rights (承認権限).
        #[serde(default)]
        may_approve: bool,
    },
    /// A single transfer (都度振込).
    Transfer {
        /// The account that pays.
        payer: Payer,
        /// The account that is paid.
        payee: Payee,
        /// Its holder, 1 to 30 characters of half-width kana and ASCII.
        payee_name: String,
        /// Yen.
        amount: u64,
        /// Day of payment, `YYYY-MM-DD`.
        #[cfg_attr(feature = "openapi", schema(example = "2025-11-28"))]
        date: String,
    },
}

impl Order {
    /// Most payees that a batch can name as known.
    pub const MOST_KNOWN_PAYEES: usize = 10_000;
}

/// What was signed, rebuilt from the stored message and from nothing that was sent later: this is
/// what is to be carried out.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "type")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Signed {
    /// Some other operation.
    Admin {
        /// As the token showed it.
        text: String,
    },
    /// A batch of transfers.
    Batch {
        /// Which kind.
        kind: BatchKind,
        /// The account that pays.
        payer: Payer,
        /// Day of payment, `YYYY-MM-DD`.
        date: String,
        /// Number of transfers.
        count: u32,
        /// Their sum, in yen.
        total: u64,
        /// SHA-256 of `TXA1-BATCH`, a zero byte, and the header, data and trailer records as received, hex. Carry out a file of this hash only.
        hash: String,
        /// The part of it that the token showed.
        fingerprint: String,
        /// The transfers that the token showed one by one.
        items: Vec<SignedItem>,
    },
    /// The camera token forgot its activation.
    Deactivate {},
    /// A login.
    Login {},
    /// A payee's registration.
    PayeeRegistration {
        /// The account.
        payee: Payee,
        /// Its holder.
        payee_name: String,
    },
    /// A question of the caller's own.
    Question {
        /// As the user typed it.
        question: String,
        /// OCRA suite.
        suite: String,
    },
    /// A keypad token was taken into service.
    Register {
        /// Which.
        serial: String,
    },
    /// The user takes part in the token.
    Share {
        /// As the token showed the user's name.
        login_id: String,
    },
    /// A single transfer.
    Transfer {
        /// The account that pays.
        payer: Payer,
        /// The account that is paid.
        payee: Payee,
        /// Its holder.
        payee_name: String,
        /// Yen.
        amount: u64,
        /// Day of payment, `YYYY-MM-DD`.
        date: String,
    },
}

/// A transfer of a batch that the token showed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedItem {
    /// The account that is paid.
    pub payee: Payee,
    /// Its holder.
    pub payee_name: String,
    /// Yen.
    pub amount: u64,
}

words! {
    /// A part of what was signed.
    pub enum Covered {
        /// The payee's account number, without bank and branch.
        Account = "account",
        /// The amount.
        Amount = "amount",
        /// The server's challenge: the code belongs to this request and no other.
        Challenge = "challenge",
        /// How many transfers.
        Count = "count",
        /// The day of payment.
        Date = "date",
        /// Every byte of the records, by their hash.
        Hash = "hash",
        /// The transfers that the token showed one by one.
        Items = "items",
        /// The kind of operation.
        Kind = "kind",
        /// The user's name.
        LoginId = "login_id",
        /// The payee's account, with bank and branch.
        Payee = "payee",
        /// The payee's name.
        PayeeName = "payee_name",
        /// The paying account.
        Payer = "payer",
        /// The question.
        Question = "question",
        /// The words that describe the operation.
        Text = "text",
        /// The sum of a batch.
        Total = "total",
    }
}
