//! Where values of each cipher of seed files would be opened: inside, in the worker, nowhere.
//!
//! Not responsible for: what that means for a person (`doctor.rs`).

use cryptoki::mechanism::MechanismType;
use cryptoki_sys::{
    CKM_AES_CBC_PAD, CKM_AES_KEY_GEN, CKM_AES_KEY_WRAP, CKM_DES3_CBC_PAD, CKM_DES3_KEY_GEN,
    CKM_RSA_PKCS,
};
use warifu_hsm_protocol::{CheckResult, Hash, ImportPlace};

use super::{Examiner, SEED, SHA1};
use crate::{
    epoch::is_closed,
    fault::Fault,
    held::Passing,
    mechanism::Mechanism,
    raw::ObjectRef,
    shape::{self, Place},
    transport_pair::{self, PairUse},
};

const IV: [u8; 16] = [7; 16];
const NONCE: [u8; 12] = [7; 12];
/// The value that is opened.
const VALUE: &[u8] = SEED.split_at(32).0;
/// Bits of the passing RSA key.
const BITS: u16 = 2048;

impl Examiner<'_> {
    /// Tries every cipher. RSA keys take their time: only a person who asks waits for one, otherwise
    /// the token's word is taken.
    pub(super) fn imports(&mut self, thorough: bool) {
        match self.passing(self.hand.generate(CKM_AES_KEY_GEN, &shape::probe())) {
            Ok(key) => self.aes(key.object()),
            Err(fault) => self.note("transport", CheckResult::Absent, fault.to_string()),
        }
        self.triple_des();
        if thorough {
            self.rsa();
        } else {
            let of = |mechanism| self.listed_place(mechanism);
            let places = (of(MechanismType::RSA_PKCS), of(MechanismType::RSA_PKCS_OAEP));
            (self.abilities.imports.rsa_pkcs, self.abilities.imports.rsa_oaep) = places;
        }
    }

    fn aes(&mut self, key: ObjectRef) {
        let cbc = Mechanism::with_iv(CKM_AES_CBC_PAD, &IV);
        self.abilities.imports.cbc = self.place("unwrap-cbc", key, cbc, self.sealed(cbc, key));
        let gcm = Mechanism::gcm(&NONCE, &[]);
        self.abilities.imports.gcm = self.place("unwrap-gcm", key, gcm, self.sealed(gcm, key));
        let kw = Mechanism::plain(CKM_AES_KEY_WRAP);
        let blob = self.wrapped(key, CKM_AES_KEY_WRAP, VALUE);
        self.abilities.imports.kw = self.place("transport-kw", key, kw, blob);
        if let Some(mechanism) = self.abilities.kwp {
            let blob = self.wrapped(key, mechanism, VALUE);
            let kwp = Mechanism::plain(mechanism);
            self.abilities.imports.kwp = self.place("transport-kwp", key, kwp, blob);
        }
    }

    fn triple_des(&mut self) {
        let name = "unwrap-3des";
        match self.passing(self.hand.generate(CKM_DES3_KEY_GEN, &shape::probe_des())) {
            Ok(key) => {
                let cbc = Mechanism::with_iv(CKM_DES3_CBC_PAD, &IV[..8]);
                let blob = self.sealed(cbc, key.object());
                self.abilities.imports.triple_des = self.place(name, key.object(), cbc, blob);
            }
            Err(fault) => self.note(name, CheckResult::Absent, fault.to_string()),
        }
    }

    fn rsa(&mut self) {
        let restricted = self.abilities.allowed_mechanisms;
        let usage = PairUse { decrypt: true, restricted };
        let common = transport_pair::common(false, "warifu-selftest", &IV);
        let (public, private) = match transport_pair::generate(self.hand, BITS, &common, usage) {
            Ok((public, private)) => {
                (Passing::new(self.hand, public), Passing::new(self.hand, private))
            }
            Err(fault) => return self.note("rsa-pair", CheckResult::Absent, fault.to_string()),
        };
        self.note("rsa-pair", CheckResult::Pass, "RSA key pairs are made inside");
        let closed = is_closed(&self.hand, private.object());
        self.must("rsa-pair-closed", closed, "the private half can not be read or wrapped");
        let table = [
            ("unwrap-rsa-1.5", Mechanism::plain(CKM_RSA_PKCS)),
            ("unwrap-oaep", Mechanism::oaep()),
        ];
        let [pkcs, oaep] = table.map(|(name, mechanism)| {
            let blob = self.sealed(mechanism, public.object());
            self.place(name, private.object(), mechanism, blob)
        });
        (self.abilities.imports.rsa_pkcs, self.abilities.imports.rsa_oaep) = (pkcs, oaep);
    }

    /// What the token says of a mechanism.
    fn listed_place(&self, mechanism: MechanismType) -> ImportPlace {
        match self.hand.module.context().get_mechanism_info(self.slot, mechanism) {
            Ok(info) if info.unwrap() => ImportPlace::Inside,
            Ok(info) if info.decrypt() => ImportPlace::Worker,
            _ => ImportPlace::Impossible,
        }
    }

    fn sealed(&self, mechanism: Mechanism<'_>, key: ObjectRef) -> Result<Vec<u8>, Fault> {
        self.hand.encrypt_with(mechanism, key, VALUE, usize::from(BITS / 8))
    }

    /// Opens the value in the best way that works, and notes which.
    fn place(
        &mut self,
        name: &str,
        key: ObjectRef,
        mechanism: Mechanism<'_>,
        blob: Result<Vec<u8>, Fault>,
    ) -> ImportPlace {
        let blob = match blob {
            Ok(blob) => blob,
            Err(fault) => {
                self.note(name, CheckResult::Absent, fault.to_string());
                return ImportPlace::Impossible;
            }
        };
        let fault = match self.unwrapped_passing(name, key, mechanism, &blob) {
            Ok(()) => {
                self.note(name, CheckResult::Pass, "values stay inside");
                return ImportPlace::Inside;
            }
            Err(fault) => fault,
        };
        match self.hand.decrypt(mechanism, key, &blob) {
            Ok(clear) if clear.as_slice() == VALUE => {
                let detail = format!("values pass through the worker's memory ({fault})");
                self.note(name, CheckResult::Absent, detail);
                ImportPlace::Worker
            }
            _ => {
                self.note(name, CheckResult::Absent, fault.to_string());
                ImportPlace::Impossible
            }
        }
    }

    /// Unwraps to a key that can be wrapped under the wrapping key, and to one that must be closed.
    fn unwrapped_passing(
        &mut self,
        name: &str,
        key: ObjectRef,
        mechanism: Mechanism<'_>,
        blob: &[u8],
    ) -> Result<(), Fault> {
        let template = shape::passing(SHA1, self.abilities);
        self.passing(self.hand.unwrap(mechanism, key, blob, &template))?;
        let template = shape::sealed(SHA1, self.abilities, Place::Session, VALUE.len());
        let closed = self.passing(self.hand.unwrap(mechanism, key, blob, &template))?;
        self.right_mac(Hash::Sha1, closed.object(), VALUE)?;
        let holds = is_closed(&self.hand, closed.object());
        self.must(&format!("{name}-closed"), holds, "what is unwrapped as closed is closed");
        Ok(())
    }
}
