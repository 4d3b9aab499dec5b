//! Key ceremonies: a transport key from components that different officers type. Check values are
//! those that `openssl` computes; what was mistyped leaves nothing; the key serves its bank until it
//! is destroyed. In the folder of the same name: a ceremony outlives a restart and a `kill -9`, and no
//! component is found anywhere afterwards.
//!
//! Not responsible for: the arithmetic in detail (tests of warifu-hsm), keys that are made inside the
//! HSM (`transport_pair.rs`).
#![forbid(unsafe_code)]

#[path = "ceremony/hidden.rs"]
mod hidden;
#[path = "ceremony/interrupted.rs"]
mod interrupted;
#[path = "ceremony/sheets.rs"]
mod sheets;

use e2e::{
    Caller, Daemon, Reply, TestToken, World, approval,
    hsm::PIN,
    import, pskc,
    token::random,
    wait,
    world::{BANK, OTHER_BANK},
};
use http::Method;
use serde_json::{Value, json};

use self::sheets::{AES_128, AES_256, DES_2, DES_3, Sheets};

const NAMES: [&str; 5] = ["aoki", "baba", "chiba", "doi", "endo"];

/// A bank where everything needs two people.
struct Office {
    world: World,
    daemon: Daemon,
}

impl Office {
    async fn open() -> Self {
        let mut world = World::new();
        world.set("approval.enforce", "true");
        let daemon = world.start().await;
        Self { world, daemon }
    }

    fn officer(&self, name: &str) -> Caller {
        self.world.named(&self.daemon, BANK, "officer", name)
    }

    fn officers<const N: usize>(&self) -> [Caller; N] {
        std::array::from_fn(|index| self.officer(NAMES[index]))
    }

    async fn events(&self) -> Vec<Value> {
        approval::events(&self.world.caller(&self.daemon, "auditor")).await
    }

    /// Whether the provider has no triple DES.
    fn lacks_des(&self) -> bool {
        self.world.hsm.module.to_string_lossy().contains("kryoptic")
    }

    /// Whether the key of a ceremony is in the HSM.
    fn holds_ceremony(&self, id: &str) -> bool {
        let labels = self.world.hsm.pkcs11_tool(&["--login", "--pin", PIN, "--list-objects"]);
        labels.contains(&format!("ceremony-{id}"))
    }
}

async fn begin(officer: &Caller, request: &Value) -> String {
    officer.post("/v1/ceremonies", request).await.expect_status(201).text("id")
}

async fn enter(officer: &Caller, id: &str, entry: &Value) -> Reply {
    officer.post(&format!("/v1/ceremonies/{id}/components"), entry).await
}

async fn confirm(officer: &Caller, id: &str, kcv: &str) -> Reply {
    officer.post(&format!("/v1/ceremonies/{id}/confirmation"), &json!({ "kcv": kcv })).await
}

async fn abort(officer: &Caller, id: &str) -> Reply {
    let path = format!("/v1/ceremonies/{id}");
    officer.request(Method::DELETE, &path, &[], bytes::Bytes::new()).await
}

async fn show(officer: &Caller, id: &str) -> Value {
    officer.get(&format!("/v1/ceremonies/{id}")).await.expect_status(200).json()
}

async fn keys(officer: &Caller) -> Vec<Value> {
    let list = officer.get("/v1/keys").await.expect_status(200).json();
    list["items"].as_array().expect("a list").clone()
}

/// The field that a refusal is about.
fn field_of(reply: &Reply) -> String {
    reply.json()["errors"][0]["field"].as_str().unwrap_or_default().to_owned()
}

/// A whole ceremony of two officers.
async fn made(office: &Office, label: &str, sheets: &Sheets) {
    let [aoki, baba] = office.officers();
    let id = begin(&aoki, &sheets.request_with_kcv(label)).await;
    let _ = enter(&aoki, &id, &sheets.entry(0)).await.expect_status(200);
    let done = enter(&baba, &id, &sheets.entry(1)).await.expect_status(200).json();
    assert_eq!(done["state"], "done", "{done:#}");
}

