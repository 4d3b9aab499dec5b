//! Pictures of QR codes as a stranger's eye reads them: `zbarimg` (Debian package zbar-tools).
//!
//! Not responsible for: what the texts say, or how the pictures look (unit tests of warifud).
#![forbid(unsafe_code)]

use std::{fs, path::Path, process::Command};

use e2e::{binaries::repository, process::run};
use serde_json::Value;
use warifud::qr::{Format, Picture, TooLong, picture};

/// Messages of the camera token's protocol, and the version in which each is to be drawn.
fn texts() -> Vec<(String, u64)> {
    let file = fs::read(repository().join("tests/vectors/qr.json")).expect("our own file");
    let all: Vec<Value> = serde_json::from_slice(&file).expect("JSON");
    let text = |one: &Value| one["text"].as_str().expect("a text").to_owned();
    let version = |one: &Value| one["version"].as_u64().expect("a version");
    all.iter().map(|one| (text(one), version(one))).collect()
}

/// What `zbarimg` sees in a picture.
fn seen(folder: &Path, picture: &Picture) -> String {
    let file = folder.join("code.png");
    fs::write(&file, &picture.bytes).expect("a file in the test's folder");
    let mut zbarimg = Command::new("zbarimg");
    zbarimg.args(["--raw", "-q", "-Sdisable", "-Sqrcode.enable"]).arg(&file);
    let output = String::from_utf8(run(&mut zbarimg).stdout).expect("Base45 is ASCII");
    output.strip_suffix('\n').unwrap_or(&output).to_owned()
}

#[test]
fn every_message_is_read_by_a_reader_that_we_did_not_write() {
    let folder = tempfile::tempdir().unwrap();
    let texts = texts();
    assert!(texts.len() >= 15, "only {} texts", texts.len());
    for (text, version) in texts {
        let drawn = picture(&text, Format::Png).unwrap();
        assert_eq!(u64::from(drawn.version), version, "{text}");
        assert_eq!(picture(&text, Format::Svg).unwrap().version, drawn.version);
        assert_eq!(seen(folder.path(), &drawn), text);
    }
}

#[test]
fn so_is_the_longest_text_that_is_drawn_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let set = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
    let text: String = "TXA1:".chars().chain(set.chars().cycle()).take(600).collect();
    let drawn = picture(&text, Format::Png).unwrap();
    assert_eq!(drawn.version, warifud::qr::LARGEST);
    assert_eq!(seen(folder.path(), &drawn), text);
    assert_eq!(picture(&(text + "0"), Format::Png), Err(TooLong));
}
