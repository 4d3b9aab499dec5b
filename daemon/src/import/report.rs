//! What an officer is told about an import, while it runs and afterwards.
//!
//! Not responsible for: finding anything out. Bounded: a file with a million faults gives a report
//! with the first hundred and a count.

use std::collections::BTreeMap;

use warifu_api::{
    Timestamp,
    import::{
        ExpirySpread, ExposureCounts, FormatFound, ImportJob, ImportReport, ImportState,
        RefusedKey, WarningCount,
    },
};
use warifu_core::{ident::Serial, time::UnixTime};
use warifu_keys::{
    hsm::Exposure,
    seedfile::{Code, Detected, Record, Refusal, Warning},
};
use warifu_store::record::{BatchRecord, BatchState};

use super::{Job, group::Group, samples::Samples, spool::Spool};
use crate::wire;

/// Collects.
#[derive(Debug)]
pub(super) struct Report {
    sha256: [u8; 32],
    bytes: u64,
    accepted: u64,
    refused: Vec<RefusedKey>,
    refused_total: u64,
    warnings: BTreeMap<Code, WarningCount>,
    exposure: ExposureCounts,
    exposed: Vec<String>,
    format: Option<FormatFound>,
    samples: Samples,
    quarantined: u64,
    earliest: Option<UnixTime>,
    latest: Option<UnixTime>,
    never: u64,
    started: Timestamp,
}

impl Report {
    pub(super) fn new(spool: &Spool, started_ms: u64) -> Self {
        Self {
            sha256: spool.sha256,
            bytes: spool.length,
            accepted: 0,
            refused: Vec::new(),
            refused_total: 0,
            warnings: BTreeMap::new(),
            exposure: ExposureCounts::default(),
            exposed: Vec::new(),
            format: None,
            samples: Samples::default(),
            quarantined: 0,
            earliest: None,
            latest: None,
            never: 0,
            started: wire::timestamp_ms(started_ms),
        }
    }

    pub(super) fn accept(&mut self, group: &Group) {
        self.accepted += 1;
        self.samples.add(group);
        self.quarantined += u64::from(group.records().any(Record::is_quarantined));
        for record in group.records() {
            record.warnings.iter().for_each(|warning| self.warn(warning, record.serial.as_str()));
        }
        match group.first().expires_at {
            Some(at) => {
                self.earliest = Some(self.earliest.map_or(at, |first| first.min(at)));
                self.latest = Some(self.latest.map_or(at, |last| last.max(at)));
            }
            None => self.never += 1,
        }
    }

    /// A token that was counted as accepted turned out bad when its seed was opened.
    pub(super) fn take_back(&mut self, refusal: &Refusal) {
        self.accepted = self.accepted.saturating_sub(1);
        self.refuse(refusal);
    }

    /// The file is refused as a whole, and nothing is told of the tokens whose seeds were opened.
    pub(super) fn withhold(&mut self, refusal: &Refusal) {
        self.accepted = 0;
        self.exposure = ExposureCounts::default();
        self.exposed.clear();
        self.refuse(refusal);
    }

    pub(super) fn refuse(&mut self, refusal: &Refusal) {
        self.refused_total += 1;
        if self.refused.len() < MAX_REFUSED {
            self.refused.push(RefusedKey {
                line: refusal.at.line,
                element: refusal.at.element.clone(),
                serial: refusal.serial.clone(),
                field: refusal.field.to_string(),
                class: refusal.code.as_str().to_owned(),
                rule: refusal.rule.to_string(),
                advice: refusal.remedy().to_owned(),
            });
        }
    }

    pub(super) fn warn(&mut self, warning: &Warning, example: &str) {
        let entry = self.warnings.entry(warning.code).or_insert_with(|| WarningCount {
            class: warning.code.as_str().to_owned(),
            count: 0,
            meaning: warning.code.remedy().to_owned(),
            examples: Vec::new(),
        });
        entry.count += 1;
        // The suites of one token often have the same faults.
        let is_known = entry.examples.last().is_some_and(|last| last == example);
        if entry.examples.len() < MAX_EXAMPLES && !is_known {
            entry.examples.push(example.to_owned());
        }
    }

    /// What the file was taken for.
    pub(super) fn tell_format(&mut self, detected: &Detected) {
        let format = detected.words();
        self.format = Some(FormatFound { format, because: detected.because.clone() });
    }

    /// The word of the format, once known.
    pub(super) fn format(&self) -> Option<String> {
        self.format.as_ref().map(|found| found.format.clone())
    }

    /// Tokens that need a second look.
    pub(super) const fn quarantined(&self) -> u64 {
        self.quarantined
    }

