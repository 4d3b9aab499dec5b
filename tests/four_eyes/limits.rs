//! What is not staged, or not approved just so: tokens in quarantine, files that are too long, seeds
//! that were readable where the institution forbids it, serials that exist.
//!
//! Not responsible for: which faults a reader finds (tests of warifu-keys).

use e2e::{
    TestToken, World,
    approval::{approve, reject, stage},
    import,
    process::write_private,
    pskc::{self, Protection},
    wait,
};
use serde_json::{Value, json};

use super::{House, approve_with};

const KEY_WRAP: [u8; 32] = [0x5A; 32];
const CBC: [u8; 16] = [0x3C; 16];

/// Institutions that approve like this.
fn own_profile(world: &mut World, approval: &str) {
    let head = "base = \"standalone\"\ntitle_en = \"x\"\ntitle_ja = \"x\"\n[approval]";
    let text = format!("{head}\n{approval}\n");
    let file = write_private(&world.path("own.toml"), text.as_bytes());
    world.profile(&file.display().to_string());
}

fn hotp(prefix: &str, count: usize) -> Vec<TestToken> {
    (0..count).map(|n| TestToken::hotp(&format!("{prefix}-{n}"))).collect()
}

/// The only reason for which a file was refused, and its first serial.
fn refused(job: &Value) -> (&str, &str) {
    assert_eq!(job["state"], "refused", "{job:#}");
    assert!(job["fingerprint"].is_null(), "{job:#}");
    let first = &job["report"]["refused"][0];
    (first["class"].as_str().expect("a class"), first["serial"].as_str().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_in_quarantine_are_approved_by_name_only() {
    let house = House::open().await;
    let over = "<StartDate>2020-01-01T00:00:00Z</StartDate>\
                <ExpiryDate>2021-01-01T00:00:00Z</ExpiryDate>";
    let tokens = [TestToken::hotp("QU-1").policy(over), TestToken::hotp("QU-2")];
    let job = stage(&house.sato, "old-stock", &tokens).await;
    assert_eq!(job["report"]["quarantined"], 1, "{job:#}");
    assert!(job["report"]["warnings"].to_string().contains("W_EXPIRED"), "{job:#}");
    for body in [
        json!({ "fingerprint": job["fingerprint"] }),
        json!({ "fingerprint": job["fingerprint"], "accept_quarantined": false }),
    ] {
        let reply = approve_with(&house.suzuki, &job, &body).await.expect_status(422);
        assert_eq!(reply.problem(), "invalid_field", "{body}");
        assert_eq!(reply.json()["errors"][0]["field"], "accept_quarantined", "{reply:?}");
    }
    assert!(!house.exists("QU-2").await);
    let body = json!({ "fingerprint": job["fingerprint"], "accept_quarantined": true,
                       "reason": "for the museum" });
    let done = approve_with(&house.suzuki, &job, &body).await.expect_status(200).json();
    assert_eq!(done["state"], "done", "{done:#}");
    assert_eq!(house.teller.verdict("QU-1", &tokens[0].code(0)).await, "expired");
    assert_eq!(house.teller.verdict("QU-2", &tokens[1].code(0)).await, "accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_has_no_more_tokens_than_allowed_and_waits_as_long_as_told() {
    let house =
        House::open_with(|world| own_profile(world, "most_tokens = 3\nlifetime_h = 1")).await;
    let file = pskc::plain(&hotp("MT", 4));
    let job = import::file(&house.sato, &json!({}), file).await;
    assert_eq!(refused(&job).0, "E_LIMIT_SIZE", "{job:#}");
    assert!(!house.exists("MT-0").await);
    let job = stage(&house.sato, "three", &hotp("MT", 3)).await;
    let time = |field: &str| e2e::clock::at(job[field].as_str().expect("a time"));
    let waits = time("expires_at").duration_since(time("created_at")).as_secs();
    assert!((3_600..3_700).contains(&waits), "{job:#}");
    let _ = approve(&house.suzuki, &job).await.expect_status(200);
}

/// A file for each way in which its values are protected: one order and file each.
fn files(world: &World) -> [(&'static str, Value, Vec<u8>); 4] {
    let folder = world.path("");
    let password = Protection::Password("open sesame".to_owned());
    let whole: Vec<_> = hotp("KW", 2).into_iter().map(|one| one.seed_length(24)).collect();
    [
        ("plain", json!({}), pskc::plain(&hotp("PL", 2))),
        (
            "password",
            json!({ "password": "open sesame" }),
            pskc::encrypted(&folder, &hotp("PW", 2), &password),
        ),
        (
            "cbc",
            json!({ "key_label": "cbc" }),
            pskc::encrypted(&folder, &hotp("CB", 2), &Protection::Key(CBC.to_vec())),
        ),
        (
            "key_wrap",
            json!({ "key_label": "wrap" }),
            pskc::key_wrapped(&prefixed(&pskc::plain(&whole)), &KEY_WRAP),
        ),
    ]
}

/// The same file with names under a prefix, as other programs write it.
fn prefixed(file: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(file).expect("XML in UTF-8").replace('<', "<pskc:");
    let text = text.replace("<pskc:/", "</pskc:").replace("<pskc:?", "<?");
    let other = " xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" xmlns:pskc=";
    text.replace(" xmlns=", other).into_bytes()
}

/// Which files are staged, in the order of [`files`]; the others are refused for exposure alone.
async fn staged_under(exposure: &str) -> Vec<&'static str> {
    let house = House::open_with(|world| {
        world.make_keys();
        world.import_transport_key("cbc", &CBC);
        world.import_transport_key("wrap", &KEY_WRAP);
        own_profile(world, &format!("exposure = {exposure:?}"));
    })
    .await;
    let mut staged = Vec::new();
    for (name, mut order, file) in files(&house.world) {
        order["batch"] = json!(name);
        order["custody"] = json!("resident");
        let job = import::file(&house.sato, &order, file).await;
        if job["state"] == "staged" {
            let readable = &job["report"]["exposure"];
            let (worker, daemon) = (readable["worker"] == 0, readable["daemon"] == 0);
            assert!(daemon || exposure == "anywhere", "{exposure}: {job:#}");
            assert!(worker || exposure != "inside", "{exposure}: {job:#}");
            let _ = approve(&house.suzuki, &job).await.expect_status(200);
            staged.push(name);
        } else {
            let (class, serial) = refused(&job);
            assert_eq!(class, "E_EXPOSURE", "{exposure} {name}: {job:#}");
            assert!(!house.exists(serial).await, "{exposure} {name}");
            let rule = job["report"]["refused"][0]["rule"].as_str().unwrap_or_default();
            assert!(rule.contains("readable"), "{rule}");
        }
    }
    staged
}

#[tokio::test(flavor = "multi_thread")]
async fn seeds_are_readable_where_the_institution_allows_it_and_nowhere_else() {
    let (anywhere, worker, inside) =
        tokio::join!(staged_under("anywhere"), staged_under("worker"), staged_under("inside"));
    assert_eq!(anywhere, ["plain", "password", "cbc", "key_wrap"]);
    assert_eq!(worker, ["cbc", "key_wrap"]);
    // SoftHSM unwraps nothing under AES-CBC; another provider may.
    let other = std::env::var("WARIFU_E2E_PROVIDER").is_ok_and(|name| name != "softhsm");
    assert!(inside == ["key_wrap"] || other && inside == ["cbc", "key_wrap"], "{inside:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_serial_that_waits_or_exists_refuses_another_batch_as_a_whole() {
    let house = House::open().await;
    let [one, two, three, four] = ["PA-1", "PA-2", "PA-3", "PA-4"].map(TestToken::hotp);
    let first = stage(&house.sato, "first", &[one.clone(), two.clone()]).await;
    let both = pskc::plain(&[two.clone(), three.clone()]);
    let job = import::file(&house.sato, &json!({ "batch": "second" }), both.clone()).await;
    assert_eq!(refused(&job), ("E_DUPLICATE", "PA-2"), "{job:#}");
    let job = import::file(&house.suzuki, &json!({ "batch": "third" }), both.clone()).await;
    assert_eq!(refused(&job), ("E_DUPLICATE", "PA-2"), "nor for another officer: {job:#}");
    assert!(!house.exists("PA-3").await);

    let _ = reject(&house.suzuki, &first).await.expect_status(200);
    let order = json!({ "batch": "fourth" });
    wait::until("the serials are free", || async {
        let job = import::file(&house.sato, &order, both.clone()).await;
        (job["state"] == "staged").then_some(())
    })
    .await;
    let fourth = house.show(&json!({ "id": "fourth" })).await;
    let _ = approve(&house.suzuki, &fourth).await.expect_status(200);
    assert_eq!(house.teller.verdict("PA-2", &two.code(3)).await, "accepted");

    let job = import::file(&house.sato, &json!({}), pskc::plain(&[four, two.clone()])).await;
    assert_eq!(refused(&job), ("E_DUPLICATE", "PA-2"), "{job:#}");
    assert!(!house.exists("PA-4").await && !house.exists("PA-1").await);
    assert_eq!(house.operator.token("PA-2").await["counter_next"], 4);
    assert_eq!(house.teller.verdict("PA-2", &two.code(3)).await, "reused");
}
