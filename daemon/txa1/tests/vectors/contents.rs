//! What is shown and signed, from the fields to the code.

use warifu_txa1::{
    content::{
        AccountNumber, AccountType, AdminText, Bank, BatchKind, Body, Branch, Content, Count, Date,
        Item, JisName, LoginId, Payee, Payer, Total, Yen,
    },
    display,
    frame::{Frame, Header},
    qr_text, question,
    secret::both,
};

use crate::{
    file::{Row, serial},
    keys,
};

fn payer() -> Payer {
    Payer {
        branch: Branch::from_text("011").unwrap(),
        account_type: AccountType::from_text("1").unwrap(),
        account: AccountNumber::from_text("0012345").unwrap(),
    }
}

fn payee(bank: &str, branch: &str, account_type: &str, account: &str) -> Payee {
    Payee {
        bank: Bank::from_text(bank).unwrap(),
        branch: Branch::from_text(branch).unwrap(),
        account_type: AccountType::from_text(account_type).unwrap(),
        account: AccountNumber::from_text(account).unwrap(),
    }
}

fn date() -> Date {
    Date::new(2025, 11, 28).unwrap()
}

fn name(text: &str) -> JisName {
    JisName::from_text(text).unwrap()
}

fn transfer(payee: Payee, to: &str, amount: u64) -> Body {
    let amount = Yen::new(amount).unwrap();
    Body::Transfer { payer: payer(), payee, name: name(to), amount, date: date() }
}

fn usual_transfer() -> Body {
    transfer(payee("0138", "201", "1", "1234567"), "ｶ)ｱｵｿﾗｼﾖｳｶｲ", 1_250_000)
}

fn longest_transfer() -> Body {
    transfer(payee("9999", "999", "9", "9999999"), &"ｱ".repeat(30), Yen::MAX)
}

fn batch(items: Vec<Item>) -> Body {
    Body::Batch {
        kind: BatchKind::Transfer,
        payer: payer(),
        date: date(),
        count: Count::new(3).unwrap(),
        total: Total::new(2_146_000).unwrap(),
        hash: Row::file().row("batch").array("hash"),
        items,
    }
}

fn items() -> Vec<Item> {
    let item =
        |payee, amount, to| Item { payee, amount: Yen::new(amount).unwrap(), name: name(to) };
    vec![
        item(payee("0138", "201", "1", "1234567"), 1_250_000, "ｶ)ｱｵｿﾗｼﾖｳｶｲ"),
        item(payee("0001", "110", "2", "7654321"), 880_000, "ﾐﾄﾞﾘｺｳｷﾞﾖｳ(ｶ"),
        item(payee("9900", "018", "1", "0000017"), 16_000, "ﾔﾏﾀﾞ ﾀﾛｳ"),
    ]
}

fn registration() -> Body {
    let payee = payee("0138", "201", "1", "1234567");
    Body::PayeeRegistration { payee, name: name("ｶ)ｱｵｿﾗｼﾖｳｶｲ") }
}

fn revocation() -> Body {
    Body::Admin { text: AdminText::from_text("REVOKE TOKEN 482913 OF HANAKODT").unwrap() }
}

/// What each row says, put together from its parts.
fn content(row: &Row) -> Content {
    let all = [
        ("transfer", "ICHIRODT", usual_transfer()),
        ("transfer_second", "ICHIRODT", usual_transfer()),
        ("transfer_longest", "UUUUUUUUUUUUUUUUUUUUUUUUUUUUUU", longest_transfer()),
        ("batch", "ICHIRODT", batch(Vec::new())),
        ("batch_items", "ICHIRODT", batch(items())),
        ("payee_registration", "ICHIRODT", registration()),
        ("admin", "ICHIRODT", revocation()),
        ("share", "HANAKODT", Body::Share),
        ("deactivate", "ICHIRODT", Body::Deactivate),
    ];
    let found = all.into_iter().find(|(name, ..)| *name == row.text("name"));
    let (_, login_id, body) = found.unwrap();
    Content::new(1_764_003_600, 300, LoginId::from_text(login_id).unwrap(), body).unwrap()
}

fn header(row: &Row, activation: &Row) -> Header {
    let (instance, counter) = (activation.number("instance"), activation.number("counter"));
    Header::new(row.kind(), serial(), instance, counter).unwrap()
}

#[test]
fn fields_are_encoded_and_read_back() {
    for row in Row::all("contents") {
        let content = content(&row);
        assert_eq!(content.kind(), row.kind());
        assert_eq!(content.encode(), row.bytes("plaintext"));
        assert_eq!(Content::parse(row.kind(), &row.bytes("plaintext")), Ok(content));
    }
}

#[test]
fn the_screen_shows_every_field() {
    for row in Row::all("contents") {
        assert_eq!(display::lines(&content(&row)), row.texts("display"));
    }
}

#[test]
fn messages_carry_them() {
    for row in Row::all("contents") {
        let activation = Row::named("activations", row.text("activation"));
        let bound = both(&activation.salt("ns"), &activation.salt("ni"));
        let header = header(&row, &activation);
        assert_eq!(header.aad(&bound).as_slice(), row.bytes("aad"));

        let sealed = keys::seal(row.array("nonce"), &header.aad(&bound), &content(&row).encode());
        let frame = Frame::new(header, row.array("nonce"), sealed).unwrap();
        assert_eq!(frame.encode(), row.bytes("message"));
        assert_eq!(qr_text::encode(&frame.encode()), row.text("qr_text"));

        let scanned = Frame::parse(&qr_text::decode(row.text("qr_text")).unwrap()).unwrap();
        assert_eq!(keys::open(&scanned, &bound).unwrap(), row.bytes("plaintext"));
    }
}

#[test]
fn signatures_are_over_all_of_it() {
    for row in Row::all("contents") {
        let activation = Row::named("activations", row.text("activation"));
        let question = question::signature(
            &activation.salt("ns"),
            &activation.salt("ni"),
            &header(&row, &activation),
            &row.array("nonce"),
            &row.bytes("plaintext"),
        );
        assert_eq!(question, row.array("question"));
        assert_eq!(keys::hmac("sig", &question::data_input(&question)), row.bytes("hmac"));
        assert!(keys::answer(&question).matches(row.text("code")));
    }
}
