//! Other people's programs on the PKCS#11 module: the programs that `docs/pkcs11.md` prints, Python
//! with its packages, and p11-kit with folders of its own.
//!
//! Not responsible for: what they have to say (`tests/pkcs11_tools.rs`).

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use sha2::{Digest as _, Sha256};

use crate::{
    binaries::{Program, locked, profile_folder, repository},
    pkcs11::Module,
    process::{fail, run},
    wait,
};

/// A user of p11-kit: for root it looks into no folder but the system's.
const NO_ROOT: [&str; 3] = ["--user", "--map-user=1000", "--map-group=1000"];

/// A program of the page, by how it begins.
pub fn printed(beginning: &str) -> String {
    let page = repository().join("docs/pkcs11.md");
    let page = fs::read_to_string(page).expect("the page is here");
    let blocks = page.split("\n```").filter_map(|block| Some(block.split_once('\n')?.1));
    let mut found = blocks.filter(|block| block.starts_with(beginning));
    let program = found.next().unwrap_or_else(|| fail(&format!("the page has no {beginning}")));
    format!("{program}\n")
}

/// Debian's Python with the packages of `tests/python/pkcs11.txt`, installed where that was not done with
/// this very list. `None` where nothing can be fetched.
pub fn python() -> Option<PathBuf> {
    if std::env::var_os("WARIFU_OFFLINE").is_some() {
        eprintln!("SKIPPED: WARIFU_OFFLINE is set, so Python's packages can not be installed");
        return None;
    }
    let list = repository().join("tests/python/pkcs11.txt");
    let digest = hex::encode(Sha256::digest(fs::read(&list).expect("the list is here")));
    let folder = profile_folder();
    let _lock = locked(&folder.join("e2e-python.lock"));
    let ready = folder.join(format!("e2e-pkcs11-python-{}", &digest[..16]));
    if !ready.join("ready").exists() {
        // The wheels of the list are for this Python, whatever else there is on the machine.
        run(Command::new("/usr/bin/python3").args(["-m", "venv", "--clear"]).arg(&ready));
        let mut pip = Command::new(ready.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        pip.args(["--only-binary=:all:", "--require-hashes", "--requirement"]).arg(&list);
        run(&mut pip);
        fs::write(ready.join("ready"), "").expect("the target folder is writable");
    }
    Some(ready.join("bin/python"))
}

/// p11-kit's folders of a user, with our module in them and no other.
pub struct Kit {
    home: PathBuf,
}

impl Kit {
    /// Registers the module by the file that `warifu-pkcs11 module-file` prints.
    pub fn new(module: &Module) -> Self {
        let home = module.path("xdg");
        fs::create_dir_all(home.join("pkcs11/modules")).expect("a folder of the test");
        let mut tool = Command::new(Program::ModuleTool.path());
        tool.arg("--config").arg(module.config()).arg("module-file");
        let printed = run(tool.arg("--library").arg(Module::library())).stdout;
        fs::write(home.join("pkcs11/modules/warifu.module"), printed).expect("a file of the test");
        fs::write(home.join("pkcs11/pkcs11.conf"), "user-config: only\n")
            .expect("a file of the test");
        Self { home }
    }

    /// A program that loads modules through p11-kit, as a user who is not root.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = if rustix::process::getuid().is_root() {
            let mut unshare = Command::new("unshare");
            unshare.args(NO_ROOT).arg(program.as_ref());
            unshare
        } else {
            Command::new(program.as_ref())
        };
        command.env("XDG_CONFIG_HOME", &self.home).env_remove("WARIFU_PKCS11_CONFIG");
        command
    }
}

/// `p11-kit server`: the module in a process of its own. Dropping it kills it.
pub struct Server {
    child: Child,
    socket: PathBuf,
}

impl Server {
    /// Starts it and waits for its socket.
    pub fn spawn(module: &Module) -> Self {
        let socket = module.path("p11-kit.socket");
        let mut command = module.command("/usr/libexec/p11-kit/p11-kit-server");
        command.arg("--foreground").arg("--name").arg(&socket);
        command.arg("--provider").arg(Module::library()).arg("pkcs11:");
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.spawn().unwrap_or_else(|e| fail(&format!("{command:?}: {e}")));
        wait::until_blocking("p11-kit server listens", || socket.exists().then_some(()));
        Self { child, socket }
    }

    /// What tells p11-kit-client.so where it is.
    pub fn variable(&self) -> (&'static str, String) {
        ("P11_KIT_SERVER_ADDRESS", format!("unix:path={}", self.socket.display()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A module that p11-kit's packages bring along.
pub fn kit_module(name: &str) -> PathBuf {
    let architecture = format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    let folder = Path::new(&architecture);
    let found = [folder.join("pkcs11").join(name), folder.join(name)];
    let found = found.into_iter().find(|path| path.exists());
    found.unwrap_or_else(|| fail(&format!("no {name} below {architecture}")))
}

/// What a program said, however it ended.
#[derive(Debug)]
pub struct Heard {
    /// Its exit code, -1 after a signal.
    pub code: i32,
    /// Standard output.
    pub text: String,
    /// Standard error.
    pub errors: String,
}

impl Heard {
    /// Insists on a good end; what it said.
    #[track_caller]
    pub fn good(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.text
    }
}

/// Runs a program to its end, with these lines on standard input.
pub fn hear(command: &mut Command, lines: &[impl AsRef<str>]) -> Heard {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|e| fail(&format!("{command:?}: {e}")));
    let mut input = child.stdin.take().expect("stdin is piped");
    for line in lines {
        // One that ended early is told apart by how it ended.
        let _ = writeln!(input, "{}", line.as_ref());
    }
    drop(input);
    heard(child.wait_with_output().expect("our own child"))
}

fn heard(output: Output) -> Heard {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let code = output.status.code().unwrap_or(-1);
    Heard { code, text: text(output.stdout), errors: text(output.stderr) }
}
