//! What the HSM is asked to make of the keys of one token, and what comes back: all of the token's
//! seals, or none.
//!
//! Not responsible for: which keys make a token (check), or for when the HSM is asked (seal).

use warifu_core::{
    custody::{CameraKeys, CustodyKind, SealedSeed},
    ident::TokenId,
    oath::HashAlgorithm,
};
use warifu_keys::{
    custody::{self, KeyRole},
    driver::Txa1,
    hsm::{
        ExpandOrder, Exposure, Hsm, HsmError, KeyKind, SealOrder, Sealed, SecretBytes, SeedSource,
    },
    seedfile::{CameraPart, ContainerCrypto, SecretValue},
};
use warifu_store::record::TokenRecord;
use warifu_txa1::expansion::{self, Role};

use super::{
    check::{Candidate, Keys},
    group::Group,
    path,
    signer::part,
};
use crate::service::Service;

/// All jobs of one token.
pub(super) enum Order {
    /// One key.
    One(SealOrder),
    /// The three keys of a camera token, in the order of [`KeyRole::ALL`].
    Three(Box<[SealOrder; 3]>),
    /// The seed of a camera token.
    Seed(ExpandOrder),
}

/// A token in custody.
pub(super) struct Made {
    /// The key that makes codes.
    pub(super) seal: SealedSeed,
    /// The others.
    pub(super) camera: Option<CameraKeys>,
    /// Where the worst kept of them was readable.
    pub(super) exposure: Exposure,
}

/// A key that lies in the HSM, and stays there until somebody removes it.
pub(super) struct Resident {
    id: TokenId,
    name: Vec<u8>,
    kind: KeyKind,
    seal: SealedSeed,
}

/// Where the values of a file come from.
#[derive(Clone, Copy)]
pub(super) struct Origin<'a> {
    /// Header of the file.
    pub(super) crypto: Option<&'a ContainerCrypto>,
    /// Label of the transport key.
    pub(super) label: Option<&'a str>,
    /// Where the keys are to lie.
    pub(super) custody: CustodyKind,
}

impl Order {
    /// `None` where the file's own header contradicts its values, or where the group is not what
    /// the candidate was made of.
    pub(super) fn new(candidate: &Candidate, group: Group, origin: Origin<'_>) -> Option<Self> {
        let id = &candidate.id;
        match candidate.keys {
            // The suites of a keypad token share the first one's key.
            Keys::One => {
                let secret = group.into_records().next()?.secret;
                let kind = custody::hmac(candidate.token.profile.hash);
                Some(Self::One(origin.seal(custody::record_name(id), kind, secret)?))
            }
            Keys::Three => {
                let mut records: Vec<_> = group.into_records().collect();
                let mut take = |role: Role| {
                    let wanted = Some(CameraPart::Key(role));
                    let at = records.iter().position(|record| part(record) == wanted)?;
                    Some(records.swap_remove(at).secret)
                };
                let seal = |role: KeyRole, secret| {
                    origin.seal(custody::key_record_name(id, role), role.kind(), secret)
                };
                let [encryption, device_code, signature] = KeyRole::ALL;
                Some(Self::Three(Box::new([
                    seal(encryption, take(Role::Encryption)?)?,
                    seal(device_code, take(Role::DeviceCode)?)?,
                    seal(signature, take(Role::Signature)?)?,
                ])))
            }
            Keys::Seed(serial) => Some(Self::Seed(ExpandOrder {
                records: KeyRole::ALL.map(|role| custody::key_record_name(id, role)),
                data: Role::ALL.map(|role| expansion::block(role, &serial)),
                custody: origin.custody,
                source: origin.source(group.into_records().next()?.secret)?,
            })),
        }
    }
}

impl Origin<'_> {
    fn seal(self, record: Vec<u8>, kind: KeyKind, secret: SecretValue) -> Option<SealOrder> {
        Some(SealOrder { record, kind, custody: self.custody, source: self.source(secret)? })
    }

    /// The seed as the worker takes it.
    fn source(self, secret: SecretValue) -> Option<SeedSource> {
        let value = match secret {
            SecretValue::Plain(secret) => {
                return Some(SeedSource::Clear(SecretBytes::new(secret.expose().to_vec())));
            }
            SecretValue::Encrypted(value) => value,
        };
        let (crypto, label) = (self.crypto?, self.label?);
        let mac = match crypto.mac.as_ref().zip(value.mac) {
            Some((method, mac)) => Some(path::mac(method, mac)?),
            None if value.cipher.needs_mac() => return None,
            None => None,
        };
        Some(SeedSource::Encrypted {
            transport_key: label.to_owned(),
            cipher: path::cipher(value.cipher)?,
            data: value.octets,
            mac,
            session: path::session(crypto),
        })
    }
}

