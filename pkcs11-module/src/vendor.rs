//! Warifu's own numbers, where the standard has none. They are part of the interface and never change
//! their meaning; `docs/pkcs11.md` lists them.
//!
//! Not responsible for the standard's numbers, which are `cryptoki-sys`'s.

use cryptoki_sys::{CK_ATTRIBUTE_TYPE, CK_KEY_TYPE, CK_MECHANISM_TYPE, CK_OBJECT_CLASS};

/// Vendor range (PKCS#11 v3.1 s.3.7), then "WAR" so that other vendors' numbers are unlikely to be ours.
const BASE: u64 = 0x8000_0000 | 0x5741_5200;

/// Time-based codes (RFC 6238) on the daemon's clock. Parameter: `CK_OTP_PARAMS`, or none.
pub const CKM_WARIFU_TOTP: CK_MECHANISM_TYPE = BASE | 0x01;
/// The answer of a keypad token (RFC 6287) to a challenge object. Parameter: `CK_OTP_PARAMS` with
/// `CK_OTP_CHALLENGE`.
pub const CKM_WARIFU_OCRA: CK_MECHANISM_TYPE = BASE | 0x02;
/// The answer of a camera token to a challenge object. Parameter as for [`CKM_WARIFU_OCRA`].
pub const CKM_WARIFU_TXA1: CK_MECHANISM_TYPE = BASE | 0x03;

/// Key type of camera tokens, which no standard describes.
pub const CKK_WARIFU_TXA1: CK_KEY_TYPE = BASE | 0x11;
/// Key type of keypad tokens: the standard has none for RFC 6287.
pub const CKK_WARIFU_OCRA: CK_KEY_TYPE = BASE | 0x12;

/// What was put to a user's token and waits for its answer; always a session object.
pub const CKO_WARIFU_CHALLENGE: CK_OBJECT_CLASS = BASE | 0x21;

/// Hash of the token's HMAC: `SHA1`, `SHA256`, `SHA512`.
pub const CKA_WARIFU_HASH: CK_ATTRIBUTE_TYPE = BASE | 0x31;
/// OCRA suites of a keypad token, one per line.
pub const CKA_WARIFU_SUITES: CK_ATTRIBUTE_TYPE = BASE | 0x32;
/// Maker of the token.
pub const CKA_WARIFU_MANUFACTURER: CK_ATTRIBUTE_TYPE = BASE | 0x33;
/// `hard`, `soft` or `camera`.
pub const CKA_WARIFU_KIND: CK_ATTRIBUTE_TYPE = BASE | 0x34;
/// A staged seed: name of the import.
pub const CKA_WARIFU_IMPORT: CK_ATTRIBUTE_TYPE = BASE | 0x35;
/// A staged seed: what the other officer has to compare and to give.
pub const CKA_WARIFU_FINGERPRINT: CK_ATTRIBUTE_TYPE = BASE | 0x36;
/// A staged seed: where the import stands, in the daemon's words.
pub const CKA_WARIFU_STATE: CK_ATTRIBUTE_TYPE = BASE | 0x37;
/// A challenge: the contract of the user who is asked. Needed to make one.
pub const CKA_WARIFU_CONTRACT: CK_ATTRIBUTE_TYPE = BASE | 0x41;
/// A challenge: the user who is asked. Needed to make one.
pub const CKA_WARIFU_USER: CK_ATTRIBUTE_TYPE = BASE | 0x42;
/// A challenge: what is to be signed, as the JSON of the interface's `operation`.
pub const CKA_WARIFU_ORDER: CK_ATTRIBUTE_TYPE = BASE | 0x43;
/// A challenge: its name at the daemon.
pub const CKA_WARIFU_CHALLENGE: CK_ATTRIBUTE_TYPE = BASE | 0x44;
/// A challenge: the digits that the user types into a keypad token, or the text of the QR code that a
/// camera token reads. To be given as `CK_OTP_CHALLENGE`.
pub const CKA_WARIFU_QUESTION: CK_ATTRIBUTE_TYPE = BASE | 0x45;
/// A challenge: the picture of the QR code, a PNG file; empty for keypad tokens.
pub const CKA_WARIFU_IMAGE: CK_ATTRIBUTE_TYPE = BASE | 0x46;
/// A challenge: the lines that the token shows, one per line.
pub const CKA_WARIFU_DISPLAY: CK_ATTRIBUTE_TYPE = BASE | 0x47;
/// A challenge: the OCRA suite that the user selects; empty for camera tokens.
pub const CKA_WARIFU_SUITE: CK_ATTRIBUTE_TYPE = BASE | 0x48;
/// A challenge: first moment at which it can not be answered any more, RFC 3339.
pub const CKA_WARIFU_EXPIRES: CK_ATTRIBUTE_TYPE = BASE | 0x49;
