//! The life of a token at the help desk's terminal: every step is the `warifu` program, what people
//! read is compared as they read it, in English and Japanese.
//!
//! Not responsible for: the banks' rules (`bank_*.rs`), nor for help pages (tests of warifu-cli).
#![forbid(unsafe_code)]

use std::path::Path;

use e2e::{
    Daemon, TestToken, World,
    cli::{Cli, Outcome},
    import,
    process::write_private,
};
use serde_json::Value;

const CONTRACT: [&str; 2] = ["--contract", "C-1001"];
const GROUNDS: [&str; 4] = ["--reason", "identified by phone", "--reference", "T-4711"];
const SERIAL: &str = "00123456";
const OTHER: &str = "00123457";

/// Users share tokens, hardware tokens can be ordered, the usage mode may be changed, and answers say
/// what was wrong.
const PROFILE: &str = r#"
base = "default"
title_en = "Open answers"
title_ja = "詳細応答"
hide_which = false
[issue]
kinds = ["hard"]
[usage]
initial = "shared"
allowed = ["shared", "individual", "common"]
"#;

/// A help desk with a contract of two users and two imported tokens.
struct Desk {
    operator: Cli,
    front: Cli,
    token: TestToken,
    _daemon: Daemon,
    _world: World,
}

impl Desk {
    async fn new() -> Self {
        let mut world = World::new();
        let profile = write_private(&world.path("open.toml"), PROFILE.as_bytes());
        world.profile(&profile.display().to_string());
        let daemon = world.start().await;
        let token = TestToken::hotp(SERIAL);
        let tokens = [token.clone(), TestToken::hotp(OTHER)];
        import::tokens(&world.caller(&daemon, "officer"), "wrapped", &tokens).await;
        let operator = Cli::new(&world, &daemon, &world.identity("operator"));
        let front = Cli::new(&world, &daemon, &world.identity("validator"));
        let desk = Self { operator, front, token, _daemon: daemon, _world: world };
        desk.does(&["contract", "set", "C-1001", "--service-start", "2020-01-01T00:00:00+09:00"]);
        for (user, role) in [("U1", "master"), ("U2", "general")] {
            desk.does(&[&["user", "set", user, "--role", role], &CONTRACT[..]].concat());
        }
        desk
    }

    /// As people see it, in English.
    fn run(&self, words: &[&str], input: &str) -> Outcome {
        self.run_in("en", words, input)
    }

    /// Shown where the test fails.
    fn run_in(&self, language: &str, words: &[&str], input: &str) -> Outcome {
        let outcome = self.operator.run_with(&[words, &["--language", language]].concat(), input);
        println!("$ warifu {}\n{}{}", words.join(" "), outcome.stdout, outcome.stderr);
        outcome
    }

    /// What has to work.
    fn does(&self, words: &[&str]) -> String {
        self.run(words, "").expect_code(0).stdout
    }

    /// The same in Japanese.
    fn does_in_japanese(&self, words: &[&str]) -> String {
        self.run_in("ja", words, "").expect_code(0).stdout
    }

    /// The wire's answer.
    fn json(&self, words: &[&str]) -> Value {
        self.operator.run(&[words, &["--json"]].concat()).json()
    }

    fn issue(&self) {
        let to = ["tokens", "issue", SERIAL, "--user", "U1"];
        self.does(&[&to[..], &CONTRACT, &GROUNDS].concat());
    }

    fn expires(&self) {
        let words = ["tokens", "expire", SERIAL, "--at", "2031-03-31T23:59:59+09:00"];
        self.does(&[&words[..], &GROUNDS].concat());
    }

    fn register(&self, user: &str, code: &str) -> Outcome {
        let words = ["user", "register", user, "--serial", SERIAL];
        self.run(&[&words[..], &CONTRACT, &GROUNDS].concat(), &format!("{code}\n"))
    }

