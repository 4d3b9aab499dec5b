//! What camera tokens rely on: an AES key that encrypts and does nothing else, a wrapping key of its own
//! for it, and, where the provider can, the expansion of a seed.
//!
//! Not responsible for: HMAC keys (`selftest.rs`).

use cryptoki::mechanism::{Mechanism as HighMechanism, aead::GcmParams};
use cryptoki_sys::CKM_AES_KEY_WRAP;
use warifu_hsm_protocol::{CheckResult, Hash, KeyKind};

use super::Examiner;
use crate::{
    fault::Fault,
    held::Passing,
    mechanism::Mechanism,
    raw::ObjectRef,
    seal::AES_LENGTH,
    shape::{self, Place},
    software,
};

/// Test case 16 of the GCM specification (McGrew, Viega).
const KEY: [u8; 32] = *b"\xfe\xff\xe9\x92\x86\x65\x73\x1c\x6d\x6a\x8f\x94\x67\x30\x83\x08\
                        \xfe\xff\xe9\x92\x86\x65\x73\x1c\x6d\x6a\x8f\x94\x67\x30\x83\x08";
const NONCE: [u8; 12] = *b"\xca\xfe\xba\xbe\xfa\xce\xdb\xad\xde\xca\xf8\x88";
const AAD: &[u8] =
    b"\xfe\xed\xfa\xce\xde\xad\xbe\xef\xfe\xed\xfa\xce\xde\xad\xbe\xef\xab\xad\xda\xd2";
const PLAINTEXT: &[u8] = b"\xd9\x31\x32\x25\xf8\x84\x06\xe5\xa5\x59\x09\xc5\xaf\xf5\x26\x9a\
    \x86\xa7\xa9\x53\x15\x34\xf7\xda\x2e\x4c\x30\x3d\x8a\x31\x8a\x72\
    \x1c\x3c\x0c\x95\x95\x68\x09\x53\x2f\xcf\x0e\x24\x49\xa6\xb5\x25\
    \xb1\x6a\xed\xf5\xaa\x0d\xe6\x57\xba\x63\x7b\x39";
const SEALED: &[u8] = b"\x52\x2d\xc1\xf0\x99\x56\x7d\x07\xf4\x7f\x37\xa3\x2a\x84\x42\x7d\
    \x64\x3a\x8c\xdc\xbf\xe5\xc0\xc9\x75\x98\xa2\xbd\x25\x55\xd1\xaa\
    \x8c\xb0\x8e\x48\x59\x0d\xbb\x3d\xa7\xb0\x8b\x10\x56\x82\x88\x38\
    \xc5\xf6\x1e\x63\x93\xba\x7a\x0a\xbc\xc9\xf6\x62\
    \x76\xfc\x6e\xce\x0f\x4e\x17\x68\xcd\xdf\x88\x53\xbb\x2d\x55\x1b";
/// What the trial expansion encrypts: two blocks that differ.
const BLOCKS: [u8; 32] = *b"warifu trial 01\0warifu trial 02\0";
const HMAC: KeyKind = KeyKind::Hmac(Hash::Sha256);

impl<'a> Examiner<'a> {
    /// Everything that camera tokens need of the provider.
    pub(super) fn camera(&mut self, kek_e: ObjectRef) {
        self.wraps_only("kek-e", kek_e);
        let key = match self.message_key(kek_e, &KEY) {
            Ok(key) => key,
            Err(fault) => return self.note("aes-gcm", CheckResult::Absent, fault.to_string()),
        };
        match self.hand.encrypt(key.object(), &NONCE, AAD, PLAINTEXT) {
            Ok(sealed) if sealed == SEALED => {
                self.note("aes-gcm", CheckResult::Pass, "messages to camera tokens are right");
            }
            Ok(_) => return self.note("aes-gcm", CheckResult::Fail, "wrong ciphertext or tag"),
            Err(fault) => return self.note("aes-gcm", CheckResult::Absent, fault.to_string()),
        }
        self.kept("message-key", key.object(), kek_e);
        self.encrypts_only(key.object());
        self.one_use(kek_e);
        self.abilities.messages = true;
        self.expansion(kek_e);
    }

