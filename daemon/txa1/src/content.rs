//! What is shown and signed: the plaintext of a transaction, share or deactivation message.
//!
//! One content has one plaintext and the other way round; a token and the server read the same
//! fields out of the same bytes, or both refuse. Not responsible for: how it is shown (`display`),
//! what is hashed (`question`), or which payments a batch shows.

mod operation;
mod tlv;

use sha2::{Digest as _, Sha256};
use thiserror::Error;

pub use self::operation::Operation;
use self::tlv::Fields;
pub use crate::field::{
    AccountNumber, AccountType, AdminText, Bank, Branch, Count, Date, JisName, LoginId, Payee,
    Payer, TextFault, Total, Yen,
};
use crate::frame::{Kind, MAX_PLAINTEXT};

/// Why a plaintext is no content. A token shows the reason and no code.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum ContentFault {
    /// Cut off, too long, out of order, or a field that stands twice.
    #[error("is not made of fields in ascending order")]
    BadTlv,
    /// A field is missing, or one stands there that the operation does not have.
    #[error("has other fields than its operation has")]
    WrongFields,
    /// A value that can not be, or values that contradict each other.
    #[error("has a field with an impossible value")]
    BadField,
    /// An unknown operation, or one that another kind of message carries.
    #[error("has an operation that its kind of message does not carry")]
    BadOperation,
    /// More than a QR code holds. Only [`Content::new`] says so: show fewer items.
    #[error("is longer than a message can be")]
    TooLong,
}

impl ContentFault {
    /// A stable word for screens, logs and tests.
    pub const fn word(self) -> &'static str {
        match self {
            Self::BadTlv => "bad_tlv",
            Self::WrongFields => "wrong_fields",
            Self::BadField => "bad_field",
            Self::BadOperation => "bad_operation",
            Self::TooLong => "too_long",
        }
    }
}

/// What kind of payments a batch has.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum BatchKind {
    /// Transfers (総合振込).
    Transfer,
    /// Salaries (給与振込).
    Salary,
    /// Bonuses (賞与振込).
    Bonus,
}

/// A payment of a batch that is shown by itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Item {
    /// Where it goes.
    pub payee: Payee,
    /// How much.
    pub amount: Yen,
    /// The payee's name.
    pub name: JisName,
}

/// What the user is asked to sign.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Body {
    /// One transfer.
    Transfer {
        /// Whose money goes out.
        payer: Payer,
        /// Where it goes.
        payee: Payee,
        /// The payee's name.
        name: JisName,
        /// How much.
        amount: Yen,
        /// When it is to be paid.
        date: Date,
    },
    /// A payment file.
    Batch {
        /// What kind of payments.
        kind: BatchKind,
        /// Whose money goes out.
        payer: Payer,
        /// When they are to be paid.
        date: Date,
        /// How many payments.
        count: Count,
        /// Their sum.
        total: Total,
        /// [`batch_hash`] of the payment file.
        hash: [u8; 32],
        /// The payments that are shown, which is not all of them.
        items: Vec<Item>,
    },
    /// A payee is added to the list of known ones.
    PayeeRegistration {
        /// The payee's account.
        payee: Payee,
        /// The payee's name.
        name: JisName,
    },
    /// Anything else, told in words.
    Admin {
        /// What it does.
        text: AdminText,
    },
    /// The user named joins the token.
    Share,
    /// The token forgets its activation.
    Deactivate,
}

impl Body {
    /// Which operation it is.
    pub const fn operation(&self) -> Operation {
        match self {
            Self::Transfer { .. } => Operation::Transfer,
            Self::Batch { kind: BatchKind::Transfer, .. } => Operation::BatchTransfer,
            Self::Batch { kind: BatchKind::Salary, .. } => Operation::Salary,
            Self::Batch { kind: BatchKind::Bonus, .. } => Operation::Bonus,
            Self::PayeeRegistration { .. } => Operation::PayeeRegistration,
            Self::Admin { .. } => Operation::Admin,
            Self::Share => Operation::Share,
            Self::Deactivate => Operation::Deactivate,
        }
    }
}

