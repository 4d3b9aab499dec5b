//! The PKCS#11 module under programs that we did not write: OpenSC's and GnuTLS's tools, p11-kit with
//! its proxy and its server. In the folder of the same name: two Python packages, a Rust crate, and the
//! programs that `docs/pkcs11.md` prints, as they are printed.
//!
//! Not responsible for: other people's test suites (`pkcs11_conformance.rs`).
#![forbid(unsafe_code)]

#[path = "pkcs11_tools/programs.rs"]
mod programs;

use std::{
    path::Path,
    process::{Command, Stdio},
};

use e2e::{
    Daemon, Hash, TestToken, World,
    binaries::{Program, pkcs11_host},
    import,
    pkcs11::{Host, Module, PIN},
    pkcs11_tools::{Heard, Kit, Server, hear, kit_module},
    process::run,
};

const NOTHING: [&str; 0] = [];
const TOKEN: &str = "pkcs11:token=Warifu%20test";

struct Stage {
    world: World,
    daemon: Daemon,
    /// HOTP, 6 digits.
    event: TestToken,
    /// TOTP, SHA-256, 8 digits.
    timed: TestToken,
}

impl Stage {
    async fn open() -> Self {
        let world = World::new();
        let daemon = world.start().await;
        let event = TestToken::hotp("H-1");
        let timed = TestToken::totp("T-1").hash(Hash::Sha256).digits(8);
        let officer = world.caller(&daemon, "officer");
        import::tokens(&officer, "wrapped", &[event.clone(), timed.clone()]).await;
        Self { world, daemon, event, timed }
    }

    fn module(&self, role: &str) -> Module {
        Module::role(&self.world, &self.daemon, role)
    }

    /// One whose key is encrypted under [`PIN`].
    fn module_with_pin(&self, role: &str) -> Module {
        let identity = self.world.identity(role);
        let mut module = Module::new(&self.world, &self.daemon, &identity);
        module.encrypt_key(&identity);
        module
    }

    fn codes(&self, counters: std::ops::Range<u64>) -> Vec<String> {
        counters.map(|counter| self.event.code(counter)).collect()
    }
}

fn pkcs11_tool(module: &Module, arguments: &[&str]) -> Heard {
    let mut tool = module.command("pkcs11-tool");
    tool.arg("--module").arg(Module::library()).args(arguments);
    // In the environment, where no other user can read it; not in an argument.
    tool.env("RIGHT_PIN", PIN).env("WRONG_PIN", "wrong-pin-of-a-key-88");
    hear(&mut tool, &NOTHING)
}