    /// Wraps a key of that value, and unwraps it as it will be used.
    fn message_key(&self, kek_e: ObjectRef, value: &[u8]) -> Result<Passing<'a>, Fault> {
        let blob = self.message_blob(kek_e, value)?;
        self.unwrapped_message_key(kek_e, &blob)
    }

    fn message_blob(&self, kek_e: ObjectRef, value: &[u8]) -> Result<Vec<u8>, Fault> {
        let template = shape::passing(KeyKind::Aes, self.abilities);
        let key = self.passing(self.hand.create(&shape::value(template, value)))?;
        self.hand.wrap(Mechanism::plain(CKM_AES_KEY_WRAP), kek_e, key.object())
    }

    fn unwrapped_message_key(&self, kek_e: ObjectRef, blob: &[u8]) -> Result<Passing<'a>, Fault> {
        let template = shape::sealed(KeyKind::Aes, self.abilities, Place::Session, AES_LENGTH);
        let mechanism = Mechanism::plain(CKM_AES_KEY_WRAP);
        self.passing(self.hand.unwrap(mechanism, kek_e, blob, &template))
    }

    /// A key that decrypts would let the host read what the tokens alone are to read.
    fn encrypts_only(&mut self, key: ObjectRef) {
        let decrypted = key.within(self.hand.reference()).and_then(|key| {
            let mut nonce = NONCE;
            let parameters = GcmParams::new(&mut nonce, AAD, 128.into())?;
            let mechanism = HighMechanism::AesGcm(parameters);
            self.hand.session.with(|s| s.decrypt(&mechanism, key, SEALED))
        });
        let detail = "a message key encrypts and does nothing else";
        self.must("message-key-only-encrypts", decrypted.is_err(), detail);
    }

    /// Whether a blob of this wrapping key becomes nothing but a message key.
    fn one_use(&mut self, kek_e: ObjectRef) {
        let name = "message-key-template";
        let Ok(blob) = self.message_blob(kek_e, &KEY) else { return };
        let open = shape::readable(KeyKind::Aes, self.abilities);
        let signs = shape::sealed(HMAC, self.abilities, Place::Session, AES_LENGTH);
        let mechanism = Mechanism::plain(CKM_AES_KEY_WRAP);
        let refused = [open, signs].iter().all(|template| {
            self.passing(self.hand.unwrap(mechanism, kek_e, &blob, template)).is_err()
        });
        if refused {
            let detail =
                "its wrapping key unwraps into unreadable keys that encrypt, and no others";
            self.note(name, CheckResult::Pass, detail);
        } else {
            let detail =
                "CKA_UNWRAP_TEMPLATE is not enforced; whoever has the PIN can unwrap openly";
            self.note(name, CheckResult::Absent, detail);
        }
    }

    fn expansion(&mut self, kek_e: ObjectRef) {
        let outcome = self.expanded(kek_e);
        self.abilities.expand = outcome.is_ok();
        match outcome {
            Ok(()) => {
                let detail = "seeds of camera tokens are expanded inside";
                self.note("expand", CheckResult::Pass, detail);
            }
            Err(fault) => {
                let detail = format!("camera tokens need files with all three keys ({fault})");
                self.note("expand", CheckResult::Absent, detail);
            }
        }
    }

    /// Derives a key of either kind; each must be the right one.
    fn expanded(&self, kek_e: ObjectRef) -> Result<(), Fault> {
        let template = shape::value(shape::base(self.abilities), &KEY);
        let base = self.passing(self.hand.create(&template))?;
        let derive = |template| {
            let template = shape::sized(template, AES_LENGTH);
            self.passing(self.hand.derive(base.object(), &BLOCKS, &template))
        };
        let right = software::derived(&KEY, &BLOCKS);
        let signs = derive(shape::created(HMAC, self.abilities, Place::Session))?;
        self.right_mac(Hash::Sha256, signs.object(), right.as_slice())?;
        let passing = derive(shape::passing(KeyKind::Aes, self.abilities))?;
        let mechanism = Mechanism::plain(CKM_AES_KEY_WRAP);
        let blob = self.hand.wrap(mechanism, kek_e, passing.object())?;
        let key = self.unwrapped_message_key(kek_e, &blob)?;
        let text = *b"warifu trial";
        let sealed = self.hand.encrypt(key.object(), &NONCE, &[], &text)?;
        let first = software::first_bytes(right.as_slice(), &NONCE, &text);
        if first.is_some_and(|first| sealed.starts_with(&first)) {
            Ok(())
        } else {
            Err(Fault::Malformed("another key than AES-ECB makes"))
        }
    }
}
