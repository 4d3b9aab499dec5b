//! What the person gives beside the command line: codes, passwords, keys. Never from an argument,
//! which other users of the machine could read.
//!
//! Not responsible for: what the values mean.

use std::{
    fs::File,
    io::{self, BufRead as _, IsTerminal as _, Read, Write as _},
    os::unix::fs::MetadataExt as _,
    path::Path,
};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::exit::{Exit, Failure};

/// Largest secret file; a longer one is surely another file.
const MOST: u64 = 64 * 1024;

/// A secret text from a file, or from standard input where the path is `-`. One line end at its end
/// is not part of it.
pub(crate) fn secret(path: &Path, prompt: &str) -> Result<Zeroizing<String>, Failure> {
    let mut text = if path == Path::new("-") { from_stdin(prompt)? } else { from_file(path)? };
    while text.ends_with(['\n', '\r']) {
        text.pop();
    }
    if text.is_empty() {
        return Err(Failure::new(Exit::Usage, format!("{prompt}: nothing was given")));
    }
    Ok(text)
}

/// Two secret lines, in order; see [`secret`].
pub(crate) fn two_secrets(
    path: &Path,
    prompts: [&str; 2],
) -> Result<[Zeroizing<String>; 2], Failure> {
    if path == Path::new("-") && io::stdin().is_terminal() {
        return Ok([secret(path, prompts[0])?, secret(path, prompts[1])?]);
    }
    let text = if path == Path::new("-") { whole(io::stdin(), path)? } else { from_file(path)? };
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    match (lines.next(), lines.next(), lines.next()) {
        (Some(first), Some(second), None) => {
            Ok([Zeroizing::new(first.to_owned()), Zeroizing::new(second.to_owned())])
        }
        _ => Err(Failure::new(Exit::Usage, "two codes are needed, one per line")),
    }
}

/// A secret that is typed twice at a terminal, so that a slip shows at once.
pub(crate) fn typed_twice(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    if !io::stdin().is_terminal() {
        let message = format!("{prompt}: it is typed at a terminal, or read from a file (--file)");
        return Err(Failure::new(Exit::Usage, message));
    }
    let stdin = Path::new("-");
    let first = secret(stdin, prompt)?;
    let again = secret(stdin, &format!("{prompt}, once more"))?;
    if *first == *again {
        Ok(first)
    } else {
        Err(Failure::new(Exit::Usage, "the two entries differ; nothing was sent"))
    }
}

/// An answer of a person at the terminal, trimmed; it is shown while it is typed. `None` where there
/// is no person.
pub(crate) fn asked(question: &str) -> Result<Option<String>, Failure> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Ok(None);
    }
    let failed = |error: &io::Error| Failure::because(Exit::Usage, "standard input", error);
    let mut error = io::stderr().lock();
    write!(error, "{question}: ").and_then(|()| error.flush()).map_err(|e| failed(&e))?;
    let mut answer = String::new();
    stdin.lock().take(MOST).read_line(&mut answer).map_err(|e| failed(&e))?;
    Ok(Some(answer.trim().to_owned()))
}

/// A secret file that need not be text, as an OpenPGP key.
pub(crate) fn secret_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    // Room for all of it at once: a growing buffer leaves copies behind.
    let mut bytes = Vec::with_capacity(64 * 1024);
    let read = secret_file(path)?.take(MOST).read_to_end(&mut bytes);
    read.map_err(|e| unreadable(path, &e))?;
    Ok(bytes)
}

/// A file with a secret in it. One that others can read is taken, with a warning: the damage, if
/// any, is done, and the person should know.
fn secret_file(path: &Path) -> Result<File, Failure> {
    let file = File::open(path).map_err(|e| unreadable(path, &e))?;
    let facts = file.metadata().map_err(|e| unreadable(path, &e))?;
    if facts.is_file() && facts.mode() & 0o077 != 0 {
        let path = path.display();
        eprintln!("warifu: warning: others can read {path}; run `chmod 600 {path}`");
    }
    Ok(file)
}

/// A local file that can not be read.
pub(crate) fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::because(Exit::Usage, path.display().to_string(), error)
}

fn from_file(path: &Path) -> Result<Zeroizing<String>, Failure> {
    whole(secret_file(path)?, path)
}

fn whole(reader: impl Read, path: &Path) -> Result<Zeroizing<String>, Failure> {
    // Room for all of it at once: a growing buffer leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(64 * 1024));
    reader.take(MOST).read_to_string(&mut text).map_err(|e| unreadable(path, &e))?;
    Ok(text)
}

fn from_stdin(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    let stdin = io::stdin();
    let failed = |error: &io::Error| Failure::because(Exit::Usage, "standard input", error);
    if !stdin.is_terminal() {
        return whole(stdin, Path::new("standard input"));
    }
    let silence = Silence::begin().map_err(|e| failed(&e))?;
    let mut error = io::stderr().lock();
    write!(error, "{prompt}: ").and_then(|()| error.flush()).map_err(|e| failed(&e))?;
    let mut text = Zeroizing::new(String::with_capacity(4096));
    stdin.lock().read_line(&mut text).map_err(|e| failed(&e))?;
    drop(silence);
    writeln!(error).map_err(|e| failed(&e))?;
    Ok(text)
}

/// The terminal does not show what is typed, until dropped.
struct Silence(Termios);

impl Silence {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // There is nobody left to tell; the shell sets its terminal up again anyway.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    fn file(mode: u32, text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
        file
    }

    #[test]
    fn one_line_end_is_not_part_of_a_secret() {
        let file = file(0o600, "correct horse\r\n");
        assert_eq!(*secret(file.path(), "password").unwrap(), "correct horse");
    }

    #[test]
    fn two_codes_are_two_lines() {
        let prompts = ["first", "second"];
        let two = file(0o600, "111111\n222222\n");
        let [first, second] = two_secrets(two.path(), prompts).unwrap();
        assert_eq!((first.as_str(), second.as_str()), ("111111", "222222"));
        assert!(two_secrets(file(0o600, "1\n2\n3\n").path(), prompts).is_err());
        assert!(two_secrets(file(0o600, "1\n").path(), prompts).is_err());
    }
}
