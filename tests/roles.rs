//! Invariant 9: deny by default. Every role against every operation, from one table of its own; a
//! caller of one institution sees nothing of another's.
//!
//! Not responsible for: certificates that are no good at all (`tls.rs`).
#![forbid(unsafe_code)]

use bytes::Bytes;
use e2e::{
    Caller, Daemon, Identity, Reply, TestToken, World, import, pki::Wish, world::OTHER_BANK,
};
use http::Method;
use serde_json::json;

const ROLES: [&str; 5] = ["validator", "operator", "officer", "auditor", "metrics"];

/// Method, path, body, and the roles that may. Written out here, not taken from the daemon.
const OPERATIONS: [(&str, &str, &str, &[&str]); 73] = [
    ("GET", "/health", "", &ROLES),
    ("GET", "/ready", "", &ROLES),
    ("GET", "/openapi.json", "", &ROLES),
    ("GET", "/v1/status", "", &["operator", "officer", "auditor"]),
    ("POST", "/v1/tokens/A-1/verify", r#"{"code":"123456"}"#, &["validator"]),
    ("GET", "/v1/tokens", "", &["operator", "officer", "auditor"]),
    ("GET", "/v1/tokens/A-1", "", &["operator", "officer", "auditor"]),
    ("GET", "/v1/tokens/A-1/facts", "", &["validator", "operator", "officer", "auditor"]),
    (
        "POST",
        "/v1/tokens/A-1/resync",
        r#"{"codes":["123456","234567"]}"#,
        &["validator", "operator"],
    ),
    ("POST", "/v1/tokens/A-1/unlock", "{}", &["operator"]),
    ("POST", "/v1/tokens/A-1/enable", "{}", &["operator"]),
    ("POST", "/v1/tokens/A-1/disable", "{}", &["operator"]),
    ("PUT", "/v1/tokens/A-1/expiry", r#"{"expires_at":null}"#, &["operator"]),
    ("PUT", "/v1/contracts/CT-1", "{}", &["validator", "operator"]),
    ("GET", "/v1/contracts/CT-1", "", &["validator", "operator", "auditor"]),
    ("GET", "/v1/contracts/CT-1/users", "", &["validator", "operator", "auditor"]),
    ("GET", "/v1/contracts/CT-1/tokens", "", &["validator", "operator", "auditor"]),
    (
        "PUT",
        "/v1/contracts/CT-1/usage-mode",
        r#"{"usage_mode":"common","dry_run":true}"#,
        &["validator", "operator"],
    ),
    ("POST", "/v1/contracts/CT-1/unlocks", r#"{"users":["UR-1"]}"#, &["validator", "operator"]),
    ("POST", "/v1/contracts/CT-1/revocations", r#"{"users":["UR-1"]}"#, &["validator", "operator"]),
    ("PUT", "/v1/contracts/CT-1/users/UR-1", r#"{"role":"general"}"#, &["validator", "operator"]),
    ("GET", "/v1/contracts/CT-1/users/UR-1", "", &["validator", "operator", "auditor"]),
    ("GET", "/v1/contracts/CT-1/users/UR-1/status", "", &["validator", "operator"]),
    (
        "POST",
        "/v1/contracts/CT-1/users/UR-1/issue-requests",
        r#"{"kind":"hard"}"#,
        &["validator", "operator"],
    ),
    (
        "POST",
        "/v1/contracts/CT-1/users/UR-1/registrations",
        r#"{"serial":"12345678","code":"123456"}"#,
        &["validator", "operator"],
    ),
    ("POST", "/v1/contracts/CT-1/users/UR-1/skips", "{}", &["validator"]),
    (
        "POST",
        "/v1/contracts/CT-1/users/UR-1/authorizations",
        r#"{"class":"login"}"#,
        &["validator"],
    ),
    ("POST", "/v1/contracts/CT-1/users/UR-1/verify", r#"{"code":"123456"}"#, &["validator"]),
    ("POST", "/v1/contracts/CT-1/users/UR-1/deactivations", "{}", &["validator", "operator"]),
    ("DELETE", "/v1/contracts/CT-1/users/UR-1", "", &["operator"]),
    (
        "POST",
        "/v1/contracts/CT-1/users/UR-1/activations",
        r#"{"serial":"0112345679"}"#,
        &["validator", "operator"],
    ),
    ("GET", "/v1/contracts/CT-1/users/UR-1/activations/AC-1", "", &["validator", "operator"]),
    (
        "POST",
        "/v1/contracts/CT-1/users/UR-1/activations/AC-1/device-code",
        r#"{"code":"001621148836"}"#,
        &["validator", "operator"],
    ),
    (
        "POST",
        "/v1/contracts/CT-1/users/UR-1/activations/AC-1/confirm",
        r#"{"code":"26753923"}"#,
        &["validator", "operator"],
    ),
    ("GET", "/v1/contracts/CT-1/camera-tokens", "", &["validator", "operator", "auditor"]),
    (
        "POST",
        "/v1/contracts/CT-1/camera-tokens/A-1/initialisations",
        "{}",
        &["validator", "operator"],
    ),
    (
        "POST",
        "/v1/contracts/CT-1/users/UR-1/camera/deactivations",
        "{}",
        &["validator", "operator"],
    ),
    ("POST", "/v1/contracts/CT-1/users/UR-1/camera/revocations", "{}", &["validator", "operator"]),
    (
        "POST",
        "/v1/contracts/CT-1/users/UR-1/challenges",
        r#"{"operation":{"type":"login"}}"#,
        &["validator"],
    ),
    ("GET", "/v1/contracts/CT-1/users/UR-1/challenges/CH-1?session=s", "", &["validator"]),
    ("DELETE", "/v1/contracts/CT-1/users/UR-1/challenges/CH-1?session=s", "", &["validator"]),
    (
        "POST",
        "/v1/contracts/CT-1/users/UR-1/challenges/CH-1/verify",
        r#"{"code":"53118894"}"#,
        &["validator"],
    ),
    (
        "POST",
        "/v1/grants/00000000000000000000000000000000/use",
        r#"{"contract":"CT-1","user":"UR-1","session":"s","class":"login"}"#,
        &["validator"],
    ),
    ("DELETE", "/v1/grants/00000000000000000000000000000000", "", &["validator"]),
    ("POST", "/v1/tokens/A-1/issue", r#"{"contract":"CT-1"}"#, &["operator"]),
    ("POST", "/v1/tokens/A-1/recall", "{}", &["operator"]),
    ("POST", "/v1/tokens/A-1/lost", "{}", &["operator"]),
    ("GET", "/v1/tokens/A-1/history", "", &["operator", "auditor"]),
    ("POST", "/v1/imports", "{}", &["officer"]),
    ("PUT", "/v1/imports/none/content", "", &["officer"]),
    ("GET", "/v1/imports", "", &["officer", "auditor"]),
    ("GET", "/v1/imports/none", "", &["officer", "auditor"]),
    ("DELETE", "/v1/imports/none", "", &["officer"]),
    ("POST", "/v1/imports/none/approval", r#"{"fingerprint":"0"}"#, &["officer"]),
    ("POST", "/v1/imports/none/rejection", "{}", &["officer"]),
    ("GET", "/v1/proposals", "", &["operator", "officer", "auditor"]),
    ("GET", "/v1/proposals/none", "", &["operator", "officer", "auditor"]),
    // Of which role an operation is, its own body says.
    ("POST", "/v1/proposals", "{}", &["operator", "officer"]),
    ("POST", "/v1/proposals/none/approval", "{}", &["operator", "officer"]),
    ("POST", "/v1/proposals/none/rejection", "{}", &["operator", "officer"]),
    ("DELETE", "/v1/proposals/none", "", &["operator", "officer"]),
    ("GET", "/v1/keys", "", &["officer", "auditor"]),
    ("GET", "/v1/keys/LB-1/public-key", "", &["officer", "auditor"]),
    ("GET", "/v1/wrapping-keys", "", &["officer", "auditor"]),
    ("GET", "/v1/ceremonies", "", &["officer", "auditor"]),
    ("GET", "/v1/ceremonies/none", "", &["officer", "auditor"]),
    ("POST", "/v1/ceremonies", "{}", &["officer"]),
    ("POST", "/v1/ceremonies/none/components", "{}", &["officer"]),
    ("POST", "/v1/ceremonies/none/confirmation", "{}", &["officer"]),
    ("DELETE", "/v1/ceremonies/none", "", &["officer"]),
    ("GET", "/v1/audit/records", "", &["auditor"]),
    ("GET", "/v1/audit/public-key", "", &["officer", "auditor"]),
    ("POST", "/v1/backup", "", &["officer"]),
];

async fn call(caller: &Caller, method: &str, path: &str, body: &str) -> Reply {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let media =
        if path.ends_with("/content") { "application/octet-stream" } else { "application/json" };
    let headers = [("content-type", media)];
    let headers =
        if body.is_empty() && !path.ends_with("/content") { &[][..] } else { &headers[..] };
    caller.request(method, path, headers, Bytes::copy_from_slice(body.as_bytes())).await
}

async fn with_token(serial: &str) -> (World, Daemon, TestToken) {
    let world = World::new();
    let daemon = world.start().await;
    let token = TestToken::hotp(serial);
    import::one(&world.caller(&daemon, "officer"), &token).await;
    (world, daemon, token)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_may_do_exactly_what_the_table_says() {
    let (world, daemon, _) = with_token("A-1").await;
    for role in ROLES {
        let caller = world.caller(&daemon, role);
        for (method, path, body, allowed) in OPERATIONS {
            let reply = call(&caller, method, path, body).await;
            let forbidden = reply.status == http::StatusCode::FORBIDDEN;
            assert_eq!(forbidden, !allowed.contains(&role), "{role} {method} {path}: {reply:?}");
            if forbidden {
                assert_eq!(reply.problem(), "forbidden");
            }
        }
    }
}

/// The table above is complete: an operation that is added must be added there too.
#[tokio::test(flavor = "multi_thread")]
async fn the_table_holds_every_operation_of_the_interface() {
    let (world, daemon, _) = with_token("A-1").await;
    let description = world.caller(&daemon, "auditor").get("/openapi.json").await.json();
    let paths = description["paths"].as_object().expect("paths");
    let mut described: Vec<String> = paths
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().expect("methods").keys();
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let mut ours: Vec<String> = OPERATIONS
        .iter()
        .map(|(method, path, _, _)| {
            let path = path.replace("A-1", "{serial}").replace("/none", "/{id}");
            let path = path.replace("CT-1", "{contract}").replace("UR-1", "{user}");
            let path = path.replace("LB-1", "{label}");
            let path = path.replace("AC-1", "{activation}").replace("CH-1", "{challenge}");
            let path = path.replace("?session=s", "");
            let path = path.replace(&"0".repeat(32), "{grant}");
            format!("{method} {path}")
        })
        .collect();
    described.sort();
    ours.sort();
    assert_eq!(described, ours);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_of_another_institution_sees_and_changes_nothing() {
    let (world, daemon, token) = with_token("A-2").await;
    let foreign = |role: &str| {
        world.caller_as(&daemon, &world.pki.client(&Wish::role(OTHER_BANK, role, "stranger")))
    };
    let operator = foreign("operator");
    let list = operator.get("/v1/tokens").await.expect_status(200).json();
    assert_eq!(list["items"], json!([]));
    let _ = operator.get("/v1/tokens/A-2").await.expect_status(404).problem();
    for verb in ["unlock", "enable", "disable"] {
        let path = format!("/v1/tokens/A-2/{verb}");
        let reply = operator.post(&path, &json!({})).await.expect_status(404);
        assert_eq!(reply.problem(), "not_found");
    }
    assert_eq!(foreign("validator").verdict("A-2", &token.code(0)).await, "wrong");
    let officer = foreign("officer");
    let imports = officer.get("/v1/imports").await.expect_status(200).json();
    assert_eq!(imports["items"], json!([]));

    let own = world.caller(&daemon, "officer");
    let job = own.get("/v1/imports").await.json()["items"][0]["id"].clone();
    let path = format!("/v1/imports/{}", job.as_str().expect("an id"));
    let _ = officer.get(&path).await.expect_status(404);
    let detail = world.caller(&daemon, "operator").token("A-2").await;
    assert_eq!((&detail["failures"], &detail["status"]), (&json!(0), &json!("active")));
    let cursor = operator.get("/v1/tokens?cursor=A-1").await.expect_status(200).json();
    assert_eq!(cursor["items"], json!([]), "a cursor is no way in");
}

/// Contracts, users and grants of one institution do not exist for another.
#[tokio::test(flavor = "multi_thread")]
async fn a_contract_of_another_institution_is_no_contract() {
    let (world, daemon, _) = with_token("A-6").await;
    let own = world.caller(&daemon, "operator");
    let _ = call(&own, "PUT", "/v1/contracts/CT-1", "{}").await.expect_status(200);
    let user = r#"{"role":"master"}"#;
    let path = "/v1/contracts/CT-1/users/UR-1";
    let _ = call(&own, "PUT", path, user).await.expect_status(200);
    for role in ["operator", "validator"] {
        let wish = Wish::role(OTHER_BANK, role, "stranger");
        let stranger = world.caller_as(&daemon, &world.pki.client(&wish));
        for (method, path, body, allowed) in OPERATIONS {
            let theirs = path.contains("CT-1") && path != "/v1/contracts/CT-1";
            if theirs && allowed.contains(&role) {
                let reply = call(&stranger, method, path, body).await;
                let unknown = ["not_found", "invalid_field"].contains(&reply.problem().as_str());
                assert!(unknown, "{role} {method} {path}: {reply:?}");
            }
        }
    }
    let _ = call(&own, "GET", path, "").await.expect_status(200);
}

/// Two institutions may have tokens of the same serial.
#[tokio::test(flavor = "multi_thread")]
async fn equal_serials_of_two_institutions_are_two_tokens() {
    let (world, daemon, ours) = with_token("A-3").await;
    let foreign = |role: &str| {
        world.caller_as(&daemon, &world.pki.client(&Wish::role(OTHER_BANK, role, "other")))
    };
    let theirs = TestToken::hotp("A-3");
    import::one(&foreign("officer"), &theirs).await;
    let teller = world.caller(&daemon, "validator");
    assert_eq!(foreign("validator").verdict("A-3", &ours.code(0)).await, "wrong");
    assert_eq!(foreign("validator").verdict("A-3", &theirs.code(0)).await, "accepted");
    assert_eq!(teller.verdict("A-3", &theirs.code(1)).await, "wrong");
    assert_eq!(teller.verdict("A-3", &ours.code(0)).await, "accepted");
}

fn odd(world: &World, uris: &[&str]) -> Identity {
    let mut wish = Wish::role("x", "x", "x");
    wish.uris = uris.iter().map(|uri| (*uri).to_owned()).collect();
    world.pki.client(&wish)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_names_no_caller_may_do_nothing() {
    let (world, daemon, _) = with_token("A-4").await;
    let cases: [&[&str]; 9] = [
        &[],
        &["https://bank-a/officer/x"],
        &["warifu://bank-a/officer"],
        &["warifu://bank-a/king/x"],
        &["warifu://bank-a/officer/x/y"],
        &["warifu://BANK-A/officer/x"],
        &["warifu://bank-a/officer/%00"],
        &["warifu://bank-a/officer/x", "warifu://bank-b/officer/x"],
        &["warifu://bank-a/officer/x", "warifu://bank-a/operator/y"],
    ];
    for uris in cases {
        let caller = world.caller_as(&daemon, &odd(&world, uris));
        let reply = caller.try_request(Method::GET, "/v1/tokens", &[], Bytes::new()).await;
        if let Ok(reply) = reply {
            assert_eq!(reply.expect_status(401).problem(), "unauthenticated", "{uris:?}");
        }
    }
    let nowhere = world.pki.client(&Wish::role("bank-z", "operator", "x"));
    let reply = world.caller_as(&daemon, &nowhere).get("/v1/tokens").await;
    assert!(reply.status.is_client_error(), "an institution that is not configured: {reply:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_roles_of_one_person_add_up() {
    let (world, daemon, _) = with_token("A-5").await;
    let both = odd(&world, &["warifu://bank-a/operator/anna", "warifu://bank-a/auditor/anna"]);
    let caller = world.caller_as(&daemon, &both);
    let _ = caller.post("/v1/tokens/A-5/unlock", &json!({})).await.expect_status(200);
    let _ = caller.get("/v1/audit/public-key").await.expect_status(200);
    assert_eq!(caller.verify("A-5", "123456").await.expect_status(403).problem(), "forbidden");
}
