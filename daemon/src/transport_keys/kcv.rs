//! Key check values as officers type them.
//!
//! Not responsible for: computing them (the HSM worker).

use warifu_api::key::KcvMethod;
use warifu_keys::hsm;

use crate::failure::Failure;

/// The method in the worker's words.
pub(super) const fn method(method: KcvMethod) -> hsm::KcvMethod {
    match method {
        KcvMethod::Ecb => hsm::KcvMethod::Ecb,
        KcvMethod::Cmac => hsm::KcvMethod::Cmac,
    }
}

/// Reads a check value: all of its digits, blanks between groups allowed.
pub(super) fn parse(text: &str, by: KcvMethod) -> Result<Vec<u8>, Failure> {
    let digits: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let value = hex::decode(digits).ok().filter(|value| value.len() == method(by).length());
    let rule = match by {
        KcvMethod::Ecb => "6 hexadecimal digits",
        KcvMethod::Cmac => "10 hexadecimal digits",
    };
    value.ok_or(Failure::Field { field: "kcv", rule })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_value_is_typed_whole() {
        assert_eq!(parse("02 A7 E9", KcvMethod::Ecb).unwrap(), [0x02, 0xA7, 0xE9]);
        assert_eq!(parse("e69ed30102", KcvMethod::Cmac).unwrap().len(), 5);
        for bad in ["", "02a7", "02a7e9ff", "02a7eg"] {
            assert!(parse(bad, KcvMethod::Ecb).is_err(), "{bad}");
        }
    }
}
