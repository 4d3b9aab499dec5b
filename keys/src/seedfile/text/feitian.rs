//! Feitian seed list: `serial seed`, blanks between. Seeds of HOTP tokens are hexadecimal and those of
//! TOTP tokens base32, unless the officer declares otherwise; nothing is told from the seeds.
//!
//! Not responsible for the archive that the list comes in, nor for Feitian's PSKC files.

use std::io::BufRead;

use warifu_core::oath::HashAlgorithm;

use super::pairs::Pairs;
use super::row::{self, Defaults};
use super::rows::RowReader;
use crate::seedfile::options::{OneTime, ReadOptions, SecretEncoding};
use crate::seedfile::reader::Reader;
use crate::seedfile::refusal::Refusal;

/// The time step is 30 or 60 seconds depending on the model, so it is declared.
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
    let usual = match row::check_needed(&options, &DEFAULTS)? {
        OneTime::Hotp => SecretEncoding::Hex,
        OneTime::Totp => SecretEncoding::Base32,
    };
    let encoding = options.declared.encoding.unwrap_or(usual);
    Ok(Box::new(RowReader::open(input, Pairs { encoding, defaults: DEFAULTS }, options)?))
}

#[cfg(test)]
mod tests {
    use crate::seedfile::text::trial::{BASE32, HEX, declared, named, read};
    use crate::seedfile::{Format, OneTime, ReadOptions, SecretEncoding};

    #[test]
    fn the_encoding_follows_from_what_is_declared() {
        let hotp = || declared(Format::Feitian, OneTime::Hotp, None);
        let totp = || declared(Format::Feitian, OneTime::Totp, Some(60));
        let told = read(format!("2600700000001 {HEX}\r\n"), hotp());
        assert_eq!(told.keys, ["1 2600700000001 HOTP SHA1 6 c0 ? 20 W_MANUFACTURER"]);
        let told = read(format!("2600700000001\t {BASE32}"), totp());
        assert_eq!(told.keys, ["1 2600700000001 TOTP SHA1 6 60s ? 20 W_MANUFACTURER"]);
        assert_eq!(read(format!("1 {BASE32}"), hotp()).refused, ["1 E_HEX"]);
        assert_eq!(read(format!("1 {HEX}"), totp()).refused, ["1 E_BASE32"]);
        let mut options = totp();
        options.declared.encoding = Some(SecretEncoding::Hex);
        assert_eq!(read(format!("1 {HEX}"), options).keys.len(), 1);
    }

    #[test]
    fn nothing_is_assumed_of_the_tokens() {
        let text = format!("1 {HEX}\n");
        assert_eq!(read(&text, ReadOptions::default()).refused, ["file 0 E_ALG"]);
        assert_eq!(read(&text, named(Format::Dpw)).refused, ["file 0 E_ALG"]);
        let told = read(&text, declared(Format::Feitian, OneTime::Totp, None));
        assert_eq!(told.refused, ["file 0 E_INTERVAL"]);
    }

    #[test]
    fn seeds_that_read_as_hexadecimal_are_for_an_officer_to_judge() {
        let text = format!("1 {}\n", "2a3b4c5d6e7f2345".repeat(2));
        let told = read(text, declared(Format::Feitian, OneTime::Totp, Some(30)));
        assert!(told.keys[0].contains("W_SUSPECT_ENCODING"), "{told:?}");
    }
}
