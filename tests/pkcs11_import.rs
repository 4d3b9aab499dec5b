//! Seeds that programs bring in through the PKCS#11 module: what one officer's program gives is staged, and
//! is in service when another officer has approved what the program shows. Here: the way of one seed in the
//! clear. In the folder of the same name: who may, wrapped seeds, templates, interruptions, and that no seed
//! stays anywhere.
//!
//! Not responsible for: seed files and four eyes as such (`import.rs`, `four_eyes.rs`).
#![forbid(unsafe_code)]

#[path = "pkcs11_import/hidden.rs"]
mod hidden;
#[path = "pkcs11_import/interrupted.rs"]
mod interrupted;
#[path = "pkcs11_import/people.rs"]
mod people;
#[path = "pkcs11_import/template.rs"]
mod template;
#[path = "pkcs11_import/templates.rs"]
mod templates;
#[path = "pkcs11_import/wrapped.rs"]
mod wrapped;

use std::time::Duration;

use e2e::{
    Caller, Daemon, Hash, Identity, TestToken, World,
    approval::{approve, reject},
    cable::Cable,
    pkcs11::{Host, Module, Slot},
    pki::Wish,
    token::Kind,
    wait,
    world::BANK,
};
use serde_json::Value;

use self::template::Template;

const HOTP: &str = "CKM_HOTP";
const TOTP: &str = "CKM_WARIFU_TOTP";

/// An installation, its officers, and everybody who looks.
struct House {
    world: World,
    daemon: Daemon,
    /// Whose program it is.
    sato: Caller,
    /// Who decides.
    suzuki: Caller,
    operator: Caller,
}

impl House {
    /// One that asks two people.
    async fn open() -> Self {
        Self::open_with(|_| ()).await
    }

    async fn open_with(change: impl FnOnce(&mut World)) -> Self {
        let mut world = World::bare();
        world.set("approval.enforce", "true");
        world.make_keys();
        change(&mut world);
        world.init();
        let daemon = world.start().await;
        Self::of(world, daemon)
    }

    fn of(world: World, daemon: Daemon) -> Self {
        let officer = |name| world.named(&daemon, BANK, "officer", name);
        let (sato, suzuki) = (officer("sato"), officer("suzuki"));
        let operator = world.caller(&daemon, "operator");
        Self { world, daemon, sato, suzuki, operator }
    }

    fn identity(&self, name: &str) -> Identity {
        self.world.pki.client(&Wish::role(BANK, "officer", name))
    }

    /// The module of an officer.
    fn module(&self, name: &str) -> Module {
        Module::new(&self.world, &self.daemon, &self.identity(name))
    }

    /// Sato's module behind cables.
    fn module_behind(&self, cables: &[&Cable], import_deadline: Duration) -> Module {
        let mut slot = Slot::new(&self.world, &self.daemon, &self.identity("sato"));
        slot.set("servers", &Cable::servers(cables));
        slot.set("import_deadline_ms", &import_deadline.as_millis().to_string());
        Module::with_slots(&self.world, vec![slot])
    }

    /// A front end.
    fn teller(&self) -> Host {
        Module::role(&self.world, &self.daemon, "validator").session()
    }

    /// Whether a token exists for staff.
    async fn exists(&self, serial: &str) -> bool {
        let status = self.operator.get(&format!("/v1/tokens/{serial}")).await.status;
        assert!([200, 404].contains(&status.as_u16()), "{serial}: {status}");
        status == 200
    }

    /// All imports, whatever became of them.
    async fn imports(&self) -> Vec<Value> {
        let list = self.sato.get("/v1/imports").await.expect_status(200).json();
        list["items"].as_array().expect("a list").clone()
    }

    /// The import of a staged seed, as the daemon tells of it. The module must tell the same.
    async fn import(&self, host: &mut Host, seed: u64) -> Value {
        let names = ["CKA_WARIFU_IMPORT", "CKA_WARIFU_FINGERPRINT", "CKA_WARIFU_STATE"];
        let said = host.ok(&format!("get {seed} {}", names.join(" ")));
        let [id, fingerprint, state] = names.map(|name| said.text(name));
        let path = format!("/v1/imports/{id}");
        let job = self.suzuki.get(&path).await.expect_status(200).json();
        assert_eq!((&job["id"], &job["state"]), (&id.into(), &state.into()), "{said}");
        if job["state"] == "staged" {
            assert_eq!(job["fingerprint"], fingerprint, "{said}");
        }
        job
    }

