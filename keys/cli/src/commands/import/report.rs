//! An import for people at a terminal. Not responsible for: JSON, which is the server's answer as it
//! came, and the printable page (`warifu imports report`).

use std::fmt::Write as _;

use warifu_api::{
    Language,
    import::{ExpirySpread, ImportJob, ImportReport, ImportState, RefusedKey, WarningCount},
};
use warifu_keys::seedfile::Code;

use crate::{
    label,
    language::named,
    output::{clean, facts_in, grouped, headings, table},
};

/// The job, and its report if there is one.
pub(crate) fn text(job: &ImportJob, language: Language) -> String {
    let mut text = facts_in(
        language,
        [
            (label::IMPORT, Some(job.id.clone())),
            (label::BATCH, Some(job.batch.clone())),
            (label::STATE, Some(named(job.state, language))),
            (label::CUSTODY, Some(job.custody.word().to_owned())),
            (label::ACCEPTED, Some(job.accepted.to_string())),
            (label::REFUSED, Some(job.refused.to_string())),
            (label::OPENED_AT, Some(job.created_at.to_string())),
            (label::WAITS_UNTIL, job.expires_at.as_ref().map(ToString::to_string)),
            (label::DECIDED_BY, job.decided_by.clone()),
            (label::FAILURE, job.failure.clone()),
        ],
    );
    if let Some(report) = &job.report {
        text.push_str(&details(report, language));
    }
    if let Some(fingerprint) = &job.fingerprint {
        text.push('\n');
        text.push_str(&facts_in(language, [(label::FINGERPRINT, Some(grouped(fingerprint)))]));
    }
    line(&mut text, outcome(job, language));
    text
}

fn details(report: &ImportReport, language: Language) -> String {
    let exposure = report.exposure;
    let format = report.format.as_ref();
    let mut text = facts_in(
        language,
        [
            (label::FILE, Some(format!("{} bytes, SHA-256 {}", report.bytes, report.file_sha256))),
            (label::FORMAT, format.map(|found| format!("{} ({})", found.format, found.because))),
            (label::STAGED_BY, Some(report.officer.clone())),
            (label::STARTED_AT, Some(report.started_at.to_string())),
            (label::FINISHED_AT, report.finished_at.as_ref().map(ToString::to_string)),
            (label::DECIDED_AT, report.decided_at.as_ref().map(ToString::to_string)),
            (label::EXPIRY, Some(expiry(&report.expiry))),
            (label::QUARANTINED, (report.quarantined > 0).then(|| report.quarantined.to_string())),
            (label::SEEDS_INSIDE, Some(exposure.none.to_string())),
            (label::SEEDS_WORKER, Some(exposure.worker.to_string())),
            (label::SEEDS_DAEMON, Some(exposure.daemon.to_string())),
        ],
    );
    text.push_str(&counts_and_samples(report, language));
    warnings(&mut text, report, language);
    refusals(&mut text, report);
    text
}

/// What the second officer compares with the delivery note and with tokens in hand.
fn counts_and_samples(report: &ImportReport, language: Language) -> String {
    let mut text = String::new();
    if !report.kinds.is_empty() {
        let rows = report.kinds.iter().map(|kind| [kind.count.to_string(), kind.profile.clone()]);
        text.push('\n');
        text.push_str(&table(headings(language, [label::COUNT, label::PROFILE]), rows));
    }
    if !report.samples.is_empty() {
        let head =
            [label::LINE, label::SERIAL, label::PROFILE, label::MANUFACTURER, label::EXPIRES];
        let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        let rows = report.samples.iter().map(|sample| {
            [
                sample.line.to_string(),
                sample.serial.clone(),
                sample.profile.clone(),
                or_dash(sample.manufacturer.clone()),
                or_dash(sample.expires_at.as_ref().map(ToString::to_string)),
            ]
        });
        text.push('\n');
        text.push_str(&table(headings(language, head), rows));
    }
    text
}

fn warnings(text: &mut String, report: &ImportReport, language: Language) {
    if !(report.warnings.is_empty() && report.exposed.is_empty()) {
        text.push('\n');
    }
    for warning in &report.warnings {
        let WarningCount { class, count, .. } = warning;
        let (meaning, examples) = (meaning(warning, language), warning.examples.join(", "));
        line(text, format!("{class} x{count}: {meaning} ({examples})"));
    }
    if !report.exposed.is_empty() {
        let serials = report.exposed.join(", ");
        let said = match language {
            Language::En => "seeds readable outside the HSM, the first of them",
            Language::Ja => "HSMの外で読み取り可能だったシード（先頭の一部）",
        };
        line(text, format!("{said}: {serials}"));
    }
}

/// As much of the place as there is: a fault of the whole file has none.
fn place(key: &RefusedKey) -> String {
    let at = (key.line > 0).then(|| format!("line {}", key.line));
    let element = (!key.element.is_empty()).then(|| key.element.clone());
    let serial = key.serial.as_ref().map(|serial| format!("serial {serial}"));
    let parts: Vec<String> = [at, element, serial].into_iter().flatten().collect();
    if parts.is_empty() { "the file".to_owned() } else { parts.join(", ") }
}

fn refusals(text: &mut String, report: &ImportReport) {
    for key in &report.refused {
        line(text, place(key));
        line(text, format!("  {} {}: {}", key.class, key.field, key.rule));
        line(text, format!("  {}", key.advice));
    }
    let shown = u64::try_from(report.refused.len()).unwrap_or(u64::MAX);
    if let Some(more @ 1..) = report.refused_total.checked_sub(shown) {
        line(text, format!("... and {more} more"));
    }
}

