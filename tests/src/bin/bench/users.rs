//! The life cycle's figures: a code checked for a user beside the same kind of code checked for a
//! serial, and the first page of a large contract beside that of a small one.
//!
//! Not responsible for: what either costs beside an empty endpoint (`verify.rs`).

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use e2e::Caller;
use http::Method;
use serde_json::json;

use crate::{
    load::{self, Figures, Question, good},
    report::{Report, median, rate, ratio},
    seeds::{Bench, Seeds},
};

const ROUNDS: usize = 5;
/// Connections and questions per round. Each connection has a user and a token of its own.
const LEVELS: [(usize, usize); 3] = [(1, 1_000), (8, 4_000), (64, 6_400)];
const MOST: usize = 64;
const CONTRACT: &str = "C-VERIFY";

/// Users in the small and in the large contract, and how many a page shows.
const CONTRACTS: [(&str, usize); 2] = [("C-SMALL", 10), ("C-LARGE", 10_000)];
const PAGE: usize = 10;
const PAGES: usize = 2_000;

/// One counter after another, each connection its own token, by serial or by user.
struct Codes {
    seeds: Seeds,
    counters: Vec<AtomicU64>,
}

struct BySerial(Arc<Codes>);
struct ByUser(Arc<Codes>);

impl Codes {
    fn next(&self, lane: usize) -> (String, String) {
        let (serial, token) = self.seeds.token(lane);
        let counter = self.counters[lane].fetch_add(1, Ordering::Relaxed);
        let code = token.code(counter);
        (serial, String::from_utf8(code.expose().to_vec()).expect("digits"))
    }
}

impl Question for BySerial {
    async fn ask(&self, caller: &Caller, lane: usize, _n: usize) {
        let (serial, code) = self.0.next(lane);
        accepted(caller, &format!("/v1/tokens/{serial}/verify"), &code).await;
    }
}

impl Question for ByUser {
    async fn ask(&self, caller: &Caller, lane: usize, _n: usize) {
        let (_, code) = self.0.next(lane);
        accepted(caller, &format!("/v1/contracts/{CONTRACT}/users/U{lane}/verify"), &code).await;
    }
}

async fn accepted(caller: &Caller, path: &str, code: &str) {
    let reply = caller.post(path, &json!({ "code": code })).await;
    assert_eq!(reply.text("outcome"), "accepted", "{reply:?}");
}

/// The first page of a contract's list.
struct FirstPage(&'static str);

impl Question for FirstPage {
    async fn ask(&self, caller: &Caller, _lane: usize, _n: usize) {
        let reply = caller.get(&format!("/v1/contracts/{}/users?limit={PAGE}", self.0)).await;
        good(&reply);
    }
}

/// Measures both.
pub(crate) async fn run(report: &mut Report) {
    let bench = Bench::new().await;
    let codes = Arc::new(register(&bench).await);
    let mut rows = Vec::new();
    let model = bench.world.caller(&bench.daemon, "validator");
    for (connections, questions) in LEVELS {
        let callers = load::connect(&model, connections).await;
        let each = questions / connections;
        let (serial, user) =
            (Arc::new(BySerial(Arc::clone(&codes))), Arc::new(ByUser(Arc::clone(&codes))));
        let (mut serials, mut users) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            serials.push(load::drive(&callers, each, &serial).await);
            users.push(load::drive(&callers, each, &user).await);
        }
        rows.push(beside(&connections.to_string(), &serials, &users));
    }
    let head = ["connections", "by serial", "for a user", "p50 serial", "p50 user", "cost"];
    report.table("Verification for a user beside verification by serial", &head, &rows);
    lists(&bench, report).await;
}

async fn lists(bench: &Bench, report: &mut Report) {
    for (contract, users) in CONTRACTS {
        fill(bench, contract, users).await;
    }
    let model = bench.world.caller(&bench.daemon, "validator");
    let callers = load::connect(&model, 1).await;
    let [small, large] = CONTRACTS.map(|(contract, _)| Arc::new(FirstPage(contract)));
    let (mut smalls, mut larges) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        smalls.push(load::drive(&callers, PAGES, &small).await);
        larges.push(load::drive(&callers, PAGES, &large).await);
    }
    let rows = [beside("1", &smalls, &larges)];
    let head = ["connections", "10 users", "10,000 users", "p50 of 10", "p50 of 10,000", "cost"];
    report.table("First page (10 users) of a contract", &head, &rows);
}

/// Rates of both, and how much more the second costs.
fn beside(name: &str, first: &[Figures], second: &[Figures]) -> Vec<String> {
    let per_second = |of: &[Figures]| median(of.iter().map(|f| f.per_second).collect());
    let p50 = |of: &[Figures]| {
        let middle = median(of.iter().map(|f| f.p50.as_secs_f64() * 1e3).collect());
        format!("{middle:.2} ms")
    };
    let cost = per_second(first) / per_second(second);
    vec![
        name.to_owned(),
        rate(per_second(first)),
        rate(per_second(second)),
        p50(first),
        p50(second),
        ratio(cost),
    ]
}

/// One user and one token in service per connection.
async fn register(bench: &Bench) -> Codes {
    let count = u64::try_from(MOST).expect("small");
    let seeds = Seeds::new("50000000", count, false);
    seeds.import(&bench.world.caller(&bench.daemon, "officer")).await;
    let staff = bench.world.caller(&bench.daemon, "operator");
    put(&staff, &format!("/v1/contracts/{CONTRACT}"), &json!({})).await;
    let codes = Codes { seeds, counters: (0..MOST).map(|_| AtomicU64::new(0)).collect() };
    let why = json!({ "reason": "bench", "reference": "bench" });
    for lane in 0..MOST {
        let user = format!("/v1/contracts/{CONTRACT}/users/U{lane}");
        put(&staff, &user, &json!({ "role": "general" })).await;
        let (serial, code) = codes.next(lane);
        let mut issue = why.clone();
        issue["contract"] = CONTRACT.into();
        let reply = staff.post(&format!("/v1/tokens/{serial}/issue"), &issue).await;
        assert_eq!(reply.text("outcome"), "done", "{reply:?}");
        let mut registration = why.clone();
        registration["serial"] = serial.into();
        registration["code"] = code.into();
        let reply = staff.post(&format!("{user}/registrations"), &registration).await;
        assert_eq!(reply.text("outcome"), "done", "{reply:?}");
    }
    codes
}

async fn fill(bench: &Bench, contract: &str, users: usize) {
    let staff = bench.world.caller(&bench.daemon, "operator");
    put(&staff, &format!("/v1/contracts/{contract}"), &json!({})).await;
    let lanes = 32.min(users);
    let path = format!("/v1/contracts/{contract}/users");
    let work = (0..lanes).map(|lane| {
        let (staff, path) = (staff.again(), path.clone());
        tokio::spawn(async move {
            for n in (lane..users).step_by(lanes) {
                put(&staff, &format!("{path}/U{n:05}"), &json!({ "role": "general" })).await;
            }
        })
    });
    for lane in work.collect::<Vec<_>>() {
        lane.await.expect("no lane panics");
    }
}

async fn put(caller: &Caller, path: &str, body: &serde_json::Value) {
    let json = [("content-type", "application/json")];
    good(&caller.request(Method::PUT, path, &json, body.to_string().into()).await);
}
