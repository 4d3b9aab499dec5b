//! What a camera reads: any text is a message or refused, and a message has one text only.
#![no_main]

use libfuzzer_sys::fuzz_target;
use warifu_txa1::{activation::DeviceCode, base45, qr_text};

fuzz_target!(|text: &str| {
    if let Ok(bytes) = base45::decode(text) {
        assert_eq!(base45::encode(&bytes), text);
    }
    if let Ok(message) = qr_text::decode(text) {
        assert_eq!(qr_text::encode(&message), text);
    }
    let _ = DeviceCode::parse(text);
});
