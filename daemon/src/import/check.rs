//! What makes the keys of a seed file a token of ours, or a refusal that says why not.
//!
//! Pure. The parser has judged the file by its format; here the rules are those of this server:
//! which algorithms it verifies and which policies it can keep. What it can not keep it refuses
//! (RFC 6030 s.5: a policy that is not understood means that usage is not permitted).
//!
//! Not responsible for: seeds, or whether the serial exists already.

use warifu_core::{
    drift::Drift,
    ident::{Institution, TokenId},
    lifecycle::TokenKind,
    oath::{Digits, HashAlgorithm},
    policy::VerificationPolicy,
    rules::SeedExposure,
    time::UnixTime,
    token::{Guard, Moving, Profile, Switch, Token},
};
use warifu_keys::seedfile::{Algorithm, Code, Record, Refusal, SecretValue, record::PinMode};
use warifu_txa1::serial::DeviceSerial;

use super::{group::Group, path, signer};

/// Longest seed that is taken: one block of HMAC-SHA-1 and HMAC-SHA-256.
const MAX_SEED: usize = 64;

/// The rules that depend on the installation.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) institution: Institution,
    pub(super) policy: VerificationPolicy,
    /// Whether what needs a second look is taken to somebody who gives it, or refused.
    pub(super) takes_quarantined: bool,
    /// Where a seed may be readable at worst.
    pub(super) exposure: SeedExposure,
    /// What the officer says the tokens are.
    pub(super) kind: TokenKind,
}

/// A token as it will be when its seed is in custody.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) id: TokenId,
    pub(super) manufacturer: String,
    pub(super) key_id: String,
    pub(super) token: Token,
    pub(super) keys: Keys,
}

/// Which keys are to be sealed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Keys {
    /// One, which all of the token's codes are made with.
    One,
    /// The three of a camera token.
    Three,
    /// Those that follow from the seed of the camera token of this serial.
    Seed(DeviceSerial),
}

/// What is different from one way of making codes to the next.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) hash: HashAlgorithm,
    pub(super) digits: Digits,
    pub(super) moving: Moving,
    pub(super) keys: Keys,
}

impl Rules {
    /// The token, or the first rule that its keys break.
    pub(super) fn candidate(&self, group: &Group) -> Result<Candidate, Refusal> {
        let record = group.first();
        for record in group.records() {
            self.permitted(record).map_err(|refusal| located(refusal, record))?;
        }
        let shape = match record.algorithm {
            Algorithm::Hotp | Algorithm::Totp => {
                self.one_time(record).map_err(|refusal| located(refusal, record))?
            }
            Algorithm::Ocra => signer::keypad(group)?,
            Algorithm::Txa1(_) => signer::camera(group)?,
        };
        Ok(Candidate {
            keys: shape.keys,
            id: TokenId { institution: self.institution.clone(), serial: record.serial.clone() },
            manufacturer: record.manufacturer.clone().unwrap_or_default(),
            key_id: record.key_id.clone(),
            token: Token {
                profile: Profile {
                    hash: shape.hash,
                    digits: shape.digits,
                    valid_from: record.starts_at,
                    expires_at: record.expires_at,
                },
                moving: shape.moving,
                switch: Switch::Enabled,
                guard: Guard::default(),
            },
        })
    }

    fn permitted(&self, record: &Record) -> Result<(), Refusal> {
        let is_camera = matches!(record.algorithm, Algorithm::Txa1(_));
        if is_camera != (self.kind == TokenKind::Camera) {
            let rule = if is_camera {
                format!("camera tokens are imported as kind camera, not {}", self.kind.word())
            } else {
                "tokens that read no picture are not imported as kind camera".to_owned()
            };
            return Err(Refusal::new(Code::Kind, "kind", rule));
        }
        if let Some(pin) = &record.policy.pin
            && matches!(pin.mode, Some(PinMode::Append | PinMode::Prepend))
        {
            let rule = "a PIN typed with the code is not checked by this server";
            return Err(Refusal::new(Code::Policy, "PINUsageMode", rule));
        }
        if record.policy.transactions.is_some() {
            let rule = "a limited number of transactions is not counted by this server";
            return Err(Refusal::new(Code::Policy, "NumberOfTransactions", rule));
        }
        if let SecretValue::Encrypted(value) = &record.secret
            && let Some(refusal) = path::refuse_cipher(value.cipher)
        {
            return Err(refusal);
        }
        if let SecretValue::Plain(secret) = &record.secret
            && secret.len() > MAX_SEED
        {
            return Err(Refusal::new(Code::SecretLen, "Secret", "16 to 64 octets"));
        }
        if matches!(record.secret, SecretValue::Plain(_))
            && !self.exposure.allows(SeedExposure::Anywhere)
        {
            let rule = "the institution takes no seed that is readable in the server: ask the maker for a \
                        file under a transport key";
            return Err(Refusal::new(Code::Exposure, "Secret", rule));
        }
        match record.warnings.iter().find(|warning| warning.code.quarantines()) {
            Some(warning) if !self.takes_quarantined => {
                let rule = format!("a second officer has to approve this ({})", warning.code);
                Err(Refusal::new(warning.code, warning.field, rule))
            }
            _ => Ok(()),
        }
    }

    /// A token for codes: HOTP or TOTP.
    fn one_time(&self, record: &Record) -> Result<Shape, Refusal> {
        let moving = match (record.algorithm, record.counter, record.time_step_s) {
            (Algorithm::Totp, _, Some(step_s)) if step_s > 0 => Moving::Time {
                step_s,
                t0: first_second(record.time_offset, step_s),
                floor: None,
                drift: Drift::from_steps(record.time_drift).clamped(self.policy.max_drift_steps),
            },
            (Algorithm::Totp, ..) => {
                let rule = "a time-based key has a step";
                return Err(Refusal::new(Code::Interval, "TimeInterval", rule));
            }
            (_, Some(next), _) => Moving::Event { next, resync_required: false },
            (_, None, _) => {
                let rule = "an event-based key has a counter";
                return Err(Refusal::new(Code::Counter, "Counter", rule));
            }
        };
        let digits = Digits::new(record.digits)
            .ok_or_else(|| Refusal::new(Code::Digits, "ResponseFormat", "6 to 10 digits"))?;
        Ok(Shape { hash: record.hash, digits, moving, keys: Keys::One })
    }
}

/// When the token began to count. A maker whose tokens count from a later day than 1970 has a negative
/// offset; a positive one is how far the token had counted at delivery, which the clock says as well.
fn first_second(offset_steps: i64, step_s: u32) -> UnixTime {
    let late = u64::try_from(offset_steps.saturating_neg()).unwrap_or(0);
    UnixTime(late.saturating_mul(u64::from(step_s)))
}

/// The same refusal, with the place of the key it is about.
pub(super) fn located(mut refusal: Refusal, record: &Record) -> Refusal {
    refusal.at = record.at.clone();
    refusal.serial = Some(record.serial.to_string());
    refusal
}
