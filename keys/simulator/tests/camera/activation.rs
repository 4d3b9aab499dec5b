//! The manual's registration (利用開始登録), finished and not finished.

use warifu_core::time::UnixTime;
use warifu_token::camera::{Button, DONE_WITHIN_S, Hold, Refusal, YES_WITHIN_S};

use crate::bench::{Table, VECTORS, activation, content, first_code, second_code, text};

#[test]
fn every_activation_of_the_protocol_shows_its_codes() {
    for activation in VECTORS["activations"].as_array().unwrap() {
        let counter = u16::try_from(activation["counter"].as_u64().unwrap()).unwrap();
        let mut table = Table::counted(counter - 1);
        let shown = table.scan(text(&activation["am1"]["qr_text"])).unwrap();
        assert_eq!(shown.code.as_deref(), activation["device_code"].as_str());
        assert!(shown.lines.contains(&format!("金融機関 {}", text(&activation["bank"]))));
        assert_eq!(table.right().id, Some("DP007"));
        assert_eq!(table.right().id, Some("DP008"));
        let shown = table.scan(text(&activation["am2"]["qr_text"])).unwrap();
        assert_eq!(shown.code.as_deref(), activation["code"].as_str());
        assert!(shown.lines.contains(&format!("利用者 {}", text(&activation["login_id"]))));
        assert!(!table.device.is_active(), "not before Yes");
        assert_eq!(table.right().id, Some("DP011"));
        assert!(!table.device.is_active(), "not before Yes");
        let end = table.right();
        assert_eq!(end.lines, ["トークンの設定が完了しました。", "The device is activated."]);
        assert!(table.device.is_active());
        assert_eq!(table.device.counter(), counter);
    }
}

#[test]
fn the_words_are_those_of_the_manual() {
    let mut table = Table::new();
    assert!(table.device.screen().lines[0].starts_with("<二次元コード>を読み取ってください"));
    let shown = table.scan(text(&activation(0)["am1"]["qr_text"])).unwrap();
    assert_eq!(shown.title, "【利用開始登録】");
    assert_eq!(shown.lines[0], "以下のコードを入力してください。");
    assert!(shown.to_string().contains("0016 2114 8836"));
    let asked = table.right();
    assert_eq!(asked.lines[0], "入力されたコードは認証されましたか?");
    assert!(asked.to_string().contains("[DP007]"));
    let asked = table.right();
    assert!(asked.lines[0].starts_with("<二次元コード>を読み取ってください"));
    assert!(asked.right.unwrap().contains("Continue"));
    assert_eq!(table.right().stage, "camera");
    let shown = table.scan(text(&activation(0)["am2"]["qr_text"])).unwrap();
    assert_eq!(
        shown.lines[..2].concat(),
        "利用開始登録を完了するため、以下のコードを入力してください。"
    );
    assert!(shown.to_string().contains("2675 3923"));
    assert!(shown.right.unwrap().contains("Done"));
    assert!(table.right().right.unwrap().contains("Yes"));
}

#[test]
fn a_refused_code_is_shown_again() {
    let mut table = Table::new();
    let first = table.scan(text(&activation(0)["am1"]["qr_text"])).unwrap();
    table.right();
    assert_eq!(table.left(), first, "No");
    table.right();
    table.right();
    assert_eq!(table.left(), first, "Back");
}

#[test]
fn the_first_code_scanned_again_changes_nothing() {
    let mut table = Table::new();
    let code = text(&activation(0)["am1"]["qr_text"]);
    let first = table.scan(code).unwrap();
    table.right();
    table.right();
    assert_eq!(table.scan(code), Ok(first.clone()), "in the same activation");
    table.off_and_on();
    assert_eq!(table.scan(code), Ok(first), "after the power was off");
    assert_eq!(table.device.counter(), 1);
}

#[test]
fn every_new_first_code_counts() {
    let mut table = Table::new();
    for n in 1..=5 {
        let shown = table.scan(&first_code(n, false)).unwrap();
        assert!(shown.code.unwrap().starts_with(&format!("{n:03}")));
        table.right();
        table.right();
    }
    assert_eq!(table.device.counter(), 5);
    assert_eq!(table.scan(&second_code(4, 1, 4)), Err(Refusal::Stale), "of the one before");
    table.right();
    assert_eq!(table.scan(&second_code(5, 1, 5)).unwrap().stage, "confirm");
}

#[test]
fn after_999_activations_the_device_is_worn_out() {
    let mut table = Table::counted(998);
    table.scan(&first_code(1, false)).unwrap();
    table.off_and_on();
    assert_eq!(table.scan(&first_code(2, false)), Err(Refusal::WornOut));
    table.right();
    assert!(table.scan(&first_code(1, false)).is_ok(), "the last one may still be finished");
}

