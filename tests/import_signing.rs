//! Import of tokens that sign: several keys of a file are one token, whatever protects the file and
//! wherever the keys lie; what does not belong together is refused, and nothing of it stays.
//!
//! Not responsible for: what the parser refuses in detail (tests of warifu-keys), nor for what the
//! tokens sign (`tests/bank_000`, `tests/keypad.rs`).
#![forbid(unsafe_code)]

use bytes::Bytes;
use e2e::{
    Caller, CameraToken, Daemon, TestToken, World,
    cli::Cli,
    import,
    lifecycle::{Actor, Bank, assert_outcome},
    process::write_private,
    pskc, wait,
};
use http::Method;
use serde_json::{Value, json};
use warifu_core::ocra::keypad::KeypadUse;
use warifu_token::{AesSize, BatchSeed, MacKind, Model, Protection, SigningBatch};

const C: &str = "HOKUGIN-1";
const FIRST: &str = "0112345679";
const TRANSPORT_KEY: [u8; 32] = [0x5A; 32];

/// A maker's delivery.
struct Delivery {
    batch: SigningBatch,
    seed: BatchSeed,
}

/// What protects the values of a file.
#[derive(Clone, Copy, Debug)]
enum Form {
    Plain,
    Cbc,
    KeyWrap,
}

impl Delivery {
    fn of(model: Model, count: u64, secret: u8) -> Self {
        let batch = SigningBatch {
            count,
            first_serial: FIRST.to_owned(),
            manufacturer: pskc::MANUFACTURER.to_owned(),
            model,
        };
        Self { batch, seed: BatchSeed::from_bytes([secret; 32]) }
    }

    /// Camera tokens, from another serial on.
    fn from(mut self, first: &str) -> Self {
        first.clone_into(&mut self.batch.first_serial);
        self
    }

    fn keypads(count: u64) -> Self {
        Self::of(Model::Keypad(KeypadUse::ALL.to_vec()), count, 9)
    }

    fn serial(&self, index: u64) -> String {
        self.batch.serial(index).expect("a serial of the batch")
    }

    fn file(&self, form: Form) -> Vec<u8> {
        let protection = match form {
            Form::Plain | Form::KeyWrap => Protection::Plain,
            Form::Cbc => Protection::PreShared {
                name: "acme".to_owned(),
                key: TRANSPORT_KEY.to_vec().into(),
                aes: AesSize::Aes256,
                mac: MacKind::Sha256,
            },
        };
        let mut file = Vec::new();
        self.batch.write(&self.seed, &protection, &mut file).expect("the batch can be written");
        match form {
            Form::KeyWrap => pskc::key_wrapped(&file, &TRANSPORT_KEY),
            Form::Plain | Form::Cbc => file,
        }
    }

    fn text(&self) -> String {
        String::from_utf8(self.file(Form::Plain)).expect("XML in UTF-8")
    }
}

impl Form {
    fn order(self, custody: &str, kind: &str) -> Value {
        let mut order = json!({ "custody": custody, "kind": kind });
        if !matches!(self, Self::Plain) {
            order["key_label"] = json!("acme");
        }
        order
    }
}

/// The packages of a file, and what stands around them.
fn packages(text: &str) -> (String, Vec<String>) {
    let mut parts = text.split_inclusive("</pskc:KeyPackage>").map(str::to_owned);
    let first = parts.next().expect("a text has a beginning");
    let (head, first) = first.split_once("<pskc:KeyPackage>").expect("a package");
    let mut all = vec![format!("<pskc:KeyPackage>{first}")];
    all.extend(parts.filter(|part| part.contains("<pskc:KeyPackage>")));
    (head.to_owned(), all)
}

fn joined(head: &str, packages: &[String]) -> Vec<u8> {
    format!("{head}{}</pskc:KeyContainer>\n", packages.concat()).into_bytes()
}

async fn started() -> (World, Daemon, Caller, Caller) {
    let world = World::new();
    world.import_transport_key("acme", &TRANSPORT_KEY);
    let daemon = world.start().await;
    let officer = world.caller(&daemon, "officer");
    let operator = world.caller(&daemon, "operator");
    (world, daemon, officer, operator)
}

async fn count(operator: &Caller) -> usize {
    let page = operator.get("/v1/tokens?limit=1000").await.expect_status(200).json();
    page["items"].as_array().expect("a list").len()
}

