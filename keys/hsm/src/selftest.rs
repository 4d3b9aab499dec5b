//! Tries on the token what custody relies on, with seeds made up for it: at every start, and for the
//! doctor. A provider that hands out a key it was told to keep is refused.
//!
//! Not responsible for: Warifu's own keys being there (`keys.rs`).

mod camera;
mod doctor;
mod imports;

use cryptoki::{
    mechanism::{Mechanism as HighMechanism, MechanismType},
    object::{Attribute, AttributeType},
    slot::Slot,
};
use cryptoki_sys::{CK_MECHANISM_TYPE, CKM_AES_KEY_WRAP};
use warifu_hsm_protocol::{Check, CheckResult, Hash, ImportLine, KeyKind, WrappingKeyForm};

use crate::{
    epoch::is_closed,
    fault::Fault,
    hand::Hand,
    held::Passing,
    keys,
    mechanism::Mechanism,
    profile::{Abilities, Profile, hmac},
    raw::ObjectRef,
    refusal::Refusal,
    rotate::{PINNED, ROTATABLE},
    shape::{self, Place},
    software,
};

/// Seed of the trials: fits every hash without padding.
const SEED: [u8; 64] = *b"1234567890123456789012345678901234567890123456789012345678901234";
/// The moving factor of the trials.
const DATA: [u8; 8] = [0, 0, 0, 0, 0, 0, 0, 1];
const SHA1: KeyKind = KeyKind::Hmac(Hash::Sha1);
const HASHES: [(Hash, &str); 3] =
    [(Hash::Sha1, "hmac-sha1"), (Hash::Sha256, "hmac-sha256"), (Hash::Sha512, "hmac-sha512")];

/// What was found.
pub(crate) struct Findings {
    /// One per thing tried.
    pub(crate) checks: Vec<Check>,
    /// How to talk to this provider.
    pub(crate) abilities: Abilities,
    /// Wrapped custody works and keeps its seeds.
    pub(crate) wrapped: bool,
    /// Resident custody works and keeps its seeds.
    pub(crate) resident: bool,
    /// What it means for imports; for the doctor only.
    pub(crate) import: Vec<ImportLine>,
}

/// What is examined.
pub(crate) struct Subject<'a> {
    /// The provider as we know it.
    pub(crate) profile: &'a Profile,
    /// How wrapping keys are made.
    pub(crate) form: WrappingKeyForm,
    /// The newest wrapping key; a passing one is made where there is none.
    pub(crate) kek: Option<ObjectRef>,
    /// The same for encryption keys; what only camera tokens need is tried where it is there.
    pub(crate) kek_e: Option<ObjectRef>,
    /// For a person who asks: also what takes seconds, and what it means for imports.
    pub(crate) thorough: bool,
}

/// What the newest wrapping key lets happen to what it unwraps, by what the token does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Hold {
    /// Closed keys only.
    Pinned,
    /// Keys that can not be read.
    Rotatable,
    /// Anything.
    Loose,
}

impl Findings {
    /// Refuses a provider that breaks what custody relies on.
    pub(crate) fn verdict(&self) -> Result<(), Refusal> {
        let failed: Vec<String> = self
            .checks
            .iter()
            .filter(|check| check.result == CheckResult::Fail)
            .map(|check| format!("{} ({})", check.name, check.detail))
            .collect();
        if !failed.is_empty() {
            let reason = format!("the provider fails the self-test: {}", failed.join("; "));
            return Err(Refusal::self_test(reason));
        }
        if !self.wrapped && !self.resident {
            let reason = "the provider allows neither wrapped nor resident custody";
            return Err(Refusal::self_test(reason));
        }
        Ok(())
    }
}

