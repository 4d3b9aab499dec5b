//! What was asked and signed, told from the challenge's own record and from nothing else: the
//! fields, the lines that the token shows, the parts that a code covers.
//!
//! Not responsible for: whether the code was right.

use warifu_api::signing::{
    AccountType as WireAccountType, BatchKind as WireBatchKind, Covered, Payee as WirePayee,
    Payer as WirePayer, Signed, SignedItem,
};
use warifu_core::{
    challenge::{Form, Purpose},
    ocra::{Suite, keypad::KeypadUse},
};
use warifu_store::record::ChallengeRecord;
use warifu_txa1::{
    content::{BatchKind, Body, Content, Payee, Payer},
    display,
    frame::Frame,
};

/// The stored content, where the challenge has one.
fn content(one: &ChallengeRecord) -> Option<Content> {
    match &one.form {
        Form::Display { message, content, .. } => {
            let kind = Frame::parse(message).ok()?.header().kind();
            Content::parse(kind, content).ok()
        }
        Form::Keypad { content, .. } => {
            Content::parse(warifu_txa1::frame::Kind::Transaction, content.as_deref()?).ok()
        }
    }
}

/// The lines that a camera token shows.
pub(super) fn display(one: &ChallengeRecord) -> Option<Vec<String>> {
    match &one.form {
        Form::Display { .. } => content(one).map(|content| display::lines(&content)),
        Form::Keypad { .. } => None,
    }
}

/// What was signed; `None` for a record that does not hold together.
pub(super) fn signed(one: &ChallengeRecord) -> Option<Signed> {
    if one.purpose == Purpose::Register {
        return Some(Signed::Register { serial: one.serial.to_string() });
    }
    if let Form::Keypad { suite, question, content: None } = &one.form {
        let known = Suite::parse(suite).ok().and_then(|suite| KeypadUse::of_suite(&suite));
        return Some(match known {
            Some(KeypadUse::Login) => Signed::Login {},
            _ => Signed::Question { question: question.clone(), suite: suite.clone() },
        });
    }
    let content = content(one)?;
    match &one.form {
        Form::Keypad { suite, question, .. } if !is_typed(suite, question, &content) => None,
        _ => Some(told(&content)),
    }
}

/// Whether the typed digits are those of the content: both lay in the store.
fn is_typed(suite: &str, question: &str, content: &Content) -> bool {
    let (payee, amount) = match content.body() {
        Body::Transfer { payee, amount, .. } => (payee, amount.get()),
        Body::PayeeRegistration { payee, .. } => (payee, 0),
        _ => return false,
    };
    let (account, both) = (payee.account.to_string(), format!("{}{amount:010}", payee.account));
    let known = Suite::parse(suite).ok().and_then(|suite| KeypadUse::of_suite(&suite));
    let typed = question.strip_prefix('1');
    match known {
        Some(KeypadUse::Account) => typed == Some(account.as_str()),
        Some(KeypadUse::AccountAmount) => typed == Some(both.as_str()),
        Some(KeypadUse::ChallengeAccountAmount) => {
            typed.and_then(|typed| typed.get(6..)) == Some(both.as_str())
        }
        Some(KeypadUse::Login) | None => false,
    }
}

fn told(content: &Content) -> Signed {
    match content.body() {
        Body::Transfer { payer: from, payee: to, name, amount, date } => Signed::Transfer {
            payer: payer(*from),
            payee: payee(*to),
            payee_name: name.to_string(),
            amount: amount.get(),
            date: date.to_string(),
        },
        Body::Batch { kind, payer: from, date, count, total, hash, items } => Signed::Batch {
            kind: match kind {
                BatchKind::Transfer => WireBatchKind::Transfer,
                BatchKind::Salary => WireBatchKind::Salary,
                BatchKind::Bonus => WireBatchKind::Bonus,
            },
            payer: payer(*from),
            date: date.to_string(),
            count: count.get(),
            total: total.get(),
            hash: hex::encode(hash),
            fingerprint: display::fingerprint(hash),
            items: items
                .iter()
                .map(|item| SignedItem {
                    payee: payee(item.payee),
                    payee_name: item.name.to_string(),
                    amount: item.amount.get(),
                })
                .collect(),
        },
        Body::PayeeRegistration { payee: to, name } => {
            Signed::PayeeRegistration { payee: payee(*to), payee_name: name.to_string() }
        }
        Body::Admin { text } => Signed::Admin { text: text.to_string() },
        Body::Share => Signed::Share { login_id: content.login_id().as_str().to_owned() },
        Body::Deactivate => Signed::Deactivate {},
    }
}

