//! Camera tokens from the factory to a signature, all of it by commands: an officer imports, an operator
//! issues, a tester plays the front end with `warifu camera` and `warifu challenge`, and the customer
//! with `warifu token camera`.
//!
//! Not responsible for: the banks' rules (`bank_000.rs`), tries and limits (`signing_*.rs`), nor for
//! help pages (tests of warifu-cli).
#![forbid(unsafe_code)]

use std::{
    fs,
    io::{Read as _, Write as _},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use e2e::{
    Daemon, World,
    binaries::{Program, repository},
    cli::{Cli, Outcome},
    process::{fail, write_private},
    wait::until_blocking,
};
use serde_json::Value;

const CONTRACT: &str = "C-1001";
const SERIAL: &str = "0112345679";
const GROUNDS: [&str; 4] = ["--reason", "identified by phone", "--reference", "T-4711"];
/// The device only feels how long something takes, and here nothing takes long.
const AT: &str = "2025-11-24T16:00:00Z";
const TRANSFER: [&str; 10] = [
    "--transfer",
    "1250000",
    "--from",
    "011-1-0012345",
    "--to",
    "0138-201-1-1234567",
    "--name",
    "ｶ)ﾔﾏﾀﾞｼﾖｳｼﾞ",
    "--date",
    "2026-10-30",
];

/// Users share tokens, and answers say what was wrong.
const PROFILE: &str = r#"
base = "default"
title_en = "Open answers"
title_ja = "詳細応答"
hide_which = false
[usage]
initial = "shared"
[camera]
bank = "0144"
"#;

/// A bank with a contract of two users, and one camera token on its way to them.
struct Desk {
    operator: Cli,
    tester: Cli,
    daemon: Daemon,
    world: World,
}

impl Desk {
    async fn new() -> Self {
        let mut world = World::new();
        let profile = write_private(&world.path("open.toml"), PROFILE.as_bytes());
        world.profile(&profile.display().to_string());
        let daemon = world.start().await;
        let cli = |role: &str| Cli::new(&world, &daemon, &world.identity(role));
        let (officer, operator, tester) = (cli("officer"), cli("operator"), cli("validator"));
        let desk = Self { operator, tester, daemon, world };
        desk.is_delivered(&officer);
        let start = ["--service-start", "2020-01-01T00:00:00+09:00"];
        desk.does(&[&["contract", "set", CONTRACT], &start[..]].concat());
        for (user, role) in [("U1", "master"), ("U2", "general")] {
            desk.does(&["user", "set", user, "--role", role, "--contract", CONTRACT]);
        }
        let issue = ["tokens", "issue", SERIAL, "--contract", CONTRACT, "--user", "U1"];
        desk.does(&[&issue[..], &GROUNDS].concat());
        desk
    }

    /// The maker's file and key come in; the token is on the table, switched on.
    fn is_delivered(&self, officer: &Cli) {
        let [file, ring, key] = ["camera.xml", "ring.json", "key.hex"].map(|name| self.path(name));
        let batch = ["token", "batch", &file, "--keyring", &ring, "--new-key-file", &key];
        let kind = ["--kind", "camera-seed", "--count", "2"];
        let _ = officer.run(&[&batch[..], &kind].concat()).expect_code(0);
        let key = fs::read_to_string(key).expect("the key was written");
        let key = hex::decode(key.trim()).expect("the key is hexadecimal");
        self.world.import_transport_key("acme", &key);
        let import = ["import", &file, "--key-label", "acme", "--kind", "camera"];
        let imported = officer.run(&import);
        assert_eq!(imported.code, 0, "{imported:?}");
        let new = ["token", "camera", "new", "--state", &self.path("token.json")];
        let keys = ["--serial", SERIAL, "--keyring", &ring];
        let _ = officer.run(&[&new[..], &keys].concat()).expect_code(0);
        self.device(&["press", "power"]);
    }

    fn path(&self, name: &str) -> String {
        self.world.path(name).display().to_string()
    }

    /// The operator does what has to work.
    fn does(&self, words: &[&str]) -> Outcome {
        self.operator.run(words).expect_code(0)
    }

    /// The tester's front end: the wire's answer, and the exit code.
    fn front(&self, words: &[&str], input: &str, code: i32) -> Value {
        self.tester.run_with(&[words, &["--json"]].concat(), input).expect_code(code).json()
    }

    /// What the virtual token shows after a command.
    fn device(&self, words: &[&str]) -> Value {
        let state = self.path("token.json");
        let command = ["token", "camera", words[0], "--state", &state, "--at", AT, "--json"];
        self.tester.run(&[&command[..], &words[1..]].concat()).expect_code(0).json()
    }

    /// Holds the picture in the file before the camera; the digits that come of it.
    fn scans_picture(&self) -> String {
        let screen = self.device(&["scan", "--image", &self.path("qr.png")]);
        screen["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Turns the pages; the code behind the last.
    fn reads(&self) -> String {
        loop {
            let screen = self.device(&["press", "right"]);
            if screen["stage"] == "code" {
                self.device(&["press", "right"]);
                return text(&screen["code"]);
            }
            assert_eq!(screen["stage"], "content", "{screen:#}");
        }
    }

    /// Done and Yes, and back to the camera.
    fn finishes(&self) {
        let stages: Vec<Value> =
            (0..3).map(|_| self.device(&["press", "right"])["stage"].clone()).collect();
        assert_eq!(stages, ["registered", "activated", "camera"]);
    }

    fn activate(&self, user: &str, step: &[&str], code: &str, exit: i32) -> Value {
        let who = ["camera", "activate", CONTRACT, user, SERIAL, "--acting", user];
        let how = ["--may-approve", "--png", &self.path("qr.png"), "--step"];
        self.front(&[&who[..], &how, step].concat(), code, exit)
    }

    /// The whole activation, step by step.
    fn is_active(&self) {
        let begun = self.activate("U1", &["start"], "", 0);
        let id = text(&begun["activation"]);
        let code = self.scans_picture();
        let second = self.activate("U1", &["device-code", "--activation", &id], &code, 0);
        assert_eq!(second["step"], "confirm_code", "{second:#}");
        for _ in 0..2 {
            self.device(&["press", "right"]);
        }
        let code = self.scans_picture();
        let done = self.activate("U1", &["confirm", "--activation", &id], &code, 0);
        assert_eq!(done["step"], "active", "{done:#}");
        self.finishes();
    }

    /// A challenge to a user, with its picture in the file; its name.
    fn asks(&self, user: &str, what: &[&str]) -> String {
        let create = ["challenge", "create", CONTRACT, user, "--session", "s-1"];
        let picture = ["--png", &self.path("qr.png")];
        text(&self.front(&[&create[..], what, &picture].concat(), "", 0)["challenge"])
    }

    fn verifies(&self, user: &str, id: &str, code: &str, exit: i32) -> Value {
        let words = ["challenge", "verify", CONTRACT, user, id, "--session", "s-1"];
        self.front(&words, &format!("{code}\n"), exit)
    }
}

/// A payment file as banks send it, and what the token shows of it.
fn zengin(desk: &Desk) -> (String, Value) {
    let vectors = fs::read_to_string(repository().join("tests/vectors/zengin.json"));
    let vectors: Value = serde_json::from_str(&vectors.expect("our own file")).expect("JSON");
    let records = vectors["records"].as_array().expect("records").iter();
    let records = records.map(|record| hex::decode(text(record)).expect("hexadecimal"));
    let file = records.collect::<Vec<_>>().join(&b"\r\n"[..]);
    let path = write_private(&desk.world.path("zengin.txt"), &file);
    (path.display().to_string(), vectors["fingerprint"].clone())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| fail(&format!("no text: {value}"))).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_activated_signs_and_leaves() {
    let desk = Desk::new().await;
    let begun = desk.activate("U1", &["start"], "", 0);
    let id = text(&begun["activation"]);
    let code = desk.scans_picture();
    let again = desk.activate("U1", &["show", "--activation", &id], "", 0);
    assert_eq!(again["message"]["text"], begun["message"]["text"], "the same message again");
    let step = ["device-code", "--activation", &id];
    let wrong = desk.activate("U1", &step, "12345678", 1);
    assert_eq!(wrong["reason"], "wrong_kind_of_code", "{wrong:#}");
    // People type the blanks that the token shows.
    let blanks = format!("{} {} {}\n", &code[..4], &code[4..8], &code[8..]);
    desk.activate("U1", &step, &blanks, 0);
    for _ in 0..2 {
        desk.device(&["press", "right"]);
    }
    let code = desk.scans_picture();
    let done = desk.activate("U1", &["confirm", "--activation", &id], &code, 0);
    assert_eq!((&done["serial"], &done["step"]), (&SERIAL.into(), &"active".into()), "{done:#}");
    desk.finishes();

    let listed = desk.does(&["camera", "tokens", CONTRACT, "--language", "en"]).stdout;
    let token_code = text(&done["token_code"]);
    assert!(listed.starts_with("TOKEN CODE  SERIAL      STATUS  USERS  EXPIRES\n"), "{listed}");
    assert!(listed.contains(&format!("{token_code}      {SERIAL}  active  1")), "{listed}");

    let user = ["user", "show", "U1", "--contract", CONTRACT, "--language", "en"];
    let user = desk.does(&user).stdout;
    assert!(user.contains("camera token       0112345679\n"), "{user}");
    assert!(user.contains("activation state   active_unproven\n"), "{user}");

    let id = desk.asks("U1", &TRANSFER);
    desk.scans_picture();
    let code = desk.reads();
    let signed = desk.verifies("U1", &id, &code, 0);
    assert_eq!(signed["operation"]["amount"], 1_250_000, "{signed:#}");
    assert_eq!(signed["operation"]["payee"]["account"], "1234567", "{signed:#}");
    let replayed = desk.verifies("U1", &id, &code, 1);
    assert_eq!(replayed["outcome"], "rejected", "{replayed:#}");

    let token = ["tokens", "show", SERIAL, "--language", "ja"];
    let token = desk.does(&token).stdout;
    assert!(token.contains("登録回数カウンタ") && token.contains(&token_code), "{token}");

    let leave = ["camera", "deactivate", CONTRACT, "U1"];
    let left = desk.does(&[&leave[..], &GROUNDS, &["--language", "en"]].concat()).stdout;
    let message = left.lines().find(|line| line.starts_with("TXA1:"));
    let screen = desk.device(&["scan", "--text", message.expect("the token is told to forget")]);
    assert_eq!(screen["title"], "【トークン初期化】", "{screen:#}");
    let users = desk.does(&["camera", "tokens", CONTRACT, "--json"]).json();
    assert_eq!(users["items"], serde_json::json!([]), "nobody's token is in no list");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_user_takes_part_and_is_revoked() {
    let desk = Desk::new().await;
    desk.is_active();
    let id = desk.asks("U2", &["--share", "--login-id", "HANAKODT", "--may-approve"]);
    desk.scans_picture();
    let shared = desk.verifies("U2", &id, &desk.reads(), 0);
    assert_eq!(shared["operation"]["login_id"], "HANAKODT", "{shared:#}");

    let id = desk.asks("U2", &["--admin", "LIMIT 5"]);
    let show = ["challenge", "show", CONTRACT, "U2", &id, "--session", "s-1", "--language", "ja"];
    let shown = desk.tester.run(&show).expect_code(0).stdout;
    assert!(shown.contains("要求番号") && shown.contains("LIMIT 5"), "{shown}");
    assert!(shown.contains("█▀") && shown.contains("\nTXA1:"), "a picture and its text: {shown}");
    let other = ["challenge", "show", CONTRACT, "U2", &id, "--session", "s-2", "--json"];
    assert_eq!(desk.tester.run(&other).expect_code(1).json()["reason"], "not_bound");
    desk.front(&["challenge", "cancel", CONTRACT, "U2", &id, "--session", "s-1"], "", 0);
    desk.scans_picture();
    let late = desk.verifies("U2", &id, &desk.reads(), 1);
    assert_eq!(late["outcome"], "rejected", "{late:#}");

    let initialise = ["camera", "initialise", CONTRACT, SERIAL];
    let proven = desk.operator.run(&[&initialise[..], &GROUNDS, &["--json"]].concat());
    assert_eq!(proven.expect_code(1).json()["reason"], "not_initialisable");
    let revoke = ["camera", "revoke", CONTRACT, "U2"];
    let nothing = desk.operator.run(&[&revoke[..], &["--json"]].concat()).expect_code(1);
    assert_eq!(nothing.json()["reason"], "reason_required", "{nothing:?}");
    desk.does(&[&revoke[..], &GROUNDS].concat());
    let create = ["challenge", "create", CONTRACT, "U2", "--session", "s-1", "--admin", "X"];
    let refused = desk.front(&create, "", 1);
    assert_eq!(refused["outcome"], "refused", "{refused:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_signed_and_wrong_options_are_told() {
    let desk = Desk::new().await;
    desk.is_active();
    let (file, fingerprint) = zengin(&desk);
    let batch = ["--batch", &file, "--kind", "transfer", "--date", "2026-11-28"];
    let id = desk.asks("U1", &[&batch[..], &["--known", "0138-201-1-1234567"]].concat());
    desk.scans_picture();
    let signed = desk.verifies("U1", &id, &desk.reads(), 0);
    assert_eq!(signed["operation"]["fingerprint"], fingerprint, "{signed:#}");

    let create = ["challenge", "create", CONTRACT, "U1", "--session", "s-1"];
    for wrong in [
        &["--transfer", "1"][..],
        &["--admin", "X", "--login"],
        &["--login", "--date", "2026-10-30"],
        &["--payee", "0138-201-1-123456", "--name", "X"],
        &["--batch", "missing.txt", "--kind", "salary", "--date", "2026-10-30"],
        &[],
    ] {
        let outcome = desk.tester.run(&[&create[..], wrong].concat());
        assert_eq!(outcome.code, 64, "{wrong:?}: {outcome:?}");
    }
    let thesis = write_private(&desk.world.path("thesis.txt"), b"mine");
    let picture = ["--admin", "X", "--png", thesis.to_str().expect("UTF-8")];
    let _ = desk.tester.run(&[&create[..], &picture].concat()).expect_code(1);
    let kana = ["--payee", "0138-201-1-1234567", "--name", "山田"];
    let refused = desk.tester.run(&[&create[..], &kana].concat()).expect_code(1);
    assert!(refused.stderr.contains("operation.payee_name"), "{refused:?}");
    let form = ["camera", "activate", CONTRACT, "U1", SERIAL];
    let form = desk.tester.run(&form).expect_code(64);
    assert!(form.stderr.contains("needs a terminal"), "{form:?}");
}

/// The form in a pseudo-terminal, which `script` makes.
struct Form {
    child: Child,
    shown: Arc<Mutex<String>>,
    seen: usize,
}

impl Form {
    fn open(desk: &Desk) -> Self {
        let identity = desk.world.identity("validator");
        let mut child = Command::new("script")
            .env("WARIFU", Program::Warifu.path())
            .env("SERVER", format!("https://localhost:{}", desk.daemon.api().port()))
            .env("CA", desk.world.pki.ca())
            .env("CERT", identity.certificate)
            .env("KEY", identity.key)
            .env("SHELL", "/bin/sh")
            .args(["-qefc", IN_TERMINAL, "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("script is on every Debian");
        let shown = Arc::new(Mutex::new(String::new()));
        let mut from = child.stdout.take().expect("stdout is piped");
        let to = Arc::clone(&shown);
        thread::spawn(move || {
            let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
            while let Ok(read @ 1..) = from.read(&mut buffer) {
                bytes.extend_from_slice(&buffer[..read]);
                *to.lock().expect("nobody panics with it") =
                    String::from_utf8_lossy(&bytes).into_owned();
            }
        });
        Self { child, shown, seen: 0 }
    }

    /// Waits until it asks; gives all that it showed since it asked last.
    fn asks(&mut self, what: &str) -> String {
        until_blocking(what, || {
            let shown = self.shown.lock().expect("nobody panics with it");
            let new = shown.get(self.seen..)?;
            let end = new.find(what)? + what.len();
            let new = new.get(..end)?.to_owned();
            self.seen += end;
            Some(new)
        })
    }

    fn types(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().expect("stdin is piped");
        writeln!(stdin, "{line}").and_then(|()| stdin.flush()).expect("the form listens");
    }
}

const IN_TERMINAL: &str = r#""$WARIFU" --server "$SERVER" --ca "$CA" --cert "$CERT" --key "$KEY" --language en camera activate C-1001 U1 0112345679 --acting U1 --may-approve"#;

/// The text of the picture that the form shows.
fn message(shown: &str) -> &str {
    let line = shown.lines().find(|line| line.starts_with("TXA1:"));
    line.unwrap_or_else(|| fail(&format!("no message: {shown}"))).trim_end_matches('\r')
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_asks_in_a_terminal() {
    let desk = Desk::new().await;
    let mut form = Form::open(&desk);
    let shown = form.asks("12 digits: ");
    assert!(shown.contains("\x1b[97;40m██"), "white on black: {shown:?}");
    let code = text(&desk.device(&["scan", "--text", message(&shown)])["code"]);
    form.types("12345678");
    let shown = form.asks("12 digits: ");
    assert!(shown.contains("wrong_kind_of_code"), "{shown:?}");
    form.types(&code);
    let shown = form.asks("8 digits: ");
    for _ in 0..2 {
        desk.device(&["press", "right"]);
    }
    let code = text(&desk.device(&["scan", "--text", message(&shown)])["code"]);
    form.types(&code);
    let _ = form.asks("token code");
    let status = until_blocking("the end of the form", || form.child.try_wait().unwrap());
    assert_eq!(status.code(), Some(0), "{}", form.shown.lock().unwrap());
    desk.finishes();
}
