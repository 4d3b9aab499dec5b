//! Base45, QR texts, serials and device codes.

use proptest::prelude::*;
use warifu_txa1::{
    activation::{DeviceCode, DeviceCodeFault, compose},
    base45, dec64, qr_text,
    serial::DeviceSerial,
};

use crate::values::serial;

proptest! {
    #[test]
    fn base45_gives_the_bytes_back(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        prop_assert_eq!(base45::decode(&base45::encode(&bytes)), Ok(bytes));
    }

    #[test]
    fn base45_reads_only_what_it_writes(text in "[0-9A-Z $%*+./:-]{0,12}|\\PC{0,6}") {
        if let Ok(bytes) = base45::decode(&text) {
            prop_assert_eq!(base45::encode(&bytes), text);
        }
    }

    #[test]
    fn a_qr_text_is_read_only_as_it_is_written(text in "(TXA1:|txa1:|)[0-9A-Z $%*+./:-]{0,9}") {
        if let Ok(message) = qr_text::decode(&text) {
            prop_assert_eq!(qr_text::encode(&message), text);
        }
    }

    #[test]
    fn a_serial_is_read_back(serial in serial()) {
        prop_assert_eq!(DeviceSerial::from_text(&serial.to_string()), Some(serial));
        prop_assert_eq!(DeviceSerial::from_bytes(*serial.bytes()), Some(serial));
    }

    #[test]
    fn a_device_code_is_read_back(counter in 1..=999_u16, mac in any::<[u8; 8]>()) {
        let code = compose(counter, u64::from_be_bytes(mac)).unwrap();
        let read = DeviceCode::parse(&code).unwrap();
        prop_assert_eq!(read.counter(), counter);
        prop_assert!(read.mac().matches(&dec64(&mac, DeviceCode::MAC_DIGITS).unwrap()));
    }

    /// A mistyped digit is told from a wrong code, without a key.
    #[test]
    fn every_single_typing_error_is_a_typo(
        counter in 1..=999_u16, mac in any::<u64>(), place in 0..12_usize, other in 0..=9_u8,
    ) {
        let code = compose(counter, mac).unwrap();
        let mut typed = code.clone();
        typed.replace_range(place..=place, &other.to_string());
        if typed != code {
            prop_assert_eq!(DeviceCode::parse(&typed).unwrap_err(), DeviceCodeFault::Typo);
        }
    }

    #[test]
    fn a_device_code_is_read_only_as_it_is_written(text in "[0-9]{12}") {
        if let Ok(read) = DeviceCode::parse(&text) {
            let mac = str::from_utf8(read.mac().expose()).unwrap().parse().unwrap();
            prop_assert_eq!(compose(read.counter(), mac).unwrap(), text);
        }
    }
}
