//! Signatures of camera tokens beside one-time passwords: the same number of codes, each for a
//! handle that the HSM has not cached (every code costs an unwrap), and for cached ones.
//!
//! Not responsible for: what a challenge with its picture costs (`qr.rs`).

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Instant,
};

use e2e::{Caller, World, daemon::Daemon, import};
use http::Method;
use serde_json::{Value, json};
use warifu_core::time::UnixTime;
use warifu_token::{
    BatchSeed, Model, Protection, SigningBatch,
    camera::{Button, Device},
};
use warifu_txa1::serial::DeviceSerial;

use crate::{
    load::{self, Figures, Question, good},
    raw,
    report::{Report, median, rate, ratio},
    seeds::{Bench, Seeds},
};

const ROUNDS: usize = 5;
/// Connections; each round asks [`TOKENS`] × [`OPEN`] questions over them.
const LEVELS: [usize; 3] = [1, 8, 64];
/// A prime: no two connections ask for the same token again and again at the same time.
const TOKENS: usize = 251;
/// Challenges that a user may have open.
const OPEN: usize = 10;
const CONTRACT: &str = "C-SIGN";
/// The smallest cache of handles, so that the next use of a token finds its handle gone.
const SMALL: &str = "16";
const LARGE: &str = "200000";
const FIRST_SERIAL: &str = "0112345679";
const PROFILE: &str = "base = \"standalone\"\n\n[challenge]\nopen_at_most = 10\n";

/// One code of each token once, by serial.
struct Totp {
    seeds: Arc<Seeds>,
    first: usize,
    each: usize,
    /// Shown this many steps late.
    ago: u64,
}

impl Question for Totp {
    async fn ask(&self, caller: &Caller, lane: usize, n: usize) {
        let (serial, token) = self.seeds.token(self.first + lane * self.each + n);
        let mut ago = self.ago;
        loop {
            let code = token.code(e2e::wait::unix_now() / 30 - ago);
            let code = std::str::from_utf8(code.expose()).expect("digits");
            let reply = caller.verify(&serial, code).await;
            good(&reply);
            if reply.text("outcome") == "accepted" {
                return;
            }
            // The step ended on the way.
            ago = if self.ago == 0 { ago + 1 } else { 0 };
            assert!(ago < 2, "{reply:?}");
        }
    }
}

/// One counter after another, each connection with tokens of its own: tokens that are in use, like
/// the camera tokens here, with all that their records keep of the last codes.
struct Hotp {
    seeds: Seeds,
    counters: Vec<AtomicU64>,
    connections: usize,
}

impl Question for Hotp {
    async fn ask(&self, caller: &Caller, lane: usize, n: usize) {
        let at = lane + self.connections * (n % (TOKENS / self.connections));
        let (serial, token) = self.seeds.token(at);
        let code = token.code(self.counters[at].fetch_add(1, Ordering::Relaxed));
        let reply =
            caller.verify(&serial, std::str::from_utf8(code.expose()).expect("digits")).await;
        assert_eq!(reply.text("outcome"), "accepted", "{reply:?}");
    }
}

/// Challenges that wait for the codes beside them.
struct Signatures {
    /// Path and body of each request, lane after lane.
    asked: Vec<(String, Value)>,
    each: usize,
    accepted: AtomicUsize,
}

impl Question for Signatures {
    async fn ask(&self, caller: &Caller, lane: usize, n: usize) {
        // Neighbours in time are different tokens: a small cache never has the next one.
        let at = lane * self.each + n;
        let (path, body) = &self.asked[at];
        let reply = caller.post(path, body).await;
        assert_eq!(reply.text("outcome"), "accepted", "{reply:?}");
        self.accepted.fetch_add(1, Ordering::Relaxed);
    }
}

/// Activated camera tokens and their users.
struct Cameras(Vec<Device>);

