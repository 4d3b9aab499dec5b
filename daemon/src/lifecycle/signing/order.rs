//! What is to be signed, from the wire to the protocol's own values.
//!
//! Every field is checked here, with its name: a message that a token would refuse to show is never
//! made. Not responsible for: which tokens can sign what (`challenge`, `keypad`).

use std::collections::HashSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use warifu_api::signing::{
    AccountType as WireAccountType, BatchKind as WireBatchKind, Order, Payee as WirePayee,
    Payer as WirePayer,
};
use warifu_core::{
    camera::{LoginName, TokenCode},
    ident::{Serial, UserId},
    lifecycle::Denial,
    zengin::{self, NameSet, PayeeId},
};
use warifu_txa1::content::{
    self, AccountNumber, AccountType, AdminText, Bank, BatchKind, Body, Branch, Content, Count,
    Date, Item, JisName, Payee, Payer, Total, Yen,
};

use super::login_name;
use crate::failure::Failure;

/// What a user is to sign, checked.
#[derive(Debug)]
pub(crate) enum Wanted {
    /// A transaction that is shown as it is.
    Body(Body),
    /// A payment file; which of its items are shown is the policy's.
    Batch(Box<BatchWanted>),
    /// To take part in a camera token.
    Share {
        /// Which.
        token: Shared,
        /// How it will call the user.
        login: LoginName,
        /// The front end vouches for the user's approval rights.
        may_approve: bool,
    },
    /// A camera token is to forget its activation.
    Deactivate {
        /// Which, where the user holds none.
        serial: Option<Serial>,
    },
    /// A login with a keypad token.
    Login,
    /// A question of the front end's own.
    Question {
        /// As typed.
        question: String,
        /// Where the token has several.
        suite: Option<String>,
    },
    /// To take a keypad token into service.
    Register {
        /// Which.
        serial: Serial,
        /// The second entry, where the form has two.
        serial_again: Option<String>,
    },
}

/// Which camera token a user wants to take part in.
#[derive(Debug)]
pub(crate) enum Shared {
    /// The one of this token code.
    Code(TokenCode),
    /// The one of this serial.
    Serial(Serial),
    /// The contract has only one.
    Only,
}

/// A payment file that agrees with itself and with what the front end says of it.
#[derive(Debug)]
pub(crate) struct BatchWanted {
    kind: BatchKind,
    date: Date,
    batch: zengin::Batch,
    known: HashSet<PayeeId>,
}

impl Wanted {
    /// Checks an order. `user` is who signs.
    pub(crate) fn of(order: Order, user: &UserId) -> Result<Self, Failure> {
        Ok(match order {
            Order::Transfer { payer, payee, payee_name, amount, date } => {
                Self::Body(Body::Transfer {
                    payer: read_payer(&payer)?,
                    payee: read_payee(&payee)?,
                    name: read_name(&payee_name)?,
                    amount: Yen::new(amount).ok_or(AMOUNT)?,
                    date: read_date(&date)?,
                })
            }
            Order::PayeeRegistration { payee, payee_name } => Self::Body(Body::PayeeRegistration {
                payee: read_payee(&payee)?,
                name: read_name(&payee_name)?,
            }),
            Order::Admin { text } => {
                Self::Body(Body::Admin { text: AdminText::from_text(&text).map_err(|_| TEXT)? })
            }
            Order::Batch { kind, date, records, known_payees } => {
                let batch = BatchWanted::read(kind, &date, &records, &known_payees)?;
                Self::Batch(Box::new(batch))
            }
            Order::Share { token_code, serial, login_id, may_approve } => Self::Share {
                token: read_shared(token_code, serial)?,
                login: login_name(user, login_id.as_deref())?,
                may_approve,
            },
            Order::Deactivate { serial } => {
                Self::Deactivate { serial: serial.as_deref().map(read_serial).transpose()? }
            }
            Order::Login {} => Self::Login,
            Order::Question { question, suite } => Self::Question { question, suite },
            Order::Register { serial, serial_again } => {
                Self::Register { serial: read_serial(&serial)?, serial_again }
            }
        })
    }
}

impl BatchWanted {
    fn read(
        kind: WireBatchKind,
        date: &str,
        records: &str,
        known: &[String],
    ) -> Result<Self, Failure> {
        let bytes = STANDARD.decode(records).map_err(|_| BASE64)?;
        let batch = zengin::parse(&bytes, &NameSet::default()).map_err(|fault| {
            Failure::Detail { field: "operation.records", rule: fault.to_string() }
        })?;
        let kind = match kind {
            WireBatchKind::Transfer => (BatchKind::Transfer, zengin::BatchKind::Transfer),
            WireBatchKind::Salary => (BatchKind::Salary, zengin::BatchKind::Salary),
            WireBatchKind::Bonus => (BatchKind::Bonus, zengin::BatchKind::Bonus),
        };
        if batch.kind != kind.1 {
            return Err(KIND);
        }
        let date = read_date(date)?;
        let (_, month, day) = date.parts();
        let header = (batch.date.month(), batch.date.day());
        if (i8::try_from(month), i8::try_from(day)) != (Ok(header.0), Ok(header.1)) {
            return Err(HEADER_DATE);
        }
        if known.len() > Order::MOST_KNOWN_PAYEES {
            return Err(KNOWN_COUNT);
        }
        let known = known.iter().map(|text| read_known(text)).collect::<Option<_>>();
        Ok(Self { kind: kind.0, date, batch, known: known.ok_or(KNOWN)? })
    }

