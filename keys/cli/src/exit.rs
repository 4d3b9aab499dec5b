//! How the command ends: exit codes, and failures by what the person does next.
//!
//! Not responsible for: successful output.

use std::{error::Error, fmt::Write as _, io, process::ExitCode};

use serde_json::json;
use warifu_api::{Problem, ProblemType, client::ClientError, problem::Next};
use warifu_keys::hsm::{HsmError, RefusedCause, StartError};

/// Shown at the end of every help page.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0    done; the answer is yes
  1    refused; the answer is no (a wrong code, a refused file, a broken chain)
  64   wrong usage, or a local file that can not be read
  69   the server or the HSM is out of reach; try again
  70   a defect of this program or of the server
  78   the configuration, a certificate or a PIN is wrong
  130  interrupted";

/// Exit codes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Exit {
    /// Done, the answer is yes.
    Ok = 0,
    /// The answer is no.
    Refused = 1,
    /// The command line is wrong.
    Usage = 64,
    /// Out of reach; try again.
    Unavailable = 69,
    /// A defect.
    Bug = 70,
    /// The configuration is wrong.
    Config = 78,
    /// Ctrl-C.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why the command did not do what it should.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
    problem: Option<Box<Problem>>,
}

impl Failure {
    /// A failure with one line for the person.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), problem: None }
    }

    /// The same, with what the error says about its causes.
    pub(crate) fn because(exit: Exit, message: impl Into<String>, error: &dyn Error) -> Self {
        let mut message = message.into();
        append_chain(&mut message, Some(error));
        Self::new(exit, message)
    }

    /// What the server said, where it was the server.
    pub(crate) fn problem(&self) -> Option<ProblemType> {
        self.problem.as_ref().map(|problem| problem.kind)
    }

    /// The same, with what to do about it on a line of its own.
    #[must_use]
    pub(crate) fn with_advice(mut self, advice: &str) -> Self {
        write_to(&mut self.message, format_args!("\n  {advice}"));
        self
    }

    /// Prints it where failures go, and gives the exit code.
    pub(crate) fn report(&self, as_json: bool) -> Exit {
        if self.exit == Exit::Ok {
            return Exit::Ok;
        }
        if as_json {
            let code = self.exit as u8;
            let value = json!({"error": self.message, "exit_code": code, "problem": self.problem});
            eprintln!("{value}");
        } else {
            eprintln!("warifu: {}", self.message);
        }
        self.exit
    }
}

/// `: cause: its cause`, as far as they say something new.
fn append_chain(message: &mut String, mut next: Option<&dyn Error>) {
    while let Some(error) = next {
        let text = error.to_string();
        if !message.ends_with(&text) {
            message.push_str(": ");
            message.push_str(&text);
        }
        next = error.source();
    }
}

/// Standard output failed. A reader that has seen enough (`| head`) is no failure.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::new(Exit::Ok, "");
        }
        Self::because(Exit::Refused, "the output could not be written", &error)
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        if let ClientError::Problem { problem, retry_after } = error {
            let mut message = describe(&problem);
            if let Some(wait) = retry_after {
                write_to(&mut message, format_args!("\n  try again in {} s", wait.as_secs()));
            }
            let exit = exit_of(problem.kind);
            return Self { exit, message, problem: Some(problem) };
        }
        let exit = match &error {
            ClientError::Argument(_) => Exit::Usage,
            ClientError::Local(_) => Exit::Refused,
            ClientError::Randomness => Exit::Bug,
            ClientError::Tls(_) => Exit::Config,
            _ => Exit::Unavailable,
        };
        let mut message = error.to_string();
        append_chain(&mut message, error.source());
        Self::new(exit, message)
    }
}

fn exit_of(kind: ProblemType) -> Exit {
    match (kind, kind.next()) {
        (ProblemType::Internal, _) => Exit::Bug,
        (ProblemType::Unauthenticated, _) => Exit::Config,
        (_, Next::Retry | Next::RetrySameKey | Next::CallOperator) => Exit::Unavailable,
        (_, Next::ChangeRequest | Next::ChangeCircumstances) => Exit::Refused,
    }
}

/// Title, detail, each field, and the name under which the server's logs know the request.
fn describe(problem: &Problem) -> String {
    let mut text = problem.title.clone();
    if let Some(detail) = &problem.detail {
        write_to(&mut text, format_args!(": {detail}"));
    }
    for error in &problem.errors {
        write_to(&mut text, format_args!("\n  {}: {}", error.field, error.rule));
    }
    if let Some(instance) = &problem.instance {
        write_to(&mut text, format_args!("\n  {instance}"));
    }
    text
}

fn write_to(text: &mut String, more: std::fmt::Arguments<'_>) {
    text.write_fmt(more).expect("a String takes any text");
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let exit = match &error {
            StartError::Refused { cause: RefusedCause::SelfTest, .. } => Exit::Refused,
            StartError::Binary(_)
            | StartError::Refused { cause: RefusedCause::Missing | RefusedCause::Pin, .. }
            | StartError::WrongToken { .. } => Exit::Config,
            StartError::Spawn { .. }
            | StartError::Broken(_)
            | StartError::Silent(_)
            | StartError::Refused { cause: RefusedCause::Transient, .. }
            | StartError::Halted(_) => Exit::Unavailable,
        };
        let mut message = error.to_string();
        append_chain(&mut message, error.source());
        Self::new(exit, message)
    }
}

impl From<HsmError> for Failure {
    fn from(error: HsmError) -> Self {
        let exit = match &error {
            HsmError::Unavailable | HsmError::Timeout => Exit::Unavailable,
            HsmError::Malformed => Exit::Bug,
            _ => Exit::Refused,
        };
        Self::new(exit, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_has_an_exit_code_that_says_what_to_do() {
        assert_eq!(exit_of(ProblemType::HsmUnavailable), Exit::Unavailable);
        assert_eq!(exit_of(ProblemType::NotFound), Exit::Refused);
        assert_eq!(exit_of(ProblemType::Forbidden), Exit::Refused);
        assert_eq!(exit_of(ProblemType::Internal), Exit::Bug);
    }

    #[test]
    fn a_reader_that_left_is_no_failure() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(failure.report(false), Exit::Ok);
    }

    #[test]
    fn causes_are_told_once() {
        let inner = io::Error::other("disk full");
        let failure = Failure::because(Exit::Refused, "can not write", &inner);
        assert_eq!(failure.message, "can not write: disk full");
    }
}
