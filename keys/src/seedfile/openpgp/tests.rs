//! Messages that GnuPG wrote of one key list, opened and refused.

use std::io::BufReader;

use pgp::armor::BlockType;
use warifu_core::time::UnixTime;

use super::envelope;
use crate::secret::Secret;
use crate::seedfile::{
    Code, Format, OpenPgp, ReadOptions, Record, Refusal, SeedFile, Signatures, Unlock,
};

/// While the samples' keys are valid, except the one that is made not to be.
const NOW: UnixTime = UnixTime(1_780_000_000);

macro_rules! sample {
    ($name:literal) => {
        &include_bytes!(concat!("samples/", $name, ".asc"))[..]
    };
}

fn secret(octets: &[u8]) -> Secret {
    Secret::new(octets.to_vec())
}

/// The bank's key, and the maker as signer.
fn bank() -> OpenPgp {
    OpenPgp {
        secret_keys: vec![secret(sample!("bank.secret"))],
        signers: vec![sample!("maker").to_vec()],
        ..OpenPgp::default()
    }
}

fn with(openpgp: OpenPgp) -> ReadOptions {
    ReadOptions { now: Some(NOW), openpgp, ..ReadOptions::default() }
}

fn open(message: &[u8], options: ReadOptions) -> Result<SeedFile<'_>, Refusal> {
    crate::seedfile::open(BufReader::with_capacity(100, message), options)
}

fn code(message: &[u8], options: ReadOptions) -> Code {
    open(message, options).err().expect("the message is refused").code
}

/// Serials, and the codes of the file's warnings.
fn read(message: &[u8], options: ReadOptions) -> (Vec<String>, Vec<Code>) {
    let mut file = open(message, options).unwrap();
    let records: Vec<Record> = file.by_ref().collect::<Result<_, _>>().unwrap();
    let serials = records.iter().map(|record| record.serial.to_string()).collect();
    (serials, file.warnings().iter().map(|warning| warning.code).collect())
}

fn one() -> Vec<String> {
    vec!["S1001".to_owned()]
}

#[test]
fn an_encrypted_list_is_read_and_said_to_be_inside() {
    let file = open(sample!("encrypted"), with(bank())).unwrap();
    assert_eq!(file.detected().format, Format::OpenPgp);
    assert_eq!(file.detected().words(), "openpgp containing pskc");
    drop(file);
    assert_eq!(read(sample!("encrypted"), with(bank())), (one(), vec![Code::WUnsigned]));
    assert_eq!(read(sample!("hidden"), with(bank())).0, one());
}

#[test]
fn the_format_inside_can_be_named() {
    let named = |format| ReadOptions { format: Some(format), ..with(bank()) };
    assert_eq!(read(sample!("encrypted"), named(Format::Pskc)).0, one());
    assert_eq!(read(sample!("encrypted"), named(Format::OpenPgp)).0, one());
    assert!(open(sample!("encrypted"), named(Format::Aladdin)).is_err());
}

#[test]
fn a_signature_of_a_named_signer_takes_the_warning_away() {
    assert_eq!(read(sample!("signed"), with(bank())), (one(), vec![]));
    assert_eq!(read(sample!("signed-by-two"), with(bank())), (one(), vec![]));
    let required = OpenPgp { require_signature: true, ..bank() };
    assert_eq!(read(sample!("signed"), with(required)), (one(), vec![]));
    let strict = ReadOptions { signatures: Signatures::Require, ..with(bank()) };
    assert_eq!(read(sample!("signed"), strict), (one(), vec![]));
}

#[test]
fn signatures_of_others_and_weak_ones_are_refused() {
    assert_eq!(code(sample!("signed-by-stranger"), with(bank())), Code::SigUntrusted);
    assert_eq!(code(sample!("signed-with-sha1"), with(bank())), Code::SigWeak);
    let nobody = OpenPgp { signers: Vec::new(), ..bank() };
    assert_eq!(code(sample!("signed"), with(nobody)), Code::SigUntrusted);
    let required = OpenPgp { require_signature: true, ..bank() };
    assert_eq!(code(sample!("encrypted"), with(required)), Code::SigMissing);
    let ignored = ReadOptions { signatures: Signatures::Ignore, ..with(bank()) };
    let (serials, warnings) = read(sample!("signed-by-stranger"), ignored);
    assert_eq!((serials, warnings), (one(), vec![Code::WUnsigned]));
    let required = OpenPgp { require_signature: true, ..bank() };
    let waived = ReadOptions { signatures: Signatures::Ignore, ..with(required) };
    assert_eq!(code(sample!("signed-by-stranger"), waived), Code::SigUntrusted);
}

#[test]
fn signers_that_expired_or_were_revoked_count_no_more() {
    let old = || OpenPgp { signers: vec![sample!("old").to_vec()], ..bank() };
    assert_eq!(code(sample!("signed-by-old"), with(old())), Code::SigCert);
    let in_time = ReadOptions { now: Some(UnixTime(1_768_000_000)), ..with(old()) };
    assert_eq!(read(sample!("signed-by-old"), in_time).0, one());
    let stranger = |certificate: &[u8]| OpenPgp { signers: vec![certificate.to_vec()], ..bank() };
    assert_eq!(read(sample!("signed-by-stranger"), with(stranger(sample!("stranger")))).0, one());
    let revoked = with(stranger(sample!("revoked")));
    assert_eq!(code(sample!("signed-by-stranger"), revoked), Code::SigCert);
}

