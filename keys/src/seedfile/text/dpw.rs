//! DPW list: `serial key`, blanks between, keys in hexadecimal.
//!
//! LinOTP keeps lists of day-password tokens so, which can not be verified here. A list of HOTP or
//! TOTP tokens in this layout is read when the officer declares what they are. Not responsible for
//! telling it from Feitian's list: the lines look alike.

use std::io::BufRead;

use warifu_core::oath::HashAlgorithm;

use super::pairs::Pairs;
use super::row::{self, Defaults};
use super::rows::RowReader;
use crate::seedfile::options::{ReadOptions, SecretEncoding};
use crate::seedfile::reader::Reader;
use crate::seedfile::refusal::Refusal;

/// The list says nothing of its tokens.
const DEFAULTS: Defaults = Defaults {
    algorithm: None,
    hash: Some(HashAlgorithm::Sha1),
    digits: Some(6),
    time_step_s: None,
    counter: Some(0),
};

/// Opens a file of this format.
pub(in crate::seedfile) fn open<'a>(
    input: impl BufRead + Send + 'a,
    options: ReadOptions,
) -> Result<Box<dyn Reader + Send + 'a>, Refusal> {
    row::check_needed(&options, &DEFAULTS)?;
    let pairs = Pairs { encoding: SecretEncoding::Hex, defaults: DEFAULTS };
    Ok(Box::new(RowReader::open(input, pairs, options)?))
}

#[cfg(test)]
mod tests {
    use crate::seedfile::text::trial::{BASE32, HEX, declared, read};
    use crate::seedfile::{Format, OneTime};

    #[test]
    fn keys_are_hexadecimal_whatever_the_token() {
        let totp = || declared(Format::Dpw, OneTime::Totp, Some(30));
        let told = read(format!("\n  D1   {HEX}  \n"), totp());
        assert_eq!(told.keys, ["2 D1 TOTP SHA1 6 30s ? 20 W_MANUFACTURER"]);
        assert_eq!(read(format!("D1 {BASE32}"), totp()).refused, ["1 E_HEX"]);
        assert_eq!(read("Serial Key\n", totp()).refused, ["file 1 E_HEADER"]);
        assert_eq!(read(format!("D1 {HEX} x\nD2"), totp()).refused, ["1 E_COLUMNS", "2 E_COLUMNS"]);
        assert_eq!(read("\n\n", totp()).refused, ["file 0 E_NO_TOKENS"]);
    }
}
