//! The page for the archive: what an import's report says, in English and Japanese, in the order in
//! which an auditor reads it.
//!
//! Not responsible for: how it looks, see [`mod@html`] and [`mod@text`]. There is no secret in it, because
//! there is none in the report that it is made of.

mod html;
mod text;

use warifu_api::{
    Language,
    import::{
        ExpirySpread, ImportJob, ImportReport, ImportState, RefusedKey, Sample, WarningCount,
    },
    text::{Phrase, Worded as _},
};

pub(super) use self::{html::html, text::text};
use crate::{
    commands::import,
    exit::{Exit, Failure},
    label,
    output::grouped,
};

/// A page.
#[derive(Debug)]
pub(super) struct Page {
    title: Phrase,
    /// The one line that must not be misread, in English and Japanese.
    verdict: [String; 2],
    sections: Vec<Section>,
    /// Who signs.
    signatures: [Phrase; 2],
}

#[derive(Debug)]
struct Section {
    title: Phrase,
    body: Body,
}

#[derive(Debug)]
enum Body {
    /// Name and value.
    Facts(Vec<(Phrase, String)>),
    /// Columns under their headings.
    Table(Vec<Phrase>, Vec<Vec<String>>),
    /// Nothing of the kind.
    None,
}

const TITLE: Phrase = Phrase { en: "Import of tokens: report", ja: "トークン取込報告書" };
const SIGNED_BY: [Phrase; 2] = [
    Phrase {
        en: "staged by (name, date, signature)", ja: "取込者（氏名・日付・署名）"
    },
    Phrase {
        en: "decided by (name, date, signature)", ja: "承認・却下者（氏名・日付・署名）"
    },
];

/// The page of an import; there is none before the file was read.
pub(super) fn of(job: &ImportJob) -> Result<Page, Failure> {
    let Some(report) = &job.report else {
        let message = format!("import {} has no report yet: {}", job.id, job.state);
        return Err(Failure::new(Exit::Refused, message));
    };
    let sections = vec![
        section("Import", "取込", facts(import_facts(job, report))),
        section("File", "ファイル", facts(file_facts(report))),
        section("Tokens", "トークン", facts(token_facts(job, report))),
        section("Counts per kind", "種類別の件数", kinds(report)),
        section("Samples", "見本", samples(&report.samples)),
        section("Where seeds were readable", "シードの露出", facts(exposure_facts(report))),
        section("Warnings", "警告", warnings(&report.warnings)),
        section("Refused records", "不良レコード", refusals(report)),
    ];
    Ok(Page { title: TITLE, verdict: verdict(job), sections, signatures: SIGNED_BY })
}

const fn section(en: &'static str, ja: &'static str, body: Body) -> Section {
    Section { title: Phrase { en, ja }, body }
}

