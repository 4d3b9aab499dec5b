//! Suites about PKCS#11 modules that we did not write, on the module and a daemon with tokens:
//! `tests/conformance` runs them.
//!
//! Not responsible for: what of them the module does not follow, which is written down in
//! `tests/conformance.expected` and, with the reasons, in `docs/divergences.md`.
#![forbid(unsafe_code)]

use std::process::Command;

use e2e::{
    TestToken, World,
    binaries::repository,
    import,
    pkcs11::Module,
    process::{run, write_private},
};

/// Two of the suites have this PIN written into them.
const PIN: &str = "1234";

#[tokio::test(flavor = "multi_thread")]
async fn other_suites_find_what_is_expected() {
    let world = World::new();
    let daemon = world.start().await;
    let officer = world.caller(&daemon, "officer");
    import::one(&officer, &TestToken::hotp("A-1")).await;
    import::one(&officer, &TestToken::totp("A-2").digits(8)).await;
    // The role that sees the most.
    let identity = world.identity("officer");
    let mut module = Module::new(&world, &daemon, &identity);
    let key = module.path("1234.key");
    let pin = write_private(&module.path("1234.pin"), PIN.as_bytes());
    let mut openssl = Command::new("openssl");
    openssl.args(["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-in"]).arg(&identity.key);
    openssl.arg("-passout").arg(format!("file:{}", pin.display()));
    run(openssl.arg("-out").arg(&key));
    module.set_slot("key", &format!("{:?}", key.display().to_string()));

    let mut suites = module.command(repository().join("tests/conformance"));
    let output = suites.arg(Module::library()).output().expect("the script can be run");
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{said}", output.status);
}
