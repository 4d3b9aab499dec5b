//! The help pages, word for word: they are the manual, and scripts rely on names and exit codes.
//!
//! `UPDATE_HELP=1 cargo test -p warifu-cli --test help` rewrites `tests/help/`.
#![forbid(unsafe_code)]

use std::{fs, path::Path, process::Command};

/// Every command that there is.
const PAGES: [&str; 105] = [
    "",
    "audit",
    "audit export",
    "audit public-key",
    "audit verify",
    "backup",
    "backup create",
    "camera",
    "camera activate",
    "camera deactivate",
    "camera initialise",
    "camera revoke",
    "camera tokens",
    "challenge",
    "challenge cancel",
    "challenge create",
    "challenge show",
    "challenge verify",
    "contract",
    "contract set",
    "contract show",
    "contract tokens",
    "contract usage-mode",
    "contract users",
    "hsm",
    "hsm doctor",
    "hsm init",
    "hsm key",
    "hsm key generate",
    "hsm key import",
    "hsm key list",
    "import",
    "imports",
    "imports approve",
    "imports cancel",
    "imports list",
    "imports reject",
    "imports report",
    "imports show",
    "keys",
    "keys ceremony",
    "keys ceremony abort",
    "keys ceremony confirm",
    "keys ceremony enter",
    "keys ceremony list",
    "keys ceremony open",
    "keys ceremony show",
    "keys destroy",
    "keys generate",
    "keys list",
    "keys pair",
    "keys public",
    "policy",
    "policy check",
    "policy explain",
    "policy list",
    "policy show",
    "proposals",
    "proposals approve",
    "proposals list",
    "proposals reject",
    "proposals show",
    "proposals withdraw",
    "seedfile",
    "seedfile inspect",
    "status",
    "token",
    "token batch",
    "token camera",
    "token camera new",
    "token camera press",
    "token camera run",
    "token camera scan",
    "token camera script",
    "token camera show",
    "token code",
    "token history",
    "token keypad",
    "token keypad code",
    "tokens",
    "tokens expire",
    "tokens history",
    "tokens issue",
    "tokens list",
    "tokens lost",
    "tokens recall",
    "tokens resync",
    "tokens show",
    "tokens unlock",
    "user",
    "user deactivate",
    "user history",
    "user order",
    "user register",
    "user remove",
    "user revoke",
    "user set",
    "user show",
    "user status",
    "user unlock",
    "verify",
    "wrapping-key",
    "wrapping-key destroy",
    "wrapping-key rotate",
    "wrapping-key show",
];

fn help(page: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_warifu"))
        .env_clear()
        .env("COLUMNS", "100")
        .args(page.split_whitespace())
        .arg("--help")
        .output()
        .expect("warifu can be started");
    assert!(output.status.success(), "{page}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn the_help_pages_are_as_committed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/help");
    for page in PAGES {
        let name = if page.is_empty() { "warifu".to_owned() } else { page.replace(' ', "-") };
        let path = folder.join(name).with_extension("txt");
        let help = help(page);
        if std::env::var_os("UPDATE_HELP").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &help).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(help, committed, "`warifu {page} --help` differs from {}", path.display());
    }
}

#[test]
fn every_page_ends_with_the_exit_codes_or_lists_commands() {
    for page in PAGES {
        let help = help(page);
        assert!(help.contains("Exit codes:") || help.contains("Commands:"), "{page}");
    }
}