/// Everything that a message shows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Content {
    issued: u32,
    ttl: u16,
    login_id: LoginId,
    body: Body,
}

impl Content {
    /// So many items of a batch fit whatever their names are.
    pub const ITEMS_THAT_ALWAYS_FIT: usize = 5;

    /// Puts a content together.
    ///
    /// # Errors
    /// [`ContentFault::BadField`] where the items of a batch contradict its count or total,
    /// [`ContentFault::TooLong`] where there are more than fit.
    pub fn new(issued: u32, ttl: u16, login_id: LoginId, body: Body) -> Result<Self, ContentFault> {
        if let Body::Batch { count, total, items, .. } = &body
            && !items_agree(*count, *total, items)
        {
            return Err(ContentFault::BadField);
        }
        let content = Self { issued, ttl, login_id, body };
        let fits = content.encode().len() <= MAX_PLAINTEXT;
        if fits { Ok(content) } else { Err(ContentFault::TooLong) }
    }

    /// When it was made, Unix time.
    pub const fn issued(&self) -> u32 {
        self.issued
    }

    /// For how long it holds, in seconds. The server sees to it: a token has no clock.
    pub const fn ttl(&self) -> u16 {
        self.ttl
    }

    /// Who signs, or who joins the token.
    pub const fn login_id(&self) -> &LoginId {
        &self.login_id
    }

    /// What is signed.
    pub const fn body(&self) -> &Body {
        &self.body
    }

    /// The kind of message that carries it.
    pub const fn kind(&self) -> Kind {
        self.body.operation().kind()
    }

    /// The plaintext.
    pub fn encode(&self) -> Vec<u8> {
        let mut plaintext = Vec::new();
        let mut push = |tag, value: &[u8]| tlv::push(&mut plaintext, tag, value);
        push(tlv::OPERATION, &[self.body.operation().byte()]);
        push(tlv::ISSUED, &self.issued.to_be_bytes());
        push(tlv::TTL, &self.ttl.to_be_bytes());
        push(tlv::LOGIN_ID, self.login_id.as_str().as_bytes());
        self.body.encode(&mut push);
        plaintext
    }

    /// Reads the plaintext of a message of this kind; what [`Self::encode`] would not write is
    /// refused.
    pub fn parse(kind: Kind, plaintext: &[u8]) -> Result<Self, ContentFault> {
        let fields = Fields::read(plaintext)?;
        let [operation] = fields.fixed(tlv::OPERATION)?;
        let operation = Operation::from_byte(operation)
            .filter(|operation| operation.kind() == kind)
            .ok_or(ContentFault::BadOperation)?;
        if !fields.are(operation.fields(), operation.has_items()) {
            return Err(ContentFault::WrongFields);
        }
        let issued = u32::from_be_bytes(fields.fixed(tlv::ISSUED)?);
        let ttl = u16::from_be_bytes(fields.fixed(tlv::TTL)?);
        let login_id = fields.value(tlv::LOGIN_ID)?;
        let login_id = LoginId::from_bytes(login_id).map_err(|_| ContentFault::BadField)?;
        Self::new(issued, ttl, login_id, Body::parse(operation, &fields)?)
    }
}

impl Body {
    fn encode(&self, push: &mut impl FnMut(u8, &[u8])) {
        match self {
            Self::Transfer { payer, payee, name, amount, date } => {
                push(tlv::PAYER, &payer.bytes());
                push(tlv::PAYEE, &payee.bytes());
                push(tlv::NAME, &name.jis());
                push(tlv::AMOUNT, &amount.bytes());
                push(tlv::DATE, &date.bytes());
            }
            Self::Batch { kind: _, payer, date, count, total, hash, items } => {
                push(tlv::PAYER, &payer.bytes());
                push(tlv::DATE, &date.bytes());
                push(tlv::COUNT, &count.bytes());
                push(tlv::TOTAL, &total.bytes());
                push(tlv::HASH, hash);
                for item in items {
                    push(tlv::ITEM, &item.bytes());
                }
            }
            Self::PayeeRegistration { payee, name } => {
                push(tlv::PAYEE, &payee.bytes());
                push(tlv::NAME, &name.jis());
            }
            Self::Admin { text } => push(tlv::TEXT, &text.jis()),
            Self::Share | Self::Deactivate => {}
        }
    }