    /// Has a staged seed approved, and its token show codes.
    async fn put_in_service(&self, host: &mut Host, seed: u64, token: &TestToken) {
        let job = self.import(host, seed).await;
        assert_eq!(job["state"], "staged", "{job:#}");
        assert_eq!((&job["report"]["officer"], &job["accepted"]), (&"sato".into(), &1.into()));
        let done = approve(&self.suzuki, &job).await.expect_status(200).json();
        assert_eq!(done["state"], "done", "{done:#}");
        self.shows_codes(token).await;
    }

    /// The token verifies through the module.
    async fn shows_codes(&self, token: &TestToken) {
        let mut teller = self.teller();
        let key = teller.find(&token.serial);
        let (mechanism, factor) = match token.kind {
            Kind::Hotp(counter) => (HOTP, counter),
            Kind::Totp(step) => {
                wait::step_with_room(step.into(), 10).await;
                (TOTP, token.now())
            }
        };
        let code = token.code(factor);
        assert_eq!(teller.verify(mechanism, key, &code), "CKR_OK", "{}", token.serial);
        assert_eq!(teller.verify(mechanism, key, &code), "CKR_SIGNATURE_INVALID");
    }
}

/// A program of Sato's, logged in.
fn session_of(house: &House) -> Host {
    house.module("sato").session()
}

