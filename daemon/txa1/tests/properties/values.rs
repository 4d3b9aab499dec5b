//! Random values of every type.

use proptest::{collection::vec, option, prelude::*};
use warifu_txa1::{
    activation::TokenCode,
    content::{
        AccountNumber, AccountType, AdminText, Bank, BatchKind, Body, Branch, Content, Count, Date,
        Item, JisName, LoginId, Payee, Payer, Total, Yen,
    },
    frame::{Frame, Header, Kind, MAX_PLAINTEXT, TAG_LEN},
    serial::DeviceSerial,
};

pub(crate) fn serial() -> impl Strategy<Value = DeviceSerial> {
    "[0-9]{10}".prop_map(|text| DeviceSerial::from_text(&text).unwrap())
}

pub(crate) fn bank() -> impl Strategy<Value = Bank> {
    (0..=9999_u16).prop_map(|number| Bank::new(number).unwrap())
}

pub(crate) fn token_code() -> impl Strategy<Value = TokenCode> {
    (0..=999_999_u32).prop_map(|number| TokenCode::new(number).unwrap())
}

pub(crate) fn login_id() -> impl Strategy<Value = LoginId> {
    "[!-~]([ -~]{0,28}[!-~])?".prop_map(|text| LoginId::from_text(&text).unwrap())
}

pub(crate) fn kind() -> impl Strategy<Value = Kind> {
    let kinds = [Kind::Am1, Kind::Am2, Kind::Transaction, Kind::Share, Kind::Deactivate];
    proptest::sample::select(kinds.to_vec())
}

pub(crate) fn header() -> impl Strategy<Value = Header> {
    (kind(), serial(), 1..=255_u8, 1..=999_u16).prop_map(|(kind, serial, instance, counter)| {
        Header::new(kind, serial, instance, counter).unwrap_or(Header::first(serial))
    })
}

pub(crate) fn frame() -> impl Strategy<Value = Frame> {
    let sealed = vec(any::<u8>(), TAG_LEN + 1..=TAG_LEN + MAX_PLAINTEXT);
    (header(), any::<[u8; 12]>(), sealed)
        .prop_map(|(header, nonce, sealed)| Frame::new(header, nonce, sealed).unwrap())
}

fn name() -> impl Strategy<Value = JisName> {
    "[!-~｡-ﾟ][ -~｡-ﾟ]{0,29}".prop_map(|text| JisName::from_text(&text).unwrap())
}

fn text() -> impl Strategy<Value = AdminText> {
    "[!-~｡-ﾟ][ -~｡-ﾟ]{0,59}".prop_map(|text| AdminText::from_text(&text).unwrap())
}

fn payee() -> impl Strategy<Value = Payee> {
    (bank(), payer()).prop_map(|(bank, Payer { branch, account_type, account })| Payee {
        bank,
        branch,
        account_type,
        account,
    })
}

fn payer() -> impl Strategy<Value = Payer> {
    (0..=999_u16, 1..=9_u8, 0..=9_999_999_u32).prop_map(|(branch, account_type, account)| Payer {
        branch: Branch::new(branch).unwrap(),
        account_type: AccountType::new(account_type).unwrap(),
        account: AccountNumber::new(account).unwrap(),
    })
}

fn yen() -> impl Strategy<Value = Yen> {
    (1..=Yen::MAX).prop_map(|yen| Yen::new(yen).unwrap())
}

fn date() -> impl Strategy<Value = Date> {
    (1..=9999_u16, 1..=12_u8, 1..=28_u8)
        .prop_map(|(year, month, day)| Date::new(year, month, day).unwrap())
}

fn item() -> impl Strategy<Value = Item> {
    (payee(), yen(), name()).prop_map(|(payee, amount, name)| Item { payee, amount, name })
}

/// A batch whose items are all of it, or some.
fn batch() -> impl Strategy<Value = Body> {
    let kinds = [BatchKind::Transfer, BatchKind::Salary, BatchKind::Bonus];
    let kind = proptest::sample::select(kinds.to_vec());
    let items = vec(item(), 0..=Content::ITEMS_THAT_ALWAYS_FIT);
    let others = option::of((1..=999_000_u32, 1..=900_000_000_000_u64));
    let parts = (kind, payer(), date(), items, others, any::<[u8; 32]>());
    parts.prop_map(|(kind, payer, date, items, others, hash)| {
        let others = others.unwrap_or(if items.is_empty() { (1, 1) } else { (0, 0) });
        let count = u32::try_from(items.len()).unwrap() + others.0;
        let total = items.iter().map(|item| item.amount.get()).sum::<u64>() + others.1;
        let (count, total) = (Count::new(count).unwrap(), Total::new(total).unwrap());
        Body::Batch { kind, payer, date, count, total, hash, items }
    })
}

fn body() -> impl Strategy<Value = Body> {
    let transfer =
        (payer(), payee(), name(), yen(), date()).prop_map(|(payer, payee, name, amount, date)| {
            Body::Transfer { payer, payee, name, amount, date }
        });
    let registration =
        (payee(), name()).prop_map(|(payee, name)| Body::PayeeRegistration { payee, name });
    prop_oneof![
        transfer,
        batch(),
        registration,
        text().prop_map(|text| Body::Admin { text }),
        Just(Body::Share),
        Just(Body::Deactivate),
    ]
}

pub(crate) fn content() -> impl Strategy<Value = Content> {
    (any::<u32>(), any::<u16>(), login_id(), body()).prop_map(|(issued, ttl, login_id, body)| {
        Content::new(issued, ttl, login_id, body).unwrap()
    })
}
