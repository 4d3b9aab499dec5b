//! What a token and the server must refuse, and with which word.

use warifu_txa1::{
    activation::{DeviceCode, DeviceCodeFault, device_code_input},
    content::Content,
    dec64,
    frame::{Frame, Kind},
    secret::both,
};

use crate::{
    file::{Row, serial},
    keys,
};

/// The order in which a token looks at a message: whose, which activation, then whether it opens.
/// It is where the activation of its counter left it.
fn scan(message: &[u8], counter: u16) -> Result<Vec<u8>, &'static str> {
    let at =
        Row::all("activations").into_iter().find(|row| row.number::<u16>("counter") == counter);
    let (ns, ni) = at.as_ref().map(|row| (row.salt("ns"), row.salt("ni"))).unwrap();
    let frame = Frame::parse(message).map_err(warifu_txa1::frame::FrameFault::word)?;
    let header = frame.header();
    let same_counter = header.counter() == counter;
    let same_instance = header.instance() == at.unwrap().number::<u8>("instance");
    let bound = match header.kind() {
        _ if header.serial() != serial() => return Err("other_token"),
        Kind::Am1 => Vec::new(),
        Kind::Am2 if !same_counter => return Err("stale"),
        Kind::Am2 => ns.expose().to_vec(),
        _ if !(same_counter && same_instance) => return Err("other_instance"),
        _ => both(&ns, &ni).to_vec(),
    };
    keys::open(&frame, &bound).ok_or("bad_seal")
}

#[test]
fn bad_messages() {
    for row in Row::all("bad_messages") {
        let counter = row.optional("token_counter").unwrap_or(match row.text("name") {
            "transaction_old_instance" => 2,
            _ => 1,
        });
        let outcome = scan(&row.bytes("message"), counter);
        assert_eq!(outcome, Err(row.text("fault")), "{}", row.text("name"));
    }
}

#[test]
fn the_messages_of_the_same_activation_are_not_refused() {
    for row in Row::all("contents") {
        let activation = Row::named("activations", row.text("activation"));
        let counter = activation.number("counter");
        assert_eq!(scan(&row.bytes("message"), counter), Ok(row.bytes("plaintext")));
        for name in ["am1", "am2"] {
            let row = activation.row(name);
            assert_eq!(scan(&row.bytes("message"), counter), Ok(row.bytes("plaintext")));
        }
    }
}

#[test]
fn bad_plaintexts() {
    for row in Row::all("bad_plaintexts") {
        let fault = Content::parse(row.kind(), &row.bytes("plaintext")).unwrap_err();
        assert_eq!(fault.word(), row.text("fault"), "{}", row.text("name"));
    }
}

/// What the server says to a device code, when the last activation had this counter.
fn outcome(code: &str, last_counter: u16) -> &'static str {
    let code = match DeviceCode::parse(code) {
        Ok(code) => code,
        Err(DeviceCodeFault::Typo) => return "typo",
        Err(DeviceCodeFault::WrongKind) => return "wrong_kind_of_code",
    };
    let first = Row::named("activations", "first");
    let (ns, am1) = (first.salt("ns"), first.row("am1").bytes("message"));
    let mac = keys::hmac("cod", &device_code_input(&ns, &am1, code.counter()));
    let right = dec64(&mac, DeviceCode::MAC_DIGITS).unwrap();
    let accepted = code.counter() > last_counter && code.mac().matches(&right);
    if accepted { "accepted" } else { "bad_code" }
}

#[test]
fn device_codes() {
    for row in Row::all("device_codes") {
        let last = row.optional("last_counter").unwrap_or(0);
        assert_eq!(outcome(row.text("code"), last), row.text("outcome"), "{}", row.text("name"));
    }
    let confirmation = Row::named("activations", "first").text("code").to_owned();
    assert_eq!(outcome(&confirmation, 0), "wrong_kind_of_code");
}