/// What a warning means: as the server says it, or in the language where there is a text.
pub(crate) fn meaning(warning: &WarningCount, language: Language) -> &str {
    match language {
        Language::En => &warning.meaning,
        Language::Ja => {
            Code::from_text(&warning.class).and_then(Code::remedy_ja).unwrap_or(&warning.meaning)
        }
    }
}

/// From when to when the tokens expire.
fn expiry(spread: &ExpirySpread) -> String {
    match (&spread.earliest, &spread.latest) {
        (Some(from), Some(to)) => format!("{from} to {to}, {} without", spread.never),
        _ => "none".to_owned(),
    }
}

/// The one line that must not be misread.
fn outcome(job: &ImportJob, language: Language) -> String {
    let id = &job.id;
    match language {
        Language::En => match (job.state, job.dry_run) {
            (ImportState::Done, true) => "DRY RUN: the file is good; nothing was kept".to_owned(),
            (ImportState::Done, false) => format!("DONE: {} tokens are in service", job.accepted),
            (ImportState::Staged, _) => staged(job),
            (ImportState::Rejected, _) => "REJECTED: nothing of the file is in service".to_owned(),
            (ImportState::Refused, _) => "REFUSED: nothing of the file is in service".to_owned(),
            (ImportState::Failed, _) => "FAILED: nothing of the file is in service".to_owned(),
            (ImportState::Cancelled, _) => {
                "CANCELLED: nothing of the file is in service".to_owned()
            }
            _ => format!("NOT FINISHED: look again with `warifu imports show {id}`"),
        },
        Language::Ja => match (job.state, job.dry_run) {
            (ImportState::Done, true) => {
                "検査のみ: ファイルは正常です。何も保存していません".to_owned()
            }
            (ImportState::Done, false) => format!("取込完了: {}件が利用可能です", job.accepted),
            (ImportState::Staged, _) => format!(
                "承認待ち: まだ利用できません。別の担当者が次を実行してください: {}",
                approval(job)
            ),
            (ImportState::Rejected, _) => "却下: 1件も利用可能になっていません".to_owned(),
            (ImportState::Refused, _) => "受付不可: 1件も利用可能になっていません".to_owned(),
            (ImportState::Failed, _) => "障害: 1件も利用可能になっていません".to_owned(),
            (ImportState::Cancelled, _) => "取消: 1件も利用可能になっていません".to_owned(),
            _ => format!("処理中: `warifu imports show {id}` で確認してください"),
        },
    }
}

fn staged(job: &ImportJob) -> String {
    format!("STAGED: nothing is in service; another officer runs: {}", approval(job))
}

fn approval(job: &ImportJob) -> String {
    let fingerprint = job.fingerprint.as_deref().unwrap_or("...");
    let quarantined = job.report.as_ref().is_some_and(|report| report.quarantined > 0);
    let accept = if quarantined { " --accept-quarantined" } else { "" };
    format!("warifu imports approve {} --fingerprint {fingerprint}{accept}", job.id)
}

fn line(text: &mut String, line: impl AsRef<str>) {
    writeln!(text, "{}", clean(line.as_ref())).expect("a String takes any text");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_told_in_the_language_that_there_is() {
        let warning = |class: &str| WarningCount {
            class: class.to_owned(),
            count: 1,
            meaning: "as the server says".to_owned(),
            examples: Vec::new(),
        };
        let known = warning("W_OCRA_COLLIDES");
        assert_eq!(meaning(&known, Language::En), "as the server says");
        assert!(!meaning(&known, Language::Ja).is_ascii());
        assert_eq!(meaning(&warning("W_UNSIGNED"), Language::Ja), "as the server says");
        assert_eq!(meaning(&warning("W_NOVEL"), Language::Ja), "as the server says");
    }

    fn staged_job() -> ImportJob {
        serde_json::from_str(
            r#"{"id":"i1","batch":"b1","state":"staged","dry_run":false,"custody":"wrapped",
                "processed":3,"total":3,"accepted":3,"refused":0,
                "created_at":"2026-11-21T13:30:00Z","expires_at":"2026-11-24T13:30:00Z",
                "fingerprint":"00ff12ab34cd56ef",
                "report":{"file_sha256":"aa","bytes":10,"accepted":3,"refused":[],"refused_total":0,
                  "warnings":[],"custody":"wrapped","exposure":{"none":2,"worker":0,"daemon":1},
                  "expiry":{"never":3},"officer":"hanako","started_at":"2026-11-21T13:30:00Z",
                  "format":{"format":"pskc","because":"its root element says so"},
                  "samples":[{"line":4,"serial":"0012","profile":"TOTP SHA1 6 digits 30 s"}],
                  "kinds":[{"profile":"TOTP SHA1 6 digits 30 s","count":3}],
                  "quarantined":1,"exposed":["0012"]}}"#,
        )
        .unwrap()
    }

    #[test]
    fn a_staged_batch_is_shown_for_comparing_and_says_how_it_goes_on() {
        let text = text(&staged_job(), Language::En);
        for part in [
            "fingerprint  00ff 12ab 34cd 56ef\n",
            "pskc (its root element says so)",
            "3      TOTP SHA1 6 digits 30 s\n",
            "4     0012    TOTP SHA1 6 digits 30 s",
            "outside the HSM, the first of them: 0012\n",
            "STAGED: nothing is in service; another officer runs: warifu imports approve i1 \
             --fingerprint 00ff12ab34cd56ef --accept-quarantined\n",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(super::text(&staged_job(), Language::Ja).contains("承認待ち: まだ利用できません"));
    }
}
