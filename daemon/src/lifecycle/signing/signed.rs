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
        Form::Display { .. } if !is_own(one, &content) => None,
        _ => Some(told(&content)),
    }
}

/// Whether the content, which the code is over, is that of this challenge: one that was signed before
/// does not come back under a later time, nor for another purpose.
fn is_own(one: &ChallengeRecord, content: &Content) -> bool {
    let purpose = match content.body() {
        Body::Share => Purpose::Share,
        Body::Deactivate => Purpose::Deactivate,
        _ => Purpose::Sign,
    };
    let joins = one.login.as_ref().is_none_or(|name| name.as_str() == content.login_id().as_str());
    one.purpose == purpose
        && joins
        && one.challenge.issued.0 == u64::from(content.issued())
        && one.challenge.lifetime_s == content.ttl()
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

#[cfg(test)]
mod tests {
    use warifu_core::{
        camera::LoginName,
        challenge::{Challenge, State},
        ident::{ContractId, Institution, Serial, UserId},
        time::UnixTime,
    };
    use warifu_txa1::{
        content::{AdminText, LoginId},
        frame::{Header, Kind},
        serial::DeviceSerial,
    };

    use super::*;

    fn challenge(kind: Kind, body: Body) -> ChallengeRecord {
        let serial = "0112345679";
        let header = Header::new(kind, DeviceSerial::from_text(serial).unwrap(), 1, 1).unwrap();
        let login = LoginId::from_text("S1").unwrap();
        let content = Content::new(1_000, 300, login, body).unwrap().encode();
        let message = Frame::new(header, [7; 12], vec![0; content.len() + 16]).unwrap().encode();
        ChallengeRecord {
            institution: Institution::parse("bank").unwrap(),
            serial: Serial::parse(serial).unwrap(),
            id: [7; 12],
            challenge: Challenge {
                contract: ContractId::parse("C1").unwrap(),
                user: UserId::parse("S1").unwrap(),
                session: [0; 16],
                issued: UnixTime(1_000),
                lifetime_s: 300,
                wrong: 0,
                activation: 1,
                state: State::Open,
            },
            purpose: Purpose::Sign,
            form: Form::Display { message, content, question: vec![0; 32] },
            login: None,
            last_request: None,
        }
    }

    fn with(one: &ChallengeRecord, change: impl FnOnce(&mut ChallengeRecord)) -> bool {
        let mut one = one.clone();
        change(&mut one);
        signed(&one).is_some()
    }

    #[test]
    fn a_content_is_its_own_challenges() {
        let text = AdminText::from_text("USER ADD").unwrap();
        let one = challenge(Kind::Transaction, Body::Admin { text });
        assert!(with(&one, |_| ()));
        assert!(!with(&one, |one| one.challenge.issued = UnixTime(2_000)), "signed long ago");
        assert!(!with(&one, |one| one.challenge.lifetime_s = 900));
        assert!(!with(&one, |one| one.purpose = Purpose::Share));
        let share = challenge(Kind::Share, Body::Share);
        let name = |text| LoginName::parse(text);
        for (purpose, login, good) in [
            (Purpose::Share, "S1", true),
            (Purpose::Share, "S2", false),
            (Purpose::Sign, "S1", false),
        ] {
            let change =
                |one: &mut ChallengeRecord| (one.purpose, one.login) = (purpose, name(login));
            assert_eq!(with(&share, change), good, "{purpose:?} {login}");
        }
    }
}
