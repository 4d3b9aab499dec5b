//! A SoftHSM token directory for one test, on tmpfs where there is one: SoftHSM rewrites an object's
//! file dozens of times.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;
use warifu_hsm_protocol::{WorkerConfig, WrappingKeyForm};

pub(crate) const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
pub(crate) const PIN: &str = "correct-pin-4711";

/// Removed when it goes.
pub(crate) struct SoftHsm {
    folder: TempDir,
}

impl SoftHsm {
    /// An initialised token labelled `warifu-test`, without keys.
    pub(crate) fn new() -> Self {
        let base = Path::new("/dev/shm");
        let folder = if base.is_dir() { TempDir::new_in(base) } else { TempDir::new() };
        let hsm = Self { folder: folder.unwrap() };
        fs::create_dir(hsm.path("tokens")).unwrap();
        let conf = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
            hsm.path("tokens").display()
        );
        fs::write(hsm.path("softhsm2.conf"), conf).unwrap();
        hsm.add_token("warifu-test");
        hsm.write_pin("pin", PIN, 0o600);
        hsm
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn add_token(&self, label: &str) {
        let arguments = ["--init-token", "--free", "--label", label, "--so-pin", "so-pin-0815"];
        let output = Command::new("softhsm2-util")
            .args(arguments)
            .args(["--pin", PIN])
            .envs([self.environment()])
            .output()
            .expect("softhsm2-util is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    pub(crate) fn write_pin(&self, name: &str, pin: &str, mode: u32) {
        fs::write(self.path(name), format!("{pin}\n")).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    pub(crate) fn environment(&self) -> (String, String) {
        let conf = self.path("softhsm2.conf");
        ("SOFTHSM2_CONF".to_owned(), conf.to_str().unwrap().to_owned())
    }

    pub(crate) fn config(&self) -> WorkerConfig {
        WorkerConfig {
            module: MODULE.into(),
            module_argument: None,
            token_label: "warifu-test".to_owned(),
            token_serial: None,
            pin_file: self.path("pin"),
            key_prefix: "warifu".to_owned(),
            sessions: 2,
            cache_capacity: 1000,
            cache_ttl_s: 3600,
            unwrap_quota: 0,
            allow_insecure_token: false,
            wrapping_key: WrappingKeyForm::Rotatable,
        }
    }

    /// Runs pkcs11-tool on the token as another application would.
    pub(crate) fn pkcs11_tool(&self, arguments: &[&str]) -> String {
        let output = Command::new("pkcs11-tool")
            .args(["--module", MODULE, "--token-label", "warifu-test", "--login", "--pin", PIN])
            .args(arguments)
            .envs([self.environment()])
            .output()
            .expect("pkcs11-tool is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}