/// Measures both with and without cached handles.
pub(crate) async fn run(report: &mut Report) {
    let folder = tempfile::tempdir().expect("a folder");
    let profile = folder.path().join("bench.toml");
    std::fs::write(&profile, PROFILE).expect("the folder is writable");
    let mut rows = Vec::new();
    for (name, cache) in [("not cached", SMALL), ("cached", LARGE)] {
        rows.extend(with_cache(report, (name, cache), &profile).await);
    }
    report.table(
        "Camera signatures beside TOTP codes",
        &[
            "handle",
            "connections",
            "TOTP, new tokens",
            "HOTP, tokens in use",
            "signatures",
            "p50 TOTP",
            "p50 signature",
            "of TOTP",
            "of HOTP in use",
            "TOTP of raw HSM",
            "signatures of raw HSM",
        ],
        &rows,
    );
    report.line(
        "\nRaw HSM: unwrap + sign + destroy per second where handles are not cached, signs per \
         second where they are; the same sessions, without the daemon.",
    );
}

/// All levels with a cache of this size.
async fn with_cache(
    report: &mut Report,
    (name, cache): (&str, &str),
    profile: &Path,
) -> Vec<Vec<String>> {
    let bench = Bench::with(|world| {
        world.set("hsm.cache_capacity", cache);
        world.profile(&profile.display().to_string());
    })
    .await;
    let raw = raw::hsm(&bench.world);
    let warm = cache == LARGE;
    let limit = if warm { raw.signs_per_second } else { raw.unwraps_signs_and_destroys_per_second };
    let mut cameras = Cameras::activate(&bench.world, &bench.daemon).await;
    let count = TOKENS * OPEN * ROUNDS * LEVELS.len();
    let seeds = Seeds::new("T0000000", u64::try_from(count).expect("small"), true);
    seeds.import(&bench.world.caller(&bench.daemon, "officer")).await;
    let seeds = Arc::new(seeds);
    let mut hotp = Hotp::in_use(&bench).await;
    let (mut rows, mut times) = (Vec::new(), Vec::new());
    for (n, connections) in LEVELS.into_iter().enumerate() {
        let first = n * TOKENS * OPEN * ROUNDS;
        let how = (connections, warm);
        let level = measure(&bench, &mut cameras, &seeds, first, how, &mut hotp, &mut times).await;
        rows.push(row(name, connections, &level, limit));
    }
    times.sort_by(f64::total_cmp);
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or(0.0);
    report.line(&format!(
        "\nA challenge put, its message sealed, made durable and drawn as PNG, one connection, \
         handles {name}: median {:.2} ms, p99 {:.2} ms ({} challenges).",
        at(50),
        at(99),
        times.len()
    ));
    rows
}

async fn measure(
    bench: &Bench,
    cameras: &mut Cameras,
    seeds: &Arc<Seeds>,
    first: usize,
    (connections, warm): (usize, bool),
    hotp: &mut Hotp,
    times: &mut Vec<f64>,
) -> Level {
    let model = bench.world.caller(&bench.daemon, "validator");
    let callers = load::connect(&model, connections).await;
    let each = TOKENS * OPEN / connections;
    hotp.connections = connections;
    let mut level = Level::default();
    for round in 0..ROUNDS {
        let first = first + round * TOKENS * OPEN;
        let asked = cameras.ask(&model, times).await;
        let question = Signatures { asked, each, accepted: AtomicUsize::new(0) };
        let question = Arc::new(question);
        level.signatures.push(load::drive(&callers, each, &question).await);
        assert_eq!(question.accepted.load(Ordering::Relaxed), each * connections);
        for n in each * connections..TOKENS * OPEN {
            question.ask(&model, 0, n).await; // what no connection got; not measured
        }
        let shown = |ago| Arc::new(Totp { seeds: Arc::clone(seeds), first, each, ago });
        if warm {
            // Where handles are cached, theirs are too: a code of the step before.
            load::drive(&callers, each, &shown(1)).await;
        }
        e2e::wait::step_with_room(30, 12).await;
        level.totps.push(load::drive(&callers, each, &shown(0)).await);
        let shared = Arc::new(std::mem::replace(hotp, Hotp::none()));
        level.hotps.push(load::drive(&callers, each, &shared).await);
        *hotp = Arc::into_inner(shared).expect("nobody asks any more");
    }
    level
}

