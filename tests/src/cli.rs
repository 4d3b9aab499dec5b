//! The real `warifu` command line, as an officer or operator runs it.
//!
//! Not responsible for: `warifu hsm`, which needs no daemon (see [`crate::world`]).

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use crate::{binaries::Program, daemon::Daemon, pki::Identity, process::fail, world::World};

/// One person at a terminal.
pub struct Cli {
    arguments: Vec<String>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Outcome {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Outcome {
    /// Insists on an exit code.
    #[must_use]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    /// Standard output as one JSON value.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| fail(&format!("{e}: {self:?}")))
    }
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Cli {
    /// With a certificate, against a daemon.
    pub fn new(world: &World, daemon: &Daemon, identity: &Identity) -> Self {
        let text = |path: &Path| path.display().to_string();
        let arguments = [
            "--server".to_owned(),
            format!("https://localhost:{}", daemon.api().port()),
            "--ca".to_owned(),
            text(&world.pki.ca()),
            "--cert".to_owned(),
            text(&identity.certificate),
            "--key".to_owned(),
            text(&identity.key),
        ];
        Self { arguments: arguments.into() }
    }

    /// Server and certificate, as they stand before the words of a command.
    pub fn words(&self) -> &[String] {
        &self.arguments
    }

    /// Runs `warifu WORDS` with something on its standard input.
    pub fn run_with(&self, words: &[&str], input: &str) -> Outcome {
        let mut command = Command::new(Program::Warifu.path());
        command.args(&self.arguments).args(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("warifu can be started");
        let mut stdin = child.stdin.take().expect("stdin is piped");
        // A command that reads nothing may have gone already.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        child.wait_with_output().expect("our own child").into()
    }

    /// Runs `warifu WORDS`.
    pub fn run(&self, words: &[&str]) -> Outcome {
        self.run_with(words, "")
    }
}