/// The parts that the code covers. A camera token signs all that it shows; a keypad token only what
/// was typed into it.
pub(super) fn covered(one: &ChallengeRecord) -> Vec<Covered> {
    use Covered as C;
    match &one.form {
        Form::Display { .. } => {
            let Some(content) = content(one) else { return Vec::new() };
            let mut parts = vec![C::Challenge, C::Kind, C::LoginId];
            parts.extend_from_slice(match content.body() {
                Body::Transfer { .. } => &[C::Payer, C::Payee, C::PayeeName, C::Amount, C::Date],
                Body::Batch { .. } => &[C::Payer, C::Date, C::Count, C::Total, C::Hash, C::Items],
                Body::PayeeRegistration { .. } => &[C::Payee, C::PayeeName],
                Body::Admin { .. } => &[C::Text],
                Body::Share | Body::Deactivate => &[],
            });
            parts
        }
        Form::Keypad { suite, .. } => {
            let known = Suite::parse(suite).ok().and_then(|suite| KeypadUse::of_suite(&suite));
            match known {
                Some(KeypadUse::Login) => vec![C::Challenge],
                Some(KeypadUse::Account) => vec![C::Account],
                Some(KeypadUse::AccountAmount) => vec![C::Account, C::Amount],
                Some(KeypadUse::ChallengeAccountAmount) => {
                    vec![C::Challenge, C::Account, C::Amount]
                }
                None => vec![C::Question],
            }
        }
    }
}

/// For the audit chain: what it was about, in one line, names left out.
pub(super) fn summary(one: &ChallengeRecord) -> String {
    let about = content(one).map(|content| match content.body() {
        Body::Transfer { payee, amount, date, .. } => {
            format!("transfer {} yen to {payee} on {date}", amount.get())
        }
        Body::Batch { kind, count, total, hash, date, .. } => format!(
            "batch ({}) of {} with {} yen on {date}, {}",
            match kind {
                BatchKind::Transfer => "transfer",
                BatchKind::Salary => "salary",
                BatchKind::Bonus => "bonus",
            },
            count.get(),
            total.get(),
            display::fingerprint(hash)
        ),
        Body::PayeeRegistration { payee, .. } => format!("payee {payee}"),
        Body::Admin { text } => format!("admin {text}"),
        Body::Share => "share".to_owned(),
        Body::Deactivate => "deactivate".to_owned(),
    });
    let about = about.unwrap_or_else(|| match one.purpose {
        Purpose::Register => "register".to_owned(),
        _ => "challenge".to_owned(),
    });
    format!("{about} [{}]", hex::encode(one.id))
}

fn payer(payer: Payer) -> WirePayer {
    WirePayer {
        branch: payer.branch.to_string(),
        account_type: account_type(payer.account_type.get()),
        account: payer.account.to_string(),
    }
}

fn payee(payee: Payee) -> WirePayee {
    WirePayee {
        bank: payee.bank.to_string(),
        branch: payee.branch.to_string(),
        account_type: account_type(payee.account_type.get()),
        account: payee.account.to_string(),
    }
}

const fn account_type(digit: u8) -> WireAccountType {
    match digit {
        1 => WireAccountType::Ordinary,
        2 => WireAccountType::Current,
        4 => WireAccountType::Savings,
        _ => WireAccountType::Other,
    }
}
