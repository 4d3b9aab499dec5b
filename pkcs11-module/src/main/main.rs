//! `warifu-pkcs11`: shows what the module makes of its configuration. Arguments in, exit code out.
//!
//! Not responsible for the module's work, and of no use to it: the library stands alone.
#![forbid(unsafe_code)]

mod check;
mod module_file;
mod uri;

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};
use warifu_pkcs11::Config;

/// Looks after the configuration of Warifu's PKCS#11 module, libwarifu_pkcs11.so.
///
/// The module offers the daemon's tokens as OTP keys to programs that speak PKCS#11. This program reads
/// the same configuration as the module does, tells every fault of it at once, and tries it out.
#[derive(Debug, Parser)]
#[command(name = "warifu-pkcs11", version, after_long_help = AFTER)]
struct Arguments {
    /// Configuration file. Without it, the file is looked for where the module looks, see FILES.
    #[arg(long, short, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read the configuration, and show of each slot which daemons are in reach, whether they accept its
    /// certificate, and whether it may list tokens.
    ///
    /// Nothing is changed and no code is checked. Succeeds when each slot has a daemon that accepts it.
    Check {
        /// File with the PIN that opens encrypted keys; a line break at its end is left away.
        #[arg(long, value_name = "FILE")]
        pin_file: Option<PathBuf>,
        /// Write JSON instead of text.
        #[arg(long)]
        json: bool,
    },
    /// Print the URI (RFC 7512) of a slot's token or of one OTP token, or tell what a URI selects.
    Uri(Uri),
    /// Print the file that makes the module known to p11-kit.
    ///
    /// With --config, the module reads that configuration whoever loads it.
    ModuleFile {
        /// Where the library is; relative paths are p11-kit's module folder's.
        #[arg(long, value_name = "PATH")]
        library: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
struct Uri {
    /// Label of the slot's token.
    #[arg(long, value_name = "LABEL", required_unless_present = "parse")]
    slot: Option<String>,
    /// Serial of an OTP token in it.
    #[arg(long, value_name = "SERIAL", requires = "slot")]
    serial: Option<String>,
    /// Tell which slots and which serial this URI selects.
    #[arg(long, value_name = "URI", conflicts_with = "slot")]
    parse: Option<String>,
}

/// What a command gives.
enum End {
    /// Text for standard output, and whether all is well.
    Shown { text: String, well: bool },
    /// The command line asks for what is not there.
    Usage(String),
    /// The configuration, or a file that was named, is at fault.
    Config(String),
}

fn main() -> ExitCode {
    match Arguments::try_parse() {
        Ok(arguments) => finish(run(arguments)),
        Err(error) => {
            let usage = error.use_stderr();
            // Nothing to do about a closed terminal.
            drop(error.print());
            if usage { ExitCode::from(EX_USAGE) } else { ExitCode::SUCCESS }
        }
    }
}

fn run(arguments: Arguments) -> End {
    let named = arguments.config.as_deref().map(std::path::absolute).transpose();
    let named = match named {
        Ok(named) => named,
        Err(error) => return End::Usage(format!("--config: {error}")),
    };
    match arguments.command {
        Command::Check { pin_file, json } => {
            with_config(named.as_deref(), |config| check::run(config, pin_file.as_deref(), json))
        }
        Command::Uri(Uri { parse: Some(text), .. }) => {
            with_config(named.as_deref(), |config| uri::parse(config, &text))
        }
        Command::Uri(Uri { slot, serial, .. }) => with_config(named.as_deref(), |config| {
            uri::print(config, &slot.unwrap_or_default(), serial.as_deref())
        }),
        Command::ModuleFile { library } => module_file::print(library.as_deref(), named.as_deref()),
    }
}

fn with_config(named: Option<&Path>, then: impl FnOnce(&Config) -> End) -> End {
    let reserved = named.map(|path| path.to_str().map(|path| format!("config={path}")));
    if reserved == Some(None) {
        return End::Usage("--config: the path is not UTF-8".to_owned());
    }
    match Config::load(reserved.flatten().as_deref()) {
        Ok(config) => then(&config),
        Err(fault) => End::Config(fault.to_string()),
    }
}

fn finish(end: End) -> ExitCode {
    match end {
        End::Shown { text, well } => {
            // Whoever closes the pipe has read enough.
            let _ = io::stdout().write_all(text.as_bytes());
            if well { ExitCode::SUCCESS } else { ExitCode::from(EX_UNAVAILABLE) }
        }
        End::Usage(why) => complain(&why, EX_USAGE),
        End::Config(why) => complain(&why, EX_CONFIG),
    }
}

fn complain(why: &str, code: u8) -> ExitCode {
    for line in why.lines() {
        eprintln!("warifu-pkcs11: {line}");
    }
    ExitCode::from(code)
}

const EX_USAGE: u8 = 64;
const EX_UNAVAILABLE: u8 = 69;
const EX_CONFIG: u8 = 78;

const AFTER: &str = "\
Files, the first one that is there:
  what the program says in C_Initialize (p11-kit: x-init-reserved: config=/path)
  what WARIFU_PKCS11_CONFIG names
  $XDG_CONFIG_HOME/warifu/pkcs11.toml, or ~/.config/warifu/pkcs11.toml
  /etc/warifu/pkcs11.toml
Programs with raised privileges (set-uid) look neither at variables nor at home folders.

Environment:
  WARIFU_PKCS11__SERVERS, __CA, __CERTIFICATE, __KEY, __LABEL, __DEADLINE_MS, __CONNECT_TIMEOUT_MS,
  __IMPORT_DEADLINE_MS, __SESSIONS, __OBJECTS, __LOG__FILE, __LOG__LEVEL override the file's top.

Exit codes:
  0   done; each slot has a daemon that accepts it
  64  the command line is wrong
  69  a slot has no daemon that accepts it
  78  the configuration, or a file that it names, is wrong or missing; a person must act

Examples:
  warifu-pkcs11 check --pin-file /run/credentials/pin
  warifu-pkcs11 uri --slot Warifu --serial 00120045
  warifu-pkcs11 --config /etc/warifu/pkcs11.toml module-file > /etc/pkcs11/modules/warifu.module";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
        assert!(Arguments::try_parse_from(["warifu-pkcs11", "uri"]).is_err());
        assert!(Arguments::try_parse_from(["warifu-pkcs11", "uri", "--parse", "pkcs11:"]).is_ok());
        assert!(Arguments::try_parse_from(["warifu-pkcs11", "check", "--json"]).is_ok());
    }
}