    pub(super) fn expose(&mut self, serial: &Serial, exposure: Exposure) {
        if exposure != Exposure::None && self.exposed.len() < MAX_EXPOSED {
            self.exposed.push(serial.to_string());
        }
        match exposure {
            Exposure::None => self.exposure.none += 1,
            Exposure::Worker => self.exposure.worker += 1,
            Exposure::Caller => self.exposure.daemon += 1,
        }
    }

    pub(super) const fn accepted(&self) -> u64 {
        self.accepted
    }

    pub(super) const fn refused_total(&self) -> u64 {
        self.refused_total
    }

    /// The report on the wire, as far as it goes.
    pub(super) fn render(&self, job: &Job, finished_ms: Option<u64>) -> ImportReport {
        ImportReport {
            file_sha256: hex::encode(self.sha256),
            bytes: self.bytes,
            accepted: self.accepted,
            refused: self.refused.clone(),
            refused_total: self.refused_total,
            warnings: self.warnings.values().cloned().collect(),
            custody: wire::custody(job.custody),
            exposure: self.exposure,
            format: self.format.clone(),
            samples: self.samples.samples(),
            kinds: self.samples.kinds(),
            quarantined: self.quarantined,
            // Where all are concerned, the count says it.
            exposed: if self.exposure.none > 0 { self.exposed.clone() } else { Vec::new() },
            decided_by: None,
            decided_at: None,
            expiry: ExpirySpread {
                earliest: self.earliest.map(wire::timestamp),
                latest: self.latest.map(wire::timestamp),
                never: self.never,
            },
            officer: job.officer.to_string(),
            started_at: self.started.clone(),
            finished_at: finished_ms.map(wire::timestamp_ms),
        }
    }

    /// The report as kept with the batch: without its examples where they would not fit, and then
    /// without texts that follow from their classes.
    pub(super) fn kept(&self, job: &Job, finished_ms: u64) -> Option<String> {
        shrunk(self.render(job, Some(finished_ms)))
    }
}

/// A report as text that fits into a record: what can be told again, or is told elsewhere, goes first.
pub(super) fn shrunk(mut report: ImportReport) -> Option<String> {
    let steps: [fn(&mut ImportReport); 5] = [
        |_| {},
        |report| report.warnings.iter_mut().for_each(|warning| warning.meaning.clear()),
        |report| report.exposed.truncate(20),
        |report| report.warnings.iter_mut().for_each(|warning| warning.examples.clear()),
        |report| report.samples.truncate(3),
    ];
    for step in steps {
        step(&mut report);
        let text = serde_json::to_string(&report).ok()?;
        if text.len() <= BatchRecord::MAX_REPORT {
            return Some(text);
        }
    }
    None
}

/// A batch of an earlier life of the daemon, told as the job that made it.
pub(super) fn of_batch(batch: &BatchRecord) -> ImportJob {
    ImportJob {
        id: batch.name.to_string(),
        batch: batch.name.to_string(),
        state: match batch.state {
            BatchState::Active => ImportState::Done,
            BatchState::Pending => ImportState::Staged,
            BatchState::Rejected => ImportState::Rejected,
            BatchState::Aborted | BatchState::Staging => ImportState::Failed,
        },
        dry_run: false,
        custody: wire::custody(batch.custody),
        processed: batch.accepted,
        total: Some(batch.accepted),
        accepted: batch.accepted,
        refused: batch.refused,
        created_at: wire::timestamp_ms(batch.created_ms),
        failure: None,
        fingerprint: batch
            .fingerprint
            .filter(|_| batch.state == BatchState::Pending)
            .map(hex::encode),
        expires_at: batch
            .expires_ms
            .filter(|_| batch.state == BatchState::Pending)
            .map(wire::timestamp_ms),
        decided_by: batch.decided_by.as_ref().map(ToString::to_string),
        report: batch.report.as_deref().and_then(read),
    }
}

/// A kept report, with the texts that it was kept without.
pub(super) fn read(text: &str) -> Option<ImportReport> {
    let mut report: ImportReport = serde_json::from_str(text).ok()?;
    for warning in report.warnings.iter_mut().filter(|warning| warning.meaning.is_empty()) {
        let meaning = Code::from_text(&warning.class).map_or("", Code::remedy);
        meaning.clone_into(&mut warning.meaning);
    }
    Some(report)
}

/// Refused keys told one by one.
const MAX_REFUSED: usize = 100;
/// Serials of exposed seeds told one by one.
const MAX_EXPOSED: usize = 100;
/// Serials told per class of warning.
const MAX_EXAMPLES: usize = 3;