fn done(job: &Value, accepted: u64) {
    assert_eq!(job["state"], "done", "{job:#}");
    assert_eq!((&job["accepted"], &job["total"]), (&json!(accepted), &json!(accepted)), "{job:#}");
}

fn refused(job: &Value, class: &str, serial: &str) {
    assert_eq!(job["state"], "refused", "{job:#}");
    let refused = &job["report"]["refused"][0];
    assert_eq!((&refused["class"], &refused["serial"]), (&json!(class), &json!(serial)), "{job:#}");
    assert!(refused["rule"].as_str().is_some_and(|rule| !rule.is_empty()), "{job:#}");
}

fn has_warning(job: &Value, class: &str) -> bool {
    let warnings = job["report"]["warnings"].as_array().expect("a list");
    warnings.iter().any(|warning| warning["class"] == class)
}

/// Objects of one class that lie in the HSM.
fn objects(world: &World, class: &str) -> usize {
    let pin = std::fs::read_to_string(&world.hsm.pin_file).expect("our own file");
    let listed = world.hsm.pkcs11_tool(&[
        "--token-label",
        &world.hsm.label,
        "--login",
        "--pin",
        pin.trim(),
        "--list-objects",
        "--type",
        class,
    ]);
    listed.lines().filter(|line| line.starts_with("Secret Key Object")).count()
}

fn transfer() -> Value {
    json!({
        "type": "transfer",
        "payer": { "branch": "011", "account_type": "ordinary", "account": "0012345" },
        "payee": { "bank": "0138", "branch": "201", "account_type": "ordinary", "account": "1234567" },
        "payee_name": "ｶ)ｱｵｿﾗｼﾖｳｶｲ",
        "amount": 1_234_567,
        "date": "2026-10-05",
    })
}

