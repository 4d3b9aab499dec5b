//! Bodies and paths that nobody sends in good faith: each is refused with a problem, none is kept, and
//! the daemon goes on.
//!
//! Not responsible for: what HTTP itself allows (`http_surface.rs`).

use bytes::Bytes;
use e2e::{
    Caller, Reply,
    approval::{about, propose},
    caller::JSON,
    process::fail,
};
use http::Method;
use serde_json::{Value, json};

use super::{C, House, lost, path, unlocks};

const MUTATIONS: usize = 1_500;

async fn send(caller: &Caller, path: &str, body: impl Into<Bytes>) -> Reply {
    caller.request(Method::POST, path, JSON, body.into()).await
}

/// Insists on a refusal with a problem, whatever its kind.
fn refused(reply: &Reply, what: &str) {
    let status = reply.status.as_u16();
    assert!((400..500).contains(&status), "{what}: {reply:?}");
    assert!(!reply.problem().is_empty(), "{what}");
}

fn text(text: &str) -> Value {
    json!({ "operation": "token_lost", "serial": "1", "request": { "reason": text } })
}

/// Proposals of a known shape that say what can not be.
fn impossible() -> Vec<Value> {
    let users =
        |users: Value| json!({ "operation": "contract_unlocks", "contract": C, "users": users });
    let key = |label: &str, bits: i64| json!({ "operation": "key_generate", "label": label, "bits": bits });
    let pair = |bits: i64| json!({ "operation": "key_pair", "label": "k", "bits": bits });
    let many: Vec<_> = (0..501).map(|n| format!("U{n}")).collect();
    let long: Vec<_> = (0..500).map(|n| format!("U{n:031}")).collect();
    let mut all = vec![
        json!(null),
        json!([]),
        json!([{ "operation": "token_lost", "serial": "1" }]),
        json!(["token_lost", "1"]),
        json!("token_lost"),
        json!({}),
        json!({ "operation": null }),
        json!({ "operation": "" }),
        json!({ "operation": "TOKEN_LOST", "serial": "1" }),
        json!({ "operation": "shutdown" }),
        json!({ "operation": { "token_lost": {} } }),
        json!({ "operation": "token_lost" }),
        json!({ "operation": "token_lost", "serial": null }),
        json!({ "operation": "token_lost", "serial": 1 }),
        json!({ "operation": "token_lost", "serial": "1", "state": "done" }),
        json!({ "operation": "token_lost", "serial": "1", "proposer": "tanaka" }),
        json!({ "operation": "token_lost", "serial": "1", "contract": C }),
        json!({ "operation": "token_lost", "serial": "1", "request": "lost" }),
        json!({ "operation": "token_lost", "serial": "1", "request": { "actor": { "user": "M1" } } }),
        json!({ "operation": "camera_initialise", "serial": "1" }),
        json!({ "operation": "camera_initialise", "contract": "../x", "serial": "1" }),
        json!({ "operation": "wrapping_key_rotate", "generation": 1 }),
        json!({ "operation": "wrapping_key_destroy", "generation": -1 }),
        json!({ "operation": "wrapping_key_destroy", "generation": 4_294_967_296_u64 }),
        json!({ "operation": "key_destroy", "label": "a/b" }),
        json!({ "operation": "key_destroy", "label": "a\0b" }),
        users(json!([])),
        users(json!(["G1", "G1"])),
        users(json!(["G1", ""])),
        users(json!(["G1", "G 2"])),
        users(json!("G1")),
        users(json!(many)),
        users(json!(long)),
        key("k", 0),
        key("k", 129),
        key("k", -128),
        key("k", 70_000),
        key("", 256),
        key(".", 256),
        key(&"k".repeat(65), 256),
        pair(512),
        pair(1_000_000),
    ];
    let serials = ["", " ", "../../etc/passwd", "a\0b", "a b", "\u{202E}1", "ｓ１"];
    all.extend(serials.map(|serial| json!({ "operation": "token_lost", "serial": serial })));
    all.push(json!({ "operation": "token_lost", "serial": "9".repeat(10_000) }));
    all.extend(["\n", "\u{202E}x", "\0", "\u{7}", &"x".repeat(201)].map(text));
    all
}

