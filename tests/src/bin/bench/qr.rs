//! A message of the camera token as a picture: what a challenge pays for it, on one core.
//!
//! Not responsible for: the rest of a challenge.

use std::{hint::black_box, time::Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use warifud::qr::{Format, picture};

use crate::report::{Report, median};

const WARM_UP: usize = 50;
const ROUNDS: usize = 1_000;

/// Texts of the protocol's vectors that are measured.
const TEXTS: [&str; 3] =
    ["single transfer", "single transfer, longest fields", "batch with the 3 largest items"];

/// Characters of the largest code that is drawn.
const LARGEST: usize = 600;

/// Measures each text.
pub(crate) fn run(report: &mut Report) {
    let rows: Vec<_> = texts().iter().map(|(name, text)| row(name, text)).collect();
    report.table(
        "Text to PNG on one core",
        &["message", "characters", "version", "median", "p99", "PNG", "as base64", "SVG"],
        &rows,
    );
}

fn texts() -> Vec<(String, String)> {
    let vectors: Vec<Value> =
        serde_json::from_str(include_str!("../../../vectors/qr.json")).expect("our own file");
    let text = |name: &str| {
        let one = vectors.iter().find(|one| one["name"] == name).expect("a vector of this name");
        one["text"].as_str().expect("a text").to_owned()
    };
    let mut texts: Vec<_> = TEXTS.iter().map(|name| ((*name).to_owned(), text(name))).collect();
    let longest = texts.last().expect("there are texts").1.clone();
    let largest = longest.chars().cycle().take(LARGEST).collect();
    texts.push(("the largest that is drawn".to_owned(), largest));
    texts
}

fn row(name: &str, text: &str) -> Vec<String> {
    let draw = || picture(black_box(text), Format::Png).expect("a text that fits");
    for _ in 0..WARM_UP {
        black_box(draw());
    }
    let once = |_| {
        let begin = Instant::now();
        black_box(draw());
        begin.elapsed().as_secs_f64() * 1e3
    };
    let mut times: Vec<f64> = (0..ROUNDS).map(once).collect();
    times.sort_by(f64::total_cmp);
    let p99 = times[ROUNDS * 99 / 100];
    let drawn = draw();
    let svg = picture(text, Format::Svg).expect("a text that fits").bytes.len();
    vec![
        name.to_owned(),
        text.len().to_string(),
        drawn.version.to_string(),
        format!("{:.2} ms", median(times)),
        format!("{p99:.2} ms"),
        format!("{} bytes", drawn.bytes.len()),
        format!("{} bytes", STANDARD.encode(&drawn.bytes).len()),
        format!("{svg} bytes"),
    ]
}