/// Facts without a value are left out.
fn facts<const N: usize>(all: [(Phrase, Option<String>); N]) -> Body {
    Body::Facts(all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
}

fn import_facts(job: &ImportJob, report: &ImportReport) -> [(Phrase, Option<String>); 10] {
    let state = job.state;
    let decided_by = report.decided_by.clone().or_else(|| job.decided_by.clone());
    [
        (label::IMPORT, Some(job.id.clone())),
        (label::BATCH, Some(job.batch.clone())),
        (label::STATE, Some(format!("{state} ({})", state.in_language(Language::Ja)))),
        (label::FINGERPRINT, job.fingerprint.as_deref().map(grouped)),
        (label::STAGED_BY, Some(report.officer.clone())),
        (label::OPENED_AT, Some(job.created_at.to_string())),
        (label::STARTED_AT, Some(report.started_at.to_string())),
        (label::FINISHED_AT, report.finished_at.as_ref().map(ToString::to_string)),
        (label::DECIDED_BY, decided_by),
        (label::DECIDED_AT, report.decided_at.as_ref().map(ToString::to_string)),
    ]
}

fn file_facts(report: &ImportReport) -> [(Phrase, Option<String>); 4] {
    let format = report.format.as_ref();
    [
        (label::FILE_DIGEST, Some(grouped(&report.file_sha256))),
        (label::BYTES, Some(report.bytes.to_string())),
        (label::FORMAT, format.map(|found| found.format.clone())),
        (label::BECAUSE, format.map(|found| found.because.clone())),
    ]
}

fn token_facts(job: &ImportJob, report: &ImportReport) -> [(Phrase, Option<String>); 5] {
    [
        (label::ACCEPTED, Some(report.accepted.to_string())),
        (label::REFUSED, Some(report.refused_total.to_string())),
        (label::QUARANTINED, Some(report.quarantined.to_string())),
        (label::CUSTODY, Some(job.custody.word().to_owned())),
        (label::EXPIRY, Some(expiry(&report.expiry))),
    ]
}

fn expiry(spread: &ExpirySpread) -> String {
    let without = format!("{} without / 期限なし{}件", spread.never, spread.never);
    match (&spread.earliest, &spread.latest) {
        (Some(from), Some(to)) => format!("{from} - {to}, {without}"),
        _ => without,
    }
}

fn exposure_facts(report: &ImportReport) -> [(Phrase, Option<String>); 4] {
    const FIRST: Phrase =
        Phrase { en: "the first of the latter", ja: "該当トークン（先頭の一部）" };
    let exposure = report.exposure;
    [
        (label::SEEDS_INSIDE, Some(exposure.none.to_string())),
        (label::SEEDS_WORKER, Some(exposure.worker.to_string())),
        (label::SEEDS_DAEMON, Some(exposure.daemon.to_string())),
        (FIRST, (!report.exposed.is_empty()).then(|| report.exposed.join(", "))),
    ]
}

fn kinds(report: &ImportReport) -> Body {
    let rows = report.kinds.iter().map(|kind| vec![kind.count.to_string(), kind.profile.clone()]);
    columns([label::COUNT, label::PROFILE], rows)
}

fn samples(samples: &[Sample]) -> Body {
    let head = [label::LINE, label::SERIAL, label::PROFILE, label::MANUFACTURER, label::EXPIRES_AT];
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let rows = samples.iter().map(|sample| {
        vec![
            sample.line.to_string(),
            sample.serial.clone(),
            sample.profile.clone(),
            or_dash(sample.manufacturer.clone()),
            or_dash(sample.expires_at.as_ref().map(ToString::to_string)),
        ]
    });
    columns(head, rows)
}

fn warnings(warnings: &[WarningCount]) -> Body {
    const MEANING: Phrase = Phrase { en: "meaning", ja: "意味" };
    const EXAMPLES: Phrase = Phrase { en: "examples", ja: "例" };
    let rows = warnings.iter().map(|warning| {
        let japanese = import::meaning(warning, Language::Ja);
        let meaning = if japanese == warning.meaning {
            warning.meaning.clone()
        } else {
            format!("{} / {japanese}", warning.meaning)
        };
        vec![warning.class.clone(), warning.count.to_string(), meaning, warning.examples.join(", ")]
    });
    columns([label::WARNING, label::COUNT, MEANING, EXAMPLES], rows)
}

/// The first of them, as the report has them, and how many more there are.
fn refusals(report: &ImportReport) -> Body {
    const CLASS: Phrase = Phrase { en: "class", ja: "分類" };
    const ADVICE: Phrase = Phrase { en: "what to do", ja: "対処" };
    let head = [label::LINE, label::SERIAL, CLASS, label::ELEMENT, label::RULE, ADVICE];
    let row = |key: &RefusedKey| {
        vec![
            key.line.to_string(),
            key.serial.clone().unwrap_or_else(|| "-".to_owned()),
            key.class.clone(),
            format!("{}: {}", key.element, key.field),
            key.rule.clone(),
            key.advice.clone(),
        ]
    };
    let shown = u64::try_from(report.refused.len()).unwrap_or(u64::MAX);
    let more = report.refused_total.saturating_sub(shown);
    let rest = (more > 0).then(|| {
        let mut row = vec!["...".to_owned(), format!("+ {more}")];
        row.resize(head.len(), String::new());
        row
    });
    columns(head, report.refused.iter().map(row).chain(rest))
}

fn columns<const N: usize>(head: [Phrase; N], rows: impl IntoIterator<Item = Vec<String>>) -> Body {
    let rows: Vec<_> = rows.into_iter().collect();
    if rows.is_empty() { Body::None } else { Body::Table(head.to_vec(), rows) }
}

fn verdict(job: &ImportJob) -> [String; 2] {
    let both = |en: &str, ja: &str| [en.to_owned(), ja.to_owned()];
    match (job.state, job.dry_run) {
        (ImportState::Done, true) => both(
            "Dry run: the file is good; nothing was kept.",
            "検査のみ：正常。何も保存していません。",
        ),
        (ImportState::Done, false) => [
            format!("{} tokens are in service.", job.accepted),
            format!("{}件が利用可能です。", job.accepted),
        ],
        (ImportState::Staged, _) => both(
            "Staged: nothing is in service until another officer approves it.",
            "承認待ち：別の担当者が承認するまで利用できません。",
        ),
        (ImportState::Rejected, _) => both(
            "Rejected: nothing of the file is in service.",
            "却下：1件も利用可能になっていません。",
        ),
        (ImportState::Refused, _) => both(
            "Refused: nothing of the file is in service.",
            "受付不可：1件も利用可能になっていません。",
        ),
        (ImportState::Failed, _) => both(
            "Failed: nothing of the file is in service.",
            "障害：1件も利用可能になっていません。",
        ),
        (ImportState::Cancelled, _) => both(
            "Cancelled: nothing of the file is in service.",
            "取消：1件も利用可能になっていません。",
        ),
        (
            ImportState::AwaitingContent
            | ImportState::Receiving
            | ImportState::Checking
            | ImportState::Sealing,
            _,
        ) => both("Not finished: nothing is in service yet.", "処理中：まだ利用できません。"),
    }
}

#[cfg(test)]
mod tests;