#[test]
fn done_and_yes_have_their_time() {
    let mut table = Table::new();
    assert_eq!(table.almost(activation(0)).seconds_left, Some(DONE_WITHIN_S));
    assert_eq!(table.wait_and_wake(DONE_WITHIN_S).stage, "confirm");
    assert_eq!(table.right().seconds_left, Some(YES_WITHIN_S));
    assert_eq!(table.wait_and_wake(YES_WITHIN_S).stage, "registered");
    assert_eq!(table.left().refusal, Some("timed_out"), "No leads back to Done, and that is over");
}

#[test]
fn a_forgotten_done_drops_what_is_pending() {
    let mut table = Table::new();
    table.almost(activation(0));
    table.wait(DONE_WITHIN_S + 1);
    let shown = table.left();
    assert_eq!((shown.stage, shown.refusal), ("refused", Some("timed_out")));
    assert!(!table.device.is_active());
    table.right();
    let second = text(&activation(0)["am2"]["qr_text"]);
    assert_eq!(table.scan(second), Err(Refusal::NoActivation));
}

#[test]
fn a_forgotten_yes_drops_what_is_pending() {
    let mut table = Table::new();
    table.almost(activation(0));
    table.right();
    table.wait(YES_WITHIN_S + 1);
    assert_eq!(table.right().refusal, Some("timed_out"), "the press woke it");
    assert_eq!(table.right().stage, "camera");
    assert!(!table.device.is_active());
}

#[test]
fn power_off_drops_what_is_pending() {
    let stops: [fn(&mut Table); 4] = [
        |table| table.first_half(activation(0)),
        |table| drop(table.almost(activation(0))),
        |table| {
            table.almost(activation(0));
            table.right();
        },
        |table| {
            table.scan(text(&activation(0)["am1"]["qr_text"])).unwrap();
        },
    ];
    for stop in stops {
        let mut table = Table::new();
        stop(&mut table);
        assert_eq!(table.off_and_on().stage, "camera");
        assert!(!table.device.is_active());
        let second = text(&activation(0)["am2"]["qr_text"]);
        assert_eq!(table.scan(second), Err(Refusal::NoActivation));
    }
}

#[test]
fn an_abandoned_activation_leaves_the_old_registration() {
    let mut table = Table::active(0);
    table.almost(activation(1));
    table.right();
    table.off_and_on();
    table.scan(text(&content("transfer")["qr_text"])).unwrap();
    assert_eq!(table.read().1, text(&content("transfer")["code"]));
}

#[test]
fn an_active_device_is_replaced_only_where_the_bank_says_so() {
    let mut table = Table::active(0);
    assert_eq!(table.scan(&first_code(9, false)), Err(Refusal::AlreadyActive));
    assert_eq!(table.device.counter(), 1, "a refused code does not count");
    table.right();
    table.activate(activation(1));
    assert_eq!(table.device.counter(), 2);
}

#[test]
fn a_recorded_pair_of_codes_brings_no_registration_back() {
    let mut table = Table::active(0);
    table.scan(text(&content("deactivate")["qr_text"])).unwrap();
    table.read();
    table.right();
    table.right();
    assert!(!table.device.is_active());
    table.right();
    table.first_half(activation(0));
    assert_eq!(table.device.counter(), 2, "the old first code is a new one");
    let second = text(&activation(0)["am2"]["qr_text"]);
    assert_eq!(table.scan(second), Err(Refusal::Stale));
}

#[test]
fn replays_after_a_second_activation_are_refused() {
    let mut table = Table::active(1);
    let first = activation(0);
    let transfer = text(&content("transfer")["qr_text"]);
    assert_eq!(table.scan(transfer), Err(Refusal::OtherInstance));
    table.right();
    assert_eq!(table.scan(text(&first["am2"]["qr_text"])), Err(Refusal::NoActivation));
    table.right();
    assert_eq!(table.scan(text(&first["am1"]["qr_text"])), Err(Refusal::AlreadyActive));
    table.right();
    table.scan(text(&content("transfer_second")["qr_text"])).unwrap();
    assert_eq!(table.read().1, text(&content("transfer_second")["code"]));
}

#[test]
fn nothing_else_is_scanned_in_the_middle() {
    let mut table = Table::active(0);
    table.first_half(activation(1));
    let transfer = text(&content("transfer")["qr_text"]);
    assert_eq!(table.scan(transfer), Err(Refusal::ActivationRunning));
    assert_eq!(table.right().stage, "camera");
    table.scan(text(&activation(1)["am2"]["qr_text"])).unwrap();
}

#[test]
fn a_clock_that_goes_back_stands_still() {
    let mut table = Table::new();
    table.almost(activation(0));
    table.now -= 1000;
    let shown = table.wait(0);
    assert_eq!(shown.seconds_left, Some(DONE_WITHIN_S));
    table.device.press(Button::Power, Hold(0), UnixTime(0));
    assert_eq!(table.right().id, Some("DP011"), "a tap on power does nothing");
}
