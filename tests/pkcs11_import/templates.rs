//! Templates that are not taken: each rule with its return value, the attribute named in the log, and
//! nothing opened at the daemon.
//!
//! Not responsible for: rules that only the daemon knows (serials that exist, seeds that are weak).

use e2e::TestToken;

use super::{House, Template};

const INCOMPLETE: &str = "CKR_TEMPLATE_INCOMPLETE";
const INCONSISTENT: &str = "CKR_TEMPLATE_INCONSISTENT";
const VALUE: &str = "CKR_ATTRIBUTE_VALUE_INVALID";
const TYPE: &str = "CKR_ATTRIBUTE_TYPE_INVALID";
const READ_ONLY: &str = "CKR_ATTRIBUTE_READ_ONLY";

/// Attributes that have to be there.
const NEEDED: [(&str, &str); 5] = [
    ("CKA_CLASS", INCOMPLETE),
    ("CKA_KEY_TYPE", INCOMPLETE),
    ("CKA_ID", INCOMPLETE),
    ("CKA_OTP_LENGTH", INCOMPLETE),
    // What is not said is false.
    ("CKA_TOKEN", INCONSISTENT),
];

/// Attributes with a value that they may not have.
const WRONG: [(&str, &str, &str); 71] = [
    ("CKA_CLASS", "#4", INCONSISTENT),
    ("CKA_CLASS", "hex:08", VALUE),
    ("CKA_KEY_TYPE", "#0x22", INCONSISTENT),
    ("CKA_KEY_TYPE", "#0x1f", INCONSISTENT),
    ("CKA_TOKEN", "false", INCONSISTENT),
    ("CKA_TOKEN", "hex:02", VALUE),
    ("CKA_TOKEN", "hex:", VALUE),
    ("CKA_LABEL", "another", INCONSISTENT),
    ("CKA_OTP_USER_IDENTIFIER", "another", INCONSISTENT),
    ("CKA_ID", "=1%2B1", VALUE),
    ("CKA_ID", "-1", VALUE),
    ("CKA_ID", "a%20b", VALUE),
    ("CKA_ID", "a/b", VALUE),
    ("CKA_ID", "hex:ff", VALUE),
    ("CKA_ID", "hex:410042", VALUE),
    ("CKA_ID", "12345678901234567890123456789012345678901", VALUE),
    ("CKA_ID", "hex:", INCOMPLETE),
    ("CKA_VALUE", "hex:", VALUE),
    ("CKA_VALUE", "hex:0102030405060708090a0b0c0d0e0f", VALUE),
    ("CKA_VALUE_LEN", "#21", INCONSISTENT),
    ("CKA_VALUE_LEN", "hex:14", VALUE),
    ("CKA_OTP_LENGTH", "#5", VALUE),
    ("CKA_OTP_LENGTH", "#10", VALUE),
    ("CKA_OTP_LENGTH", "#262", VALUE),
    ("CKA_OTP_LENGTH", "hex:06", VALUE),
    ("CKA_OTP_FORMAT", "#1", INCONSISTENT),
    ("CKA_OTP_FORMAT", "#3", INCONSISTENT),
    ("CKA_OTP_TIME_INTERVAL", "#0", VALUE),
    ("CKA_OTP_TIME_INTERVAL", "#604801", VALUE),
    ("CKA_OTP_TIME_INTERVAL", "#0x10000001e", VALUE),
    ("CKA_OTP_COUNTER", "hex:01", VALUE),
    ("CKA_OTP_COUNTER", "hex:000000000000000000", VALUE),
    ("CKA_OTP_COUNTER", "hex:8000000000000000", VALUE),
    ("CKA_WARIFU_HASH", "MD5", VALUE),
    ("CKA_WARIFU_HASH", "hex:ff", VALUE),
    ("CKA_WARIFU_KIND", "camera", VALUE),
    ("CKA_WARIFU_KIND", "Hard", VALUE),
    ("CKA_WARIFU_MANUFACTURER", "a%0Ab", VALUE),
    ("CKA_WARIFU_MANUFACTURER", "%20a", VALUE),
    // CKA_ALLOWED_MECHANISMS: that of a time-based token, or none.
    ("0x40000600", "#0xd7415201", INCONSISTENT),
    ("0x40000600", "hex:", INCONSISTENT),
    ("CKA_PRIVATE", "false", INCONSISTENT),
    ("CKA_SENSITIVE", "false", INCONSISTENT),
    ("CKA_VERIFY", "false", INCONSISTENT),
    ("CKA_EXTRACTABLE", "true", INCONSISTENT),
    ("CKA_MODIFIABLE", "true", INCONSISTENT),
    ("CKA_COPYABLE", "true", INCONSISTENT),
    ("CKA_DESTROYABLE", "true", INCONSISTENT),
    ("CKA_OTP_USER_FRIENDLY_MODE", "true", INCONSISTENT),
    ("CKA_ENCRYPT", "true", INCONSISTENT),
    ("CKA_DECRYPT", "true", INCONSISTENT),
    ("CKA_SIGN", "true", INCONSISTENT),
    ("CKA_WRAP", "true", INCONSISTENT),
    ("CKA_UNWRAP", "true", INCONSISTENT),
    ("CKA_DERIVE", "true", INCONSISTENT),
    ("CKA_SIGN", "hex:0000", VALUE),
    ("CKA_OTP_CHALLENGE_REQUIREMENT", "#2", INCONSISTENT),
    ("CKA_OTP_PIN_REQUIREMENT", "#2", INCONSISTENT),
    ("CKA_OTP_TIME_REQUIREMENT", "#1", INCONSISTENT),
    ("CKA_OTP_COUNTER_REQUIREMENT", "#2", INCONSISTENT),
    ("CKA_OTP_TIME", "20301231000000", INCONSISTENT),
    ("CKA_OTP_SERVICE_LOGO", "x", INCONSISTENT),
    ("CKA_OTP_SERVICE_LOGO_TYPE", "image/png", INCONSISTENT),
    ("CKA_START_DATE", "20260101", INCONSISTENT),
    ("CKA_END_DATE", "20301231", INCONSISTENT),
    ("CKA_LOCAL", "false", READ_ONLY),
    ("CKA_OTP_SERVICE_IDENTIFIER", "bank-a", READ_ONLY),
    ("CKA_WARIFU_STATE", "done", READ_ONLY),
    ("CKA_WARIFU_FINGERPRINT", "00", READ_ONLY),
    // CKA_MODULUS, and one of nobody's.
    ("0x120", "hex:01", TYPE),
    ("0x80001234", "hex:01", TYPE),
];