/// A ceremony of as many officers as there are components, from the first to the listed key.
async fn every_step(officers: &[Caller], label: &str, sheets: &Sheets) {
    let id = begin(&officers[0], &sheets.request_with_kcv(label)).await;
    let count = sheets.components.len();
    for index in 0..count {
        let entry = sheets.entry(index);
        let now = enter(&officers[index], &id, &entry).await.expect_status(200).json();
        let entries = now["entries"].as_array().expect("a list");
        assert_eq!(entries.len(), index + 1, "{now:#}");
        assert_eq!(entries[index]["kcv"], entry["kcv"], "{now:#}");
        assert_eq!(entries[index]["officer"], NAMES[index], "{now:#}");
        let is_last = index + 1 == count;
        assert_eq!(now["state"], if is_last { "done" } else { "open" }, "{now:#}");
        assert_eq!(now["kcv"].as_str(), is_last.then_some(sheets.kcv()).as_deref(), "{now:#}");
    }
    let all = keys(&officers[0]).await;
    let key = all.iter().find(|key| key["label"] == label).expect("the key is listed");
    assert_eq!(key["origin"], "ceremony", "{key:#}");
    assert_eq!(key["shape"], sheets.shape.word, "{key:#}");
    assert_eq!(key["kcv"], sheets.shape.kcv("ecb", &sheets.key()), "{key:#}");
    assert_eq!(key["officers"], json!(NAMES[..count]), "{key:#}");
    assert_eq!(key["in_hsm"], true, "{key:#}");
    assert!(key["created_at"].is_string() && key["destroyed_at"].is_null(), "{key:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_to_five_officers_make_keys_whose_check_values_are_those_of_openssl() {
    let office = Office::open().await;
    let officers: [Caller; 5] = office.officers();
    every_step(&officers, "acme-128", &Sheets::new(&AES_128, "ecb", 2)).await;
    every_step(&officers, "acme-256", &Sheets::new(&AES_256, "cmac", 3)).await;
    if office.lacks_des() {
        return;
    }
    every_step(&officers, "acme-des-2", &Sheets::new(&DES_2, "ecb", 4)).await;
    every_step(&officers, "acme-des-3", &Sheets::new(&DES_3, "cmac", 5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_value_of_the_whole_the_key_waits_to_be_confirmed() {
    let office = Office::open().await;
    let [aoki, baba, chiba] = office.officers();
    let sheets = Sheets::new(&AES_128, "ecb", 2);
    let id = begin(&aoki, &sheets.request("acme")).await;
    let early = confirm(&aoki, &id, &sheets.kcv()).await.expect_status(409);
    assert_eq!(early.problem(), "conflict");
    let _ = enter(&aoki, &id, &sheets.entry(0)).await.expect_status(200);
    let now = enter(&baba, &id, &sheets.entry(1)).await.expect_status(200).json();
    assert_eq!(now["state"], "confirming", "{now:#}");
    assert_eq!(now["kcv"], sheets.kcv(), "{now:#}");
    assert!(keys(&aoki).await.is_empty(), "there is no key yet");
    let more = enter(&chiba, &id, &sheets.entry(0)).await.expect_status(409);
    assert_eq!(more.problem(), "conflict");
    let wrong = confirm(&aoki, &id, "000000").await.expect_status(422);
    assert_eq!(wrong.problem(), "invalid_field");
    let done = confirm(&aoki, &id, &sheets.kcv().to_uppercase()).await.expect_status(200).json();
    assert_eq!(done["state"], "done", "{done:#}");
    assert_eq!(keys(&aoki).await[0]["kcv"], sheets.kcv());
    assert!(!office.holds_ceremony(&id), "what the sum lay under is gone");
    let again = confirm(&aoki, &id, &sheets.kcv()).await.expect_status(409);
    assert_eq!(again.problem(), "conflict");
    let taken = aoki.post("/v1/ceremonies", &sheets.request("acme")).await.expect_status(409);
    assert_eq!(taken.problem(), "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistyped_component_is_told_and_nothing_of_it_is_kept() {
    let office = Office::open().await;
    let [aoki, baba] = office.officers();
    let sheets = Sheets::new(&AES_256, "ecb", 2);
    let id = begin(&aoki, &sheets.request_with_kcv("acme")).await;
    let mut mistyped = sheets.entry(0);
    mistyped["component"] = json!(hex::encode(random(32)));
    let zeros = json!({ "component": "00".repeat(32) });
    let short = json!({ "component": "5a".repeat(16) });
    let letters = json!({ "component": "xy".repeat(32) });
    for (entry, field) in
        [(&mistyped, "kcv"), (&zeros, "component"), (&short, "component"), (&letters, "component")]
    {
        let reply = enter(&aoki, &id, entry).await.expect_status(422);
        assert_eq!(reply.problem(), "invalid_field");
        assert_eq!(field_of(&reply), field, "{reply:?}");
        assert_eq!(show(&aoki, &id).await["entries"], json!([]));
    }
    let _ = enter(&aoki, &id, &sheets.entry(0)).await.expect_status(200);
    let same = enter(&baba, &id, &sheets.entry(0)).await.expect_status(422);
    assert_eq!(field_of(&same), "component", "the sum would be zero: {same:?}");
    let done = enter(&baba, &id, &sheets.entry(1)).await.expect_status(200).json();
    assert_eq!(done["state"], "done", "{done:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_value_of_the_whole_ends_the_ceremony() {
    let office = Office::open().await;
    let [aoki, baba] = office.officers();
    let sheets = Sheets::new(&AES_128, "cmac", 2);
    let mut request = sheets.request("acme");
    request["kcv"] = json!("0000000000");
    let id = begin(&aoki, &request).await;
    let _ = enter(&aoki, &id, &sheets.entry(0)).await.expect_status(200);
    assert!(office.holds_ceremony(&id));
    let ended = enter(&baba, &id, &sheets.entry(1)).await.expect_status(200).json();
    assert_eq!(ended["state"], "aborted", "{ended:#}");
    assert!(keys(&aoki).await.is_empty());
    assert!(!office.holds_ceremony(&id), "nobody can read the sum any more");
    let events = office.events().await;
    assert_eq!(approval::count(&events, "ceremony", "wrong_check_value", &id), 1, "{events:#?}");
    made(&office, "acme", &sheets).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_component_comes_from_another_person() {
    let mut world = World::new();
    world.set("approval.enforce", "true");
    world.person("aoki", &["aoki", "aoki-card"]);
    let daemon = world.start().await;
    let office = Office { world, daemon };
    let [aoki, baba] = office.officers();
    let sheets = Sheets::new(&AES_128, "ecb", 3);
    let id = begin(&aoki, &sheets.request_with_kcv("acme")).await;
    let _ = enter(&aoki, &id, &sheets.entry(0)).await.expect_status(200);
    for name in ["aoki", "AOKI", "aoki-card"] {
        let reply = enter(&office.officer(name), &id, &sheets.entry(1)).await;
        assert_eq!(reply.expect_status(403).problem(), "same_person", "{name}");
    }
    let _ = enter(&baba, &id, &sheets.entry(1)).await.expect_status(200);
    let card = enter(&office.officer("aoki-card"), &id, &sheets.entry(2)).await;
    assert_eq!(card.expect_status(403).problem(), "same_person");
    for role in ["operator", "validator", "auditor"] {
        let caller = office.world.named(&office.daemon, BANK, role, "chiba");
        assert_eq!(enter(&caller, &id, &sheets.entry(2)).await.status, 403, "{role}");
    }
    let done = enter(&office.officer("chiba"), &id, &sheets.entry(2)).await;
    assert_eq!(done.expect_status(200).text("state"), "done");
}

/// Types a component until it is taken; how often somebody else was first.
async fn insist(officer: Caller, id: String, entry: Value) -> u32 {
    for lost in 0.. {
        let reply = enter(&officer, &id, &entry).await;
        if reply.status == 200 {
            return lost;
        }
        assert_eq!(reply.expect_status(409).problem(), "conflict");
    }
    0
}

#[tokio::test(flavor = "multi_thread")]
async fn officers_who_type_at_once_are_taken_one_after_the_other() {
    let office = Office::open().await;
    let officers: [Caller; 5] = office.officers();
    for round in 0..4 {
        let label = format!("acme-{round}");
        let sheets = Sheets::new(&AES_128, "ecb", 5);
        let id = begin(&officers[0], &sheets.request_with_kcv(&label)).await;
        let hands: Vec<_> = (0..5)
            .map(|index| {
                let (officer, entry) = (officers[index].again(), sheets.entry(index));
                tokio::spawn(insist(officer, id.clone(), entry))
            })
            .collect();
        for hand in hands {
            hand.await.expect("no hand panics");
        }
        let done = show(&officers[0], &id).await;
        assert_eq!(done["state"], "done", "{done:#}");
        assert_eq!(done["kcv"], sheets.kcv(), "{done:#}");
        let events = office.events().await;
        assert_eq!(approval::count(&events, "key_make", "done", &label), 1, "{events:#?}");
    }
}

/// Another key took the name before the last component came: it is not taken for the sum.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_the_same_name_is_not_taken_for_that_of_the_ceremony() {
    let office = Office::open().await;
    let [aoki, baba] = office.officers();
    let sheets = Sheets::new(&AES_128, "cmac", 2);
    let id = begin(&aoki, &sheets.request_with_kcv("acme")).await;
    let _ = enter(&aoki, &id, &sheets.entry(0)).await.expect_status(200);
    let operation = json!({ "operation": "key_generate", "label": "acme", "bits": 128 });
    let proposal = approval::propose(&aoki, &operation).await;
    let made = approval::about(&baba, &proposal, "approval").await.expect_status(200).json();
    assert_eq!(made["state"], "done", "{made:#}");
    let last = enter(&baba, &id, &sheets.entry(1)).await.expect_status(409);
    assert_eq!(last.problem(), "conflict");
    let _ = confirm(&baba, &id, &sheets.kcv()).await.expect_status(409);
    let listed = keys(&aoki).await;
    assert_eq!(listed.len(), 1, "{listed:#?}");
    assert_eq!(listed[0]["origin"], "generated", "{listed:#?}");
    assert_ne!(listed[0]["kcv"], AES_128.kcv("ecb", &sheets.key()), "{listed:#?}");
    let _ = abort(&aoki, &id).await.expect_status(200);
    assert!(!office.holds_ceremony(&id));
}

/// Both halves of a two-key triple DES key are the same: that is single DES, and is told as such.
#[tokio::test(flavor = "multi_thread")]
async fn components_that_make_a_weak_key_are_told_apart_from_a_missing_one() {
    let office = Office::open().await;
    if office.lacks_des() {
        return;
    }
    let [aoki, baba] = office.officers();
    let mut sheets = Sheets::new(&DES_2, "ecb", 2);
    // The halves changed over: their sum has two halves that are alike.
    sheets.components[1] = sheets.components[0].clone();
    sheets.components[1].rotate_left(8);
    let id = begin(&aoki, &sheets.request_with_kcv("acme")).await;
    let _ = enter(&aoki, &id, &sheets.entry(0)).await.expect_status(200);
    let refused = enter(&baba, &id, &sheets.entry(1)).await.expect_status(422);
    assert!(refused.json().to_string().contains("single DES"), "{refused:?}");
    assert!(keys(&aoki).await.is_empty());
}

/// A token in a file under a key of 16 bytes.
fn under(world: &World, token: &TestToken, key: &[u8]) -> Vec<u8> {
    let protection = pskc::Protection::Key(key.to_vec());
    pskc::encrypted(&world.path(""), std::slice::from_ref(token), &protection)
}

/// Sends a file under a key, whatever comes of it.
async fn try_import(officer: &Caller, label: &str, file: Vec<u8>) -> Value {
    let reply = import::open(officer, &json!({ "key_label": label })).await;
    if reply.status != 201 {
        return json!({ "state": "refused", "problem": reply.problem(), "at_once": reply.json() });
    }
    let id = reply.text("id");
    let _ = import::send(officer, &id, file).await.expect_status(202);
    import::finished(officer, &id).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_serves_its_own_bank_until_it_is_destroyed() {
    let office = Office::open().await;
    let [aoki, baba] = office.officers();
    let sheets = Sheets::new(&AES_128, "ecb", 2);
    made(&office, "acme", &sheets).await;

    let token = TestToken::hotp("C-1");
    let file = under(&office.world, &token, &sheets.key());
    let job = approval::stage_as(&aoki, &json!({ "key_label": "acme" }), file).await;
    assert_eq!(job["report"]["exposure"]["daemon"], 0, "{job:#}");
    let _ = approval::approve(&baba, &job).await.expect_status(200);
    let teller = office.world.caller(&office.daemon, "validator");
    assert_eq!(teller.verdict("C-1", &token.oathtool(0)).await, "accepted");
    wait::until("its use is noted", || async {
        keys(&aoki).await[0]["last_used_at"].is_string().then_some(())
    })
    .await;

    let stranger = office.world.named(&office.daemon, OTHER_BANK, "officer", "aoki");
    assert!(keys(&stranger).await.is_empty());
    let theirs = under(&office.world, &TestToken::hotp("C-2"), &sheets.key());
    let job = try_import(&stranger, "acme", theirs).await;
    assert_ne!(job["state"], "staged", "{job:#}");
    let list = stranger.get("/v1/ceremonies").await.expect_status(200).json();
    assert_eq!(list["items"], json!([]));

    let operation = json!({ "operation": "key_destroy", "label": "acme" });
    let proposal = approval::propose(&aoki, &operation).await;
    let alone = approval::about(&aoki, &proposal, "approval").await.expect_status(403);
    assert_eq!(alone.problem(), "same_person");
    let done = approval::about(&baba, &proposal, "approval").await.expect_status(200).json();
    assert_eq!(done["state"], "done", "{done:#}");
    let key = keys(&aoki).await.remove(0);
    assert_eq!(key["in_hsm"], false, "{key:#}");
    assert!(key["destroyed_at"].is_string(), "{key:#}");
    let labels = office.world.hsm.pkcs11_tool(&["--login", "--pin", PIN, "--list-objects"]);
    assert!(!labels.contains("acme"), "{labels}");
    let late = under(&office.world, &TestToken::hotp("C-3"), &sheets.key());
    let job = try_import(&aoki, "acme", late).await;
    assert_ne!(job["state"], "staged", "{job:#}");
    assert_eq!(teller.verdict("C-1", &token.oathtool(1)).await, "accepted", "it has its own");
}