/// What one number of connections came to.
#[derive(Default)]
struct Level {
    totps: Vec<Figures>,
    hotps: Vec<Figures>,
    signatures: Vec<Figures>,
}

impl Hotp {
    /// Nobody's.
    fn none() -> Self {
        Self { seeds: Seeds::new("H000", 1, false), counters: Vec::new(), connections: 1 }
    }

    /// Imported, and used often enough that their records are as long as they get.
    async fn in_use(bench: &Bench) -> Self {
        let seeds = Seeds::new("H000", u64::try_from(TOKENS).expect("small"), false);
        seeds.import(&bench.world.caller(&bench.daemon, "officer")).await;
        let counters = (0..TOKENS).map(|_| AtomicU64::new(0)).collect();
        let hotp = Arc::new(Self { seeds, counters, connections: 1 });
        let callers = load::connect(&bench.world.caller(&bench.daemon, "validator"), 1).await;
        load::drive(&callers, TOKENS * OPEN, &hotp).await;
        Arc::into_inner(hotp).expect("nobody asks any more")
    }
}

fn row(name: &str, connections: usize, level: &Level, limit: f64) -> Vec<String> {
    let Level { totps, hotps, signatures } = level;
    let per_second = |of: &[Figures]| median(of.iter().map(|f| f.per_second).collect());
    let p50 = |of: &[Figures]| {
        format!("{:.2} ms", median(of.iter().map(|f| f.p50.as_secs_f64() * 1e3).collect()))
    };
    let (totp, hotp, signature) = (per_second(totps), per_second(hotps), per_second(signatures));
    vec![
        name.to_owned(),
        connections.to_string(),
        rate(totp),
        rate(hotp),
        rate(signature),
        p50(totps),
        p50(signatures),
        ratio(signature / totp),
        ratio(signature / hotp),
        ratio(totp / limit),
        ratio(signature / limit),
    ]
}

impl Cameras {
    /// Imports and issues the tokens and takes each into service with a user of its own.
    async fn activate(world: &World, daemon: &Daemon) -> Self {
        let batch = SigningBatch {
            count: u64::try_from(TOKENS).expect("small"),
            first_serial: FIRST_SERIAL.to_owned(),
            manufacturer: "Bench".to_owned(),
            model: Model::CameraSeed,
        };
        let seed = BatchSeed::from_bytes([9; 32]);
        let mut file = Vec::new();
        batch.write(&seed, &Protection::Plain, &mut file).expect("a Vec takes all bytes");
        let order = json!({ "custody": "wrapped", "kind": "camera" });
        let job = import::file(&world.caller(daemon, "officer"), &order, file).await;
        assert_eq!(job["state"], "done", "{job:#}");
        let (staff, front) = (world.caller(daemon, "operator"), world.caller(daemon, "validator"));
        let contract = format!("/v1/contracts/{CONTRACT}");
        put(&staff, &contract, &json!({})).await;
        let mut devices = Vec::with_capacity(TOKENS);
        for n in 0..TOKENS {
            let serial = batch.serial(n as u64).expect("inside the batch");
            let keys = batch.camera(&seed, &serial).expect("of the batch");
            let number = DeviceSerial::from_text(&serial).expect("ten digits");
            put(&staff, &format!("{contract}/users/U{n}"), &json!({ "role": "general" })).await;
            let issue = json!({ "contract": CONTRACT, "reason": "bench", "reference": "bench" });
            let issued = staff.post(&format!("/v1/tokens/{serial}/issue"), &issue).await;
            assert_eq!(issued.text("outcome"), "done", "{issued:?}");
            let mut device = Device::new(number, keys);
            press(&mut device, Button::Power);
            activate(&front, n, &serial, &mut device).await;
            devices.push(device);
        }
        Self(devices)
    }

