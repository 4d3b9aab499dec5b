//! What holds whatever a person does with the device.

use proptest::prelude::*;
use warifu_core::time::UnixTime;
use warifu_token::camera::{Button, COUNTER_END, Hold, StateFile};

use crate::bench::{Table, VECTORS, activation, content, device, first_code, second_code, text};

#[derive(Clone, Debug)]
enum Act {
    Press(Button, Hold),
    Wait(u64),
    Scan(String),
    /// The process ends and another takes over.
    Restart,
}

/// Codes that fit each other in one order or another, and some that never fit.
fn codes() -> Vec<String> {
    let mut codes: Vec<_> = VECTORS["contents"].as_array().unwrap().iter().collect();
    codes.retain(|content| content["name"] != "transfer_longest");
    let mut codes: Vec<_> = codes.iter().map(|content| text(&content["qr_text"]).into()).collect();
    for n in 0..2 {
        codes.push(text(&activation(n)["am1"]["qr_text"]).to_owned());
        codes.push(text(&activation(n)["am2"]["qr_text"]).to_owned());
    }
    codes.extend([first_code(7, true), second_code(7, 3, 3), second_code(7, 1, 1)]);
    codes.push("https://example.jp/".to_owned());
    codes
}

fn act() -> impl Strategy<Value = Act> {
    let buttons = [Button::Left, Button::Power, Button::LeftPower];
    prop_oneof![
        6 => Just(Act::Press(Button::Right, Hold(0))),
        2 => (prop::sample::select(buttons.to_vec()), 0..3_u8)
            .prop_map(|(button, hold)| Act::Press(button, Hold(hold))),
        1 => (0..100_u64).prop_map(Act::Wait),
        4 => prop::sample::select(codes()).prop_map(Act::Scan),
        1 => Just(Act::Restart),
    ]
}

/// One restart through a real file.
fn restarted(table: Table) -> Table {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token.json");
    StateFile::create(&path, table.device).unwrap();
    Table { device: StateFile::open(&path).unwrap().device, now: table.now }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nothing_breaks_the_device(acts in prop::collection::vec(act(), 1..60)) {
        let mut table = Table::with(device());
        for act in acts {
            let (before, counter) = (table.device.screen(), table.device.counter());
            let active = table.device.is_active();
            match &act {
                Act::Press(button, hold) => {
                    table.device.press(*button, *hold, UnixTime(table.now));
                }
                Act::Wait(seconds) => drop(table.wait(*seconds)),
                Act::Scan(code) => drop(table.scan(code)),
                Act::Restart => table = restarted(table),
            }
            let after = table.device.screen();
            let risen = table.device.counter() - counter;
            prop_assert!(risen <= 1 && table.device.counter() <= COUNTER_END);
            prop_assert!(risen == 0 || after.stage == "device_code");
            if active != table.device.is_active() {
                let yes = matches!((before.stage, after.stage),
                    ("registered", "activated") | ("erase", "deactivated"));
                prop_assert!(yes, "{before:?} {act:?} {after:?}");
            }
            let shows = ["device_code", "confirm", "code"].contains(&after.stage) && !after.dark;
            prop_assert_eq!(after.code.is_some(), shows);
            prop_assert!(!after.dark || after.lines.is_empty());
            prop_assert_eq!(after.to_string().lines().count(), 10);
            if let Act::Restart = act {
                prop_assert_eq!(after, before);
            }
        }
    }

    #[test]
    fn no_text_is_taken_for_another(texts in prop::collection::vec("(TXA1:)?[0-9A-Z $%*+./:-]{0,120}", 1..20)) {
        let mut table = Table::active(0);
        for text in texts {
            prop_assert!(table.scan(&text).is_err());
            table.right();
            prop_assert_eq!(table.device.counter(), 1);
        }
        table.scan(text(&content("transfer")["qr_text"])).unwrap();
        prop_assert_eq!(table.read().1, text(&content("transfer")["code"]));
    }
}
