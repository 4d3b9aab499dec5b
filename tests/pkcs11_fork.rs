//! What the PKCS#11 module does to the program that loads it: forks, other modules beside it, threads,
//! memory, unloading.
//!
//! Not responsible for: verdicts (`pkcs11_verify.rs`).
#![forbid(unsafe_code)]

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use e2e::{
    Daemon, TestToken, World,
    binaries::{self, repository},
    hsm::HsmSandbox,
    import,
    pkcs11::{Host, Module},
};

const HOTP: &str = "CKM_HOTP";

struct Stage {
    world: World,
    daemon: Daemon,
    token: TestToken,
}

impl Stage {
    async fn new() -> Self {
        let world = World::new();
        let daemon = world.start().await;
        let token = TestToken::hotp("F-1");
        import::one(&world.caller(&daemon, "officer"), &token).await;
        Self { world, daemon, token }
    }

    fn module(&self) -> Module {
        Module::role(&self.world, &self.daemon, "validator")
    }

    /// The lines of a child that looks for itself, begins anew, and verifies a code.
    fn child(&self, module: &Module, name: &str, counter: u64) -> (String, PathBuf) {
        let code = self.token.code(counter);
        let lines = [
            "slots".to_owned(),
            "session-info".to_owned(),
            "finalize".to_owned(),
            "init".to_owned(),
            "session-info".to_owned(),
            "open 0".to_owned(),
            "login".to_owned(),
            "find CKA_ID=F-1".to_owned(),
            format!("verify {HOTP} found {code}"),
            "finalize".to_owned(),
        ];
        (module.lines(name, &lines), module.path(&format!("{name}.out")))
    }
}

/// What a child wrote, when it has ended well.
fn heard(host: &mut Host, answers: &Path) -> Vec<String> {
    let ended = host.ok("wait-child");
    assert_eq!(ended.words, ["status=0"], "{:?}", std::fs::read_to_string(answers));
    let text = std::fs::read_to_string(answers).expect("the child wrote it");
    text.lines().map(str::to_owned).collect()
}