    /// As many open challenges as each user may have, answered in memory, and how long each took to
    /// be put, its picture included.
    async fn ask(&mut self, front: &Caller, times: &mut Vec<f64>) -> Vec<(String, Value)> {
        let mut asked = Vec::with_capacity(TOKENS * OPEN);
        for _ in 0..OPEN {
            for (n, device) in self.0.iter_mut().enumerate() {
                let path = format!("/v1/contracts/{CONTRACT}/users/U{n}/challenges");
                let body = json!({
                    "actor": actor(n),
                    "image": "png",
                    "operation": {
                        "type": "transfer",
                        "payer": { "branch": "011", "account_type": "ordinary", "account": "0012345" },
                        "payee": {
                            "bank": "0138", "branch": "201", "account_type": "ordinary",
                            "account": "1234567",
                        },
                        "payee_name": "ｶ)ｱｵｿﾗｼﾖｳｶｲ",
                        "amount": 1_250_000,
                        "date": "2027-11-26",
                    },
                });
                let begin = Instant::now();
                let reply = front.post(&path, &body).await;
                times.push(begin.elapsed().as_secs_f64() * 1e3);
                assert_eq!(reply.text("outcome"), "done", "{reply:?}");
                let answer = reply.json();
                scan(device, &answer);
                let code = read(device);
                let name = answer["challenge"].as_str().expect("a name");
                asked.push((
                    format!("{path}/{name}/verify"),
                    json!({ "actor": actor(n), "code": code }),
                ));
            }
        }
        asked
    }
}

async fn activate(front: &Caller, n: usize, serial: &str, device: &mut Device) {
    let path = format!("/v1/contracts/{CONTRACT}/users/U{n}/activations");
    let body = json!({ "actor": actor(n), "serial": serial, "may_approve": true, "image": "none" });
    let first = front.post(&path, &body).await;
    assert_eq!(first.text("outcome"), "done", "{first:?}");
    let first = first.json();
    scan(device, &first);
    let name = first["activation"].as_str().expect("a name").to_owned();
    let body = json!({ "actor": actor(n), "code": read(device), "image": "none" });
    let second = front.post(&format!("{path}/{name}/device-code"), &body).await;
    assert_eq!(second.text("outcome"), "done", "{second:?}");
    press(device, Button::Right);
    press(device, Button::Right);
    scan(device, &second.json());
    let body = json!({ "actor": actor(n), "code": read(device) });
    let end = front.post(&format!("{path}/{name}/confirm"), &body).await;
    assert_eq!(end.text("outcome"), "done", "{end:?}");
    for _ in 0..3 {
        press(device, Button::Right); // Done, Yes, and back to the camera
    }
    assert!(device.is_active(), "{}", device.screen());
}

fn actor(n: usize) -> Value {
    json!({ "user": format!("U{n}"), "session": format!("s{n}"), "confirmation": "right" })
}

fn now() -> UnixTime {
    UnixTime(e2e::wait::unix_now())
}

fn press(device: &mut Device, button: Button) {
    device.press(button, button.usual_hold(), now());
}

fn scan(device: &mut Device, answer: &Value) {
    let text = answer["message"]["text"].as_str().expect("a message");
    device.scan(text, now()).expect("the token takes the message");
}

/// Turns the pages; the digits on the last one.
fn read(device: &mut Device) -> String {
    for _ in 0..32 {
        if let Some(code) = device.screen().code {
            if device.screen().stage == "code" {
                press(device, Button::Right);
            }
            return code;
        }
        press(device, Button::Right);
    }
    unreachable!("no token has so many pages: {}", device.screen())
}

async fn put(caller: &Caller, path: &str, body: &Value) {
    let json = [("content-type", "application/json")];
    good(&caller.request(Method::PUT, path, &json, body.to_string().into()).await);
}