    /// A code at the front end; gives the reason of a rejection.
    fn verify(&self, code: &str) -> String {
        let answer = self.front.run_with(&["verify", SERIAL, "--json"], &format!("{code}\n"));
        let json = answer.json();
        assert_eq!(answer.code, i32::from(json["outcome"] != "accepted"), "{json:#}");
        json["reason"].as_str().unwrap_or("accepted").to_owned()
    }

    /// Both users in service with one token that has an end.
    fn both_in_service(&self) {
        self.issue();
        self.expires();
        let _ = self.register("U1", &self.token.oathtool(0)).expect_code(0);
        let _ = self.register("U2", &self.token.oathtool(1)).expect_code(0);
    }

    fn lock(&self) {
        for n in 0..5 {
            assert_eq!(self.verify(&self.token.wrong(n)), "wrong");
        }
        assert_eq!(self.verify(&self.token.oathtool(2)), "locked");
    }
}

/// The cells of a table's line.
fn cells(line: &str) -> Vec<&str> {
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_issued_registered_and_listed() {
    let desk = Desk::new().await;
    desk.issue();
    let users = ["contract", "users", "C-1001"];
    let listed = desk.json(&users);
    assert_eq!(listed["items"][0]["state"], "issued", "{listed:#}");
    assert_eq!(listed["items"][1]["state"], "unregistered", "{listed:#}");

    let wrong = desk.register("U1", &desk.token.wrong_code(0..100, 0)).expect_code(1);
    assert!(wrong.stdout.contains("wrong") && wrong.stdout.contains('4'), "{wrong:?}");
    desk.expires();
    let done = desk.register("U1", &desk.token.oathtool(0)).expect_code(0);
    assert!(done.stdout.starts_with("Done.\n"), "{done:?}");
    assert!(done.stdout.contains("2031-03-31 23:59"), "{done:?}");
    let _ = desk.register("U2", &desk.token.oathtool(1)).expect_code(0);

    assert_eq!(
        desk.does(&users),
        "\
USER  ROLE     STATE       AUTH       SERIAL    EXPIRES
U1    master   in_service  available  00123456  2031-03-31 23:59
U2    general  in_service  available  00123456  2031-03-31 23:59
"
    );
    assert_eq!(
        desk.does_in_japanese(&users),
        "\
利用者  区分            状態            認証状態  シリアル番号  有効期限
U1      マスターユーザ  サービス利用中  利用可能  00123456      2031-03-31 23:59
U2      一般ユーザ      サービス利用中  利用可能  00123456      2031-03-31 23:59
"
    );
    let tokens = desk.json(&["contract", "tokens", "C-1001"]);
    assert_eq!(tokens["items"][0]["users"], 2, "{tokens:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_tells_the_help_desk_why_a_code_failed() {
    let desk = Desk::new().await;
    desk.both_in_service();
    assert_eq!(desk.verify(&desk.token.oathtool(2)), "accepted");
    let history = ["tokens", "history", SERIAL];
    let text = desk.does(&history);
    assert!(text.ends_with("The last code was accepted.\n"), "{text}");
    assert_eq!(desk.verify(&desk.token.oathtool(2)), "reused");
    let text = desk.does(&history);
    assert!(text.contains("used") && !text.ends_with("The last code was accepted.\n"), "{text}");
    for n in 0..5 {
        assert_eq!(desk.verify(&desk.token.wrong(n)), "wrong");
    }
    assert_eq!(desk.verify(&desk.token.oathtool(3)), "locked");

    let text = desk.does(&history);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(cells(lines[1])[1..], ["verify", "locked", "-", "0", "-", "validator-1"], "{text}");
    assert_eq!(cells(lines[2])[1..], ["verify", "wrong", "-", "0", "-", "validator-1"], "{text}");
    assert_eq!(
        cells(lines[8])[1..],
        ["verify", "accepted", "2", "-", "-", "validator-1"],
        "{text}"
    );
    assert!(text.contains("users     U1, U2\n"), "{text}");
    assert!(text.contains("locked now"), "{text}");
    assert_eq!(desk.does(&["token", "history", SERIAL]), text);
    let text = desk.does_in_japanese(&history);
    for word in ["認証", "不一致", "利用停止解除を行うまで", "サービス利用中"]
    {
        assert!(text.contains(word), "{word}: {text}");
    }

    let stopped =
        desk.json(&["contract", "users", "C-1001", "--authentication", "stopped", "--all"]);
    assert_eq!(stopped["items"].as_array().map(Vec::len), Some(2), "{stopped:#}");
    let status = desk.does(&[&["user", "status", "U2"], &CONTRACT[..]].concat());
    assert!(status.contains("locked") && status.contains("stopped"), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_users_are_unlocked_together_or_not_at_all() {
    let desk = Desk::new().await;
    desk.both_in_service();
    desk.lock();
    desk.does(&[&["user", "set", "U3", "--role", "general"], &CONTRACT[..]].concat());
    let unlock = |users: &[&str]| {
        desk.run(&[&["user", "unlock"], users, &CONTRACT[..], &GROUNDS].concat(), "")
    };
    let refused = unlock(&["U1", "U3"]).expect_code(1);
    assert!(refused.stdout.contains("not_registered"), "{refused:?}");
    assert_eq!(desk.verify(&desk.token.oathtool(2)), "locked");

    let without_reason = desk.run(&[&["user", "unlock", "U1"], &CONTRACT[..]].concat(), "");
    assert!(without_reason.expect_code(1).stdout.contains("reason_required"));

    let done = unlock(&["U1"]).expect_code(0);
    let lines: Vec<_> = done.stdout.lines().collect();
    let row = lines.iter().find(|line| line.starts_with("U1")).expect("a line for the user");
    assert_eq!(cells(row), ["U1", "done", "-", SERIAL, "-", "U2"], "{}", done.stdout);
    assert_eq!(desk.verify(&desk.token.oathtool(2)), "accepted");
    let again = unlock(&["U1", "U2"]).expect_code(0);
    assert!(again.stdout.contains("unchanged"), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_says_when_the_user_may_come_back_and_spares_the_others() {
    let desk = Desk::new().await;
    desk.both_in_service();
    let revoke = ["user", "revoke", "U1"];
    let answer = desk.json(&[&revoke[..], &CONTRACT, &GROUNDS].concat());
    assert_eq!(answer["outcome"], "done", "{answer:#}");
    assert!(answer["results"][0]["not_before"].is_string(), "{answer:#}");
    let text = desk.does(&["contract", "users", "C-1001"]);
    assert!(text.contains("revoked") && text.contains("in_service"), "{text}");
    let text = desk.does_in_japanese(&[&["user", "show", "U1"], &CONTRACT[..]].concat());
    assert!(text.contains("失効中"), "{text}");
    let text = desk.does(&[&["user", "history", "U1"], &CONTRACT[..]].concat());
    assert_eq!(cells(text.lines().nth(1).expect("the newest"))[1..3], ["revoke", "done"], "{text}");
    let again = desk.register("U1", &desk.token.oathtool(2)).expect_code(1);
    assert!(
        again.stdout.contains("not_before") && again.stdout.contains("not before"),
        "{again:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_usage_mode_is_previewed_and_changed_only_when_told() {
    let desk = Desk::new().await;
    desk.both_in_service();
    let usage = ["contract", "usage-mode", "C-1001", "--to", "common"];
    let preview = desk.json(&[&usage[..], &GROUNDS].concat());
    assert_eq!(preview["outcome"], "preview", "{preview:#}");
    assert_eq!((&preview["users"], &preview["tokens"]), (&2.into(), &1.into()), "{preview:#}");
    assert_eq!(desk.json(&["contract", "show", "C-1001"])["usage_mode"], "shared");
    let text = desk.does_in_japanese(&[&usage[..], &GROUNDS].concat());
    assert!(text.contains("まだ変更していません"), "{text}");

    let done = desk.json(&[&usage[..], &["--yes"], &GROUNDS].concat());
    assert_eq!(done["outcome"], "done", "{done:#}");
    assert!(desk.does(&["contract", "show", "C-1001"]).contains("common"));
    let users = desk.json(&["contract", "users", "C-1001", "--state", "in_service"]);
    assert_eq!(users["items"].as_array().map(Vec::len), Some(0), "{users:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_goes_back_gets_lost_and_a_user_leaves() {
    let desk = Desk::new().await;
    desk.issue();
    desk.does(&[&["tokens", "recall", SERIAL], &GROUNDS[..]].concat());
    assert_eq!(desk.json(&["tokens", "show", SERIAL])["life"], "stock");
    desk.both_in_service();
    let given_up = ["user", "deactivate", "U2"];
    desk.does(&[&given_up[..], &CONTRACT, &GROUNDS].concat());
    desk.does(&[&["tokens", "lost", SERIAL], &GROUNDS[..]].concat());
    let history = desk.does(&["tokens", "history", SERIAL]);
    assert!(history.contains("lost"), "{history}");
    let text = desk.does_in_japanese(&["tokens", "show", SERIAL]);
    assert!(text.contains("紛失"), "{text}");
    let refused = desk.run(&[&["user", "remove", "U1"], &CONTRACT[..]].concat(), "");
    assert!(refused.expect_code(1).stdout.contains("reason_required"));
    desk.does(&[&["user", "remove", "U1"], &CONTRACT[..], &GROUNDS].concat());
    let gone = desk.run(&[&["user", "show", "U1"], &CONTRACT[..]].concat(), "").expect_code(1);
    assert!(gone.stdout.is_empty() && !gone.stderr.is_empty(), "{gone:?}");
    let words = [&["user", "show", "U1"], &CONTRACT[..]].concat();
    let gone = desk.run_in("ja", &words, "").expect_code(1);
    assert!(!gone.stderr.is_ascii(), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_stands_until_the_token_is_issued() {
    let desk = Desk::new().await;
    let order = |kind| {
        let words = ["user", "order", "U1", "--kind", kind];
        desk.run(&[&words[..], &CONTRACT, &GROUNDS].concat(), "")
    };
    let refused = order("camera").expect_code(1);
    assert!(refused.stdout.contains("kind_not_allowed"), "{refused:?}");
    let _ = order("hard").expect_code(0);
    let show = [&["user", "show", "U1"], &CONTRACT[..]].concat();
    assert_eq!(desk.json(&show)["ordered"], "hard");
    assert!(desk.does_in_japanese(&show).contains("発行申請      ハードウェアトークン"));
    desk.issue();
    assert!(desk.json(&show)["ordered"].is_null());
    let issued = desk.json(&["contract", "users", "C-1001", "--state", "issued"]);
    assert_eq!(issued["items"][0]["user"], "U1", "{issued:#}");
    let screen = desk.does_in_japanese(&[&["user", "status", "U1"], &CONTRACT[..]].concat());
    assert!(screen.contains("must_register") && screen.contains("利用開始登録"), "{screen}");
}

/// A batch says of what kind its tokens are.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_says_the_kind_of_its_tokens() {
    let world = World::new();
    let daemon = world.start().await;
    let officer = Cli::new(&world, &daemon, &world.identity("officer"));
    let file = world.path("apps.xml");
    let token = TestToken::hotp(OTHER);
    std::fs::write(&file, e2e::pskc::plain(std::slice::from_ref(&token))).unwrap();
    let _ = officer.run(&["import", text(&file), "--kind", "soft"]).expect_code(0);
    let shown = officer.run(&["tokens", "show", OTHER, "--json"]).expect_code(0).json();
    assert_eq!(shown["kind"], "soft", "{shown:#}");
    let shown = officer.run(&["tokens", "list", "--language", "ja"]).expect_code(0);
    assert!(shown.stdout.contains("ソフトウェアトークン"), "{shown:?}");
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}
