//! Imports as the daemon tells of them, for tests.
//!
//! Not responsible for anything outside of tests.

use warifu_api::{
    import::{ExpirySpread, ExposureCounts, ImportJob, ImportReport, ImportState, RefusedKey},
    time::Timestamp,
    token::Custody,
};

pub(super) fn job(state: ImportState) -> ImportJob {
    ImportJob {
        id: "pkcs11-1".to_owned(),
        batch: "pkcs11-1".to_owned(),
        state,
        dry_run: false,
        custody: Custody::Wrapped,
        processed: 0,
        total: None,
        accepted: 0,
        refused: 0,
        created_at: Timestamp("2026-11-22T00:00:00Z".to_owned()),
        failure: None,
        fingerprint: None,
        expires_at: None,
        decided_by: None,
        report: None,
    }
}

/// A report with one refused key.
pub(super) fn report(class: &str) -> ImportReport {
    let refused = RefusedKey {
        line: 6,
        element: "KeyContainer/KeyPackage[1]".to_owned(),
        serial: Some("0112345679".to_owned()),
        field: "SerialNo".to_owned(),
        class: class.to_owned(),
        rule: "the rule".to_owned(),
        advice: "the advice".to_owned(),
    };
    ImportReport {
        file_sha256: "00".repeat(32),
        bytes: 800,
        accepted: 0,
        refused: vec![refused],
        refused_total: 1,
        warnings: Vec::new(),
        custody: Custody::Wrapped,
        exposure: ExposureCounts::default(),
        expiry: ExpirySpread::default(),
        officer: "sato".to_owned(),
        format: None,
        samples: Vec::new(),
        kinds: Vec::new(),
        quarantined: 0,
        exposed: Vec::new(),
        decided_by: None,
        decided_at: None,
        started_at: Timestamp("2026-11-22T00:00:00Z".to_owned()),
        finished_at: None,
    }
}