/// Runs all trials.
pub(crate) fn examine(hand: &Hand<'_>, slot: Slot, subject: &Subject<'_>) -> Findings {
    let mut examiner = Examiner {
        hand: *hand,
        slot,
        profile: *subject.profile,
        form: subject.form,
        checks: Vec::new(),
        abilities: Abilities::NONE,
        hold: None,
    };
    examiner.random();
    examiner.allowed_mechanisms();
    examiner.hmacs();
    let passing = match subject.kek {
        Some(_) => None,
        None => examiner.passing_kek(),
    };
    let kek = subject.kek.or(passing.as_ref().map(Passing::object));
    let wrapped = kek.is_some_and(|kek| examiner.wrapping(kek));
    if let Some(kek_e) = subject.kek_e {
        examiner.camera(kek_e);
    }
    examiner.imports(subject.thorough);
    let resident = examiner.resident();
    examiner.listed();
    let import = if subject.thorough { examiner.import_lines(kek) } else { Vec::new() };
    let broken = examiner.checks.iter().any(|check| check.result == CheckResult::Fail);
    Findings {
        checks: examiner.checks,
        abilities: examiner.abilities,
        wrapped: wrapped && !broken,
        resident: resident && !broken,
        import,
    }
}

struct Examiner<'a> {
    hand: Hand<'a>,
    slot: Slot,
    profile: Profile,
    form: WrappingKeyForm,
    checks: Vec<Check>,
    abilities: Abilities,
    hold: Option<Hold>,
}

impl<'a> Examiner<'a> {
    fn note(&mut self, name: &str, result: CheckResult, detail: impl Into<String>) {
        self.checks.push(Check { name: name.to_owned(), result, detail: detail.into() });
    }

    /// Notes a trial that must succeed, or may be missing.
    fn note_outcome(&mut self, name: &str, outcome: Result<&str, Fault>, else_: CheckResult) {
        match outcome {
            Ok(detail) => self.note(name, CheckResult::Pass, detail),
            Err(fault) => self.note(name, else_, fault.to_string()),
        }
    }

