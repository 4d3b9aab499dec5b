//! What the page says, and that nothing from a file becomes markup or a command.

use super::*;

const HOSTILE: &str = "<script>alert('1')</script>\"&\u{202e}\u{1b}[2J";

fn job() -> ImportJob {
    let note = serde_json::to_string(HOSTILE).unwrap();
    serde_json::from_str(&format!(
        r#"{{"id":"i1","batch":{note},"state":"done","dry_run":false,"custody":"wrapped",
            "processed":3,"total":3,"accepted":3,"refused":0,"created_at":"2026-11-21T13:30:00Z",
            "fingerprint":"00ff12ab34cd56ef","decided_by":"taro",
            "report":{{"file_sha256":"aabbccdd","bytes":10,"accepted":3,"refused_total":7,
              "refused":[{{"line":9,"element":{note},"serial":{note},"field":{note},
                "class":"E_SERIAL","rule":{note},"advice":{note}}}],
              "warnings":[{{"class":{note},"count":2,"meaning":{note},"examples":[{note}]}}],
              "custody":"wrapped","exposure":{{"none":2,"worker":0,"daemon":1}},
              "expiry":{{"earliest":"2030-01-01T00:00:00Z","latest":"2031-01-01T00:00:00Z","never":1}},
              "officer":"hanako","decided_by":"taro","decided_at":"2026-11-22T09:00:00Z",
              "started_at":"2026-11-21T13:30:00Z","finished_at":"2026-11-21T13:31:00Z",
              "format":{{"format":"pskc","because":{note}}},
              "samples":[{{"line":4,"serial":{note},"profile":{note},"manufacturer":{note}}}],
              "kinds":[{{"profile":{note},"count":3}}],"quarantined":1,"exposed":[{note}]}}}}"#
    ))
    .unwrap()
}

#[test]
fn hostile_texts_stay_texts() {
    let html = html(&of(&job()).unwrap());
    for markup in ["<script", "\u{202e}", "\u{1b}", "alert('1')"] {
        assert!(!html.contains(markup), "{markup:?}");
    }
    assert!(html.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;\u{fffd}"));
    // Every tag is one of ours.
    let known = [
        "!DOCTYPE", "html", "head", "meta", "title", "style", "body", "h1", "h2", "div", "p",
        "span", "table", "thead", "tr", "th", "td",
    ];
    for tag in html.split('<').skip(1) {
        let name = tag.trim_start_matches('/').split([' ', '>']).next().unwrap();
        assert!(known.contains(&name), "{name}");
    }
    let text = text(&of(&job()).unwrap());
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
}

#[test]
fn the_page_stands_alone() {
    let html = html(&of(&job()).unwrap());
    for outside in ["http:", "https:", "src=", "href=", "url(", "@import", "onload"] {
        assert!(!html.contains(outside), "{outside}");
    }
    assert!(html.contains("default-src &#39;none&#39;"));
    assert!(html.contains("@page { size: A4"));
}

#[test]
fn both_forms_say_all_that_is_archived_in_both_languages() {
    let page = of(&job()).unwrap();
    for form in [html(&page), text(&page)] {
        for part in [
            "00ff 12ab 34cd 56ef",
            "aabb ccdd",
            "hanako",
            "taro",
            "2026-11-22T09:00:00Z",
            "3 tokens are in service.",
            "3件が利用可能です。",
            "2030-01-01T00:00:00Z - 2031-01-01T00:00:00Z, 1 without",
            "トークン取込報告書",
            "wrapped",
            "E_SERIAL",
            "+ 6",
            "承認・却下者（氏名・日付・署名）",
        ] {
            assert!(form.contains(part), "{part}: {form}");
        }
    }
}

#[test]
fn what_there_is_none_of_is_said_too() {
    let mut job = job();
    let report = job.report.as_mut().unwrap();
    report.refused.clear();
    report.refused_total = 0;
    report.warnings.clear();
    let text = text(&of(&job).unwrap());
    assert!(text.contains("none / なし"), "{text}");
}

#[test]
fn there_is_no_page_before_the_file_was_read() {
    let job = ImportJob { report: None, ..job() };
    assert!(of(&job).is_err());
}

#[test]
fn every_state_has_its_verdict() {
    let lines: std::collections::HashSet<_> = ImportState::ALL
        .iter()
        .map(|state| verdict(&ImportJob { state: *state, ..job() }))
        .collect();
    // The four states before the end are one.
    assert_eq!(lines.len(), ImportState::ALL.len() - 3);
}
