//! What a careless or hostile front end sends about signatures: each mistake is told by its field, nothing
//! is counted, and the daemon goes on.
//!
//! Not responsible for: right requests, or the parsers themselves (fuzz targets).
#![forbid(unsafe_code)]

use std::time::{Duration, Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use e2e::{
    CameraToken, Reply,
    binaries::repository,
    lifecycle::{Bank, assert_outcome, logged_in},
    signer::{self, Signer},
};
use http::Method;
use serde_json::{Value, json};

const C: &str = "C-1";
const START: &str = "2026-10-01T00:00:00+09:00";

/// A bank with a camera token in S1's hands.
async fn open() -> (Bank, CameraToken, Signer) {
    let bank = Bank::open("bank-000").await;
    bank.contract(C, START, "").await;
    bank.user(C, "S1", "general").await;
    let mut token = bank.cameras(C, "0112345679", 1).await.remove(0);
    bank.activate(C, "S1", &mut token).await;
    (bank, token, Signer::new(C, "S1"))
}

/// The field that a refusal names.
fn field(reply: &Reply) -> String {
    assert_eq!(reply.status.as_u16(), 422, "{reply:?}");
    assert_eq!(reply.problem(), "invalid_field", "{reply:?}");
    reply.json()["errors"][0]["field"].as_str().unwrap_or_default().to_owned()
}

/// A transfer with one field changed; `path` is a JSON pointer.
fn changed(path: &str, value: Value) -> Value {
    let mut order = signer::transfer("0000017", 1_000);
    *order.pointer_mut(path).expect("a field of a transfer") = value;
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_of_a_transfer_is_checked_and_named() {
    let (bank, _, me) = open().await;
    let mut cases: Vec<(&str, Value, &str)> = Vec::new();
    for text in ["", "1", "0138 ", "01380", "０１３８", "-138", "+138", "abcd"] {
        cases.push(("/payee/bank", json!(text), "operation.payee.bank"));
    }
    for text in ["", "20", "2010", "２０１", "x01"] {
        cases.push(("/payee/branch", json!(text), "operation.payee.branch"));
        cases.push(("/payer/branch", json!(text), "operation.payer.branch"));
    }
    for text in ["", "123456", "12345678", "１２３４５６７", "0x12345"] {
        cases.push(("/payee/account", json!(text), "operation.payee.account"));
        cases.push(("/payer/account", json!(text), "operation.payer.account"));
    }
    for yen in [0, 10_000_000_000_u64, u64::MAX] {
        cases.push(("/amount", json!(yen), "operation.amount"));
    }
    // Full-width, hiragana, kanji, control characters, bidirectional marks, nothing, too much.
    let names = ["", "ヤマダ", "やまだ", "山田", "ﾔﾏﾀﾞ\n", "ﾔﾏ\u{0}", "ﾔﾏ\u{202E}", "Ａ", "é", "🙂"];
    for name in names.map(str::to_owned).into_iter().chain(["ｱ".repeat(31), "A".repeat(100_000)])
    {
        cases.push(("/payee_name", json!(name), "operation.payee_name"));
    }
    let dates =
        ["", "2026-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "2026-1-1", "26-10-30"];
    let more = ["2026/10/30", "2026-10-30T00:00:00Z", "+026-10-30", "20261030", "２０２６-10-30"];
    for date in dates.into_iter().chain(more) {
        cases.push(("/date", json!(date), "operation.date"));
    }
    for (path, value, expected) in cases {
        let reply = me.try_ask(&bank.fe, &changed(path, value.clone())).await;
        assert_eq!(field(&reply), expected, "{path} {value}");
    }
    assert_outcome(&me.ask(&bank, &signer::transfer("0000017", 1_000)).await, "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_another_shape_are_malformed() {
    let (bank, _, me) = open().await;
    let good = signer::transfer("0000017", 1_000);
    let bad = [
        changed("/amount", json!(-1)),
        changed("/amount", json!(1.5)),
        changed("/amount", json!("1000")),
        changed("/amount", Value::Null),
        changed("/payee/account", json!(17)),
        changed("/payee/account_type", json!("gold")),
        changed("/type", json!("wish")),
        json!({ "type": "transfer" }),
        json!({ "type": "login", "extra": 1 }),
        json!({ "type": "share", "token_code": 482_913 }),
        json!({ "type": "batch", "kind": "dividend", "date": "2026-10-30", "records": "" }),
        json!([]),
        json!("login"),
        Value::Null,
    ];
    for operation in bad {
        let reply = me.try_ask(&bank.fe, &operation).await;
        assert_eq!(reply.expect_status(400).problem(), "malformed_request", "{operation:#}");
    }
    let bodies = [
        json!({ "actor": me.actor() }),
        json!({ "actor": me.actor(), "operation": good, "image": "gif" }),
        json!({ "actor": me.actor(), "operation": good, "images": "png" }),
        json!({ "actor": { "user": "S1", "session": 1 }, "operation": good }),
    ];
    for body in bodies {
        let reply = bank.send(&bank.fe, Method::POST, &me.path(), &body).await;
        assert_eq!(reply.expect_status(400).problem(), "malformed_request", "{body:#}");
    }
    for session in [String::new(), "s".repeat(129)] {
        let reply = me.in_session(&session).try_ask(&bank.fe, &good).await;
        assert_eq!(field(&reply), "actor.session");
    }
    for operation in [
        json!({ "type": "share", "token_code": "48291", "may_approve": true }),
        json!({ "type": "share", "token_code": "482913", "serial": "0112345679" }),
        json!({ "type": "share", "login_id": "", "may_approve": true }),
        json!({ "type": "share", "login_id": "ﾔﾏﾀﾞ", "may_approve": true }),
        json!({ "type": "share", "login_id": "x".repeat(31), "may_approve": true }),
        json!({ "type": "deactivate", "serial": "no serial" }),
        json!({ "type": "register", "serial": "" }),
        json!({ "type": "admin", "text": "" }),
        json!({ "type": "admin", "text": "x".repeat(61) }),
        json!({ "type": "admin", "text": "line\nline" }),
    ] {
        let reply = me.try_ask(&bank.fe, &operation).await;
        assert!(!field(&reply).is_empty(), "{operation:#}: {reply:?}");
    }
}

/// Names of challenges and activations that can not be one name nothing.
#[tokio::test(flavor = "multi_thread")]
async fn names_that_can_not_be_are_not_found() {
    let (bank, token, me) = open().await;
    let serial = token.serial();
    let hex = "000102030405060708090a0b";
    let long = format!("{serial}-{}", "0".repeat(4_000));
    let names = [
        "x".to_owned(),
        serial.to_owned(),
        format!("{serial}-"),
        format!("-{hex}"),
        format!("{serial}-{}", &hex[1..]),
        format!("{serial}-{hex}00"),
        format!("{serial}-{}", hex.to_uppercase()),
        format!("{serial}-{}z", &hex[1..]),
        format!("{serial}_{hex}"),
        format!("%20-{hex}"),
        format!("%00-{hex}"),
        format!("%E3%82%A2-{hex}"),
        long,
    ];
    for name in names {
        let code = json!({ "actor": me.actor(), "code": "12345678" });
        let challenge = format!("{}/{name}", me.path());
        let activation = challenge.replace("/challenges/", "/activations/");
        let session = &me.session;
        for (method, path) in [
            (Method::POST, format!("{challenge}/verify")),
            (Method::GET, format!("{challenge}?session={session}")),
            (Method::DELETE, format!("{challenge}?session={session}")),
            (Method::POST, format!("{activation}/device-code")),
            (Method::POST, format!("{activation}/confirm")),
            (Method::GET, activation.clone()),
        ] {
            let body = if method == Method::POST { code.to_string() } else { String::new() };
            let headers = if method == Method::POST { e2e::caller::JSON } else { &[] };
            let reply = bank.fe.request(method.clone(), &path, headers, body.into()).await;
            assert_eq!(reply.expect_status(404).problem(), "not_found", "{method} {name}");
        }
    }
    for path in [
        format!("/v1/contracts/{C}/camera-tokens/%20/initialisations"),
        format!("/v1/contracts/{C}/users/%00/challenges"),
        format!("/v1/contracts/{}/users/S1/challenges", "c".repeat(5_000)),
    ] {
        let reply = bank.send(&bank.fe, Method::POST, &path, &json!({})).await;
        assert!(matches!(reply.status.as_u16(), 400 | 404), "{path}: {reply:?}");
    }
}

/// Whatever is typed as a code is judged, or is no code; never a failure, and never counted as a guess
/// unless it could have been one.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_code_costs_nothing() {
    let (bank, mut token, me) = open().await;
    let asked = bank.ask(C, "S1", &signer::transfer("0000017", 1_000)).await;
    let challenge = me.asked(&asked);
    let huge = "1".repeat(10_000);
    for code in [
        "",
        " ",
        "1234567",
        "123456789",
        "１２３４５６７８",
        "1234 5678",
        "abcdefgh",
        "-1234567",
        &huge,
    ] {
        let answer = me.answer(&bank, &challenge, code).await;
        assert_outcome(&answer, "rejected wrong_kind_of_code");
        assert_eq!((&answer["tries_left"], &answer["retryable"]), (&json!(3), &json!(true)));
    }
    let path = format!("{}/{challenge}/verify", me.path());
    for code in [json!(12_345_678), Value::Null, json!(["1"]), json!({})] {
        let body = json!({ "actor": me.actor(), "code": code });
        let reply = bank.fe.post(&path, &body).await;
        assert_eq!(reply.expect_status(400).problem(), "malformed_request");
    }
    assert_eq!(bank.staff.token(token.serial()).await["failures"], 0);
    let (_, code) = token.sign(&asked);
    assert_outcome(&me.answer(&bank, &challenge, &code).await, "accepted");
}

/// The file of the vectors.
fn records() -> Vec<u8> {
    let file = repository().join("tests/vectors/zengin.json");
    let file = std::fs::read_to_string(file).expect("a file of the project");
    let file: Value = serde_json::from_str(&file).expect("JSON");
    let lines = file["records"].as_array().expect("lines").iter().filter_map(Value::as_str);
    lines.flat_map(|line| hex::decode(line).expect("hexadecimal")).collect()
}

fn batch(records: &[u8]) -> Value {
    json!({
        "type": "batch",
        "kind": "transfer",
        "date": "2026-11-28",
        "records": STANDARD.encode(records),
        "known_payees": ["0138-201-1-1234567"],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_file_that_does_not_agree_is_named() {
    let (bank, mut token, me) = open().await;
    let good = records();
    let answer = bank.sign(C, "S1", &mut token, &batch(&good)).await;
    assert_eq!(answer["operation"]["fingerprint"], "2652-5006-2080-0641-9657", "{answer:#}");
    assert_eq!(answer["operation"]["count"], 3, "{answer:#}");

    for bad in [&[][..], &good[..119], &good[..120], &good[1..], &good[..good.len() - 1], &[0; 600]]
    {
        assert_eq!(field(&me.try_ask(&bank.fe, &batch(bad)).await), "operation.records");
    }
    for at in [0, 1, 60, 121, 200, 210, 480, 490] {
        let mut bad = good.clone();
        bad[at] ^= 0x80;
        let reply = me.try_ask(&bank.fe, &batch(&bad)).await;
        assert!(matches!(reply.status.as_u16(), 200 | 422), "byte {at}: {reply:?}");
        if reply.status.as_u16() == 200 {
            me.cancel(&bank, &me.asked(&reply.json())).await;
        }
    }
    let mut order = batch(&good);
    order["records"] = json!("not base64!");
    assert_eq!(field(&me.try_ask(&bank.fe, &order).await), "operation.records");
    for (name, value) in
        [("kind", json!("salary")), ("date", json!("2026-11-29")), ("date", json!("x"))]
    {
        let mut order = batch(&good);
        order[name] = value;
        let named = field(&me.try_ask(&bank.fe, &order).await);
        assert_eq!(named, format!("operation.{name}"));
    }
    for payee in
        ["", "0138-201-1", "0138-201-1-1234567-1", "0138-201-3-1234567", "0138-201-１-1234567"]
    {
        let mut order = batch(&good);
        order["known_payees"] = json!([payee]);
        assert_eq!(field(&me.try_ask(&bank.fe, &order).await), "operation.known_payees", "{payee}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_have_their_limits() {
    let (bank, _, me) = open().await;
    let payees = |count: usize| {
        let payees = (0..count).map(|n| format!("0138-201-1-{n:07}"));
        let mut order = batch(&records());
        order["known_payees"] = json!(payees.collect::<Vec<_>>());
        order
    };
    let begin = Instant::now();
    assert_outcome(&me.ask(&bank, &payees(10_000)).await, "done");
    assert_eq!(field(&me.try_ask(&bank.fe, &payees(10_001)).await), "operation.known_payees");
    assert_eq!(field(&me.try_ask(&bank.fe, &payees(100_000)).await), "operation.known_payees");
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    // Larger than any other body may be, and judged.
    let mut large = batch(&records());
    large["records"] = json!(STANDARD.encode(vec![b' '; 3_000_000]));
    assert_eq!(field(&me.try_ask(&bank.fe, &large).await), "operation.records");
    let body = json!({ "actor": me.actor(), "operation": large, "image": "none" }).to_string();
    let over = body + &" ".repeat(4 << 20);
    let (fe, path) = (bank.fe.again(), me.path());
    let reply = fe.request(Method::POST, &path, e2e::caller::JSON, over.into()).await;
    assert_eq!(reply.expect_status(413).problem(), "payload_too_large");

    let challenge = me.asked(&me.ask(&bank, &signer::transfer("0000017", 1)).await);
    let much = "1".repeat(70_000);
    for path in [
        format!("{}/{challenge}/verify", me.path()),
        format!("/v1/contracts/{C}/users/S1/activations/{challenge}/confirm"),
        format!("/v1/contracts/{C}/users/S1/camera/deactivations"),
    ] {
        let body = logged_in("S1").into_body(json!({ "code": much }));
        let reply = bank.send(&bank.fe.again(), Method::POST, &path, &body).await;
        assert_eq!(reply.expect_status(413).problem(), "payload_too_large", "{path}");
    }
}

/// Deep nesting, many keys, broken text: told, and the next request is served.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_json_ends_with_its_request() {
    let (bank, _, me) = open().await;
    let deep = format!("{{\"operation\":{}1{}}}", "[".repeat(50_000), "]".repeat(50_000));
    let twice = r#"{"operation":{"type":"login"},"operation":{"type":"login"}}"#.to_owned();
    let bodies: [Vec<u8>; 6] = [
        deep.into_bytes(),
        twice.into_bytes(),
        b"{\"operation\":{\"type\":\"admin\",\"text\":\"\xFF\xFE\"}}".to_vec(),
        b"{\"operation\":{\"type\":\"admin\",\"text\":\"\\ud800\"}}".to_vec(),
        b"\xEF\xBB\xBF{}".to_vec(),
        Vec::new(),
    ];
    for body in bodies {
        let reply = bank.fe.request(Method::POST, &me.path(), e2e::caller::JSON, body.into()).await;
        assert_eq!(reply.expect_status(400).problem(), "malformed_request");
    }
    let order = signer::transfer("0000017", 1_000);
    let body = json!({ "actor": me.actor(), "operation": order }).to_string();
    let plain = [("content-type", "text/plain")];
    let reply = bank.fe.request(Method::POST, &me.path(), &plain, body.into()).await;
    assert_eq!(reply.expect_status(415).problem(), "unsupported_media_type");
    assert_outcome(&me.ask(&bank, &order).await, "done");
}
