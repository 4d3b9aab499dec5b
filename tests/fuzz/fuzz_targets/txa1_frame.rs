//! Messages to a camera token and the plaintexts of its activation: what is read would be written
//! so, byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use warifu_txa1::{
    activation::{First, Second},
    frame::Frame,
};

fuzz_target!(|data: &[u8]| {
    if let Ok(frame) = Frame::parse(data) {
        assert_eq!(frame.encode(), data);
    }
    if let Ok(first) = First::parse(data) {
        assert_eq!(*first.encode(), data);
    }
    if let Ok(second) = Second::parse(data) {
        assert_eq!(*second.encode(), data);
    }
});
