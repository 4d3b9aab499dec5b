//! Messages that the device must refuse, each with its reason on the screen and without a code.

use warifu_token::camera::Refusal;
use warifu_txa1::frame::Kind;

use crate::bench::{Table, VECTORS, activation, content, first_code, seal_first, text};

#[test]
fn every_bad_message_is_refused_for_its_reason() {
    for bad in VECTORS["bad_messages"].as_array().unwrap() {
        let mut table = match (text(&bad["name"]), bad["token_counter"].as_u64()) {
            (_, Some(2)) => {
                let mut table = Table::active(0);
                table.first_half(activation(1));
                table
            }
            (name, None) if name.contains("old_instance") => Table::active(1),
            (name, None) if name.starts_with("am1") => Table::new(),
            _ => Table::active(0),
        };
        let refusal = table.scan_hex(&bad["message"]).unwrap_err();
        assert_eq!(refusal.word(), text(&bad["fault"]), "{}", bad["name"]);
        let screen = table.device.screen();
        assert_eq!(screen.refusal, Some(refusal.word()));
        assert_eq!((screen.stage, screen.code), ("refused", None));
        assert_eq!(table.right().stage, "camera");
    }
}

#[test]
fn every_bad_content_is_refused_for_its_reason() {
    for bad in VECTORS["bad_plaintexts"].as_array().unwrap() {
        let kind = Kind::from_byte(u8::try_from(bad["kind"].as_u64().unwrap()).unwrap()).unwrap();
        let sealed = seal_first(kind, &hex::decode(text(&bad["plaintext"])).unwrap());
        let mut table = Table::active(0);
        let refusal = table.scan(&sealed).unwrap_err();
        assert_eq!(refusal.word(), text(&bad["fault"]), "{}", bad["name"]);
        assert_eq!(table.device.screen().code, None);
    }
}

#[test]
fn an_operation_belongs_to_its_kind_of_message() {
    let plain = hex::decode(text(&content("deactivate")["plaintext"])).unwrap();
    for kind in [Kind::Transaction, Kind::Share] {
        let refusal = Table::active(0).scan(&seal_first(kind, &plain)).unwrap_err();
        assert_eq!(refusal, Refusal::BadOperation);
    }
    assert!(Table::active(0).scan(&seal_first(Kind::Deactivate, &plain)).is_ok());
}

#[test]
fn a_malformed_activation_is_refused() {
    let mut table = Table::new();
    let first = |flags: u8| {
        let mut plain = hex::decode(text(&activation(0)["am1"]["plaintext"])).unwrap();
        plain[18] = flags;
        crate::bench::seal(
            warifu_txa1::frame::Header::first(crate::bench::serial()),
            &[],
            &plain,
            1,
        )
    };
    assert_eq!(table.scan(&first(2)), Err(Refusal::BadField));
    assert_eq!(table.device.counter(), 0);
    table.right();
    assert!(table.scan(&first(0)).is_ok());
}

#[test]
fn other_texts_are_refused() {
    let mut table = Table::new();
    for text in ["", "https://example.jp/", "TXA1:", "TXA1:::::::", "TXA1:BB8", "txa1:BB8"] {
        assert!(table.scan(text).is_err(), "{text}");
        assert_eq!(table.right().stage, "camera");
    }
}

#[test]
fn a_device_that_does_not_look_sees_nothing() {
    let mut table = Table::with(crate::bench::device());
    table.press(warifu_token::camera::Button::Power);
    let code = first_code(1, false);
    let before = table.device.screen();
    assert_eq!(table.scan(&code), Err(Refusal::NotLooking));
    assert_eq!(table.device.screen(), before, "off");
    table.press(warifu_token::camera::Button::Power);
    let shown = table.scan(&code).unwrap();
    assert_eq!(table.scan(&code), Err(Refusal::NotLooking));
    assert_eq!(table.device.screen(), shown, "a code is shown");
}

#[test]
fn words_are_told_apart() {
    let mut words: Vec<_> = Refusal::ALL.iter().map(|refusal| refusal.word()).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), Refusal::ALL.len());
}
