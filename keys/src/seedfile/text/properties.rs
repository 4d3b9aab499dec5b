//! What holds of every text format, whatever is in the file: reading ends without a panic, how the
//! bytes arrive makes no difference, and nothing follows a refusal of the file.
//!
//! Not responsible for what any format means.

use proptest::prelude::*;

use super::trial::{BASE32, HEX, HEX2, read_by};
use crate::seedfile::{Declared, Format, Limits, OneTime, ReadOptions};

const FORMATS: [Format; 9] = [
    Format::OathCsv,
    Format::OathCsvLinotp,
    Format::Netiq,
    Format::MultiOtp,
    Format::PingId,
    Format::Entra,
    Format::Feitian,
    Format::Dpw,
    Format::Rcdevs,
];

/// Pieces that files of these formats are made of, and some that they are not.
fn piece() -> impl Strategy<Value = String> {
    let words = [
        "A1",
        "A2",
        "a1",
        HEX,
        HEX2,
        BASE32,
        "hotp",
        "TOTP",
        "ocra",
        "6",
        "8",
        "30",
        "60",
        "0",
        "-1",
        "sha256",
        "OCRA-1:HOTP-SHA256-8:QN08",
        "# version: 2\n",
        "#",
        "\"",
        "\"\"",
        "=",
        "7.00E+11",
        "upn,serial number,secret key,time interval,manufacturer,model\n",
        "OTP Token",
        "Type,Reference,Description,Data\n",
        "TokenType=VE9UUA==",
        "TokenKey=",
        "\u{202E}",
        "割符",
        "\0",
    ];
    let separators = [",", ",", ";", " ", "\t", "\n", "\r\n"];
    prop_oneof![
        3 => prop::sample::select(words.to_vec()).prop_map(str::to_owned),
        3 => prop::sample::select(separators.to_vec()).prop_map(str::to_owned),
        1 => "\\PC{0,4}",
    ]
}

fn options(format: Option<Format>, is_declared: bool) -> ReadOptions {
    let declared = Declared {
        algorithm: is_declared.then_some(OneTime::Totp),
        time_step_s: is_declared.then_some(60),
        ..Declared::default()
    };
    let limits = Limits { keys: 16, text_bytes: 400, ..Limits::default() };
    ReadOptions { format, limits, declared, ..ReadOptions::default() }
}

proptest! {
    #[test]
    fn any_pieces_are_read_the_same_in_drops(
        pieces in prop::collection::vec(piece(), 0..40),
        format in prop::option::of(prop::sample::select(FORMATS.to_vec())),
        is_declared: bool,
        drop in 1_usize..9,
    ) {
        let text = pieces.concat();
        let whole = read_by(&text, options(format, is_declared), 1 << 16);
        prop_assert_eq!(&whole, &read_by(&text, options(format, is_declared), drop));
        let last = whole.refused.iter().position(|line| line.starts_with("file "));
        prop_assert!(last.is_none_or(|at| at + 1 == whole.refused.len()), "{:?}", whole);
        let said = format!("{whole:?}");
        prop_assert!(!said.contains(HEX) && !said.contains(BASE32), "{}", said);
    }
}