fn create(token: &TestToken) -> String {
    Template::of(token).create()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seed_is_in_service_when_another_officer_has_approved_what_the_program_shows() {
    let house = House::open().await;
    let token = TestToken::hotp("PI-1");
    let mut host = session_of(&house);
    let seed = host.ok(&create(&token)).number();
    let job = house.import(&mut host, seed).await;
    assert_eq!(job["state"], "staged", "{job:#}");
    assert_eq!(job["batch"], job["id"], "{job:#}");
    let exposure = &job["report"]["exposure"];
    assert_eq!((&exposure["daemon"], &exposure["none"]), (&1.into(), &0.into()), "{job:#}");

    // Nobody finds a token; the program itself finds its seed, with which nothing can be done yet.
    let mut teller = house.teller();
    assert!(teller.ok("find CKA_ID=PI-1").words.is_empty());
    assert!(!house.exists("PI-1").await);
    assert_eq!(host.find("PI-1"), seed);
    assert_eq!(host.ok("find CKA_CLASS=#8").words, [seed.to_string()]);
    let verify = format!("verify-init {HOTP} {seed}");
    host.expect(&verify, "CKR_KEY_FUNCTION_NOT_PERMITTED");
    host.expect(&format!("get {seed} CKA_VALUE"), "CKR_ATTRIBUTE_SENSITIVE");

    let own = approve(&house.sato, &job).await.expect_status(403);
    assert_eq!(own.problem(), "same_person");
    house.put_in_service(&mut host, seed, &token).await;
    let done = house.import(&mut host, seed).await;
    assert_eq!((&done["state"], &done["decided_by"]), (&"done".into(), &"suzuki".into()));
    host.expect(&format!("destroy {seed}"), "CKR_ACTION_PROHIBITED");
    assert!(house.exists("PI-1").await);
    host.expect(&create(&token), "CKR_ATTRIBUTE_VALUE_INVALID");
    host.ok("finalize");
    assert!(host.end().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_token_computes_as_its_template_says() {
    let house = House::open().await;
    let mut host = session_of(&house);
    for token in [
        TestToken::totp("K-1").hash(Hash::Sha256).digits(8).step(60),
        TestToken::totp("K-2").hash(Hash::Sha512),
        TestToken::hotp("K-3").counter(4_711).digits(8),
        TestToken::hotp("K-4").hash(Hash::Sha256).digits(7).counter(1 << 33),
        TestToken::hotp("K.5:_-").seed_length(64).digits(9),
    ] {
        let seed = host.ok(&create(&token)).number();
        house.put_in_service(&mut host, seed, &token).await;
    }
    let soft = TestToken::hotp("K-6");
    let words =
        [("CKA_WARIFU_KIND", "soft"), ("CKA_WARIFU_MANUFACTURER", "%E5%89%B2%E7%AC%A6%20&%20Co")];
    let template =
        words.iter().fold(Template::of(&soft), |all, (name, value)| all.set(name, value));
    let seed = host.ok(&template.create()).number();
    house.put_in_service(&mut host, seed, &soft).await;
    let mut teller = house.teller();
    let key = teller.find("K-6");
    let said = teller.ok(&format!("get {key} CKA_WARIFU_KIND CKA_WARIFU_MANUFACTURER"));
    assert_eq!(said.text("CKA_WARIFU_KIND"), "soft");
    assert_eq!(said.text("CKA_WARIFU_MANUFACTURER"), "割符 & Co");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_seed_is_gone_and_its_serial_free() {
    let house = House::open().await;
    let token = TestToken::hotp("RJ-1");
    let mut host = session_of(&house);
    let seed = host.ok(&create(&token)).number();
    host.expect(&create(&token), "CKR_ATTRIBUTE_VALUE_INVALID");
    let job = house.import(&mut host, seed).await;
    let _ = reject(&house.suzuki, &job).await.expect_status(200);
    assert_eq!(house.import(&mut host, seed).await["state"], "rejected");
    assert!(!house.exists("RJ-1").await);
    assert!(house.teller().ok("find CKA_ID=RJ-1").words.is_empty());
    let again = create_when_free(&mut host, &token);
    house.put_in_service(&mut host, again, &token).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn destroying_a_staged_seed_cancels_its_import() {
    let house = House::open().await;
    let token = TestToken::hotp("DE-1");
    let mut host = session_of(&house);
    let seed = host.ok(&create(&token)).number();
    let job = house.import(&mut host, seed).await;
    host.ok(&format!("destroy {seed}"));
    host.expect(&format!("get {seed} CKA_ID"), "CKR_OBJECT_HANDLE_INVALID");
    assert!(host.ok("find CKA_ID=DE-1").words.is_empty());
    let path = format!("/v1/imports/{}", job["id"].as_str().unwrap());
    let shown = house.sato.get(&path).await.expect_status(200).json();
    assert_eq!((&shown["state"], &shown["decided_by"]), (&"rejected".into(), &"sato".into()));
    assert_eq!(approve(&house.suzuki, &job).await.expect_status(409).problem(), "conflict");
    assert!(!house.exists("DE-1").await);
    let again = create_when_free(&mut host, &token);
    house.put_in_service(&mut host, again, &token).await;
}

/// Stages a seed whose serial an import that came to nothing is giving back.
fn create_when_free(host: &mut Host, token: &TestToken) -> u64 {
    wait::until_blocking("the serial is free", || {
        let said = host.say(&create(token));
        assert!(["CKR_OK", "CKR_ATTRIBUTE_VALUE_INVALID"].contains(&&*said.rv), "{said}");
        (said.rv == "CKR_OK").then(|| said.number())
    })
}

/// A staged seed outlives its session, and the import outlives the program.
#[tokio::test(flavor = "multi_thread")]
async fn a_staged_seed_waits_also_when_its_program_is_gone() {
    let house = House::open().await;
    let token = TestToken::hotp("W-1");
    let mut host = session_of(&house);
    let first = host.ok("open 0 rw").number();
    let seed = host.ok(&create(&token)).number();
    let other = host.ok("open 0").number();
    host.ok(&format!("session {first}"));
    host.ok("close");
    host.ok(&format!("session {other}"));
    let job = house.import(&mut host, seed).await;
    host.ok("logout");
    host.expect(&format!("get {seed} CKA_ID"), "CKR_OBJECT_HANDLE_INVALID");
    host.ok("login");
    assert!(host.ok("find CKA_ID=W-1").words.is_empty(), "only the login that made it sees it");
    drop(host);
    let done = approve(&house.suzuki, &job).await.expect_status(200).json();
    assert_eq!(done["state"], "done", "{done:#}");
    house.shows_codes(&token).await;
}