    fn parse(operation: Operation, fields: &Fields<'_>) -> Result<Self, ContentFault> {
        match operation {
            Operation::Transfer => Ok(Self::Transfer {
                payer: payer(fields)?,
                payee: payee(fields)?,
                name: name(fields.value(tlv::NAME)?)?,
                amount: checked(Yen::from_bytes(fields.fixed(tlv::AMOUNT)?))?,
                date: date(fields)?,
            }),
            Operation::BatchTransfer => Self::parse_batch(BatchKind::Transfer, fields),
            Operation::Salary => Self::parse_batch(BatchKind::Salary, fields),
            Operation::Bonus => Self::parse_batch(BatchKind::Bonus, fields),
            Operation::PayeeRegistration => Ok(Self::PayeeRegistration {
                payee: payee(fields)?,
                name: name(fields.value(tlv::NAME)?)?,
            }),
            Operation::Admin => Ok(Self::Admin {
                text: checked(AdminText::from_jis(fields.value(tlv::TEXT)?).ok())?,
            }),
            Operation::Share => Ok(Self::Share),
            Operation::Deactivate => Ok(Self::Deactivate),
        }
    }

    fn parse_batch(kind: BatchKind, fields: &Fields<'_>) -> Result<Self, ContentFault> {
        Ok(Self::Batch {
            kind,
            payer: payer(fields)?,
            date: date(fields)?,
            count: checked(Count::from_bytes(fields.fixed(tlv::COUNT)?))?,
            total: checked(Total::from_bytes(fields.fixed(tlv::TOTAL)?))?,
            hash: fields.fixed(tlv::HASH)?,
            items: fields.items(tlv::ITEM).map(Item::parse).collect::<Result<_, _>>()?,
        })
    }
}

impl Item {
    fn bytes(&self) -> Vec<u8> {
        [self.payee.bytes().as_slice(), &self.amount.bytes(), &self.name.jis()].concat()
    }

    fn parse(bytes: &[u8]) -> Result<Self, ContentFault> {
        let (payee, rest) = bytes.split_first_chunk().ok_or(ContentFault::BadField)?;
        let (amount, rest) = rest.split_first_chunk().ok_or(ContentFault::BadField)?;
        Ok(Self {
            payee: checked(Payee::from_bytes(*payee))?,
            amount: checked(Yen::from_bytes(*amount))?,
            name: name(rest)?,
        })
    }
}

/// The hash of a payment file that a batch is signed with: over its header, data and trailer records
/// as received, one after the other without line ends. Its tag keeps it apart from every other hash
/// of the protocol, and from a plain hash that somebody else may publish of the same file.
pub fn batch_hash(records: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(b"TXA1-BATCH\0").chain_update(records).finalize().into()
}

/// Whether the payments shown can be part of the batch: not more than it has, not above its total,
/// and exactly the total where all are shown.
fn items_agree(count: Count, total: Total, items: &[Item]) -> bool {
    let shown = u32::try_from(items.len()).unwrap_or(u32::MAX);
    let sum = items.iter().fold(0_u64, |sum, item| sum.saturating_add(item.amount.get()));
    if shown == count.get() {
        return sum == total.get();
    }
    shown < count.get() && sum <= total.get()
}

fn checked<T>(value: Option<T>) -> Result<T, ContentFault> {
    value.ok_or(ContentFault::BadField)
}

fn payer(fields: &Fields<'_>) -> Result<Payer, ContentFault> {
    checked(Payer::from_bytes(fields.fixed(tlv::PAYER)?))
}

fn payee(fields: &Fields<'_>) -> Result<Payee, ContentFault> {
    checked(Payee::from_bytes(fields.fixed(tlv::PAYEE)?))
}

fn date(fields: &Fields<'_>) -> Result<Date, ContentFault> {
    checked(Date::from_bytes(fields.fixed(tlv::DATE)?))
}

fn name(bytes: &[u8]) -> Result<JisName, ContentFault> {
    checked(JisName::from_jis(bytes).ok())
}

#[cfg(test)]
mod tests;
