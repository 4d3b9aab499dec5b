//! `warifu token camera` and `warifu token keypad` as testers use them: single commands, scripts, and
//! a device in a pseudo-terminal (made by `script`, which every Debian has).
//!
//! Not responsible for: what the device does in each case, which its own package tests.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use e2e::{
    binaries::{Program, repository},
    cli::Outcome,
    process::{children, children_named, signal, write_private},
    wait::until_blocking,
};
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

const AT: &str = "2025-11-24T16:00:00Z";
const KEY: &str = "6465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f80818283";

/// The protocol's values.
fn vectors() -> Value {
    let text = fs::read_to_string(repository().join("tests/vectors/txa1.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// A picture that another program made of the first code of the first activation.
fn picture(name: &str) -> PathBuf {
    repository().join("keys/simulator/tests/pictures").join(name)
}

fn expect(outcome: &Outcome, code: i32) {
    assert_eq!(outcome.code, code, "{outcome:?}");
}

/// A folder with the device of the vectors in it.
struct Desk {
    folder: TempDir,
    vectors: Value,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { folder: TempDir::new().unwrap(), vectors: vectors() };
        let seed = format!("{}\n", text(&desk.vectors["token"]["seed"]));
        write_private(&desk.path("seed.hex"), seed.as_bytes());
        let made = ["camera", "new", "--serial", "0112345679", "--seed-file", "seed.hex"];
        let made = desk.warifu(&[&made[..], &["--state", "token.json", "--json"]].concat(), "");
        assert_eq!(made.expect_code(0).json()["stage"], "off");
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs `warifu token WORDS` in the folder.
    fn warifu(&self, words: &[&str], input: &str) -> Outcome {
        self.run(&[&["token"], words].concat(), input)
    }

    /// Runs `warifu WORDS` in the folder.
    fn run(&self, words: &[&str], input: &str) -> Outcome {
        let mut child = Command::new(Program::Warifu.path())
            .current_dir(self.folder.path())
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that reads nothing may have gone already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap().into()
    }

    /// How many keys the import finds in a seed file; it refuses none.
    fn keys_in(&self, file: &str) -> usize {
        let read = self.run(&["seedfile", "inspect", file, "--json"], "").expect_code(0);
        read.stdout.lines().filter(|line| line.contains("\"kcv\"")).count()
    }

    /// One command on the device, at a time of the day; its screen.
    fn at(&self, time: &str, words: &[&str]) -> Outcome {
        let at = format!("2025-11-24T{time}Z");
        let device = ["--state", "token.json", "--at", &at, "--json"];
        self.warifu(&[&["camera"], words, &device[..]].concat(), "")
    }

    /// Plays a script; one screen for each line.
    fn script(&self, lines: &str) -> Vec<Value> {
        let words = ["camera", "script", "--state", "token.json", "--at", AT, "--json"];
        let played = self.warifu(&words, lines).expect_code(0);
        played.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn first(&self, message: &str) -> &str {
        text(&self.vectors["activations"][0][message]["qr_text"])
    }

    fn content(&self, name: &str) -> &Value {
        let all = self.vectors["contents"].as_array().unwrap();
        all.iter().find(|content| content["name"] == name).unwrap()
    }

    /// The lines of a script that registers the device.
    fn activation(&self) -> String {
        let (first, second) = (self.first("am1"), self.first("am2"));
        format!(
            "press power\nscan {first}\npress right\npress right\nscan {second}\npress right\n\
             press right\npress right\n"
        )
    }
}

/// R85-R92: the manual's registration, each command a process of its own.
#[test]
fn an_activation_command_by_command() {
    let desk = Desk::new();
    let shown = |outcome: Outcome| outcome.expect_code(0).json();
    assert_eq!(shown(desk.at("16:00:00", &["press", "power"]))["stage"], "camera");
    let image = picture("first.png");
    let image = image.to_str().unwrap();
    let code = shown(desk.at("16:00:05", &["scan", "--image", image]));
    assert_eq!(code["code"], desk.vectors["activations"][0]["device_code"]);
    assert_eq!(shown(desk.at("16:00:10", &["press", "right"]))["id"], "DP007");
    assert_eq!(shown(desk.at("16:00:40", &["show"]))["dark"], true);
    assert_eq!(shown(desk.at("16:00:41", &["press", "right"]))["id"], "DP007", "it only woke");
    assert_eq!(shown(desk.at("16:00:42", &["press", "right"]))["id"], "DP008");
    let second = desk.first("am2").to_owned();
    let code = shown(desk.at("16:00:50", &["scan", "--text", &second]));
    assert_eq!(code["code"], desk.vectors["activations"][0]["code"]);
    assert_eq!(code["seconds_left"], 90);
    assert_eq!(shown(desk.at("16:01:00", &["press", "right"]))["id"], "DP011");
    assert_eq!(shown(desk.at("16:01:10", &["press", "right"]))["stage"], "activated");
    shown(desk.at("16:01:11", &["press", "right"]));
    let info = shown(desk.at("16:01:12", &["press", "left+power"]));
    assert!(info["lines"].to_string().contains("482913"), "{info}");
}

#[test]
fn a_whole_life_in_one_script() {
    let desk = Desk::new();
    let transfer = desk.content("transfer");
    let scan = text(&transfer["qr_text"]);
    let pages = "press right\n".repeat(2);
    let script = format!("{}# sign\nscan {scan}\n{pages}\nshow\n", desk.activation());
    let screens = desk.script(&script);
    assert_eq!(screens[1]["code"], desk.vectors["activations"][0]["device_code"]);
    assert_eq!(screens[4]["code"], desk.vectors["activations"][0]["code"]);
    assert_eq!(screens.last().unwrap()["code"], transfer["code"]);
    assert_eq!(screens.last().unwrap()["title"], "【振込】");
    let lines = screens.iter().filter(|screen| screen["stage"] == "content");
    let lines: Vec<_> = lines.flat_map(|s| s["lines"].as_array().unwrap().clone()).collect();
    assert_eq!(lines, transfer["display"].as_array().unwrap()[1..]);
}

/// R90, R94: what was forgotten is gone, and the device says so.
#[test]
fn a_forgotten_done_and_a_replay() {
    let desk = Desk::new();
    let (first, second) = (desk.first("am1").to_owned(), desk.first("am2").to_owned());
    let script = format!(
        "press power\nscan {first}\npress right\npress right\nscan {second}\nwait 91s\n\
         press right\npress right\nscan {second}\n"
    );
    let screens = desk.script(&script);
    assert_eq!(screens[6]["refusal"], "timed_out");
    assert_eq!(screens[8]["refusal"], "no_activation");
    assert_eq!(screens[8]["code"], Value::Null);
}

#[test]
fn people_see_a_screen() {
    let desk = Desk::new();
    let script = format!("press power\npicture {}\n", picture("first_turned.png").display());
    let words = ["camera", "script", "--state", "token.json", "--at", AT];
    let played = desk.warifu(&words, &script).expect_code(0);
    assert!(played.stdout.contains("> press power\n+---"), "{played:?}");
    assert!(played.stdout.contains("0016 2114 8836"), "{played:?}");
    assert!(played.stdout.contains("以下のコードを入力してください。"), "{played:?}");
}

#[test]
fn exit_codes_say_what_to_do() {
    let desk = Desk::new();
    let first = desk.first("am1").to_owned();
    let off = desk.at("16:00:00", &["scan", "--text", &first]).expect_code(1);
    assert_eq!(off.json()["refusal"], "not_looking");
    assert!(off.stderr.contains("the camera is not on"), "{off:?}");
    expect(&desk.at("16:00:00", &["press", "power"]), 0);
    let refused = desk.at("16:00:01", &["scan", "--text", "https://example.jp/"]).expect_code(1);
    assert_eq!(refused.json()["refusal"], "bad_text");
    let two = picture("two.png");
    expect(&desk.at("16:00:02", &["scan", "--image", two.to_str().unwrap()]), 1);
    expect(&desk.at("16:00:02", &["scan", "--image", "seed.hex"]), 64);
    expect(&desk.at("16:00:02", &["scan", "--image", "missing.png"]), 64);
    expect(&desk.at("16:00:02", &["press", "up"]), 64);
    let device = ["--state", "token.json"];
    let wrong = desk.warifu(&[&["camera", "script"], &device[..]].concat(), "show\npush\n");
    assert!(wrong.stderr.contains("line 2"), "{wrong:?}");
    assert_eq!(wrong.code, 64);
    let again = ["camera", "new", "--serial", "0112345679", "--random"];
    expect(&desk.warifu(&[&again[..], &device].concat(), ""), 1);
    let run = desk.warifu(&[&["camera", "run"], &device[..]].concat(), "").expect_code(64);
    assert!(run.stderr.contains("needs a terminal"), "{run:?}");
    fs::write(desk.path("token.json"), "{}").unwrap();
    expect(&desk.at("16:00:03", &["show"]), 64);
}

#[test]
fn a_demo_batch_of_camera_tokens_is_played() {
    let desk = Desk::new();
    for (kind, keys) in [("camera", 6), ("camera-seed", 2)] {
        let batch = ["batch", "demo.xml", "--keyring", "demo.json", "--count", "2", "--kind", kind];
        expect(&desk.warifu(&[&batch[..], &["--plain", "--force"]].concat(), ""), 0);
        assert_eq!(desk.keys_in("demo.xml"), keys);
        let state = format!("{kind}.json");
        let new = ["camera", "new", "--state", &state, "--keyring", "demo.json", "--serial"];
        let wrong = desk.warifu(&[&new[..], &["0112345678"]].concat(), "").expect_code(64);
        assert!(wrong.stderr.contains("does not belong"), "{wrong:?}");
        expect(&desk.warifu(&[&new[..], &["0112345679"]].concat(), ""), 0);
    }
    let keypad = ["batch", "k.xml", "--keyring", "k.json", "--kind", "keypad", "--plain"];
    expect(&desk.warifu(&keypad, ""), 0);
    assert_eq!(desk.keys_in("k.xml"), 40, "ten tokens of four uses");
    let code = ["keypad", "code", "--keyring", "k.json", "--serial", "K0000003", "--use", "login"];
    let shown = desk.warifu(&[&code[..], &["--challenge", "12345678"]].concat(), "");
    assert_eq!(shown.expect_code(0).stdout.trim().len(), 8);
}

#[test]
fn a_keypad_token_shows_the_protocols_codes() {
    let desk = Desk::new();
    write_private(&desk.path("key.hex"), KEY.as_bytes());
    let show = |words: &[&str]| {
        let token = ["keypad", "code", "--key-file", "key.hex", "--at", "2025-11-24T16:00:30Z"];
        desk.warifu(&[&token[..], words].concat(), "")
    };
    let code = |words: &[&str]| show(words).expect_code(0).stdout.trim().to_owned();
    assert_eq!(code(&["--use", "login", "--challenge", "73918264"]), "72988995");
    let both = ["--account", "1234567", "--amount", "1250000"];
    let all = [&["--use", "challenge-account-amount", "--challenge", "000042"], &both[..]].concat();
    assert_eq!(code(&all), "88818942");
    let timed = ["--use", "account", "--account", "0123456", "--at", "2025-11-24T16:00:30Z"];
    assert_eq!(show(&timed).code, 64, "one time only");
    for wrong in [
        &["--use", "login"][..],
        &["--use", "login", "--challenge", "01234567"],
        &["--use", "login", "--challenge", "12345678", "--amount", "1"],
        &["--use", "account-amount", "--account", "0000017", "--amount", "0"],
    ] {
        assert_eq!(show(wrong).code, 64, "{wrong:?}");
    }
}

/// A device in a pseudo-terminal.
struct Terminal {
    child: Child,
    shown: Arc<Mutex<String>>,
    seen: usize,
}

/// Keeps the terminal's modes from before and after.
const IN_TERMINAL: &str = r#"stty -a >before; "$WARIFU" token camera run --state token.json; code=$?; stty -a >after; exit $code"#;

impl Terminal {
    fn open(desk: &Desk) -> Self {
        let mut child = Command::new("script")
            .current_dir(desk.folder.path())
            .env("WARIFU", Program::Warifu.path())
            .env("SHELL", "/bin/sh")
            .args(["-qefc", IN_TERMINAL, "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let shown = Arc::new(Mutex::new(String::new()));
        let (mut from, to) = (child.stdout.take().unwrap(), Arc::clone(&shown));
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = from.read(&mut buffer) {
                bytes.extend_from_slice(&buffer[..read]);
                *to.lock().unwrap() = String::from_utf8_lossy(&bytes).into_owned();
            }
        });
        Self { child, shown, seen: 0 }
    }

    fn types(&mut self, keys: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(keys.as_bytes()).unwrap();
        stdin.flush().unwrap();
    }

    /// Waits until the terminal shows something that it did not show before.
    fn shows(&mut self, what: &str) {
        self.seen = until_blocking(what, || {
            let shown = self.shown.lock().unwrap();
            let at = shown.get(self.seen..)?.find(what)?;
            Some(self.seen + at + what.len())
        });
    }

    fn ends(mut self, desk: &Desk, code: i32) {
        let status = until_blocking("the end of the terminal", || self.child.try_wait().unwrap());
        assert_eq!(status.code(), Some(code), "{}", self.shown.lock().unwrap());
        let modes = |name: &str| fs::read_to_string(desk.path(name)).unwrap();
        assert_eq!(modes("before"), modes("after"), "the terminal is as it was");
        let shown = self.shown.lock().unwrap().clone();
        let (on, off) = (shown.rfind("\x1b[?25l"), shown.rfind("\x1b[?25h"));
        assert!(on < off, "the cursor is back");
    }

    /// The process id of `warifu`, somewhere below.
    fn warifu(&self) -> u32 {
        until_blocking("warifu in the terminal", || {
            let mut open = vec![self.child.id()];
            while let Some(pid) = open.pop() {
                if let Some(found) = children_named(pid, "warifu").first() {
                    return Some(*found);
                }
                open.extend(children(pid));
            }
            None
        })
    }
}

#[test]
fn a_terminal_becomes_the_device() {
    let desk = Desk::new();
    let mut terminal = Terminal::open(&desk);
    terminal.shows("hold power");
    terminal.types("p");
    terminal.shows("<二次元コード>を読み取ってください。");
    let first = desk.first("am1").to_owned();
    terminal.types(&format!("\x1b[200~{first}\x1b[201~"));
    terminal.shows("0016 2114 8836");
    terminal.types("r");
    terminal.shows("[DP007]");
    terminal.types("\x1b[C");
    terminal.shows("[DP008]");
    terminal.types(&format!("i{}\r", picture("empty.png").display()));
    terminal.shows("there is no readable QR code in the picture");
    // As a terminal pastes that does not mark pastes.
    let second = desk.first("am2").to_owned();
    terminal.types(&format!("{second}\r"));
    terminal.shows("2675 3923");
    terminal.types("r");
    terminal.shows("[DP011]");
    terminal.types("r");
    terminal.shows("The device is activated.");
    let busy = desk.at("16:00:00", &["show"]).expect_code(1);
    assert!(busy.stderr.contains("another process holds"), "{busy:?}");
    terminal.types("q");
    terminal.ends(&desk, 0);
    let state = fs::read_to_string(desk.path("token.json")).unwrap();
    assert!(state.contains("\"login_id\": \"ICHIRODT\""), "it was kept");
}

#[test]
fn a_terminal_is_given_back_however_it_ends() {
    let desk = Desk::new();
    let mut terminal = Terminal::open(&desk);
    terminal.shows("hold power");
    terminal.types("\x03");
    terminal.ends(&desk, 130);

    let mut terminal = Terminal::open(&desk);
    terminal.shows("hold power");
    assert!(signal(terminal.warifu(), Signal::TERM));
    terminal.ends(&desk, 130);

    let mut terminal = Terminal::open(&desk);
    terminal.shows("hold power");
    move_away(&desk.path("token.json"), &desk.path("kept.json"));
    fs::create_dir(desk.path("token.json")).unwrap();
    terminal.types("p");
    terminal.ends(&desk, 64);
}

fn move_away(from: &Path, to: &Path) {
    fs::rename(from, to).unwrap();
}
