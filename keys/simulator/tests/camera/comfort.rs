//! Switching on and off, dimming, Token info.

use warifu_core::time::UnixTime;
use warifu_token::camera::{Button, DARK_AFTER_S, Hold};

use crate::bench::{Table, activation, content, device, text};

#[test]
fn power_is_held_for_two_seconds() {
    let mut table = Table { device: device(), now: 1000 };
    let tap = |table: &mut Table, hold| {
        table.device.press(Button::Power, Hold(hold), UnixTime(table.now));
        table.device.screen().stage
    };
    assert_eq!(table.device.screen().stage, "off");
    assert_eq!(tap(&mut table, 1), "off");
    assert_eq!(table.right().stage, "off");
    assert_eq!(tap(&mut table, 2), "camera");
    assert_eq!(tap(&mut table, 0), "camera");
    assert_eq!(tap(&mut table, 3), "off");
}

#[test]
fn the_screen_goes_dark_and_loses_nothing() {
    let mut table = Table::new();
    let shown = table.scan(text(&activation(0)["am1"]["qr_text"])).unwrap();
    assert_eq!(table.wait(DARK_AFTER_S - 1), shown);
    let dark = table.wait(1);
    assert!(dark.dark && dark.lines.is_empty() && dark.code.is_none());
    assert!(dark.to_string().contains("any button"));
    for button in [Button::Right, Button::Left, Button::Power, Button::LeftPower] {
        assert_eq!(table.press(button), shown, "{button} wakes it and does nothing else");
        table.wait(DARK_AFTER_S);
    }
}

#[test]
fn a_code_before_the_camera_wakes_a_dark_screen() {
    let mut table = Table::new();
    assert!(table.wait(60).dark);
    assert!(!table.scan(text(&activation(0)["am1"]["qr_text"])).unwrap().dark);
}

#[test]
fn dimming_leaves_the_page() {
    let mut table = Table::active(0);
    table.scan(text(&content("batch_items")["qr_text"])).unwrap();
    let page = table.right();
    assert_eq!(table.wait_and_wake(600), page);
}

#[test]
fn token_info_shows_serial_and_token_code() {
    let mut table = Table::active(0);
    let info = table.press(Button::LeftPower);
    assert_eq!(info.stage, "info");
    let all = info.lines.join(" ");
    assert!(all.contains("0112345679") && all.contains("482913"), "{all}");
    assert_eq!(table.right().stage, "camera");
}

#[test]
fn token_info_of_a_new_device_says_so() {
    let info = Table::new().press(Button::LeftPower);
    assert_eq!(info.id, Some("DP020"));
    assert_eq!(info.lines[0], "このトークンは利用開始登録されていません");
    assert!(info.lines.join(" ").contains("0112345679"));
}

#[test]
fn token_info_does_not_interrupt_an_activation() {
    let mut table = Table::new();
    table.first_half(activation(0));
    assert_eq!(table.press(Button::LeftPower).id, Some("DP008"));
}
