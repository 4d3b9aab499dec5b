//! What the findings mean for a person who is to import seed files, hold a key ceremony or rotate the
//! wrapping key. Every line says where something happens and what follows.
//!
//! Not responsible for: the trials (`selftest.rs`, `imports.rs`), layout on a terminal.

use cryptoki_sys::CKM_AES_KEY_WRAP;
use warifu_hsm_protocol::{Hash, ImportLine, ImportPlace, KeyKind};

use super::{Examiner, HASHES, Hold, SEED, SHA1};
use crate::{
    fault::Fault,
    keys,
    mechanism::Mechanism,
    raw::ObjectRef,
    rotate::{PINNED, ROTATABLE},
    shape::{self, Place},
};

/// Lengths of HMAC keys that seeds have, and where providers draw a line.
const LENGTHS: [usize; 9] = [1, 8, 10, 14, 16, 20, 32, 48, 64];

impl Examiner<'_> {
    /// The lines, from the most common protection of a seed file on.
    pub(super) fn import_lines(&self, kek: Option<ObjectRef>) -> Vec<ImportLine> {
        let imports = self.abilities.imports;
        vec![
            value_line("aes-cbc-mac", imports.cbc),
            value_line("aes-gcm", imports.gcm),
            value_line("aes-kw", imports.kw),
            value_line("aes-kwp", imports.kwp),
            value_line("3des-cbc-mac", imports.triple_des),
            value_line("rsa-1.5", imports.rsa_pkcs),
            value_line("rsa-oaep-sha1", imports.rsa_oaep),
            self.mac_line(),
            line(
                "pbkdf2",
                ImportPlace::Worker,
                "the password is known outside in any case; its values are opened there",
            ),
            self.minimum_line(),
            self.ceremony_line(),
            self.pair_line(),
            self.rotation_line(kek),
        ]
    }

    fn mac_line(&self) -> ImportLine {
        let place = self.abilities.imports.cbc;
        let detail = match place {
            ImportPlace::Inside => "MACs of AES-CBC values are checked by the HSM",
            ImportPlace::Worker => {
                "the MAC key of an AES-CBC file is decrypted, and its MACs are checked in the worker"
            }
            ImportPlace::Impossible => "the provider opens no AES-CBC values, so nothing of theirs",
        };
        line("mac", place, detail)
    }

    /// The shortest HMAC keys. A seed that is unwrapped inside can not be padded.
    fn minimum_line(&self) -> ImportLine {
        let shortest = |hash| LENGTHS.into_iter().find(|length| self.takes(hash, *length));
        let lengths: Vec<String> = HASHES
            .into_iter()
            .map(|(hash, name)| match shortest(hash) {
                Some(length) => format!("{name} {length}"),
                None => format!("{name} none"),
            })
            .collect();
        let detail = format!(
            "shortest keys in bytes: {}; shorter seeds are padded where they are readable, and \
             refused where they would be unwrapped inside",
            lengths.join(", ")
        );
        line("hmac-minimum", ImportPlace::Inside, detail)
    }

    fn takes(&self, hash: Hash, length: usize) -> bool {
        let template = shape::created(KeyKind::Hmac(hash), self.abilities, Place::Session);
        let seed = SEED.get(..length).unwrap_or_default();
        let key = self.passing(self.hand.create(&shape::value(template, seed)));
        key.and_then(|key| self.right_mac(hash, key.object(), seed)).is_ok()
    }

    fn ceremony_line(&self) -> ImportLine {
        let des = match self.abilities.imports.triple_des {
            ImportPlace::Impossible => "AES keys only",
            _ => "AES and triple DES keys",
        };
        match self.abilities.imports.cbc {
            ImportPlace::Impossible => line(
                "ceremony",
                ImportPlace::Impossible,
                "the sum of the components could not be kept: the provider has no AES-CBC",
            ),
            _ => line(
                "ceremony",
                ImportPlace::Worker,
                format!("components are added in the worker's memory, and kept encrypted; {des}"),
            ),
        }
    }

    fn pair_line(&self) -> ImportLine {
        let imports = self.abilities.imports;
        match (imports.rsa_oaep, imports.rsa_pkcs) {
            (ImportPlace::Impossible, ImportPlace::Impossible) => line(
                "rsa-pair",
                ImportPlace::Impossible,
                "RSA key pairs open nothing here; agree on an AES transport key",
            ),
            _ => line("rsa-pair", ImportPlace::Inside, "made inside, the private half stays there"),
        }
    }

    fn rotation_line(&self, kek: Option<ObjectRef>) -> ImportLine {
        let (Some(kek), Some(hold)) = (kek, self.hold) else {
            let detail = "the provider does not wrap seeds; resident ones have no wrapping key";
            return line("rotation", ImportPlace::Impossible, detail);
        };
        if hold == Hold::Pinned {
            return line("rotation", ImportPlace::Impossible, PINNED);
        }
        match self.moved(kek) {
            Ok(()) if hold == Hold::Rotatable => line("rotation", ImportPlace::Inside, ROTATABLE),
            Ok(()) => line(
                "rotation",
                ImportPlace::Inside,
                "possible because CKA_UNWRAP_TEMPLATE is not enforced",
            ),
            Err(fault) => {
                line("rotation", ImportPlace::Impossible, format!("seeds can not move: {fault}"))
            }
        }
    }

    /// Moves a seed from the wrapping key to a passing one.
    fn moved(&self, kek: ObjectRef) -> Result<(), Fault> {
        let mechanism = Mechanism::plain(CKM_AES_KEY_WRAP);
        let seed = &SEED[..24];
        let blob = self.wrapped(kek, CKM_AES_KEY_WRAP, seed)?;
        let template = shape::moving(SHA1, self.abilities);
        let moving = self.passing(self.hand.unwrap(mechanism, kek, &blob, &template))?;
        let next = keys::generate_kek(&self.hand, Place::Session, &self.profile, self.form);
        let next = self.passing(next)?;
        let blob = self.hand.wrap(mechanism, next.object(), moving.object())?;
        let key = self.unwrapped(next.object(), CKM_AES_KEY_WRAP, &blob)?;
        self.right_mac(Hash::Sha1, key.object(), seed)
    }
}

fn value_line(name: &str, place: ImportPlace) -> ImportLine {
    let detail = match place {
        ImportPlace::Inside => "seeds stay inside the HSM",
        ImportPlace::Worker => {
            "seeds are readable in the worker's memory for a moment; the report names them"
        }
        ImportPlace::Impossible => "refused; have the file made with another protection",
    };
    line(name, place, detail)
}

fn line(name: &str, place: ImportPlace, detail: impl Into<String>) -> ImportLine {
    ImportLine { name: name.to_owned(), place, detail: detail.into() }
}
