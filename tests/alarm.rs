//! The alarm over failures: somebody who tries a few codes on each of many tokens locks none of them,
//! and is noticed all the same.
//!
//! Not responsible for: locks of single tokens (`guessing.rs`), the window itself (unit tests of warifud).
#![forbid(unsafe_code)]

use std::time::Duration;

use e2e::{
    Caller, Daemon, TestClock, TestToken, World,
    clock::at,
    import, metrics,
    pki::Wish,
    wait,
    world::{BANK, OTHER_BANK},
};
use serde_json::Value;

const START: &str = "2026-10-01T10:00:00+09:00";
const TOKENS: usize = 15;
const RAISED: &str = "too many codes are wrong";

/// Two banks under one profile, on a clock that stands still.
struct Scene {
    world: World,
    clock: TestClock,
    daemon: Daemon,
    teller: Caller,
    tokens: Vec<TestToken>,
}

impl Scene {
    /// With these lines in the profile that both banks have.
    async fn open(lines: &str) -> Self {
        let mut world = World::bare();
        let clock = world.use_clock(at(START));
        profile(&mut world, lines);
        world.make_keys();
        world.init();
        let daemon = world.start().await;
        let tokens: Vec<_> = (0..TOKENS).map(|n| TestToken::hotp(&format!("A-{n}"))).collect();
        import::tokens(&world.caller(&daemon, "officer"), "wrapped", &tokens).await;
        let teller = world.caller(&daemon, "validator");
        Self { world, clock, daemon, teller, tokens }
    }

    /// The right code of every token for a counter.
    async fn right(&self, counter: u64) {
        for token in &self.tokens {
            let code = token.code(counter);
            assert_eq!(self.teller.verdict(&token.serial, &code).await, "accepted");
        }
    }

    /// A wrong code for every token; `n` picks different ones.
    async fn wrong(&self, n: u64) {
        for token in &self.tokens {
            assert_eq!(self.teller.verdict(&token.serial, &token.wrong(n)).await, "wrong");
        }
    }

    fn other(&self, role: &str) -> Caller {
        let identity = self.world.pki.client(&Wish::role(OTHER_BANK, role, &format!("{role}-2")));
        self.world.caller_as(&self.daemon, &identity)
    }

    /// Everything that the audit chain was told of alarms.
    async fn recorded(&self) -> Vec<Value> {
        let auditor = self.world.caller(&self.daemon, "auditor");
        let export = auditor.get("/v1/audit/records").await.expect_status(200);
        let lines = String::from_utf8_lossy(&export.body).into_owned();
        let records = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let events = records.map(|record| record["event"].clone());
        events.filter(|event| event["action"] == "alarm").collect()
    }

    /// The same once there are that many.
    async fn recorded_so_far(&self, count: usize) -> Vec<Value> {
        wait::until("the audit chain has heard of it", || async {
            let events = self.recorded().await;
            (events.len() >= count).then_some(events)
        })
        .await
    }

    fn figure(&self, name: &str, bank: &str) -> f64 {
        let page = metrics::page(self.daemon.metrics());
        metrics::sum(&page, &[name, &format!("institution=\"{bank}\"")])
    }

    fn assert_figures(&self, bank: &str, alarm: f64, ratio: f64) {
        for (name, value) in [("warifu_failure_alarm", alarm), ("warifu_failure_ratio", ratio)] {
            let shown = self.figure(name, bank);
            assert!((shown - value).abs() < 1e-6, "{name} of {bank} is {shown}, not {value}");
        }
    }
}

fn profile(world: &mut World, lines: &str) {
    let file = world.path("alarm.toml");
    let text = format!("base = \"standalone\"\ntitle_en = \"x\"\ntitle_ja = \"x\"\n{lines}\n");
    std::fs::write(&file, text).expect("a file in the test's folder");
    world.profile(&file.display().to_string());
}

const ALARM: &str = "[alarm]\nwindow_s = 60\nleast = 20\npercent = 30";