/// Both forms of a delivery, under everything that may protect it, in both custodies: activated and
/// made to sign.
#[tokio::test(flavor = "multi_thread")]
async fn three_keys_and_a_seed_give_the_same_working_token() {
    let bank = Bank::open_with("bank-000", |world| {
        world.make_keys();
        world.import_transport_key("acme", &TRANSPORT_KEY);
    })
    .await;
    bank.contract(C, "2026-10-01T00:00:00+09:00", "").await;
    let cases = [
        (Model::CameraKeys, Form::Plain, "wrapped"),
        (Model::CameraSeed, Form::Plain, "resident"),
        (Model::CameraKeys, Form::Cbc, "resident"),
        (Model::CameraSeed, Form::Cbc, "wrapped"),
        (Model::CameraKeys, Form::KeyWrap, "resident"),
        (Model::CameraSeed, Form::KeyWrap, "wrapped"),
    ];
    let serials = Delivery::of(Model::CameraSeed, 6, 7);
    for (number, (model, form, custody)) in (0_u64..).zip(cases) {
        let serial = serials.serial(number);
        let delivery = Delivery::of(model, 1, 7).from(&serial);
        let order = form.order(custody, "camera");
        let job = import::file(&bank.officer, &order, delivery.file(form)).await;
        done(&job, 1);
        assert_eq!(job["custody"], custody, "{job:#}");
        let exposure = &job["report"]["exposure"];
        let total: u64 =
            ["none", "worker", "daemon"].iter().filter_map(|one| exposure[one].as_u64()).sum();
        let in_daemon = u64::from(matches!(form, Form::Plain));
        assert_eq!((total, exposure["daemon"].as_u64()), (1, Some(in_daemon)), "{job:#}");
        let keys = delivery.batch.camera(&delivery.seed, &serial).unwrap();
        let mut token = CameraToken::new(&serial, keys, &bank.clock);
        assert_outcome(&bank.issue(&serial, C, None, &Actor::paper()).await, "done");
        let user = format!("S{number}");
        bank.user(C, &user, "general").await;
        bank.activate(C, &user, &mut token).await;
        bank.sign(C, &user, &mut token, &transfer()).await;
        let shown = bank.get(&bank.staff, &format!("/v1/tokens/{serial}")).await;
        assert_eq!((&shown["algorithm"], &shown["digits"]), (&json!("txa1"), &json!(8)));
        assert_eq!((&shown["kind"], &shown["custody"]), (&json!("camera"), &json!(custody)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn suites_of_one_serial_are_one_keypad_token() {
    let (_world, _daemon, officer, operator) = started().await;
    for (form, first) in [(Form::Plain, "K-0001"), (Form::Cbc, "L-0001"), (Form::KeyWrap, "M-0001")]
    {
        let delivery = Delivery::keypads(2).from(first);
        let job =
            import::file(&officer, &form.order("resident", "soft"), delivery.file(form)).await;
        done(&job, 2);
        let on_trust = has_warning(&job, "W_SHARED_SEED");
        assert_eq!(on_trust, !matches!(form, Form::Plain), "{form:?}: {job:#}");
        assert!(!has_warning(&job, "W_DUP_SECRET"), "{job:#}");
        assert!(has_warning(&job, "W_OCRA_AMOUNT_OPEN"), "{job:#}");
        let shown = operator.token(first).await;
        let suites: Vec<_> = KeypadUse::ALL.iter().map(|one| one.suite_text()).collect();
        assert_eq!((&shown["algorithm"], &shown["suites"]), (&json!("ocra"), &json!(suites)));
        assert_eq!((&shown["kind"], &shown["custody"]), (&json!("soft"), &json!("resident")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_imported_as_the_kind_that_they_are() {
    let (_world, _daemon, officer, operator) = started().await;
    let camera = Delivery::of(Model::CameraKeys, 1, 7).file(Form::Plain);
    for order in [json!({}), json!({ "kind": "hard" }), json!({ "kind": "soft" })] {
        refused(&import::file(&officer, &order, camera.clone()).await, "E_KIND", FIRST);
    }
    let as_camera = json!({ "kind": "camera" });
    let keypad = Delivery::keypads(1).file(Form::Plain);
    refused(&import::file(&officer, &as_camera, keypad).await, "E_KIND", FIRST);
    let hotp = pskc::plain(&[TestToken::hotp("M-1")]);
    refused(&import::file(&officer, &as_camera, hotp).await, "E_KIND", "M-1");
    assert_eq!(count(&operator).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_belong_together_is_refused_with_its_serial() {
    let (_world, _daemon, officer, operator) = started().await;
    let camera = json!({ "kind": "camera" });
    let (head, keys) = packages(&Delivery::of(Model::CameraKeys, 2, 7).text());
    let [enc, cod, sig, next @ ..] = keys.as_slice() else { panic!("{keys:?}") };
    let send = |parts: Vec<&String>| {
        let parts: Vec<String> = parts.into_iter().cloned().collect();
        import::file(&officer, &camera, joined(&head, &parts))
    };
    refused(&send(vec![enc, cod]).await, "E_GROUP", FIRST);
    refused(&send(vec![enc, cod, &next[0], &next[1], &next[2], sig]).await, "E_GROUP", FIRST);
    let (_, seeds) = packages(&Delivery::of(Model::CameraSeed, 1, 7).text());
    refused(&send(vec![&seeds[0], enc, cod, sig]).await, "E_GROUP", FIRST);
    let again = send(vec![enc, cod, sig, &next[0], &next[1], &next[2], &seeds[0]]).await;
    refused(&again, "E_DUPLICATE", FIRST);

    let hard = json!({});
    let (head, keypads) = packages(&Delivery::keypads(1).text());
    let (_, others) = packages(&Delivery::of(Model::Keypad(KeypadUse::ALL.to_vec()), 1, 8).text());
    let mixed = joined(&head, &[keypads[0].clone(), others[1].clone()]);
    refused(&import::file(&officer, &hard, mixed).await, "E_GROUP", FIRST);
    let pin = keypads[1].replace("QN08-T1M", "QN08-PSHA1-T1M");
    let job = import::file(&officer, &hard, joined(&head, &[pin])).await;
    refused(&job, "E_SUITE", FIRST);
    assert!(job["report"]["refused"][0]["rule"].to_string().contains("without P"), "{job:#}");
    assert_eq!(count(&operator).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_existing_camera_token_is_not_imported_again_in_another_form() {
    let (_world, _daemon, officer, operator) = started().await;
    let camera = json!({ "kind": "camera" });
    let seed = Delivery::of(Model::CameraSeed, 1, 7).file(Form::Plain);
    done(&import::file(&officer, &camera, seed).await, 1);
    let keys = Delivery::of(Model::CameraKeys, 1, 7).file(Form::Plain);
    refused(&import::file(&officer, &camera, keys).await, "E_DUPLICATE", FIRST);
    assert_eq!(count(&operator).await, 1);
}

/// The last key of the last token does not open: the keys of all tokens that lie in the HSM go.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_batch_leaves_no_key_in_the_hsm() {
    let (world, _daemon, officer, operator) = started().await;
    let before = objects(&world, "secrkey");
    let delivery = Delivery::of(Model::CameraKeys, 3, 7);
    let text = String::from_utf8(delivery.file(Form::Cbc)).unwrap();
    let (before_mac, mac) = text.rsplit_once("<pskc:ValueMAC>").unwrap();
    let turned = if mac.starts_with('A') { 'B' } else { 'A' };
    let spoilt = format!("{before_mac}<pskc:ValueMAC>{turned}{}", &mac[1..]);
    let order = Form::Cbc.order("resident", "camera");
    let job = import::file(&officer, &order, spoilt.into_bytes()).await;
    refused(&job, "E_DECRYPT", &delivery.serial(2));
    assert_eq!(job["report"]["refused_total"], 1, "{job:#}");
    assert_eq!(count(&operator).await, 0);
    assert_eq!(objects(&world, "secrkey"), before, "no key was left behind");
    let job = import::file(&officer, &order, delivery.file(Form::Cbc)).await;
    done(&job, 3);
    assert_eq!(objects(&world, "secrkey"), before + 9, "three keys for each token");
}

/// Wherever the cancellation meets the keys: with the HSM, on their way into the store, or staged.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_import_leaves_no_key_in_the_hsm() {
    let (world, _daemon, officer, operator) = started().await;
    let before = objects(&world, "secrkey");
    let delivery = Delivery::of(Model::CameraSeed, 80, 7);
    let order = json!({ "batch": "big", "kind": "camera", "custody": "resident" });
    let id = import::open(&officer, &order).await.expect_status(201).text("id");
    let _ = import::send(&officer, &id, delivery.file(Form::Plain)).await.expect_status(202);
    let path = format!("/v1/imports/{id}");
    wait::until("sealing has begun", || async {
        let job = officer.get(&path).await.expect_status(200).json();
        let state = job["state"].as_str().unwrap_or_default();
        assert!(!import::FINAL.contains(&state), "too fast to be caught half-way: {job:#}");
        (state == "sealing").then_some(())
    })
    .await;
    let reply = officer.request(Method::DELETE, &path, &[], Bytes::new()).await;
    let _ = reply.expect_status(200);
    let job = import::finished(&officer, &id).await;
    assert_eq!(job["state"], "cancelled", "{job:#}");
    assert_eq!((count(&operator).await, objects(&world, "secrkey")), (0, before));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tries_the_expansion_and_keeps_nothing() {
    let (world, _daemon, officer, operator) = started().await;
    let before = objects(&world, "secrkey");
    for form in [Form::Plain, Form::Cbc, Form::KeyWrap] {
        let mut order = form.order("resident", "camera");
        order["dry_run"] = json!(true);
        let delivery = Delivery::of(Model::CameraSeed, 2, 7);
        done(&import::file(&officer, &order, delivery.file(form)).await, 2);
    }
    assert_eq!((count(&operator).await, objects(&world, "secrkey")), (0, before));
}

/// What is to know about a suite reaches the officer, in both languages.
#[tokio::test(flavor = "multi_thread")]
async fn the_officer_reads_about_suites_before_the_tokens_go_out() {
    let (world, daemon, _officer, operator) = started().await;
    let text = Delivery::keypads(1).text();
    let text = text.replace("HOTP-SHA256-8", "HOTP-SHA1-6").replace("Length=\"8\"", "Length=\"6\"");
    let file = write_private(&world.path("keypads.xml"), text.as_bytes());
    let file = file.display().to_string();
    let cli = Cli::new(&world, &daemon, &world.identity("officer"));
    for (language, told) in [("en", "different questions give one code"), ("ja", "異なる質問から")]
    {
        let looked = cli.run(&["--language", language, "seedfile", "inspect", &file]);
        let looked = looked.expect_code(0).stdout;
        assert!(looked.contains("W_OCRA_COLLIDES") && looked.contains(told), "{looked}");
        let dry = cli.run(&["--language", language, "import", &file, "--dry-run"]);
        let dry = dry.expect_code(0).stdout;
        assert!(dry.contains("W_OCRA_SHA1 x4") && dry.contains(told), "{dry}");
    }
    assert_eq!(count(&operator).await, 0);
}
