//! The command line: arguments -> configuration -> [`crate`] -> exit code. Nothing is decided here.
//!
//! Not responsible for: what the commands do.

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{Config, Stopped};

/// Warifu's daemon: checks one-time passwords against token seeds that stay inside an HSM.
///
/// It serves a JSON interface over mutual TLS to banking servers, help-desk operators, security
/// officers and auditors (see /openapi.json), and makes every verdict durable before it gives it.
#[derive(Debug, Parser)]
#[command(name = "warifud", version, after_long_help = AFTER)]
struct Arguments {
    /// Configuration file (TOML). May be given more than once; later files override earlier ones,
    /// and WARIFU__SECTION__KEY variables override all files.
    #[arg(long, short, global = true, value_name = "FILE", default_value = DEFAULT_CONFIG)]
    config: Vec<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until SIGTERM or SIGINT. SIGHUP reloads certificates, CRLs and institutions.
    Run,
    /// Read the configuration and all files it names, report every fault at once, bind nothing.
    Check,
    /// Create the store. It must not exist yet; the HSM must have its keys (warifu hsm init).
    Init {
        /// Name of this daemon's audit chain; part of every record's hash.
        #[arg(long, value_name = "NAME", default_value = "warifud-1")]
        instance: String,
    },
    /// Make a store from a backup. The configured store must not exist.
    ///
    /// Time-based tokens will refuse every code up to now, event-based ones demand two consecutive
    /// codes once: the backup may be older than the last accepted code.
    Restore {
        /// The backup file.
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
        /// An audit export that is newer than the backup: raises counters to what was accepted since.
        #[arg(long, value_name = "FILE")]
        audit: Option<PathBuf>,
    },
}

/// See [`crate::main`].
pub(crate) fn main() -> ExitCode {
    crate::harden();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let usage = error.use_stderr();
            // Nothing to do about a closed terminal.
            drop(error.print());
            return if usage { ExitCode::from(EX_USAGE) } else { ExitCode::SUCCESS };
        }
    };
    let config = match Config::load(&arguments.config) {
        Ok(config) => config,
        Err(faults) => {
            for fault in &faults {
                eprintln!("{fault}\n");
            }
            eprintln!("warifud: {} fault(s) in the configuration", faults.len());
            return ExitCode::from(EX_CONFIG);
        }
    };
    let end = match arguments.command {
        Command::Run => crate::run(config, &arguments.config),
        Command::Check => crate::check(&config),
        Command::Init { instance } => crate::init(&config, &instance),
        Command::Restore { from, audit } => crate::restore(&config, &from, audit.as_deref()),
    };
    end.map_or_else(|stopped| complain(&stopped), |()| ExitCode::SUCCESS)
}

fn complain(stopped: &Stopped) -> ExitCode {
    eprintln!("warifud: {stopped}");
    ExitCode::from(stopped.exit_code())
}

const DEFAULT_CONFIG: &str = "/etc/warifu/warifud.toml";
const EX_USAGE: u8 = 64;
const EX_CONFIG: u8 = 78;

const AFTER: &str = "\
Exit codes:
  0   stopped in order, or nothing to complain about
  64  the command line is wrong
  69  HSM, store or network is out of reach, or was lost; trying again may help
  70  a defect of this program
  78  the configuration, or something it names, is wrong or missing; a person must act

Examples:
  warifud --config warifud.toml check
  warifu hsm init --config warifud.toml && warifud --config warifud.toml init
  warifud --config warifud.toml run
  warifud --config warifud.toml restore --from backup.wfb --audit audit.jsonl";