fn assert_event(event: &Value, outcome: &str, percent: u64, note: &str) {
    assert_eq!(event["institution"], BANK, "{event:#}");
    assert_eq!(event["outcome"], outcome, "{event:#}");
    assert_eq!(event["number"], percent, "{event:#}");
    assert_eq!(event["note"], note, "{event:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_codes_on_each_of_many_tokens_raise_it_once_and_time_ends_it() {
    let scene = Scene::open(ALARM).await;
    let bystander = TestToken::hotp("B-0");
    import::one(&scene.other("officer"), &bystander).await;
    let other_teller = scene.other("validator");
    for counter in 0..25 {
        assert_eq!(other_teller.verdict("B-0", &bystander.code(counter)).await, "accepted");
    }
    scene.right(0).await;
    scene.assert_figures(BANK, 0.0, 0.0);
    scene.wrong(0).await;
    scene.wrong(1).await;
    scene.daemon.wait_for_log(RAISED);
    scene.assert_figures(BANK, 1.0, 30.0 / 45.0);
    scene.assert_figures(OTHER_BANK, 0.0, 0.0);
    let operator = scene.world.caller(&scene.daemon, "operator");
    for token in &scene.tokens {
        assert_eq!(operator.token(&token.serial).await["status"], "active", "no token locks");
    }
    assert_event(&scene.recorded_so_far(1).await[0], "raised", 31, "7 of 22 codes in 60 s");

    scene.clock.advance(Duration::from_secs(61));
    let events = scene.recorded_so_far(2).await;
    assert_eq!(events.len(), 2, "{events:#?}");
    assert_event(&events[1], "ended", 0, "0 of 0 codes in 60 s");
    scene.assert_figures(BANK, 0.0, 0.0);
    let log = scene.daemon.log();
    assert_eq!(log.matches(RAISED).count(), 1, "{log}");
    assert_eq!(log.matches("the alarm over wrong codes has ended").count(), 1, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn right_codes_end_it_and_it_can_be_raised_again() {
    let scene = Scene::open(ALARM).await;
    scene.wrong(0).await;
    assert!(scene.recorded().await.is_empty(), "15 codes say nothing");
    scene.wrong(1).await;
    assert_event(&scene.recorded_so_far(1).await[0], "raised", 100, "20 of 20 codes in 60 s");
    let mut counter = 0;
    while scene.recorded().await.len() < 2 {
        assert!(counter < 20, "{:#?}", scene.recorded().await);
        scene.right(counter).await;
        counter += 1;
    }
    let percent = scene.recorded().await[1]["number"].as_u64().expect("a number");
    assert!(percent < 15, "{percent}");
    scene.clock.advance(Duration::from_secs(61));
    scene.wrong(2).await;
    scene.wrong(3).await;
    let events = scene.recorded_so_far(3).await;
    assert_event(&events[2], "raised", 100, "20 of 20 codes in 60 s");
}

/// Whoever does not know the serials tries those too.
#[tokio::test(flavor = "multi_thread")]
async fn codes_for_serials_that_nobody_has_count_too() {
    let scene = Scene::open(ALARM).await;
    for n in 0..20 {
        assert_eq!(scene.teller.verdict(&format!("Z-{n}"), "123456").await, "wrong");
    }
    assert_event(&scene.recorded_so_far(1).await[0], "raised", 100, "20 of 20 codes in 60 s");
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_without_a_look_at_the_code_do_not_count() {
    let scene = Scene::open(ALARM).await;
    let serial = &scene.tokens[0].serial;
    scene.right(0).await;
    for n in 0..5 {
        assert_eq!(scene.teller.verdict(serial, &scene.tokens[0].wrong(n)).await, "wrong");
    }
    for _ in 0..20 {
        assert_eq!(scene.teller.verdict(serial, &scene.tokens[0].wrong(9)).await, "locked");
        assert_eq!(scene.teller.verdict("A-1", "12345").await, "length");
        assert_eq!(scene.teller.verdict("Z-1", "12345").await, "length");
        assert_eq!(scene.teller.verdict("A-1", &scene.tokens[1].code(0)).await, "reused");
    }
    scene.assert_figures(BANK, 0.0, 5.0 / 20.0);
    assert!(scene.recorded().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_may_want_none() {
    let scene = Scene::open("alarm = \"none\"").await;
    scene.wrong(0).await;
    scene.wrong(1).await;
    let page = metrics::page(scene.daemon.metrics());
    assert!(!page.contains("warifu_failure_alarm{"), "{page}");
    assert!(scene.recorded().await.is_empty());
    assert!(!scene.daemon.log().contains(RAISED));
}