impl Made {
    /// What of it lies in the HSM.
    pub(super) fn residents(&self, id: &TokenId, hash: HashAlgorithm) -> Vec<Resident> {
        residents(id, hash, &self.seal, self.camera.as_ref())
    }

    fn camera(seals: [SealedSeed; 3], exposure: Exposure) -> Self {
        let [encryption, device_code, seal] = seals;
        let driver = Txa1::NAME.to_owned();
        Self { seal, camera: Some(CameraKeys { driver, encryption, device_code }), exposure }
    }
}

/// What of a stored token lies in the HSM.
pub(super) fn residents_of(record: &TokenRecord) -> Vec<Resident> {
    let hash = record.token.profile.hash;
    residents(&record.id(), hash, &record.seal, record.camera_keys.as_ref())
}

fn residents(
    id: &TokenId,
    hash: HashAlgorithm,
    seal: &SealedSeed,
    camera: Option<&CameraKeys>,
) -> Vec<Resident> {
    let one = |name, kind, seal: &SealedSeed| {
        let is_resident = seal.kind() == CustodyKind::Resident;
        is_resident.then(|| Resident { id: id.clone(), name, kind, seal: seal.clone() })
    };
    let Some(keys) = camera else {
        return one(custody::record_name(id), custody::hmac(hash), seal).into_iter().collect();
    };
    let seals = [&keys.encryption, &keys.device_code, seal];
    let pairs = KeyRole::ALL.into_iter().zip(seals);
    pairs
        .filter_map(|(role, seal)| one(custody::key_record_name(id, role), role.kind(), seal))
        .collect()
}

impl Service {
    /// Removes keys of tokens that will not be. Best effort: what stays is harmless, and named.
    pub(super) async fn destroy(&self, keys: Vec<Resident>) {
        for Resident { id, name, kind, seal } in keys {
            if let Err(error) = self.hsm.destroy(&seal, &name, kind).await {
                tracing::warn!(token = %id, %error, "a resident key was left in the HSM");
            }
        }
    }
}

/// Has the HSM do it all; one result per token, in order. A token of which one key failed leaves none
/// of the others behind.
pub(super) async fn fulfil(hsm: &Hsm, orders: Vec<Order>) -> Vec<Result<Made, HsmError>> {
    let (mut seals, mut expansions, mut forms) = (Vec::new(), Vec::new(), Vec::new());
    for order in orders {
        match order {
            Order::One(one) => {
                forms.push(Form::One);
                seals.push(one);
            }
            Order::Three(three) => {
                forms.push(Form::Three(three.each_ref().map(|one| (one.record.clone(), one.kind))));
                seals.extend(*three);
            }
            Order::Seed(one) => {
                forms.push(Form::Seed);
                expansions.push(one);
            }
        }
    }
    let mut seals = hsm.seal(seals).await.into_iter();
    let mut expansions = hsm.expand(expansions).await.into_iter();
    let mut results = Vec::with_capacity(forms.len());
    for form in forms {
        let mut next = || seals.next().unwrap_or(Err(HsmError::Malformed));
        results.push(match form {
            Form::One => {
                next().map(|Sealed { seal, exposure }| Made { seal, camera: None, exposure })
            }
            Form::Three(names) => together(hsm, names, [next(), next(), next()]).await,
            Form::Seed => expansions
                .next()
                .unwrap_or(Err(HsmError::Malformed))
                .map(|expanded| Made::camera(expanded.seals, expanded.exposure)),
        });
    }
    results
}

/// How results go together again.
enum Form {
    One,
    Three([(Vec<u8>, KeyKind); 3]),
    Seed,
}

async fn together(
    hsm: &Hsm,
    names: [(Vec<u8>, KeyKind); 3],
    results: [Result<Sealed, HsmError>; 3],
) -> Result<Made, HsmError> {
    let results = match results {
        [Ok(encryption), Ok(device_code), Ok(signature)] => {
            let all = [encryption, device_code, signature];
            let exposure = all.iter().map(|one| one.exposure).max_by_key(|one| badness(*one));
            let exposure = exposure.unwrap_or(Exposure::Caller);
            return Ok(Made::camera(all.map(|one| one.seal), exposure));
        }
        mixed => mixed,
    };
    let mut why = HsmError::Malformed;
    for ((name, kind), result) in names.into_iter().zip(results) {
        match result {
            Ok(Sealed { seal: seal @ SealedSeed::Resident { .. }, .. }) => {
                if let Err(error) = hsm.destroy(&seal, &name, kind).await {
                    tracing::warn!(%error, "a resident key of a camera token was left in the HSM");
                }
            }
            Ok(_) => {}
            Err(error) => why = error,
        }
    }
    Err(why)
}

const fn badness(exposure: Exposure) -> u8 {
    match exposure {
        Exposure::None => 0,
        Exposure::Worker => 1,
        Exposure::Caller => 2,
    }
}