#[tokio::test(flavor = "multi_thread")]
async fn opensc_lists_slots_mechanisms_and_objects() {
    let stage = Stage::open().await;
    let officer = stage.module("officer");
    for list in ["-L", "-T"] {
        let text = pkcs11_tool(&officer, &[list]).good();
        assert!(text.contains("token label        : Warifu test"), "{text}");
        assert!(text.contains("token model        : Warifu OTP"), "{text}");
        assert!(text.contains("login required, PIN pad present, token initialized"), "{text}");
    }
    let text = pkcs11_tool(&officer, &["-M"]).good();
    for offered in
        ["mechtype-0x291, keySize={16,64}, verify", "mechtype-0xD7415201", "mechtype-0xD7415202"]
    {
        assert!(text.contains(offered), "{text}");
    }
    let objects = |heard: Heard| heard.good().matches(", type 8").count();
    let login: &[&str] = &["-O", "--login", "--token-label", "Warifu test"];
    assert_eq!(objects(pkcs11_tool(&officer, login)), 2);
    assert_eq!(objects(pkcs11_tool(&officer, &["-O"])), 0, "all objects are private");
    assert_eq!(objects(pkcs11_tool(&stage.module("validator"), login)), 0, "listing is for staff");
    for verb in [
        &["--delete-object", "--type", "secrkey", "--id", "482d31"][..],
        &["--keygen", "--key-type", "AES:32"],
    ] {
        let heard = pkcs11_tool(&officer, &[&["--login"], verb].concat());
        assert_ne!(heard.code, 0, "{heard:?}");
    }

    let auditor = stage.module_with_pin("auditor");
    let text = pkcs11_tool(&auditor, &["-L"]).good();
    assert!(!text.contains("PIN pad present"), "{text}");
    assert_eq!(objects(pkcs11_tool(&auditor, &["-O", "--login", "--pin", "env:RIGHT_PIN"])), 2);
    let refused = pkcs11_tool(&auditor, &["-O", "--login", "--pin", "env:WRONG_PIN"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.errors.contains("CKR_PIN_INCORRECT"), "{refused:?}");
}

fn p11tool(mut tool: Command, arguments: &[&str]) -> Heard {
    hear(tool.args(["--batch"]).args(arguments), &NOTHING)
}

fn p11tool_of(module: &Module, arguments: &[&str]) -> Heard {
    let mut tool = module.command("p11tool");
    tool.arg("--provider").arg(Module::library());
    p11tool(tool, arguments)
}

/// URIs of what is found; none is its exit code 2.
#[track_caller]
fn urls(heard: &Heard) -> Vec<String> {
    assert!(
        heard.code == 0
            || heard.text.contains("No matching objects")
            || heard.errors.contains("No matching objects"),
        "{heard:?}"
    );
    let lines = heard.text.lines().map(str::trim);
    lines.filter(|line| line.starts_with("pkcs11:")).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn gnutls_finds_tokens_by_uri() {
    let stage = Stage::open().await;
    let officer = stage.module("officer");
    let text = p11tool_of(&officer, &["--list-tokens"]).good();
    assert!(text.contains("URL: pkcs11:model=Warifu%20OTP;manufacturer=Warifu;serial="), "{text}");
    assert!(text.contains("Flags: Requires login, External PIN"), "{text}");
    let text = p11tool_of(&officer, &["--list-mechanisms", TOKEN]).good();
    assert!(text.contains("[0x0291] CKM_HOTP keysize range (16, 64) verify"), "{text}");
    assert!(text.contains("[0xd7415201]"), "{text}");

    let list = ["--login", "--only-urls", "--list-all"];
    let found =
        |module: &Module, uri: &str| urls(&p11tool_of(module, &[&list[..], &[uri]].concat()));
    let all = found(&officer, TOKEN);
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(all.iter().any(|uri| uri.ends_with(";id=%48%2D%31;object=H-1")), "{all:?}");
    // A URI that the tool has printed leads back to its token.
    for uri in &all {
        assert_eq!(found(&officer, uri), std::slice::from_ref(uri));
    }
    let validator = stage.module("validator");
    assert!(found(&validator, TOKEN).is_empty(), "listing is for staff");
    for module in [&officer, &validator] {
        for uri in ["object=H-1", "id=%48%2d%31", "id=H-1", "object=H-1;id=H-1;manufacturer=Warifu"]
        {
            let one = found(module, &format!("{TOKEN};{uri}"));
            assert_eq!(one.len(), 1, "{uri}: {one:?}");
            assert!(one[0].ends_with("object=H-1"), "{uri}: {one:?}");
        }
        for uri in [
            "object=H-9",
            "object=H-1;id=T-1",
            "id=%2e%2e%2fH-1",
            "object=H-1;type=cert",
            "object=%00",
        ] {
            let none = found(module, &format!("{TOKEN};{uri}"));
            assert!(none.is_empty(), "{uri}: {none:?}");
        }
        assert!(found(module, "pkcs11:token=Warifu;object=H-1").is_empty(), "another token");
    }
    // The one that our own tool prints.
    let mut tool = validator.command(Program::ModuleTool.path());
    tool.args(["uri", "--slot", "Warifu test", "--serial", "T-1"]);
    let ours = String::from_utf8_lossy(&run(&mut tool).stdout).trim().to_owned();
    let one = found(&validator, &ours);
    assert_eq!(one.len(), 1, "{ours}: {one:?}");

    let auditor = stage.module_with_pin("auditor");
    for (pin, count, code) in [(PIN, 2, 0), ("wrong-pin-of-a-key-88", 0, 1)] {
        let mut tool = auditor.command("p11tool");
        tool.arg("--provider").arg(Module::library()).env("GNUTLS_PIN", pin);
        let heard = p11tool(tool, &[&list[..], &[TOKEN]].concat());
        assert_eq!(heard.code, code, "{heard:?}");
        assert_eq!(heard.text.matches("object=").count(), count, "{heard:?}");
    }
}

/// The C program on a module of p11-kit's, with a session of the token that there is.
fn host(mut command: Command, library: &Path) -> Host {
    command.stdin(Stdio::piped());
    let mut host = Host::spawn(command);
    host.ok(&format!("load {}", library.display()));
    host.ok("init");
    host.log_in();
    host
}

/// Whether this machine lets us be another user than root.
fn may_be_a_user(kit: &Kit) -> bool {
    let may = kit.command("true").status().is_ok_and(|status| status.success());
    if !may {
        eprintln!(
            "SKIPPED: user namespaces are forbidden here, and p11-kit has no folder for root"
        );
    }
    may
}

#[tokio::test(flavor = "multi_thread")]
async fn p11_kit_offers_the_module_to_every_program() {
    let stage = Stage::open().await;
    let module = stage.module("validator");
    let kit = Kit::new(&module);
    if !may_be_a_user(&kit) {
        return;
    }
    let text = hear(kit.command("p11-kit").arg("list-modules"), &NOTHING).good();
    for line in
        ["warifu: /", "token: Warifu test", "model: Warifu OTP", "protected-authentication-path"]
    {
        assert!(text.contains(line), "{line}: {text}");
    }
    // Through the proxy, which gives a program all modules as one.
    let mut proxy = host(kit.command(pkcs11_host()), &kit_module("p11-kit-proxy.so"));
    let key = proxy.find("H-1");
    assert_eq!(
        proxy.ok(&format!("get {key} CKA_OTP_USER_IDENTIFIER")).text("CKA_OTP_USER_IDENTIFIER"),
        "H-1"
    );
    let [first, second, third] = [0, 1, 2].map(|counter| stage.event.code(counter));
    assert_eq!(proxy.verify("CKM_HOTP", key, &first), "CKR_OK");
    assert_eq!(proxy.verify("CKM_HOTP", key, &first), "CKR_SIGNATURE_INVALID");
    proxy.expect(&format!("verify CKM_HOTP {key} {second} params=none"), "CKR_OK");
    proxy.expect(&format!("verify CKM_HOTP {key} {third} counter=2"), "CKR_OK");
    let timed = proxy.find("T-1");
    let code = stage.timed.code(stage.timed.now());
    assert_eq!(proxy.verify("CKM_WARIFU_TOTP", timed, &code), "CKR_OK");
    proxy.ok("logout");
    proxy.ok("finalize");
    assert!(proxy.end().success());
    // GnuTLS gives modules words of its own in the place of p11-kit's `x-init-reserved`: the
    // configuration is then found as without p11-kit.
    let mut tool = kit.command("p11tool");
    tool.env("WARIFU_PKCS11_CONFIG", module.config());
    let found = p11tool(tool, &["--login", "--only-urls", "--list-all", "pkcs11:object=H-1"]);
    assert_eq!(urls(&found).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn p11_kit_carries_the_module_to_another_process() {
    let stage = Stage::open().await;
    let module = stage.module("validator");
    let server = Server::spawn(&module);
    let (name, address) = server.variable();
    let mut command = Command::new(pkcs11_host());
    command.env(name, address);
    let mut far = host(command, &kit_module("p11-kit-client.so"));
    let slot = far.ok("slots present").number();
    assert_eq!(far.ok(&format!("token-info {slot}")).value("label"), "Warifu test");
    let key = far.find("H-1");
    let said = far.ok(&format!("get {key} CKA_LABEL CKA_OTP_LENGTH CKA_WARIFU_HASH"));
    assert_eq!(
        (said.text("CKA_LABEL"), said.text("CKA_WARIFU_HASH")),
        ("H-1".into(), "SHA1".into())
    );
    assert_eq!(said.bytes("CKA_OTP_LENGTH"), Some(u64::to_ne_bytes(6).to_vec()));
    let hidden = far.say(&format!("get {key} CKA_VALUE"));
    assert_eq!(hidden.rv, "CKR_ATTRIBUTE_SENSITIVE", "{hidden}");
    assert!(far.ok("find CKA_ID=H-9 CKA_CLASS=#8").words.is_empty());
    // p11-kit 0.24 has no word for one-time passwords on its wire, and says so; one that has, has to work.
    let carried =
        far.ok(&format!("mechanisms {slot}")).words.iter().any(|m| m.starts_with("0x291:"));
    let wanted = if carried { "CKR_OK" } else { "CKR_MECHANISM_INVALID" };
    far.expect(&format!("verify CKM_HOTP {key} {} params=none", stage.event.code(0)), wanted);
    far.ok("logout");
    far.ok("finalize");
    assert!(far.end().success());
}
