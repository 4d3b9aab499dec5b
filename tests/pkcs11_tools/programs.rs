//! Programs that are written against the module: two Python packages, a Rust crate, and the programs that
//! the page prints.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
};

use e2e::{
    TestToken, World,
    approval::approve,
    binaries::repository,
    keypad::KeypadToken,
    lifecycle::Bank,
    pkcs11::{Module, PIN},
    pkcs11_tools::{hear, printed, python},
    pki::Wish,
    process::{fail, run, write_private},
    signer::Signer,
    wait,
    world::BANK,
};
use serde_json::json;
use warifu_core::ocra::keypad::KeypadUse;

use super::{NOTHING, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn pykcs11_reads_a_token() {
    let Some(python) = python() else { return };
    let stage = Stage::open().await;
    let script = repository().join("tests/python/read_pykcs11.py");
    let mut program = stage.module("validator").command(&python);
    program.arg("-B").arg(script).arg(Module::library()).arg("H-1");
    let text = hear(&mut program, &NOTHING).good();
    let six = hex::encode(u64::to_ne_bytes(6));
    let key_type = hex::encode(u64::to_ne_bytes(0x23));
    let zero = hex::encode(u64::to_ne_bytes(0));
    for line in [
        "token Warifu test",
        "hotp CKF_VERIFY",
        "before 0",
        "again CKR_USER_ALREADY_LOGGED_IN",
        "by CKA_ID 1",
        "by CKA_LABEL 1",
        "by CKA_OTP_USER_IDENTIFIER 1",
        "CKA_LABEL 482d31",
        "CKA_ID 482d31",
        &format!("CKA_KEY_TYPE {key_type}"),
        &format!("CKA_OTP_FORMAT {zero}"),
        &format!("CKA_OTP_LENGTH {six}"),
        "CKA_OTP_TIME_INTERVAL -",
        "CKA_OTP_USER_IDENTIFIER 482d31",
        "CKA_OTP_SERVICE_IDENTIFIER 62616e6b2d61",
        "CKA_OTP_USER_FRIENDLY_MODE 00",
        &format!("CKA_OTP_CHALLENGE_REQUIREMENT {zero}"),
        "CKA_OTP_COUNTER -",
        "CKA_VALUE -",
        "dictionary H-1",
        "sign CKR_KEY_FUNCTION_NOT_PERMITTED",
        "destroy CKR_ACTION_PROHIBITED",
        "unknown 0",
    ] {
        assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn python_pkcs11_reads_a_token_with_and_without_a_pin() {
    let Some(python) = python() else { return };
    let stage = Stage::open().await;
    let script = repository().join("tests/python/read_python_pkcs11.py");
    let read = |module: &Module, pin: &str| {
        let mut program = module.command(&python);
        program.arg("-B").arg(&script).arg(Module::library()).args(["Warifu test", "T-1"]);
        hear(&mut program, &[pin]).good()
    };
    let with_pin = read(&stage.module_with_pin("validator"), PIN);
    assert!(with_pin.contains("\nwrong PinIncorrect\n"), "{with_pin}");
    for text in [with_pin, read(&stage.module("auditor"), "")] {
        for line in [
            "token Warifu test",
            "hotp True",
            "found 1",
            "CLASS 8",
            "KEY_TYPE 35",
            "ID T-1",
            "LABEL T-1",
            "VERIFY True",
            "SIGN False",
            "EXTRACTABLE False",
            "VALUE AttributeSensitive",
            "OTP_LENGTH 8",
            "OTP_TIME_INTERVAL 30",
            "OTP_USER_IDENTIFIER T-1",
            "OTP_SERVICE_IDENTIFIER bank-a",
            "OTP_COUNTER AttributeTypeInvalid",
            "same T-1",
            "unknown NoSuchKey",
            "without 0",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
        }
    }
}

fn client(module: &Module, words: &[&str]) -> Command {
    let mut client = module.command(env!("CARGO_BIN_EXE_pkcs11_client"));
    client.arg(Module::library()).args(words);
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cryptoki_crate_verifies_time_based_codes() {
    let stage = Stage::open().await;
    let module = stage.module("validator");
    wait::step_with_room(30, 10).await;
    let (right, wrong) = (stage.timed.code(stage.timed.now()), stage.timed.wrong(0));
    let codes = [right.as_str(), &right, &wrong, "1234"];
    let text = hear(&mut client(&module, &["verify", "T-1"]), &codes).good();
    let told: Vec<_> = text.lines().collect();
    assert!(told.contains(&"token Warifu test"), "{text}");
    assert!(told.contains(&"of 8 digits 1"), "{text}");
    assert!(told.contains(&"hash SHA256"), "{text}");
    assert!(told.contains(&"seed [Sensitive]"), "{text}");
    let verdicts = ["Ok", "SignatureInvalid", "SignatureInvalid", "SignatureLenRange"];
    assert!(told.windows(4).any(|four| four == verdicts), "{text}");
    assert_eq!(told.last(), Some(&"sign KeyFunctionNotPermitted"), "{text}");
    let none = hear(&mut client(&module, &["verify", "T-9"]), &NOTHING);
    assert!(none.code != 0 && none.errors.contains("no such token"), "{none:?}");
}

/// A bank with a user whose keypad token is in service.
async fn with_keypad() -> (Bank, KeypadToken) {
    let bank = Bank::open("default").await;
    bank.contract("C-1", "2026-10-01T00:00:00+09:00", "").await;
    bank.user("C-1", "G1", "general").await;
    let token = KeypadToken::stock(&bank.officer, "30000001", 1, &KeypadUse::ALL).await.remove(0);
    token.in_service(&bank, &Signer::new("C-1", "G1")).await;
    (bank, token)
}

/// Runs a program that prints suite and digits and then wants the code; its last line.
fn answered(mut program: Command, bank: &Bank, token: &KeypadToken) -> String {
    let mut child =
        program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
    let mut told = String::new();
    let digits = |told: &str| told.rsplit_once(' ').map(|(_, word)| word.to_owned());
    let question = loop {
        told += &lines.next().and_then(Result::ok).unwrap_or_else(|| fail(&told));
        told.push(' ');
        let last = digits(told.trim()).unwrap_or_default();
        let asks = told.contains("question ") || told.contains(" and type ");
        if asks && last.bytes().all(|byte| byte.is_ascii_digit()) {
            break last;
        }
    };
    let suite = told.split(' ').find(|word| word.starts_with("OCRA-1:")).unwrap_or_default();
    let asked = json!({ "prompt": { "suite": suite, "digits": question } });
    let code = token.answer(&asked, bank.clock.now());
    let mut input = child.stdin.take().expect("stdin is piped");
    writeln!(input, "{code}").expect("it reads");
    drop(input);
    let rest: Vec<_> = lines.map_while(Result::ok).collect();
    assert!(child.wait().expect("our own child").success(), "{told}{rest:?}");
    rest.last().cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn keypad_tokens_answer_programs_in_rust_and_python() {
    let (bank, token) = with_keypad().await;
    let module = Module::role(&bank.world, &bank.daemon, "validator");
    assert_eq!(answered(client(&module, &["ask", "C-1", "G1"]), &bank, &token), "Ok");
    let Some(python) = python() else { return };
    // As the page says: with imports and classes of the program before it.
    let verify = printed("\"\"\"python verify.py");
    let (classes, _) = verify.split_once("\nmodule, serial").expect("its last part");
    let ask = module.path("ask.py");
    fs::write(&ask, format!("{classes}\n{}", printed("\"\"\"ask.py"))).expect("a file");
    let mut program = module.command(&python);
    program.arg("-B").arg(ask).arg(Module::library()).args(["C-1", "G1"]);
    assert_eq!(answered(program, &bank, &token), "CKR_OK");
}

/// The page's program for officers: a seed that its maker wrapped, staged, and approved by another.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_s_program_brings_in_a_wrapped_seed() {
    let Some(python) = python() else { return };
    let mut world = World::bare();
    world.set("approval.enforce", "true");
    world.make_keys();
    world.import_transport_key("acme", &[0x5A; 32]);
    world.init();
    let daemon = world.start().await;
    let wish = Wish::role(BANK, "officer", "sato");
    let module = Module::new(&world, &daemon, &world.pki.client(&wish));
    let token = TestToken::hotp("A-1");
    let (seed, wrapped) = (module.path("seed"), module.path("wrapped"));
    write_private(&seed, &token.seed);
    let mut openssl = Command::new("openssl");
    // RFC 5649, with its initial value.
    openssl.args(["enc", "-id-aes256-wrap-pad", "-iv", "A65959A6", "-K", &"5A".repeat(32)]);
    run(openssl.arg("-in").arg(&seed).arg("-out").arg(&wrapped));
    let script = module.path("stage.py");
    fs::write(&script, printed("\"\"\"stage.py")).expect("a file of the test");
    let mut stage = module.command(&python);
    stage.arg("-B").arg(script).arg(Module::library()).arg("A-1");
    let output = run(stage.stdin(File::open(&wrapped).expect("it was written")));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let [import, fingerprint, "staged"] = told.lines().collect::<Vec<_>>()[..] else { fail(&told) };
    let mut teller = Module::role(&world, &daemon, "validator").session();
    assert!(teller.ok("find CKA_ID=A-1 CKA_CLASS=#8").words.is_empty(), "nobody approved it");
    let suzuki = world.named(&daemon, BANK, "officer", "suzuki");
    let job = json!({ "id": import, "fingerprint": fingerprint });
    let _ = approve(&suzuki, &job).await.expect_status(200);
    let key = teller.find("A-1");
    assert_eq!(teller.verify("CKM_HOTP", key, &token.code(0)), "CKR_OK");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_programs_of_the_page_verify_codes() {
    let stage = Stage::open().await;
    let module = stage.module("validator");
    let (source, program) = (module.path("verify.c"), module.path("verify"));
    fs::write(&source, printed("/* cc -o verify verify.c")).expect("a file of the test");
    let mut cc = Command::new("sh");
    cc.args([
        "-c",
        "cc -Wall -Wextra -Werror -o \"$1\" \"$0\" $(pkg-config --cflags p11-kit-1) -ldl",
    ]);
    run(cc.arg(&source).arg(&program));
    let mut codes = stage.codes(0..2);
    codes.insert(1, codes[0].clone());
    let mut verify = module.command(&program);
    verify.arg(Module::library()).arg("H-1");
    let text = hear(&mut verify, &codes).good();
    assert_eq!(text, "0x0 accepted\n0xc0 wrong, or used: ask again\n0x0 accepted\n");
    let mut unknown = module.command(&program);
    let heard = hear(unknown.arg(Module::library()).arg("H-9"), &NOTHING);
    assert_eq!(heard.code, 69, "{heard:?}");

    let Some(python) = python() else { return };
    let script = module.path("verify.py");
    fs::write(&script, printed("\"\"\"python verify.py")).expect("a file of the test");
    let mut codes = stage.codes(2..4);
    codes.insert(1, codes[0].clone());
    let mut verify = module.command(&python);
    verify.arg("-B").arg(script).arg(Module::library()).arg("H-1");
    let text = hear(&mut verify, &codes).good();
    assert_eq!(text, "6 digits\nCKR_OK\nCKR_SIGNATURE_INVALID\nCKR_OK\n");
}