#[test]
fn a_message_that_is_only_signed_stays_plain() {
    let maker = OpenPgp { secret_keys: Vec::new(), ..bank() };
    assert_eq!(read(sample!("signed-only"), with(maker)), (one(), vec![Code::WPlaintext]));
    assert_eq!(code(sample!("signed-only"), with(bank())), Code::KeyUnused);
}

#[test]
fn what_was_signed_is_what_is_read() {
    let body = envelope::read(sample!("signed-only"), 1 << 20).unwrap();
    let maker = || OpenPgp { secret_keys: Vec::new(), ..bank() };
    let mut refused = 0;
    for at in (0..body.len()).step_by(7) {
        let mut changed = body.clone();
        changed[at] ^= 1;
        match open(&changed, with(maker())) {
            Err(_) => refused += 1,
            // A changed bit that means nothing, such as in the name of the file.
            Ok(mut file) => assert!(file.all(|record| record.is_ok())),
        }
    }
    assert!(refused > 20, "{refused}");
}

#[test]
fn passwords_open_messages_and_are_then_used_up() {
    let password = |words: &[u8]| ReadOptions {
        unlock: Some(Unlock::Password(secret(words))),
        ..with(OpenPgp::default())
    };
    let read = read(sample!("password"), password(b"example password"));
    assert_eq!(read, (one(), vec![Code::WUnsigned]));
    assert_eq!(code(sample!("password"), password(b"another password")), Code::Decrypt);
    assert_eq!(code(sample!("password"), with(bank())), Code::KeyRequired);
    assert_eq!(code(sample!("encrypted"), password(b"example password")), Code::KeyRequired);
}

#[test]
fn keys_are_needed_fitting_and_unlocked() {
    let none = with(OpenPgp::default());
    assert_eq!(code(sample!("encrypted"), none), Code::KeyRequired);
    assert_eq!(code(sample!("to-stranger"), with(bank())), Code::KeyRequired);
    let locked = |passphrase: Option<&[u8]>| OpenPgp {
        secret_keys: vec![secret(sample!("bank.secret")), secret(sample!("locked.secret"))],
        passphrase: passphrase.map(secret),
        ..OpenPgp::default()
    };
    assert_eq!(code(sample!("to-locked"), with(locked(None))), Code::KeyRequired);
    assert_eq!(code(sample!("to-locked"), with(locked(Some(b"wrong")))), Code::Decrypt);
    let (serials, _) = read(sample!("to-locked"), with(locked(Some(b"example passphrase"))));
    assert_eq!(serials, one());
    // A keyring as it lies on disk has trust packets in it.
    let octets = envelope::dearmor(sample!("bank.secret"), 4096, BlockType::PrivateKey).unwrap();
    let ring = [&octets[..], &[0xB0, 2, 0, 0]].concat();
    let ring = OpenPgp { secret_keys: vec![secret(&ring)], ..OpenPgp::default() };
    assert_eq!(read(sample!("encrypted"), with(ring)).0, one());
    let broken = OpenPgp { secret_keys: vec![secret(b"no key")], ..OpenPgp::default() };
    assert_eq!(code(sample!("encrypted"), with(broken)), Code::KeyFormat);
    let broken = OpenPgp { signers: vec![b"no certificate".to_vec()], ..bank() };
    assert_eq!(code(sample!("encrypted"), with(broken)), Code::Cert);
}

#[test]
fn a_key_for_a_message_says_that_there_is_one() {
    assert_eq!(code(b"<KeyContainer/>", with(bank())), Code::KeyUnused);
    let required = OpenPgp { require_signature: true, ..OpenPgp::default() };
    assert_eq!(code(b"<KeyContainer/>", with(required)), Code::SigMissing);
}

#[test]
fn integrity_comes_before_everything() {
    assert_eq!(code(sample!("without-mdc"), with(bank())), Code::PgpIntegrity);
    let body = envelope::read(sample!("encrypted"), 1 << 20).unwrap();
    assert_eq!(read(&body, with(bank())).0, one());
    for len in [body.len() - 1, body.len() - 30, 150, 60] {
        assert_eq!(code(&body[..len], with(bank())), Code::PgpIntegrity, "{len}");
    }
    for at in [body.len() - 1, body.len() - 40, 130] {
        let mut changed = body.clone();
        changed[at] ^= 0x10;
        assert_eq!(code(&changed, with(bank())), Code::PgpIntegrity, "{at}");
    }
    let twice = body.repeat(2);
    assert_eq!(code(&twice, with(bank())), Code::Format);
    let twice = sample!("encrypted").repeat(2);
    assert_eq!(code(&twice, with(bank())), Code::Format);
}

#[test]
fn nothing_is_hidden_in_layers() {
    assert_eq!(code(sample!("nested"), with(bank())), Code::Format);
    assert_eq!(code(sample!("bzip2"), with(bank())), Code::Format);
    assert_eq!(code(sample!("maker"), with(bank())), Code::Format);
    let mut small = with(bank());
    small.limits.message_bytes = 1 << 20;
    assert_eq!(code(sample!("bomb"), small), Code::LimitSize);
    let mut tiny = with(bank());
    tiny.limits.message_bytes = 100;
    assert_eq!(code(sample!("encrypted"), tiny), Code::LimitSize);
}
