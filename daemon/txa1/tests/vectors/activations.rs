//! The three activations, from the first message to the confirmation.

use warifu_core::code::Code;
use warifu_txa1::{
    activation::{
        Bank, DeviceCode, First, LoginId, Second, TokenCode, compose, confirm_question,
        device_code_input,
    },
    dec64,
    frame::{Frame, Header, Kind},
    leading64, qr_text, question,
};

use crate::{
    file::{Row, serial},
    keys,
};

/// The message is what the server sends for this plaintext, and the token gets the plaintext back.
fn check_message(row: &Row, header: Header, bound: &[u8], plaintext: &[u8]) {
    let (message, nonce) = (row.bytes("message"), row.array("nonce"));
    assert_eq!(plaintext, row.bytes("plaintext"));
    assert_eq!(header.aad(bound).as_slice(), row.bytes("aad"));
    let sealed = keys::seal(nonce, &header.aad(bound), plaintext);
    assert_eq!(Frame::new(header, nonce, sealed).unwrap().encode(), message);
    assert_eq!(qr_text::encode(&message), row.text("qr_text"));

    let scanned = qr_text::decode(row.text("qr_text")).unwrap();
    let frame = Frame::parse(&scanned).unwrap();
    assert_eq!(*frame.header(), header);
    assert_eq!(keys::open(&frame, bound).unwrap(), plaintext);
}

#[test]
fn the_first_message() {
    for row in Row::all("activations") {
        let am1 = row.row("am1");
        let first = First {
            ns: row.salt("ns"),
            issued: am1.number("issued"),
            ttl: am1.number("ttl"),
            may_replace: am1.number::<u8>("flags") == 1,
            bank: Bank::from_text(row.text("bank")).unwrap(),
        };
        check_message(&am1, Header::first(serial()), &[], &first.encode());
        let read = First::parse(&am1.bytes("plaintext")).unwrap();
        assert!(read.ns.matches(&first.ns));
        assert_eq!((read.issued, read.ttl, read.bank), (first.issued, first.ttl, first.bank));
        assert_eq!(read.may_replace, first.may_replace);
    }
}

#[test]
fn the_device_code() {
    for row in Row::all("activations") {
        let counter = row.number("counter");
        let input = device_code_input(&row.salt("ns"), &row.row("am1").bytes("message"), counter);
        let mac = keys::hmac("cod", &input);
        assert_eq!(mac, row.bytes("device_mac"));
        assert_eq!(compose(counter, leading64(&mac).unwrap()).unwrap(), row.text("device_code"));

        let typed = DeviceCode::parse(row.text("device_code")).unwrap();
        assert_eq!(typed.counter(), counter);
        assert!(typed.mac().matches(&dec64(&mac, DeviceCode::MAC_DIGITS).unwrap()));
    }
}

#[test]
fn the_second_message() {
    for row in Row::all("activations") {
        let am2 = row.row("am2");
        let second = Second {
            ni: row.salt("ni"),
            issued: am2.number("issued"),
            ttl: am2.number("ttl"),
            token_code: TokenCode::from_text(row.text("token_code")).unwrap(),
            login_id: LoginId::from_text(row.text("login_id")).unwrap(),
        };
        let header =
            Header::new(Kind::Am2, serial(), row.number("instance"), row.number("counter"));
        check_message(&am2, header.unwrap(), row.salt("ns").expose(), &second.encode());
        let read = Second::parse(&am2.bytes("plaintext")).unwrap();
        assert!(read.ni.matches(&second.ni));
        assert_eq!((read.issued, read.ttl), (second.issued, second.ttl));
        assert_eq!((read.token_code, read.login_id), (second.token_code, second.login_id));
    }
}

#[test]
fn the_confirmation() {
    for row in Row::all("activations") {
        let messages = ["am1", "am2"].map(|name| row.row(name).bytes("message"));
        let [am1, am2] = messages;
        let question = confirm_question(&row.salt("ns"), &row.salt("ni"), &am1, &am2);
        assert_eq!(question, row.array("question"));
        let input = question::data_input(&question);
        assert_eq!(input, row.bytes("data_input"));
        assert_eq!(keys::hmac("sig", &input), row.bytes("hmac"));
        assert!(keys::answer(&question).matches(row.text("code")));
        assert_eq!(Code::parse(row.text("code")).unwrap().len(), question::DIGITS);
    }
}