/// Bytes that are no body at all.
fn broken() -> Vec<Bytes> {
    let nested = "[".repeat(100_000);
    let twice = r#"{"operation":"key_destroy","label":"a","operation":"token_lost","serial":"1"}"#;
    let mut all: Vec<Bytes> =
        ["", "{", "}", "null,", "{\"operation\":\"token_lost\",}", twice, "'x'"]
            .map(|text| Bytes::from_static(text.as_bytes()))
            .into();
    all.push(nested.into());
    all.push(Bytes::from_static(b"\xFF\xFE{}"));
    all.push(Bytes::from_static(b"{\"operation\":\"token_lost\",\"serial\":\"\xC0\x80\"}"));
    all.push(vec![0; 4_096].into());
    all.push(vec![b' '; 4_000_000].into());
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_proposals_are_refused_and_none_is_kept() {
    let house = House::open().await;
    // A role for everything, so that the role is not what refuses.
    let mut wish = e2e::pki::Wish::role(e2e::world::BANK, "operator", "sato");
    wish.uris.push(format!("warifu://{}/officer/sato", e2e::world::BANK));
    let both = house.bank.world.pki.client(&wish);
    let both = house.bank.world.caller_as(&house.bank.daemon, &both);
    for body in impossible() {
        let reply = send(&both, "/v1/proposals", body.to_string()).await;
        let short: String = body.to_string().chars().take(200).collect();
        refused(&reply, &short);
    }
    for body in broken() {
        // A body that is far too long may be answered by closing the connection.
        let short = format!("{:?}", body.get(..80.min(body.len())));
        let reply = both.again().try_request(Method::POST, "/v1/proposals", JSON, body).await;
        if let Ok(reply) = &reply {
            refused(reply, &short);
        }
    }
    let xml = [("content-type", "application/xml")];
    let body = Bytes::from(lost("1").to_string());
    let reply = both.request(Method::POST, "/v1/proposals", &xml, body).await.expect_status(415);
    assert_eq!(reply.problem(), "unsupported_media_type");
    for query in ["limit=0", "limit=1001", "limit=-1", "limit=x", "cursor=x", "state=x", "x=1"] {
        let reply = both.get(&format!("/v1/proposals?{query}")).await.expect_status(422);
        assert_eq!(reply.problem(), "invalid_field", "{query}");
    }
    let list = both.get("/v1/proposals").await.expect_status(200).json();
    assert_eq!(list["items"], json!([]));
    assert_eq!(house.count("propose", "open", "").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_decisions_decide_nothing() {
    let house = House::open().await;
    let proposal = propose(&house.sato, &lost(&house.tokens[2].serial)).await;
    let print = &proposal["fingerprint"];
    let bodies = [
        json!(null),
        json!([print]),
        json!({ "fingerprint": [print] }),
        json!({ "fingerprint": { "$ne": "" } }),
        json!({ "fingerprint": 0 }),
        json!({ "fingerprint": print, "decider": "tanaka" }),
        json!({ "fingerprint": print, "force": true }),
        json!({ "fingerprint": print, "reason": "a\nb" }),
        json!({ "fingerprint": print, "reason": "x".repeat(201) }),
        json!({ "fingerprint": print, "reason": "\u{202E}" }),
        json!({ "fingerprint": "é".repeat(32) }),
        json!({ "fingerprint": "0".repeat(100_000) }),
    ];
    for verb in ["approval", "rejection"] {
        for body in &bodies {
            let path = format!("{}/{verb}", path(&proposal));
            let reply = send(&house.suzuki, &path, body.to_string()).await;
            let short: String = body.to_string().chars().take(100).collect();
            refused(&reply, &format!("{verb} {short}"));
        }
    }
    let id = proposal["id"].as_str().expect("an id");
    let odd = ["0", &"0".repeat(24), &id[..22], &format!("{id}00"), "%00", "..%2f..", "é%zz"];
    for id in odd.into_iter().filter(|id| id.is_ascii()) {
        for verb in ["approval", "rejection"] {
            let path = format!("/v1/proposals/{id}/{verb}");
            refused(
                &send(&house.suzuki, &path, json!({ "fingerprint": print }).to_string()).await,
                id,
            );
        }
    }
    assert_eq!(house.show(&proposal).await["state"], "open");
    let done = about(&house.suzuki, &proposal, "approval").await.expect_status(200);
    assert_eq!(done.json()["state"], "done");
}

/// Good bodies with bytes changed, left out, doubled: what is taken is kept as it was sent, what is not
/// is refused, and nothing is a fault of the daemon.
#[tokio::test(flavor = "multi_thread")]
async fn damaged_proposals_are_taken_as_sent_or_refused() {
    let house = House::open().await;
    let good = [lost("10000003").to_string(), unlocks(&["G1", "G2"]).to_string()];
    let mut random = Random(0x5EED_2026);
    let mut taken = 0;
    for round in 0..MUTATIONS {
        let mut body = good[round % 2].clone().into_bytes();
        for _ in 0..=random.below(3) {
            let at = random.below(body.len());
            match random.below(4) {
                0 => body[at] ^= 1 << random.below(8),
                1 => drop(body.remove(at)),
                2 => body.insert(at, body[random.below(body.len())]),
                _ => body[at] = b"\"{}[]:,\\0\x00\xFF"[random.below(11)],
            }
        }
        let sent = body.clone();
        let reply = send(&house.sato, "/v1/proposals", body).await;
        if reply.status.as_u16() == 201 {
            taken += 1;
            let sent: Value = serde_json::from_slice(&sent).unwrap_or_else(|e| {
                fail(&format!("{e}, and yet taken: {}", String::from_utf8_lossy(&sent)))
            });
            let kept = reply.json();
            let fields = sent.as_object().expect("an object");
            for (name, value) in fields.iter().filter(|(name, _)| *name != "request") {
                assert_eq!(&kept[name], value, "{sent:#} {kept:#}");
            }
        } else {
            refused(&reply, &String::from_utf8_lossy(&sent));
        }
    }
    assert_eq!(house.count("propose", "open", "").await, taken);
    assert_eq!(house.bank.get(&house.bank.auditor, "/ready").await["ready"], true);
}

/// The same every time (xorshift): a finding can be looked at again.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end).expect("short")).expect("short")
    }
}
