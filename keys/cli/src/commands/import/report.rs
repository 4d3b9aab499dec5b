//! An import for people. Not responsible for: JSON, which is the server's answer as it came.

use std::fmt::Write as _;

use warifu_api::{
    Language,
    import::{ExpirySpread, ImportJob, ImportReport, ImportState, WarningCount},
};
use warifu_keys::seedfile::Code;

use crate::output::{clean, facts};

/// The job, and its report if there is one.
pub(crate) fn text(job: &ImportJob, language: Language) -> String {
    let mut text = facts([
        ("import", Some(job.id.clone())),
        ("batch", Some(job.batch.clone())),
        ("state", Some(job.state.word().to_owned())),
        ("custody", Some(job.custody.word().to_owned())),
        ("accepted", Some(job.accepted.to_string())),
        ("refused", Some(job.refused.to_string())),
        ("opened at", Some(job.created_at.to_string())),
        ("failure", job.failure.clone()),
    ]);
    if let Some(report) = &job.report {
        text.push_str(&details(report, language));
    }
    line(&mut text, outcome(job));
    text
}

fn details(report: &ImportReport, language: Language) -> String {
    let exposure = report.exposure;
    let mut text = facts([
        ("file", Some(format!("{} bytes, SHA-256 {}", report.bytes, report.file_sha256))),
        ("officer", Some(report.officer.clone())),
        ("started at", Some(report.started_at.to_string())),
        ("finished at", report.finished_at.as_ref().map(ToString::to_string)),
        ("expiry", Some(expiry(&report.expiry))),
        ("seeds opened inside the HSM", Some(exposure.none.to_string())),
        ("seeds seen by the HSM worker", Some(exposure.worker.to_string())),
        ("seeds seen by the server", Some(exposure.daemon.to_string())),
    ]);
    for warning in &report.warnings {
        let examples = warning.examples.join(", ");
        line(
            &mut text,
            format!(
                "{} x{}: {} ({examples})",
                warning.class,
                warning.count,
                meaning(warning, language)
            ),
        );
    }
    for key in &report.refused {
        let serial = key.serial.as_deref().unwrap_or("-");
        line(&mut text, format!("line {}, {}, serial {serial}", key.line, key.element));
        line(&mut text, format!("  {} {}: {}", key.class, key.field, key.rule));
        line(&mut text, format!("  {}", key.advice));
    }
    let shown = u64::try_from(report.refused.len()).unwrap_or(u64::MAX);
    if let Some(more @ 1..) = report.refused_total.checked_sub(shown) {
        line(&mut text, format!("... and {more} more"));
    }
    text
}

/// What a warning means: as the server says it, or in the language where there is a text.
fn meaning(warning: &WarningCount, language: Language) -> &str {
    match language {
        Language::En => &warning.meaning,
        Language::Ja => {
            Code::from_text(&warning.class).and_then(Code::remedy_ja).unwrap_or(&warning.meaning)
        }
    }
}

fn expiry(spread: &ExpirySpread) -> String {
    match (&spread.earliest, &spread.latest) {
        (Some(from), Some(to)) => format!("{from} to {to}, {} without", spread.never),
        _ => "none".to_owned(),
    }
}

/// The one line that must not be misread.
fn outcome(job: &ImportJob) -> String {
    match (job.state, job.dry_run) {
        (ImportState::Done, true) => "DRY RUN: the file is good; nothing was kept".to_owned(),
        (ImportState::Done, false) => format!("DONE: {} tokens are in service", job.accepted),
        (ImportState::Refused, _) => "REFUSED: nothing of the file is in service".to_owned(),
        (ImportState::Failed, _) => "FAILED: nothing of the file is in service".to_owned(),
        (ImportState::Cancelled, _) => "CANCELLED: nothing of the file is in service".to_owned(),
        _ => format!("NOT FINISHED: look again with `warifu imports show {}`", job.id),
    }
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
}
