//! What a camera token shows before it signs: the first byte is the kind of the message, the rest
//! its plaintext. What is read would be written so, is shown in full, and belongs to one kind only.
#![no_main]

use libfuzzer_sys::fuzz_target;
use warifu_txa1::{content::Content, display, frame::Kind};

fuzz_target!(|data: &[u8]| {
    let Some((&kind, plaintext)) = data.split_first() else { return };
    let Some(kind) = Kind::from_byte(kind) else { return };
    if let Ok(content) = Content::parse(kind, plaintext) {
        assert_eq!(content.kind(), kind);
        assert_eq!(content.encode(), plaintext);
        assert!(display::lines(&content).len() >= 3);
    }
});
