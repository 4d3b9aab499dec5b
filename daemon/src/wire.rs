//! Between the core's types and the wire's: one place, so that neither can drift from the other.

use warifu_api::{
    Timestamp,
    camera::{CameraDetail, CameraState},
    facts::TokenFacts,
    token::{
        Algorithm, Custody, Hash, Reason as WireReason, TokenDetail, TokenStatus, TokenSummary,
    },
};
use warifu_core::{
    camera::{Camera, Phase},
    custody::CustodyKind,
    keypad::Keypad,
    oath::HashAlgorithm,
    policy::VerificationPolicy,
    settle::{self, Reason, Verdict},
    time::UnixTime,
    token::{Moving, Status},
};
use warifu_store::record::TokenRecord;

use crate::lifecycle::view;

pub(crate) fn timestamp(at: UnixTime) -> Timestamp {
    Timestamp(at.to_rfc3339())
}

pub(crate) fn timestamp_ms(ms: u64) -> Timestamp {
    timestamp(UnixTime(ms / 1_000))
}

/// The word for metrics and the audit chain.
pub(crate) const fn outcome_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted { .. } => "accepted",
        Verdict::Rejected { reason, .. } => reason.word(),
    }
}

/// The matched moving factor, or the attempts left: what explains the outcome to an auditor.
pub(crate) const fn explanation(verdict: Verdict) -> u64 {
    match verdict {
        Verdict::Accepted { factor } => factor,
        Verdict::Rejected { remaining, .. } => remaining as u64,
    }
}

pub(crate) const fn reason(reason: Reason) -> WireReason {
    match reason {
        Reason::ConfirmationWrong => WireReason::ConfirmationWrong,
        Reason::Disabled => WireReason::Disabled,
        Reason::Expired => WireReason::Expired,
        Reason::Length => WireReason::Length,
        Reason::Locked => WireReason::Locked,
        Reason::NotAccepted => WireReason::NotAccepted,
        Reason::NotInService => WireReason::NotInService,
        Reason::NotRegistered => WireReason::NotRegistered,
        Reason::NotYetValid => WireReason::NotYetValid,
        Reason::ResyncRequired => WireReason::ResyncRequired,
        Reason::Reused => WireReason::Reused,
        Reason::Revoked => WireReason::Revoked,
        Reason::Wrong => WireReason::Wrong,
        Reason::WrongKindOfCode => WireReason::WrongKindOfCode,
    }
}

pub(crate) const fn status(status: Status) -> TokenStatus {
    match status {
        Status::Active => TokenStatus::Active,
        Status::Disabled => TokenStatus::Disabled,
        Status::Expired => TokenStatus::Expired,
        Status::Locked => TokenStatus::Locked,
        Status::NotYetValid => TokenStatus::NotYetValid,
        Status::ResyncRequired => TokenStatus::ResyncRequired,
    }
}

pub(crate) const fn custody(kind: CustodyKind) -> Custody {
    match kind {
        CustodyKind::Resident => Custody::Resident,
        CustodyKind::Wrapped => Custody::Wrapped,
    }
}

pub(crate) const fn custody_kind(custody: Custody) -> CustodyKind {
    match custody {
        Custody::Resident => CustodyKind::Resident,
        Custody::Wrapped => CustodyKind::Wrapped,
    }
}

const fn hash(hash: HashAlgorithm) -> Hash {
    match hash {
        HashAlgorithm::Sha1 => Hash::Sha1,
        HashAlgorithm::Sha256 => Hash::Sha256,
        HashAlgorithm::Sha512 => Hash::Sha512,
    }
}

const fn algorithm(moving: &Moving) -> Algorithm {
    match moving {
        Moving::Event { .. } => Algorithm::Hotp,
        Moving::Time { .. } => Algorithm::Totp,
        Moving::Keypad(_) => Algorithm::Ocra,
        Moving::Camera(_) => Algorithm::Txa1,
    }
}

pub(crate) const fn camera_state(camera: &Camera) -> CameraState {
    match &camera.phase {
        Phase::Ready => CameraState::Ready,
        Phase::First(_) => CameraState::Am1Sent,
        Phase::Second(_) => CameraState::Am2Sent,
        Phase::InitRequired => CameraState::InitRequired,
        Phase::Active(active) if active.proven => CameraState::Active,
        Phase::Active(_) => CameraState::ActiveUnproven,
    }
}