/// The answers to the lines of [`Stage::child`].
fn assert_child(answers: &[String]) {
    let names: Vec<_> =
        answers.iter().map(|line| line.split(' ').next().unwrap_or_default()).collect();
    let expected = [
        "CKR_CRYPTOKI_NOT_INITIALIZED",
        "CKR_CRYPTOKI_NOT_INITIALIZED",
        "CKR_CRYPTOKI_NOT_INITIALIZED",
        "CKR_OK",
        "CKR_SESSION_HANDLE_INVALID",
        "CKR_OK",
        "CKR_OK",
        "CKR_OK",
        "CKR_OK",
        "CKR_OK",
    ];
    assert_eq!(names, expected, "{answers:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_begins_anew_and_its_parent_goes_on() {
    let stage = Stage::new().await;
    let module = stage.module();
    let mut host = module.session();
    let key = host.find("F-1");
    assert_eq!(host.verify(HOTP, key, &stage.token.code(0)), "CKR_OK");
    let before = host.ok("connections-now").words;
    for round in 0..3 {
        let (script, answers) = stage.child(&module, "child", 2 * round + 1);
        host.ok(&format!("fork {script} {}", answers.display()));
        assert_child(&heard(&mut host, &answers));
        let code = stage.token.code(2 * round + 2);
        assert_eq!(host.verify(HOTP, key, &code), "CKR_OK", "after child {round}");
    }
    // A child that ends at once, with everything that it inherited.
    let script = module.lines("nothing", &["slots"]);
    let answers = module.path("nothing.out");
    host.ok(&format!("fork {script} {}", answers.display()));
    assert_eq!(heard(&mut host, &answers), ["CKR_CRYPTOKI_NOT_INITIALIZED C_GetSlotList"]);
    assert_eq!(host.verify(HOTP, key, &stage.token.code(7)), "CKR_OK");
    // The parent needed no other connection than the one that it had.
    assert_eq!(host.ok("connections-now").words, before);
    assert_eq!(before.len(), 1, "{before:?}");
    let log = stage.daemon.log();
    for trouble in ["decrypt", "BadRecordMac", "bad record", "corrupt"] {
        assert!(!log.contains(trouble), "{trouble} in {log}");
    }
    host.ok("finalize");
    assert!(host.end().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_of_a_busy_program_begins_anew_too() {
    let stage = Stage::new().await;
    let module = stage.module();
    let mut host = module.session();
    let key = host.find("F-1");
    assert_eq!(host.verify(HOTP, key, &stage.token.code(0)), "CKR_OK");
    // A used code locks nothing.
    let codes = module.lines("codes", &vec![stage.token.code(0); 60]);
    for round in 1..=4 {
        host.ok(&format!("start 4 {HOTP} {key} {codes}"));
        let (script, answers) = stage.child(&module, "child", round);
        host.ok(&format!("fork {script} {}", answers.display()));
        assert_child(&heard(&mut host, &answers));
        let said = host.ok("join");
        assert_eq!(said.count("CKR_SIGNATURE_INVALID"), 60, "{said}");
    }
}

/// A daemon forks twice and works in its grandchild.
#[tokio::test(flavor = "multi_thread")]
async fn a_grandchild_begins_anew_as_well() {
    let stage = Stage::new().await;
    let module = stage.module();
    let mut host = module.session();
    let key = host.find("F-1");
    assert_eq!(host.verify(HOTP, key, &stage.token.code(0)), "CKR_OK");
    let (script, grandchild) = stage.child(&module, "grandchild", 2);
    let lines = [
        "init".to_owned(),
        "open 0".to_owned(),
        "login".to_owned(),
        "find CKA_ID=F-1".to_owned(),
        format!("verify {HOTP} found {}", stage.token.code(1)),
        format!("fork {script} {}", grandchild.display()),
        "wait-child".to_owned(),
        format!("verify {HOTP} found {}", stage.token.code(3)),
        "finalize".to_owned(),
    ];
    let answers = module.path("child.out");
    host.ok(&format!("fork {} {}", module.lines("child", &lines), answers.display()));
    let answers = heard(&mut host, &answers);
    assert_eq!(answers.len(), lines.len(), "{answers:#?}");
    assert!(answers.iter().all(|line| line.starts_with("CKR_OK")), "{answers:#?}");
    assert!(answers.contains(&"CKR_OK status=0".to_owned()), "{answers:#?}");
    let told = std::fs::read_to_string(&grandchild).expect("the grandchild wrote it");
    assert_child(&told.lines().map(str::to_owned).collect::<Vec<_>>());
    assert_eq!(host.verify(HOTP, key, &stage.token.code(4)), "CKR_OK");
}

/// What is not for the new program is not open in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_program_in_a_child_inherits_no_connection() {
    let stage = Stage::new().await;
    let module = stage.module();
    let mut host = module.session();
    let key = host.find("F-1");
    assert_eq!(host.verify(HOTP, key, &stage.token.code(0)), "CKR_OK");
    let library = Module::library();
    let lines = [
        format!("load {}", library.display()),
        "sockets-now".to_owned(),
        "init".to_owned(),
        "open 0".to_owned(),
        "login".to_owned(),
        "find CKA_ID=F-1".to_owned(),
        format!("verify {HOTP} found {}", stage.token.code(1)),
    ];
    let script = module.lines("program", &lines);
    let answers = module.path("program.out");
    host.ok(&format!("exec {script} {}", answers.display()));
    let answers = heard(&mut host, &answers);
    assert_eq!(answers.len(), lines.len(), "{answers:#?}");
    assert_eq!(answers[1], "CKR_OK", "no socket: {answers:#?}");
    assert!(answers.iter().all(|line| line.starts_with("CKR_OK")), "{answers:#?}");
    assert_eq!(host.verify(HOTP, key, &stage.token.code(2)), "CKR_OK");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_makes_no_thread_and_says_so_where_none_may_be_made() {
    let stage = Stage::new().await;
    let module = stage.module();
    for (counter, init) in (0..).zip(["init", "init no-threads", "init null"]) {
        let mut host = module.loaded();
        let threads = |host: &mut Host| host.ok("threads-now").number();
        assert_eq!(threads(&mut host), 1);
        host.ok(init);
        host.log_in();
        let key = host.find("F-1");
        assert_eq!(host.verify(HOTP, key, &stage.token.code(counter)), "CKR_OK", "{init}");
        assert_eq!(threads(&mut host), 1, "{init}");
        host.expect("wait-event nonblock", "CKR_NO_EVENT");
        assert_eq!(threads(&mut host), 1, "{init}");
        host.ok("finalize");
        assert_eq!(host.ok("connections-now").words.len(), 0, "{init}");
    }
}

/// Names are looked up by the caller's own thread then: not even one that is gone soon is made.
#[tokio::test(flavor = "multi_thread")]
async fn where_no_thread_may_be_made_names_are_looked_up_without() {
    let stage = Stage::new().await;
    let mut module = stage.module();
    let server = format!("[\"https://localhost:{}\"]", stage.daemon.api().port());
    module.set_slot("servers", &server);
    for (counter, init, makes_some) in [(0, "init no-threads", false), (1, "init", true)] {
        let calls = module.path("strace");
        let mut command = module.command("strace");
        command.args(["--follow-forks", "--quiet=all", "--trace=clone,clone3,vfork,fork"]);
        command.arg("--output").arg(&calls).arg(binaries::pkcs11_host());
        let mut host = Host::spawn(command);
        host.ok(&format!("load {}", Module::library().display()));
        host.ok(init);
        host.log_in();
        let key = host.find("F-1");
        assert_eq!(host.verify(HOTP, key, &stage.token.code(counter)), "CKR_OK");
        host.ok("finalize");
        assert!(host.end().success());
        let calls = std::fs::read_to_string(&calls).expect("strace wrote it");
        assert_eq!(calls.contains("clone"), makes_some, "{init}: {calls}");
    }
}

/// PKCS#11 v3.1 s.5.4.1: the locks that a module may use are the caller's to say.
#[tokio::test(flavor = "multi_thread")]
async fn the_locks_of_the_program_are_not_needed() {
    let stage = Stage::new().await;
    let module = stage.module();
    let mut host = module.loaded();
    host.expect("finalize", "CKR_CRYPTOKI_NOT_INITIALIZED");
    host.expect("slots", "CKR_CRYPTOKI_NOT_INITIALIZED");
    for (flags, rv) in [
        ("", "CKR_OK"),
        ("null", "CKR_OK"),
        ("no-flags", "CKR_OK"),
        ("mutexes", "CKR_OK"),
        ("no-flags mutexes", "CKR_CANT_LOCK"),
        ("no-threads", "CKR_OK"),
    ] {
        host.expect(&format!("init {flags}"), rv);
        if rv == "CKR_OK" {
            host.expect("init", "CKR_CRYPTOKI_ALREADY_INITIALIZED");
            host.ok("finalize");
        }
        host.expect("finalize", "CKR_CRYPTOKI_NOT_INITIALIZED");
    }
}

#[test]
fn only_the_three_names_of_the_standard_are_given_to_others() {
    let mut host = Host::spawn(Command::new(binaries::pkcs11_host()));
    host.ok(&format!("load {}", Module::library().display()));
    let said = host.ok("symbols C_GetFunctionList C_GetInterface C_GetInterfaceList");
    assert_eq!(said.words.len(), 3, "{said}");
    let said = host.ok("symbols C_Initialize C_Verify rust_eh_personality ring_core_0_17_8_x");
    assert_eq!(said.words.len(), 0, "{said}");
    let said = host.ok("interfaces");
    assert!(said.words.iter().any(|word| word.starts_with("PKCS 11=3.") || word == "11=2.40"));
    let mut tool = Command::new("nm");
    tool.args(["--dynamic", "--defined-only"]).arg(Module::library());
    let listed = e2e::process::run(&mut tool);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let mut names: Vec<_> =
        listed.lines().filter_map(|line| line.split_whitespace().last()).collect();
    names.sort_unstable();
    assert_eq!(names, ["C_GetFunctionList", "C_GetInterface", "C_GetInterfaceList"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_copies_in_one_program_know_nothing_of_each_other() {
    let stage = Stage::new().await;
    let module = stage.module();
    let copy = module.path("libanother.so");
    std::fs::copy(Module::library(), &copy).expect("a file in the test's folder");
    let mut host = module.session();
    let key = host.find("F-1");
    // The same file once more is the same module.
    host.ok(&format!("load {}", Module::library().display()));
    host.expect("init", "CKR_CRYPTOKI_ALREADY_INITIALIZED");
    host.ok(&format!("load {}", copy.display()));
    host.expect("slots", "CKR_CRYPTOKI_NOT_INITIALIZED");
    host.ok("init");
    host.log_in();
    let same = host.find("F-1");
    assert_eq!(host.verify(HOTP, same, &stage.token.code(0)), "CKR_OK");
    host.ok("use 0");
    assert_eq!(host.verify(HOTP, key, &stage.token.code(0)), "CKR_SIGNATURE_INVALID");
    assert_eq!(host.verify(HOTP, key, &stage.token.code(1)), "CKR_OK");
    host.ok("finalize");
    host.ok("use 2");
    assert_eq!(host.verify(HOTP, same, &stage.token.code(2)), "CKR_OK");
    host.ok("finalize");
    assert!(host.end().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_works_beside_another_makers_module() {
    let stage = Stage::new().await;
    let module = stage.module();
    let folder = module.path("softhsm");
    std::fs::create_dir_all(&folder).expect("a folder in the test's folder");
    let softhsm = HsmSandbox::softhsm(&folder);
    let mut command = module.command(binaries::pkcs11_host());
    command.envs(softhsm.environment.clone());
    let mut host = Host::spawn(command);
    host.ok(&format!("load {}", softhsm.module.display()));
    host.ok("init");
    let slot = host.ok("slots present").number();
    host.ok(&format!("open {slot} rw"));
    host.ok(&format!("login pin-file={}", softhsm.pin_file.display()));
    host.ok(&format!("load {}", Module::library().display()));
    host.ok("init");
    host.log_in();
    let key = host.find("F-1");
    let data = "CKA_CLASS=#0 CKA_TOKEN=true CKA_LABEL=here CKA_VALUE=data";
    for counter in 0..3 {
        assert_eq!(host.verify(HOTP, key, &stage.token.code(counter)), "CKR_OK");
        host.ok("use 0");
        let made = host.ok(&format!("create {data}")).number();
        assert_eq!(host.ok(&format!("get {made} CKA_VALUE")).text("CKA_VALUE"), "data");
        host.ok("use 1");
    }
    host.ok("finalize");
    host.ok("use 0");
    assert_eq!(host.ok("find CKA_LABEL=here").words.len(), 3);
    host.ok("finalize");
    assert!(host.end().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_unloaded_and_loaded_again() {
    let stage = Stage::new().await;
    let module = stage.module();
    let mut host = module.session();
    let first = host.find("F-1");
    assert_eq!(host.verify(HOTP, first, &stage.token.code(0)), "CKR_OK");
    host.ok("finalize");
    host.ok("unload");
    host.ok(&format!("load {}", Module::library().display()));
    host.ok("init");
    host.log_in();
    let key = host.find("F-1");
    assert_ne!(key, first, "a stale handle is told apart from a new one");
    host.expect(&format!("verify {HOTP} {first} 123456"), "CKR_KEY_HANDLE_INVALID");
    assert_eq!(host.verify(HOTP, key, &stage.token.code(1)), "CKR_OK");
    // Unloaded in the middle of its work, by a program in a hurry.
    host.ok("unload");
    assert!(host.end().success());
}

/// A thread that waits for an event is let go when the module ends.
#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_an_event_is_let_go_at_the_end() {
    let stage = Stage::new().await;
    let module = stage.module();
    let mut host = module.initialised();
    host.ok("wait-begin");
    host.ok("slots");
    host.ok("finalize");
    host.expect("wait-end", "CKR_CRYPTOKI_NOT_INITIALIZED");
    assert!(host.end().success());
}

/// A program with the module loaded, under an eye on its memory. The report is written to the file.
fn watched(module: &Module, report: &Path, leaks: &[&str]) -> Host {
    let mut command = module.command("valgrind");
    command.args(["--quiet", "--error-exitcode=97"]).args(leaks);
    command.arg(format!("--log-file={}", report.display()));
    let suppressions = repository().join("tests/pkcs11/valgrind.supp");
    command.arg(format!("--suppressions={}", suppressions.display()));
    command.arg(binaries::pkcs11_host());
    let mut host = Host::spawn(command);
    host.ok(&format!("load {}", Module::library().display()));
    host
}

fn assert_clean(host: Host, report: &Path) {
    let status = host.end();
    let report = std::fs::read_to_string(report).unwrap_or_default();
    assert!(status.success() && report.is_empty(), "{status}\n{report}");
}

/// Every kind of call: nothing uninitialised is read, nothing freed, and nothing lost at the end.
#[tokio::test(flavor = "multi_thread")]
async fn memory_is_read_and_given_back_as_it_should_be() {
    let stage = Stage::new().await;
    let mut module = stage.module();
    module.set_slot("deadline_ms", "60000").set_slot("connect_timeout_ms", "60000");
    let report = module.path("valgrind");
    let leaks =
        ["--leak-check=full", "--show-leak-kinds=definite", "--errors-for-leak-kinds=definite"];
    let mut host = watched(&module, &report, &leaks);
    let [first, second, third] = [0, 1, 2].map(|counter| stage.token.code(counter));
    let wrong = stage.token.wrong(0);
    for (line, rv) in [
        ("interfaces", "CKR_OK"),
        ("init mutexes", "CKR_OK"),
        ("info", "CKR_OK"),
        ("slots present", "CKR_OK"),
        ("slot-info 0", "CKR_OK"),
        ("token-info 0", "CKR_OK"),
        ("mechanisms 0", "CKR_OK"),
        ("open 0 rw", "CKR_OK"),
        ("login", "CKR_OK"),
        ("session-info", "CKR_OK"),
        ("find CKA_CLASS=#8 CKA_LABEL=F-9", "CKR_OK"),
        ("find CKA_CLASS=#8 CKA_LABEL=F-1", "CKR_OK"),
        ("get found CKA_ID CKA_VALUE CKA_OTP_LENGTH", "CKR_ATTRIBUTE_SENSITIVE"),
        (&format!("verify {HOTP} found {first} counter=7 challenge=x"), "CKR_OK"),
        (&format!("verify {HOTP} found {wrong}"), "CKR_SIGNATURE_INVALID"),
        (&format!("verify {HOTP} found 1234567"), "CKR_SIGNATURE_LEN_RANGE"),
        (&format!("sign-init {HOTP} found"), "CKR_KEY_FUNCTION_NOT_PERMITTED"),
        ("create CKA_CLASS=#3 CKA_LABEL=x", "CKR_TEMPLATE_INCONSISTENT"),
        ("destroy found", "CKR_ACTION_PROHIBITED"),
        ("wait-event nonblock", "CKR_NO_EVENT"),
        ("logout", "CKR_OK"),
        ("login", "CKR_OK"),
        ("find CKA_ID=F-1", "CKR_OK"),
        (&format!("threads 2 {HOTP} found {second}"), "CKR_OK"),
        (&format!("verify {HOTP} found {third}"), "CKR_OK"),
        ("close-all 0", "CKR_OK"),
        ("finalize", "CKR_OK"),
        ("init null", "CKR_OK"),
        ("open 0", "CKR_OK"),
        ("finalize", "CKR_OK"),
        ("unload", "CKR_OK"),
    ] {
        host.expect(line, rv);
    }
    assert_clean(host, &report);
}

/// A child never touches what it inherited, so that it loses that: only reads and writes are looked at.
#[tokio::test(flavor = "multi_thread")]
async fn memory_is_read_as_it_should_be_in_a_child() {
    let stage = Stage::new().await;
    let mut module = stage.module();
    module.set_slot("deadline_ms", "60000").set_slot("connect_timeout_ms", "60000");
    let report = module.path("valgrind");
    let mut host = watched(&module, &report, &["--leak-check=no"]);
    host.ok("init");
    host.log_in();
    let key = host.find("F-1");
    assert_eq!(host.verify(HOTP, key, &stage.token.code(0)), "CKR_OK");
    let (script, answers) = stage.child(&module, "child", 1);
    host.ok(&format!("fork {script} {}", answers.display()));
    assert_child(&heard(&mut host, &answers));
    assert_eq!(host.verify(HOTP, key, &stage.token.code(2)), "CKR_OK");
    host.ok("finalize");
    assert_clean(host, &report);
}