    fn passing(&self, made: Result<ObjectRef, Fault>) -> Result<Passing<'a>, Fault> {
        made.map(|object| Passing::new(self.hand, object))
    }

    fn random(&mut self) {
        let mut bytes = [0; 32];
        let outcome = self.hand.random(&mut bytes);
        let outcome = match outcome {
            Ok(()) if bytes == [0; 32] => Err(Fault::Malformed("only zeros")),
            other => other,
        };
        self.note_outcome("random", outcome.map(|()| "C_GenerateRandom works"), CheckResult::Fail);
    }

    /// Taken and ignored is worse than not taken: custody would rely on it.
    fn allowed_mechanisms(&mut self) {
        let name = "allowed-mechanisms";
        let abilities = Abilities { allowed_mechanisms: true, ..self.abilities };
        let template = shape::created(SHA1, abilities, Place::Session);
        let made = self.passing(self.hand.create(&shape::value(template, &SEED)));
        let key = match made {
            Ok(key) => key,
            Err(fault) => return self.note(name, CheckResult::Absent, fault.to_string()),
        };
        self.abilities.allowed_mechanisms = true;
        if self.hand.mac(hmac(Hash::Sha256), key.object(), &DATA).is_err() {
            self.note(name, CheckResult::Pass, "a key works with its one mechanism only");
        } else {
            let detail = "CKA_ALLOWED_MECHANISMS is accepted but ignored";
            self.note(name, CheckResult::Fail, detail);
        }
    }

    fn hmacs(&mut self) {
        for form in self.profile.forms {
            self.abilities.form = *form;
            if HASHES.iter().any(|(hash, _)| self.created_mac(*hash, &SEED).is_ok()) {
                break;
            }
        }
        for (hash, name) in HASHES {
            let outcome = self.created_mac(hash, &SEED).map(|()| "right");
            self.note_outcome(name, outcome, CheckResult::Fail);
        }
        let short = self.created_mac(Hash::Sha1, &SEED[..16]);
        let outcome = short.map(|()| "a key of 16 bytes is taken as it is");
        self.note_outcome("hmac-short-key", outcome, CheckResult::Absent);
    }

    fn created_mac(&self, hash: Hash, seed: &[u8]) -> Result<(), Fault> {
        let template = shape::created(KeyKind::Hmac(hash), self.abilities, Place::Session);
        let key = self.passing(self.hand.create(&shape::value(template, seed)))?;
        self.right_mac(hash, key.object(), seed)
    }

    /// The HSM's HMAC against ours (RFC 2104).
    fn right_mac(&self, hash: Hash, key: ObjectRef, seed: &[u8]) -> Result<(), Fault> {
        let made = self.hand.mac(hmac(hash), key, &DATA)?;
        let right = software::hmac(software::mac_hash(hash), seed, &DATA);
        if made.as_ref() == right.as_slice() { Ok(()) } else { Err(Fault::Malformed("wrong HMAC")) }
    }

    fn passing_kek(&mut self) -> Option<Passing<'a>> {
        let made = keys::generate_kek(&self.hand, Place::Session, &self.profile, self.form);
        match self.passing(made) {
            Ok(kek) => Some(kek),
            Err(fault) => {
                self.note("aes-256", CheckResult::Absent, fault.to_string());
                None
            }
        }
    }

    /// Everything that wrapped custody needs.
    fn wrapping(&mut self, kek: ObjectRef) -> bool {
        self.wraps_only("kek", kek);
        let blob = match self.wrapped(kek, CKM_AES_KEY_WRAP, &SEED[..24]) {
            Ok(blob) => {
                self.note("wrap-kw", CheckResult::Pass, "RFC 3394 wraps");
                blob
            }
            Err(fault) => {
                self.note("wrap-kw", CheckResult::Absent, fault.to_string());
                return false;
            }
        };
        let Some(key) = self.unwrapped_in_some_form(kek, &blob) else { return false };
        let right = self.right_mac(Hash::Sha1, key.object(), &SEED[..24]);
        self.note_outcome("unwrapped-hmac", right.map(|()| "right"), CheckResult::Fail);
        self.kept("unwrapped", key.object(), kek);
        self.tampered(kek, blob);
        self.unwrap_template(kek);
        self.kwp(kek);
        true
    }

    /// RFC 3394 is made of plain AES calls: a wrapping key that decrypts gives every key away.
    fn wraps_only(&mut self, name: &str, kek: ObjectRef) {
        let closed = is_closed(&self.hand, kek);
        let detail = "the wrapping key can not be read or wrapped";
        self.must(&format!("{name}-closed"), closed, detail);
        let decrypted = kek.within(self.hand.reference()).and_then(|key| {
            self.hand.session.with(|s| s.decrypt(&HighMechanism::AesEcb, key, &[0; 16]))
        });
        let detail = "the wrapping key decrypts nothing else";
        self.must(&format!("{name}-only-wraps"), decrypted.is_err(), detail);
    }

    fn wrapped(
        &self,
        kek: ObjectRef,
        mechanism: CK_MECHANISM_TYPE,
        seed: &[u8],
    ) -> Result<Vec<u8>, Fault> {
        let template = shape::passing(SHA1, self.abilities);
        let key = self.passing(self.hand.create(&shape::value(template, seed)))?;
        self.hand.wrap(Mechanism::plain(mechanism), kek, key.object())
    }

    fn unwrapped(
        &self,
        kek: ObjectRef,
        mechanism: CK_MECHANISM_TYPE,
        blob: &[u8],
    ) -> Result<Passing<'a>, Fault> {
        let length = blob.len().saturating_sub(8);
        let template = shape::sealed(SHA1, self.abilities, Place::Session, length);
        self.passing(self.hand.unwrap(Mechanism::plain(mechanism), kek, blob, &template))
    }

    /// No unwrap template suits every provider; the first that works is kept.
    fn unwrapped_in_some_form(&mut self, kek: ObjectRef, blob: &[u8]) -> Option<Passing<'a>> {
        let mut last = None;
        for form in self.profile.forms.iter().filter(|f| f.typed == self.abilities.form.typed) {
            self.abilities.form.value_len = form.value_len;
            match self.unwrapped(kek, CKM_AES_KEY_WRAP, blob) {
                Ok(key) => {
                    self.note("unwrap-kw", CheckResult::Pass, "RFC 3394 unwraps");
                    return Some(key);
                }
                Err(fault) => last = Some(fault),
            }
        }
        let detail = last.map(|fault| fault.to_string()).unwrap_or_default();
        self.note("unwrap-kw", CheckResult::Absent, detail);
        None
    }

    /// Sensitive, not extractable, unreadable, not to be wrapped: by what the token does, not says.
    fn kept(&mut self, what: &str, key: ObjectRef, kek: ObjectRef) {
        let closed = is_closed(&self.hand, key);
        self.must(&format!("{what}-closed"), closed, "sensitive and not extractable");
        let read = self.hand.attributes(key, &[AttributeType::Value]);
        let readable = read.is_ok_and(|attributes| {
            attributes.iter().any(|a| matches!(a, Attribute::Value(value) if !value.is_empty()))
        });
        self.must(&format!("{what}-unreadable"), !readable, "its value can not be read");
        let wrapped = self.hand.wrap(Mechanism::plain(CKM_AES_KEY_WRAP), kek, key);
        self.must(&format!("{what}-unwrappable"), wrapped.is_err(), "it can not be wrapped again");
    }

    fn must(&mut self, name: &str, holds: bool, detail: &str) {
        if holds {
            self.note(name, CheckResult::Pass, detail);
        } else {
            self.note(name, CheckResult::Fail, format!("the token does not keep: {detail}"));
        }
    }

    fn tampered(&mut self, kek: ObjectRef, mut blob: Vec<u8>) {
        if let Some(byte) = blob.get_mut(9) {
            *byte ^= 0x10;
        }
        let refused = self.unwrapped(kek, CKM_AES_KEY_WRAP, &blob).is_err();
        self.must("tamper-refused", refused, "a changed blob is refused");
    }

    /// What the wrapping key lets happen, by asking it for what it is to refuse.
    fn unwrap_template(&mut self, kek: ObjectRef) {
        let Ok(blob) = self.wrapped(kek, CKM_AES_KEY_WRAP, &SEED[..24]) else { return };
        let refuses = |template| {
            let made = self.hand.unwrap(Mechanism::plain(CKM_AES_KEY_WRAP), kek, &blob, &template);
            self.passing(made).is_err()
        };
        let hold = if !refuses(shape::readable(SHA1, self.abilities)) {
            Hold::Loose
        } else if refuses(shape::moving(SHA1, self.abilities)) {
            Hold::Pinned
        } else {
            Hold::Rotatable
        };
        self.hold = Some(hold);
        let (result, detail) = match hold {
            Hold::Pinned => (CheckResult::Pass, PINNED),
            Hold::Rotatable => (CheckResult::Pass, ROTATABLE),
            Hold::Loose => (
                CheckResult::Absent,
                "CKA_UNWRAP_TEMPLATE is not enforced; whoever has the PIN can unwrap openly",
            ),
        };
        self.note("unwrap-template", result, detail);
    }

    fn kwp(&mut self, kek: ObjectRef) {
        let Some(mechanism) = self.profile.kwp else { return };
        let outcome = self.wrapped(kek, mechanism, &SEED[..20]).and_then(|blob| {
            let key = self.unwrapped(kek, mechanism, &blob)?;
            self.right_mac(Hash::Sha1, key.object(), &SEED[..20])
        });
        if outcome.is_ok() {
            self.abilities.kwp = Some(mechanism);
        }
        let outcome = outcome.map(|()| "RFC 5649 wraps and unwraps");
        self.note_outcome("unwrap-kwp", outcome, CheckResult::Absent);
    }

    fn resident(&mut self) -> bool {
        let mut id = [0; 16];
        let made = self.hand.random(&mut id).and_then(|()| {
            let place = Place::Token { label: "warifu-selftest", id: &id };
            let template = shape::created(SHA1, self.abilities, place);
            self.hand.create(&shape::value(template, &SEED[..24]))
        });
        let key = match self.passing(made) {
            Ok(key) => key,
            Err(fault) => {
                self.note("resident", CheckResult::Absent, fault.to_string());
                return false;
            }
        };
        let right = self.right_mac(Hash::Sha1, key.object(), &SEED[..24]);
        self.note_outcome("resident", right.map(|()| "token objects sign"), CheckResult::Fail);
        let kek = keys::generate_kek(&self.hand, Place::Session, &self.profile, self.form);
        if let Ok(kek) = self.passing(kek) {
            self.kept("resident", key.object(), kek.object());
        } else {
            let closed = is_closed(&self.hand, key.object());
            self.must("resident-closed", closed, "sensitive and not extractable");
        }
        true
    }

    /// What the token says of a mechanism that is not tried.
    fn listed(&mut self) {
        let context = self.hand.module.context();
        let ecdsa = context.get_mechanism_info(self.slot, MechanismType::ECDSA);
        if ecdsa.is_ok_and(|info| info.sign()) {
            self.note("ecdsa", CheckResult::Pass, "listed; signs audit checkpoints");
        } else {
            self.note("ecdsa", CheckResult::Fail, "not listed; audit checkpoints need it");
        }
    }
}