/// Attributes that only repeat what is true, or that say it in another way.
const TRUE: [(&str, &str); 22] = [
    ("CKA_PRIVATE", "true"),
    ("CKA_SENSITIVE", "true"),
    ("CKA_VERIFY", "true"),
    ("CKA_EXTRACTABLE", "false"),
    ("CKA_MODIFIABLE", "false"),
    ("CKA_COPYABLE", "false"),
    ("CKA_DESTROYABLE", "false"),
    ("CKA_SIGN", "false"),
    ("CKA_DERIVE", "false"),
    ("CKA_OTP_USER_FRIENDLY_MODE", "false"),
    ("CKA_OTP_FORMAT", "#0"),
    ("CKA_OTP_CHALLENGE_REQUIREMENT", "#0"),
    ("CKA_OTP_PIN_REQUIREMENT", "#0"),
    ("CKA_OTP_TIME", "hex:"),
    ("CKA_START_DATE", "hex:"),
    ("CKA_OTP_COUNTER", "hex:0000000000000000"),
    ("CKA_VALUE_LEN", "#20"),
    ("CKA_LABEL", "TP-1"),
    ("CKA_OTP_USER_IDENTIFIER", "TP-1"),
    ("CKA_WARIFU_HASH", "SHA1"),
    ("CKA_WARIFU_KIND", "hard"),
    ("0x40000600", "#0x291"),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_a_token_can_not_be_is_refused_by_its_name() {
    let house = House::open().await;
    let token = TestToken::hotp("TP-1");
    let good = Template::of(&token);
    let module = house.module("sato");
    let mut host = module.session();
    for (name, rv) in NEEDED {
        let said = host.say(&good.clone().without(name).create());
        assert_eq!(said.to_string(), format!("{rv} C_CreateObject"), "without {name}");
    }
    for (name, value, rv) in WRONG {
        let said = host.say(&good.clone().set(name, value).create());
        assert_eq!(said.to_string(), format!("{rv} C_CreateObject"), "{name}={value}");
    }
    let both = good.clone().set("CKA_OTP_COUNTER", "hex:0000000000000001");
    let both = both.set("CKA_OTP_TIME_INTERVAL", "#30");
    host.expect(&both.create(), INCONSISTENT);
    host.expect(&format!("create{good}"), INCOMPLETE);
    host.expect(&format!("{} CKA_TOKEN=true", good.create()), INCONSISTENT);
    let log = module.log();
    for name in ["CKA_OTP_LENGTH", "CKA_PRIVATE", "CKA_END_DATE", "CKA_LOCAL", "0x120"] {
        assert!(log.contains(name), "{name}: {log}");
    }
    assert!(house.imports().await.is_empty(), "the daemon heard nothing of it");

    let all = TRUE.iter().fold(good, |all, (name, value)| all.set(name, value));
    let seed = host.ok(&all.create()).number();
    house.put_in_service(&mut host, seed, &token).await;
}

/// A staged seed answers with what it was given, byte for byte.
#[tokio::test(flavor = "multi_thread")]
async fn a_staged_seed_shows_what_it_was_given() {
    let house = House::open().await;
    let token = TestToken::totp("SH-1").hash(e2e::Hash::Sha256).digits(8).step(60);
    let mut host = super::session_of(&house);
    let template = Template::of(&token).set("CKA_WARIFU_MANUFACTURER", "Acme");
    let seed = host.ok(&template.create()).number();
    for (name, value) in [
        ("CKA_CLASS", 8_u64.to_ne_bytes().to_vec()),
        ("CKA_KEY_TYPE", 0x23_u64.to_ne_bytes().to_vec()),
        ("CKA_ID", b"SH-1".to_vec()),
        ("CKA_LABEL", b"SH-1".to_vec()),
        ("CKA_OTP_USER_IDENTIFIER", b"SH-1".to_vec()),
        ("CKA_OTP_LENGTH", 8_u64.to_ne_bytes().to_vec()),
        ("CKA_OTP_TIME_INTERVAL", 60_u64.to_ne_bytes().to_vec()),
        ("CKA_WARIFU_HASH", b"SHA256".to_vec()),
        ("CKA_WARIFU_KIND", b"hard".to_vec()),
        ("CKA_WARIFU_MANUFACTURER", b"Acme".to_vec()),
        ("CKA_VERIFY", vec![0]),
        ("CKA_DESTROYABLE", vec![1]),
        ("CKA_SENSITIVE", vec![1]),
        ("CKA_EXTRACTABLE", vec![0]),
    ] {
        assert_eq!(host.ok(&format!("get {seed} {name}")).bytes(name), Some(value), "{name}");
    }
    host.expect(&format!("get {seed} CKA_OTP_COUNTER"), "CKR_ATTRIBUTE_TYPE_INVALID");
    for word in ["CKA_WARIFU_HASH=SHA256", "CKA_OTP_LENGTH=#8", "CKA_WARIFU_STATE=staged"] {
        let found = host.ok(&format!("find CKA_ID=SH-1 {word}")).words;
        assert_eq!(found, [seed.to_string()], "{word}");
    }
    let set = host.say(&format!("set {seed} CKA_LABEL=mine")).rv;
    assert!(["CKR_ACTION_PROHIBITED", "CKR_ATTRIBUTE_READ_ONLY"].contains(&&*set), "{set}");
}
