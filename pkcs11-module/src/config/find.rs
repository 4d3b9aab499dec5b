//! Which file is read, and whether the environment may say anything.
//!
//! A program that runs with more rights than whoever started it (set-uid, file capabilities) must not
//! be led to another server or key by that person's environment or home. There only what the program
//! itself says counts, and the system's file.
//!
//! Not responsible for what is in the file.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
};

use rustix::process::{getegid, geteuid, getgid, getuid};

/// Names the file.
const VARIABLE: &str = "WARIFU_PKCS11_CONFIG";
/// For the whole system.
const SYSTEM_FILE: &str = "/etc/warifu/pkcs11.toml";
/// In the folder of a user's configurations.
const USER_FILE: &str = "warifu/pkcs11.toml";
/// What the host's text for this module begins with.
const RESERVED: &str = "config=";
/// Entry of the auxiliary vector, see getauxval(3).
const AT_SECURE: usize = 23;

/// What the process was started with.
pub(super) struct Surroundings {
    pub(super) is_privileged: bool,
    pub(super) environment: HashMap<String, String>,
    pub(super) system_file: PathBuf,
}

impl Surroundings {
    /// A variable that is not UTF-8 can be none of ours that is valid.
    pub(super) fn of_process() -> Self {
        let utf8 = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self {
            is_privileged: is_privileged(),
            environment: std::env::vars_os().filter_map(utf8).collect(),
            system_file: PathBuf::from(SYSTEM_FILE),
        }
    }

    /// The variables that count.
    pub(super) fn variables(&self) -> HashMap<String, String> {
        if self.is_privileged { HashMap::new() } else { self.environment.clone() }
    }

    /// The file; a file that the host or the variable names must be there, others may be.
    pub(super) fn file(&self, reserved: Option<&str>) -> Result<Option<PathBuf>, String> {
        if let Some(text) = reserved.map(str::trim).filter(|text| !text.is_empty()) {
            return named_by_host(text).map(Some);
        }
        let named = self.variable(VARIABLE).map(PathBuf::from);
        let present = |path: &PathBuf| path.exists();
        let system = || Some(self.system_file.clone()).filter(present);
        Ok(named.or_else(|| self.user_file().filter(present)).or_else(system))
    }

    /// XDG Base Directory Specification: what is not absolute is ignored.
    fn user_file(&self) -> Option<PathBuf> {
        let absolute = |name| self.variable(name).map(Path::new).filter(|path| path.is_absolute());
        let folder = absolute("XDG_CONFIG_HOME").map(Path::to_owned);
        let folder = folder.or_else(|| Some(absolute("HOME")?.join(".config")))?;
        Some(folder.join(USER_FILE))
    }

    fn variable(&self, name: &str) -> Option<&str> {
        let value = self.environment.get(name).filter(|_| !self.is_privileged)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }
}

/// The host's text, as p11-kit's `x-init-reserved` hands it over.
fn named_by_host(text: &str) -> Result<PathBuf, String> {
    let path = text.strip_prefix(RESERVED).map(Path::new).filter(|path| path.is_absolute());
    path.map(Path::to_owned).ok_or_else(|| {
        let example = "x-init-reserved: config=/etc/warifu/pkcs11.toml";
        format!("what the host says in C_Initialize is config= and an absolute path (example: {example})")
    })
}

/// The folder of credentials that systemd hands over, where one may be believed.
pub(crate) fn credentials() -> Option<PathBuf> {
    if is_privileged() {
        return None;
    }
    std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from).filter(|path| path.is_absolute())
}

fn is_privileged() -> bool {
    let other_user = getuid() != geteuid() || getgid() != getegid();
    other_user || is_secure(fs::read("/proc/self/auxv"))
}

/// Without /proc the kernel can not be asked; where it is there but closed, somebody else owns this
/// process's secrets, which is the case in question.
fn is_secure(vector: io::Result<Vec<u8>>) -> bool {
    match vector {
        Ok(vector) => secure_entry(&vector).unwrap_or(false),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

fn secure_entry(vector: &[u8]) -> Option<bool> {
    const WORD: usize = size_of::<usize>();
    let word = |bytes: &[u8]| bytes.try_into().map(usize::from_ne_bytes).ok();
    let entry = vector.chunks_exact(2 * WORD).find(|e| word(&e[..WORD]) == Some(AT_SECURE))?;
    Some(word(&entry[WORD..])? != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(variables: &[(&str, &Path)], system_file: &Path) -> Surroundings {
        let text = |(name, value): &(&str, &Path)| {
            ((*name).to_owned(), value.to_str().unwrap().to_owned())
        };
        Surroundings {
            is_privileged: false,
            environment: variables.iter().map(text).collect(),
            system_file: system_file.to_owned(),
        }
    }

    #[test]
    fn the_nearest_file_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for dir in ["xdg/warifu", "home/.config/warifu"] {
            fs::create_dir_all(path(dir)).unwrap();
            fs::write(path(dir).join("pkcs11.toml"), "").unwrap();
        }
        fs::write(path("system"), "").unwrap();
        let (named, xdg, home) = (path("named"), path("xdg"), path("home"));
        let all = [(VARIABLE, &*named), ("XDG_CONFIG_HOME", &*xdg), ("HOME", &*home)];
        let chosen = |variables, reserved| around(variables, &path("system")).file(reserved);
        assert_eq!(chosen(&all, Some(" config=/x ")).unwrap(), Some("/x".into()));
        assert_eq!(chosen(&all, Some("")).unwrap(), Some(named.clone()));
        assert_eq!(chosen(&all[1..], None).unwrap(), Some(xdg.join(USER_FILE)));
        assert_eq!(chosen(&all[2..], None).unwrap(), Some(home.join(".config").join(USER_FILE)));
        assert_eq!(chosen(&[], None).unwrap(), Some(path("system")));
        assert_eq!(around(&[], &path("none")).file(None).unwrap(), None);
        assert!(chosen(&all, Some("config=relative")).is_err());
        assert!(chosen(&all, Some("configdir='/x'")).is_err());
    }

    #[test]
    fn a_privileged_program_is_not_led_by_its_environment() {
        let folder = tempfile::tempdir().unwrap();
        let named = folder.path().join("named");
        let mut around =
            around(&[(VARIABLE, &*named), ("HOME", folder.path())], Path::new("/none"));
        around.is_privileged = true;
        assert_eq!(around.file(None).unwrap(), None);
        assert_eq!(around.file(Some("config=/x")).unwrap(), Some("/x".into()));
        assert!(around.variables().is_empty());
    }

    #[test]
    fn the_kernel_says_whether_a_program_is_privileged() {
        let entry = |kind: usize, value: usize| [kind.to_ne_bytes(), value.to_ne_bytes()].concat();
        let vector = [entry(6, 4096), entry(AT_SECURE, 1), entry(0, 0)].concat();
        assert!(is_secure(Ok(vector)));
        assert!(!is_secure(Ok([entry(AT_SECURE, 0), entry(0, 0)].concat())));
        assert!(!is_secure(Ok(Vec::new())));
        assert!(!is_secure(Err(io::ErrorKind::NotFound.into())));
        assert!(is_secure(Err(io::ErrorKind::PermissionDenied.into())));
    }
}
