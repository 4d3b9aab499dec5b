//! The file that a device lives in.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use warifu_core::time::UnixTime;
use warifu_token::camera::{Button, Screen, StateError, StateFile};

use crate::bench::{Table, activation, content, device, text};

struct Shelf {
    folder: TempDir,
}

impl Shelf {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("token.json")
    }

    /// A device in its file.
    fn with(table: Table) -> Self {
        let shelf = Self::new();
        StateFile::create(&shelf.path(), table.device).unwrap();
        shelf
    }

    fn open(&self) -> Result<StateFile, StateError> {
        StateFile::open(&self.path())
    }
}

/// Puts the device into its file and takes it out again.
fn slept(table: &mut Table) -> Screen {
    let taken = std::mem::replace(table, Table::new());
    let now = taken.now;
    let shelf = Shelf::with(taken);
    *table = Table { device: shelf.open().unwrap().device, now };
    table.device.screen()
}

#[test]
fn every_stage_survives_a_restart() {
    let mut table = Table::new();
    let mut seen = Vec::new();
    let mut check = |table: &mut Table| {
        let before = table.device.screen();
        seen.push(before.stage);
        assert_eq!(slept(table), before);
    };
    check(&mut table);
    table.scan(text(&activation(0)["am1"]["qr_text"])).unwrap();
    check(&mut table);
    for _ in 0..3 {
        table.right();
        check(&mut table);
    }
    table.scan("something else").unwrap_err();
    check(&mut table);
    table.right();
    table.scan(text(&activation(0)["am2"]["qr_text"])).unwrap();
    check(&mut table);
    for _ in 0..3 {
        table.right();
        check(&mut table);
    }
    table.press(Button::LeftPower);
    check(&mut table);
    table.right();
    table.scan(text(&content("deactivate")["qr_text"])).unwrap();
    check(&mut table);
    for _ in 0..3 {
        table.right();
        check(&mut table);
    }
    table.press(Button::Power);
    check(&mut table);
    let all = [
        "camera",
        "device_code",
        "accepted",
        "second_code",
        "camera",
        "refused",
        "confirm",
        "registered",
        "activated",
        "camera",
        "info",
        "content",
        "code",
        "erase",
        "deactivated",
        "off",
    ];
    assert_eq!(seen, all);
}

#[test]
fn limits_and_the_counted_code_survive_a_restart() {
    let mut table = Table::new();
    table.almost(activation(0));
    table.wait(60);
    assert_eq!(slept(&mut table).seconds_left, Some(30));
    assert_eq!(table.wait(31).stage, "refused");
    slept(&mut table);
    table.left();
    table.left();
    table.scan(text(&activation(0)["am1"]["qr_text"])).unwrap();
    assert_eq!(table.device.counter(), 1);
}

#[test]
fn the_file_is_private_and_never_overwritten() {
    let shelf = Shelf::with(Table::new());
    let mode = || fs::metadata(shelf.path()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    let again = StateFile::create(&shelf.path(), device());
    assert!(matches!(again, Err(StateError::Io(_))), "{again:?}");
    let mut held = shelf.open().unwrap();
    held.device.press(Button::Power, Button::Power.usual_hold(), UnixTime(0));
    held.save().unwrap();
    assert_eq!(mode(), 0o600);
    drop(held);
    assert_eq!(shelf.open().unwrap().device.screen().stage, "off");
    let files: Vec<_> = fs::read_dir(shelf.folder.path()).unwrap().collect();
    assert_eq!(files.len(), 1, "nothing is left beside it: {files:?}");
}

#[test]
fn a_readable_file_is_refused() {
    let shelf = Shelf::with(Table::new());
    fs::set_permissions(shelf.path(), Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(shelf.open(), Err(StateError::Permissions)));
}

#[test]
fn only_one_holds_it_at_a_time() {
    let shelf = Shelf::with(Table::new());
    let mut held = shelf.open().unwrap();
    assert!(matches!(shelf.open(), Err(StateError::Busy)));
    held.save().unwrap();
    assert!(matches!(shelf.open(), Err(StateError::Busy)), "the new file is held too");
    drop(held);
    assert!(shelf.open().is_ok());
}

#[test]
fn a_link_stays_a_link() {
    let shelf = Shelf::with(Table::new());
    let link = shelf.folder.path().join("link");
    symlink("token.json", &link).unwrap();
    StateFile::open(&link).unwrap().save().unwrap();
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert!(shelf.open().is_ok());
}

#[test]
fn a_damaged_file_is_no_device() {
    let whole = {
        let mut table = Table::active(0);
        table.scan(text(&content("transfer")["qr_text"])).unwrap();
        fs::read_to_string(Shelf::with(table).path()).unwrap()
    };
    let shelf = Shelf::new();
    let damaged = |text: &[u8]| {
        write(&shelf.path(), text);
        matches!(shelf.open(), Err(StateError::Damaged))
    };
    assert!(!damaged(whole.as_bytes()));
    assert!(damaged(b"") && damaged(b"{}") && damaged(&[0xFF; 16]));
    assert!(damaged(&whole.as_bytes()[..whole.len() / 2]));
    assert!(damaged(whole.replace("\"counter\": 1", "\"counter\": 2").as_bytes()));
    for place in (0..whole.len()).step_by(7) {
        let mut text = whole.clone().into_bytes();
        let hex = text[place].is_ascii_hexdigit();
        text[place] = if text[place] == b'0' { b'1' } else { b'0' };
        assert!(damaged(&text) || !hex, "{place}");
    }
    assert!(matches!(StateFile::open(Path::new("/nowhere")), Err(StateError::Io(_))));
}

fn write(path: &Path, text: &[u8]) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}
