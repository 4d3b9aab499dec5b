//! The PKCS#11 module as programs meet it: its configuration, and the C program that loads it
//! (`tests/pkcs11`) and does what it is told.
//!
//! Not responsible for: what return value is right.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, channel},
};

use crate::{
    Daemon, Identity, World, binaries,
    process::{fail, run, write_private},
    wait,
};

/// PIN of encrypted keys. Long and odd, so that a search through a log finds nothing else.
pub const PIN: &str = "pin-of-a-key-60317";

/// A slot of the module.
#[derive(Clone, Debug)]
pub struct Slot {
    keys: BTreeMap<String, String>,
}

impl Slot {
    /// With the identity of one caller at one daemon.
    pub fn new(world: &World, daemon: &Daemon, identity: &Identity) -> Self {
        let mut slot = Self { keys: BTreeMap::new() };
        slot.set("label", "\"Warifu test\"");
        slot.set("servers", &servers(&[daemon]));
        slot.set("ca", &quoted(&world.pki.ca()));
        slot.set("certificate", &quoted(&identity.certificate));
        slot.set("key", &quoted(&identity.key));
        // Machines that run tests are busy; what a deadline does is tested where one is set.
        slot.set("deadline_ms", "20000");
        slot.set("connect_timeout_ms", "10000");
        slot
    }

    /// Sets a key to a TOML value.
    pub fn set(&mut self, key: &str, value: &str) -> &mut Self {
        self.keys.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Another label.
    #[must_use]
    pub fn label(mut self, label: &str) -> Self {
        self.set("label", &format!("{label:?}"));
        self
    }

    fn write(&self, text: &mut String) {
        for (key, value) in &self.keys {
            writeln!(text, "{key} = {value}").expect("a String takes any text");
        }
    }
}

/// The module with a configuration of its own.
pub struct Module {
    file: PathBuf,
    slots: Vec<Slot>,
    /// Keys of the whole module, for example `sessions`.
    settings: BTreeMap<String, String>,
    log: PathBuf,
}

impl Module {
    /// With one slot: the caller at the daemon.
    pub fn new(world: &World, daemon: &Daemon, identity: &Identity) -> Self {
        Self::with_slots(world, vec![Slot::new(world, daemon, identity)])
    }

    /// With a role at [`crate::world::BANK`].
    pub fn role(world: &World, daemon: &Daemon, role: &str) -> Self {
        Self::new(world, daemon, &world.identity(role))
    }

    /// With several slots, or with one that has something of its own.
    pub fn with_slots(world: &World, slots: Vec<Slot>) -> Self {
        let folder = tempfile::Builder::new().prefix("pkcs11-").tempdir_in(world.path(""));
        // It goes with the world's.
        let folder = folder.expect("a folder in the test's folder").keep();
        let (file, log) = (folder.join("pkcs11.toml"), folder.join("pkcs11.log"));
        let module = Self { file, slots, settings: BTreeMap::new(), log };
        module.write();
        module
    }

    /// Sets a key of the whole module to a TOML value.
    pub fn set(&mut self, key: &str, value: &str) -> &mut Self {
        self.settings.insert(key.to_owned(), value.to_owned());
        self.write();
        self
    }

    /// Changes the first slot, for programs that begin from now on.
    pub fn set_slot(&mut self, key: &str, value: &str) -> &mut Self {
        let slot = self.slots.first_mut().unwrap_or_else(|| fail("the module has no slot"));
        slot.set(key, value);
        self.write();
        self
    }

    /// A key file under [`PIN`] in the place of the first slot's, made by OpenSSL; the file with the PIN.
    pub fn encrypt_key(&mut self, identity: &Identity) -> PathBuf {
        let pin_file = write_private(&self.file.with_extension("pin"), PIN.as_bytes());
        let key = self.file.with_extension("key");
        let mut openssl = Command::new("openssl");
        openssl.args(["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-in"]).arg(&identity.key);
        openssl.arg("-passout").arg(format!("file:{}", pin_file.display()));
        run(openssl.arg("-out").arg(&key));
        self.set_slot("key", &quoted(&key));
        pin_file
    }

    fn write(&self) {
        let mut text = String::new();
        for (key, value) in &self.settings {
            writeln!(text, "{key} = {value}").expect("a String takes any text");
        }
        if let [only] = self.slots.as_slice() {
            only.write(&mut text);
        }
        writeln!(text, "[log]\nfile = {}\nlevel = \"debug\"", quoted(&self.log))
            .expect("a String takes any text");
        if self.slots.len() > 1 {
            for slot in &self.slots {
                text.push_str("[[slot]]\n");
                slot.write(&mut text);
            }
        }
        write_private(&self.file, text.as_bytes());
    }

    /// The library.
    pub fn library() -> PathBuf {
        binaries::pkcs11_module()
    }

    /// Its configuration file.
    pub fn config(&self) -> &Path {
        &self.file
    }

    /// A file of a test's own beside the configuration.
    pub fn path(&self, name: &str) -> PathBuf {
        self.file.with_file_name(name)
    }

    /// Writes a file with one text per line; its path.
    pub fn lines(&self, name: &str, lines: &[impl fmt::Display]) -> String {
        let lines: Vec<_> = lines.iter().map(ToString::to_string).collect();
        let text = lines.join("\n");
        write_private(&self.path(name), text.as_bytes()).display().to_string()
    }

    /// What the module logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Any program that is to find the configuration.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("WARIFU_PKCS11_CONFIG", &self.file);
        command
    }