fn suites(keypad: &Keypad) -> Vec<String> {
    keypad.suites().iter().map(|suite| suite.text().to_owned()).collect()
}

fn camera_detail(camera: &Camera) -> CameraDetail {
    CameraDetail {
        state: camera_state(camera),
        counter: camera.counter,
        activations: camera.activations,
        token_code: camera.code.as_ref().map(|(_, code)| code.as_str().to_owned()),
        wrong_codes: camera.wrong,
    }
}

/// How a token makes its codes.
pub(crate) fn facts(record: &TokenRecord) -> TokenFacts {
    let token = &record.token;
    TokenFacts {
        institution: record.institution.to_string(),
        serial: record.serial.to_string(),
        manufacturer: record.manufacturer.clone(),
        kind: view::kind(record.kind),
        algorithm: algorithm(&token.moving),
        hash: hash(token.profile.hash),
        digits: token.profile.digits.get(),
        time_step_s: time_step(&token.moving),
        suites: computed(&token.moving),
    }
}

const fn time_step(moving: &Moving) -> Option<u32> {
    match moving {
        Moving::Time { step_s, .. } => Some(*step_s),
        Moving::Event { .. } | Moving::Keypad(_) | Moving::Camera(_) => None,
    }
}

fn computed(moving: &Moving) -> Option<Vec<String>> {
    match moving {
        Moving::Keypad(keypad) => Some(suites(keypad)),
        Moving::Event { .. } | Moving::Time { .. } | Moving::Camera(_) => None,
    }
}

/// A token in a list.
pub(crate) fn summary(record: &TokenRecord, now: UnixTime) -> TokenSummary {
    let profile = &record.token.profile;
    TokenSummary {
        serial: record.serial.to_string(),
        manufacturer: record.manufacturer.clone(),
        algorithm: algorithm(&record.token.moving),
        hash: hash(profile.hash),
        digits: profile.digits.get(),
        time_step_s: time_step(&record.token.moving),
        suites: computed(&record.token.moving),
        kind: view::kind(record.kind),
        life: view::life(record.life.stage()),
        status: status(record.token.status(now)),
        batch: record.batch.to_string(),
        expires_at: profile.expires_at.map(timestamp),
    }
}

/// All that may be shown of a token.
pub(crate) fn detail(
    record: &TokenRecord,
    policy: &VerificationPolicy,
    now: UnixTime,
) -> TokenDetail {
    let token = &record.token;
    let (drift_steps, counter_next) = match &token.moving {
        Moving::Event { next, .. } => (None, Some(*next)),
        Moving::Time { drift, .. } => (Some(drift.steps()), None),
        Moving::Keypad(_) | Moving::Camera(_) => (None, None),
    };
    let camera = match &token.moving {
        Moving::Camera(camera) => Some(camera_detail(camera)),
        Moving::Event { .. } | Moving::Time { .. } | Moving::Keypad(_) => None,
    };
    TokenDetail {
        serial: record.serial.to_string(),
        manufacturer: record.manufacturer.clone(),
        key_id: record.key_id.clone(),
        algorithm: algorithm(&token.moving),
        hash: hash(token.profile.hash),
        digits: token.profile.digits.get(),
        time_step_s: time_step(&token.moving),
        kind: view::kind(record.kind),
        life: view::life(record.life.stage()),
        contract: record.life.contract().map(ToString::to_string),
        status: status(token.status(now)),
        failures: token.guard.failures,
        remaining_attempts: settle::remaining(token, policy),
        locked_at: token.guard.locked_at.map(timestamp),
        expires_at: token.profile.expires_at.map(timestamp),
        valid_from: token.profile.valid_from.map(timestamp),
        drift_steps,
        counter_next,
        suites: computed(&token.moving),
        camera,
        batch: record.batch.to_string(),
        custody: custody(record.seal.kind()),
        created_at: timestamp_ms(record.created_ms),
        last_accepted_at: record.last_accepted_ms.map(timestamp_ms),
    }
}
