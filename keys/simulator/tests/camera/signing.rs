//! What a registered device signs, and how it forgets its registration.

use warifu_token::camera::{DONE_WITHIN_S, YES_WITHIN_S};

use crate::bench::{Table, VECTORS, activation, content, text};

fn table_for(content: &serde_json::Value) -> Table {
    Table::active(usize::from(content["activation"] != activation(0)["name"]))
}

#[test]
fn every_content_is_shown_in_full_before_its_code() {
    for content in VECTORS["contents"].as_array().unwrap() {
        let mut table = table_for(content);
        table.scan(text(&content["qr_text"])).unwrap();
        let (lines, code) = table.read();
        let expected: Vec<_> = content["display"].as_array().unwrap().iter().map(text).collect();
        assert_eq!(lines, expected, "{}", content["name"]);
        assert_eq!(code, text(&content["code"]), "{}", content["name"]);
    }
}

#[test]
fn every_line_is_in_a_drawing() {
    let content = content("transfer_longest");
    let mut table = table_for(content);
    table.scan(text(&content["qr_text"])).unwrap();
    let mut drawn = String::new();
    let mut screen = table.device.screen();
    while screen.stage == "content" {
        drawn += &screen.to_string();
        screen = table.right();
    }
    let drawn: String = drawn.chars().filter(|c| !c.is_whitespace() && *c != '|').collect();
    for line in content["display"].as_array().unwrap() {
        let line: String = text(line).chars().filter(|c| !c.is_whitespace()).collect();
        assert!(drawn.contains(&line), "{line} is not in {drawn}");
    }
}

#[test]
fn pages_turn_both_ways_and_the_first_cancels() {
    let content = content("batch_items");
    let mut table = table_for(content);
    let first = table.scan(text(&content["qr_text"])).unwrap();
    assert_eq!(first.page, Some((1, 3)));
    let second = table.right();
    assert_eq!(second.page, Some((2, 3)));
    assert_eq!(table.left(), first);
    assert_eq!(table.right(), second);
    assert!(table.right().code.is_some());
    assert_eq!(table.left(), second);
    table.left();
    assert_eq!(table.left().stage, "camera", "Cancel");
}

#[test]
fn a_signed_content_leaves_the_device_as_it_was() {
    let mut table = Table::active(0);
    let transfer = text(&content("transfer")["qr_text"]);
    table.scan(transfer).unwrap();
    let once = table.read();
    assert_eq!(table.right().stage, "camera", "End");
    table.scan(transfer).unwrap();
    assert_eq!(table.read(), once, "whether a code is used twice is the server's matter");
    table.wait(10_000);
    assert_eq!(table.left().stage, "code", "a code for a transaction has no time limit");
}

#[test]
fn a_deactivation_takes_done_and_yes() {
    let mut table = Table::active(0);
    table.scan(text(&content("deactivate")["qr_text"])).unwrap();
    assert_eq!(table.read().1, text(&content("deactivate")["code"]));
    assert!(table.device.screen().right.unwrap().contains("Done"));
    assert_eq!(table.right().stage, "erase");
    assert!(table.device.is_active(), "not before Yes");
    assert_eq!(table.left().stage, "code", "No");
    table.right();
    let end = table.right();
    assert_eq!(end.stage, "deactivated");
    assert!(end.lines.contains(&"The device is deactivated.".to_owned()));
    assert!(!table.device.is_active());
    table.right();
    let refused = table.scan(text(&content("transfer")["qr_text"]));
    assert_eq!(refused.unwrap_err().word(), "not_registered");
    assert_eq!(table.device.screen().id, Some("DP020"));
}

#[test]
fn a_deactivation_that_is_not_confirmed_did_not_happen() {
    for (presses, time) in [(0, DONE_WITHIN_S), (1, YES_WITHIN_S)] {
        let mut table = Table::active(0);
        table.scan(text(&content("deactivate")["qr_text"])).unwrap();
        table.read();
        for _ in 0..presses {
            table.right();
        }
        table.wait(time + 1);
        assert_eq!(table.right().refusal, Some("timed_out"));
        assert!(table.device.is_active());
    }
    let mut table = Table::active(0);
    table.scan(text(&content("deactivate")["qr_text"])).unwrap();
    table.read();
    table.right();
    table.off_and_on();
    assert!(table.device.is_active());
}