    /// A program that has loaded the module, and nothing more.
    pub fn loaded(&self) -> Host {
        let mut host = Host::spawn(self.command(binaries::pkcs11_host()));
        host.ok(&format!("load {}", Self::library().display()));
        host
    }

    /// A program that has initialised the module.
    pub fn initialised(&self) -> Host {
        let mut host = self.loaded();
        host.ok("init");
        host
    }

    /// A program with a session of the first slot, logged in without a PIN.
    pub fn session(&self) -> Host {
        let mut host = self.initialised();
        host.log_in();
        host
    }
}

/// Where daemons are, the first one first, as a TOML value.
pub fn servers(daemons: &[&Daemon]) -> String {
    let urls: Vec<_> = daemons.iter().map(|daemon| format!("https://{}", daemon.api())).collect();
    format!("{urls:?}")
}

fn quoted(path: &Path) -> String {
    format!("{:?}", path.display().to_string())
}

/// An answer of the C program.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Said {
    /// Name of the return value.
    pub rv: String,
    /// What else there is: after a failure, the function that failed.
    pub words: Vec<String>,
}

impl Said {
    fn parse(line: &str) -> Self {
        let mut words = line.split_ascii_whitespace().map(str::to_owned);
        let rv = words.next().unwrap_or_default();
        Self { rv, words: words.collect() }
    }

    /// The value of the word `name=value`, blanks as blanks.
    #[track_caller]
    pub fn value(&self, name: &str) -> String {
        let value = |word: &String| word.strip_prefix(name)?.strip_prefix('=').map(str::to_owned);
        let value = self.words.iter().find_map(value);
        value.unwrap_or_else(|| fail(&format!("no {name}: {self:?}"))).replace("%20", " ")
    }

    /// The bytes of an attribute; `None` where it is not told or not there.
    #[track_caller]
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        let value = self.value(name);
        (value != "-").then(|| hex::decode(value).expect("the program writes hexadecimal digits"))
    }

    /// An attribute that is a text.
    #[track_caller]
    pub fn text(&self, name: &str) -> String {
        String::from_utf8_lossy(&self.bytes(name).unwrap_or_default()).into_owned()
    }

    /// The first word as a number: a handle.
    #[track_caller]
    pub fn number(&self) -> u64 {
        let number = self.words.first().and_then(|word| word.parse().ok());
        number.unwrap_or_else(|| fail(&format!("no number: {self:?}")))
    }

    /// How many of the words are this one.
    pub fn count(&self, word: &str) -> usize {
        self.words.iter().filter(|one| *one == word).count()
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.rv)?;
        self.words.iter().try_for_each(|word| write!(f, " {word}"))
    }
}

/// The C program, running. Dropping it kills it.
pub struct Host {
    child: Child,
    lines: Option<ChildStdin>,
    answers: Receiver<String>,
}

impl Host {
    /// Starts it, by itself or under another program, with nothing loaded.
    pub fn spawn(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|e| fail(&format!("{command:?}: {e}")));
        let lines = child.stdin.take();
        let output = child.stdout.take().expect("stdout is piped");
        let (to, answers) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if to.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines, answers }
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Gives a line, whose answer is to be heard later.
    pub fn begin(&mut self, line: &str) {
        let lines = self.lines.as_mut().unwrap_or_else(|| fail("the program was ended"));
        writeln!(lines, "{line}").unwrap_or_else(|e| fail(&format!("{line}: {e}")));
    }

    /// The next answer.
    #[track_caller]
    pub fn hear(&mut self) -> Said {
        let answer = self.answers.recv_timeout(wait::PATIENCE);
        let answer = answer.unwrap_or_else(|e| {
            fail(&format!("the program does not answer: {e}, {:?}", self.child.try_wait()))
        });
        assert!(!answer.starts_with("ERROR"), "{answer}");
        Said::parse(&answer)
    }

    /// Gives a line and hears the answer.
    #[track_caller]
    pub fn say(&mut self, line: &str) -> Said {
        self.begin(line);
        self.hear()
    }

    /// Gives a line that must succeed.
    #[track_caller]
    pub fn ok(&mut self, line: &str) -> Said {
        let said = self.say(line);
        assert_eq!(said.rv, "CKR_OK", "{}: {said}", command_of(line));
        said
    }

    /// Gives a line and insists on a return value.
    #[track_caller]
    pub fn expect(&mut self, line: &str, rv: &str) {
        let said = self.say(line);
        assert_eq!(said.rv, rv, "{}: {said}", command_of(line));
    }

    /// A session of the first slot, logged in without a PIN.
    #[track_caller]
    pub fn log_in(&mut self) {
        let slot = self.ok("slots").number();
        self.ok(&format!("open {slot} rw"));
        self.ok("login");
    }

    /// The token of a serial, which must be there.
    #[track_caller]
    pub fn find(&mut self, serial: &str) -> u64 {
        let said = self.ok(&format!("find CKA_ID={serial}"));
        assert_eq!(said.words.len(), 1, "{serial}: {said}");
        said.number()
    }

    /// Verifies a code; the return value's name.
    #[track_caller]
    pub fn verify(&mut self, mechanism: &str, key: u64, code: &str) -> String {
        self.say(&format!("verify {mechanism} {key} {code}")).rv
    }

    /// Lets it come to its end, which must be a good one.
    pub fn end(mut self) -> ExitStatus {
        drop(self.lines.take());
        let child = &mut self.child;
        let ended = || child.try_wait().expect("our own child");
        wait::until_blocking("the program ends", ended)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Only the command: the rest may be a code.
fn command_of(line: &str) -> &str {
    line.split(' ').next().unwrap_or_default()
}