    /// What is shown and signed: new payees first, then the largest payments.
    pub(super) fn body(&self, items: u8) -> Result<Body, Denial> {
        let most = usize::from(items).min(Content::ITEMS_THAT_ALWAYS_FIT);
        let shown = zengin::selection(&self.batch.items, &self.known, most);
        let shown = shown.map_err(|_| Denial::TooManyNewPayees)?;
        let items = shown.into_iter().filter_map(|index| self.batch.items.get(index));
        let payer = &self.batch.payer;
        let body = || {
            Some(Body::Batch {
                kind: self.kind,
                payer: Payer {
                    branch: Branch::new(payer.branch)?,
                    account_type: AccountType::new(payer.account_type.digit())?,
                    account: AccountNumber::new(payer.account)?,
                },
                date: self.date,
                count: Count::new(self.batch.count)?,
                total: Total::new(self.batch.total)?,
                hash: content::batch_hash(&self.batch.signed),
                items: items.map(item).collect::<Option<_>>()?,
            })
        };
        body().ok_or(Denial::NotSignable)
    }
}

fn item(item: &zengin::Item) -> Option<Item> {
    Some(Item {
        payee: Payee {
            bank: Bank::new(item.bank)?,
            branch: Branch::new(item.branch)?,
            account_type: AccountType::new(item.account_type.digit())?,
            account: AccountNumber::new(item.account)?,
        },
        amount: Yen::new(item.amount)?,
        name: JisName::from_text(&item.name).ok()?,
    })
}

/// The digit of a kind of account (預金種目).
const fn digit(kind: WireAccountType) -> u8 {
    match kind {
        WireAccountType::Ordinary => 1,
        WireAccountType::Current => 2,
        WireAccountType::Savings => 4,
        WireAccountType::Other => 9,
    }
}

fn read_payer(payer: &WirePayer) -> Result<Payer, Failure> {
    Ok(Payer {
        branch: Branch::from_text(&payer.branch)
            .ok_or(field("operation.payer.branch", "3 digits"))?,
        account_type: AccountType::new(digit(payer.account_type)).ok_or(Failure::Bug)?,
        account: AccountNumber::from_text(&payer.account)
            .ok_or(field("operation.payer.account", "7 digits, leading zeros kept"))?,
    })
}

fn read_payee(payee: &WirePayee) -> Result<Payee, Failure> {
    Ok(Payee {
        bank: Bank::from_text(&payee.bank).ok_or(field("operation.payee.bank", "4 digits"))?,
        branch: Branch::from_text(&payee.branch)
            .ok_or(field("operation.payee.branch", "3 digits"))?,
        account_type: AccountType::new(digit(payee.account_type)).ok_or(Failure::Bug)?,
        account: AccountNumber::from_text(&payee.account)
            .ok_or(field("operation.payee.account", "7 digits, leading zeros kept"))?,
    })
}

fn read_name(text: &str) -> Result<JisName, Failure> {
    JisName::from_text(text).map_err(|_| NAME)
}

/// `YYYY-MM-DD`, nothing else.
fn read_date(text: &str) -> Result<Date, Failure> {
    let parts = || {
        let shape = text.len() == 10
            && text.bytes().enumerate().all(|(at, c)| match at {
                4 | 7 => c == b'-',
                _ => c.is_ascii_digit(),
            });
        if !shape {
            return None;
        }
        let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<u16>().ok();
        let (month, day) = (number(5..7)?, number(8..10)?);
        Date::new(number(0..4)?, u8::try_from(month).ok()?, u8::try_from(day).ok()?)
    };
    parts().ok_or(DATE)
}

/// `bank-branch-type-account`, as lists and tokens show it.
fn read_known(text: &str) -> Option<PayeeId> {
    let mut parts = text.split('-');
    let (bank, branch, kind, account) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let [kind] = kind.as_bytes() else { return None };
    if parts.next().is_some() {
        return None;
    }
    Some(PayeeId {
        bank: Bank::from_text(bank)?.get(),
        branch: Branch::from_text(branch)?.get(),
        account_type: zengin::AccountType::from_digit(kind.checked_sub(b'0')?)?,
        account: AccountNumber::from_text(account)?.get(),
    })
}

fn read_shared(code: Option<String>, serial: Option<String>) -> Result<Shared, Failure> {
    match (code, serial) {
        (Some(_), Some(_)) => Err(field("operation.token_code", "token_code or serial, not both")),
        (Some(code), None) => TokenCode::parse(&code)
            .map(Shared::Code)
            .ok_or(field("operation.token_code", "6 digits, as Token info shows them")),
        (None, Some(serial)) => read_serial(&serial).map(Shared::Serial),
        (None, None) => Ok(Shared::Only),
    }
}

fn read_serial(text: &str) -> Result<Serial, Failure> {
    Serial::parse(text).map_err(|_| field("operation.serial", "as printed on the token"))
}

const fn field(field: &'static str, rule: &'static str) -> Failure {
    Failure::Field { field, rule }
}

const AMOUNT: Failure = field("operation.amount", "1 to 9999999999 yen");
const TEXT: Failure = field(
    "operation.text",
    "1 to 60 characters of half-width kana and ASCII, no control characters",
);
const NAME: Failure =
    field("operation.payee_name", "1 to 30 characters of half-width kana and ASCII");
const DATE: Failure = field("operation.date", "a day of the calendar, YYYY-MM-DD");
const BASE64: Failure = field("operation.records", "the file as received, in base64");
const KIND: Failure = field("operation.kind", "must be that of the header record");
const HEADER_DATE: Failure =
    field("operation.date", "month and day must be those of the header record");
const KNOWN: Failure = field(
    "operation.known_payees",
    "each as bank-branch-type-account, for example 0138-201-1-1234567",
);
const KNOWN_COUNT: Failure = field("operation.known_payees", "at most 10000");

#[cfg(test)]
mod tests;
