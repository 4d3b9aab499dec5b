//! `warifu`, the command line for officers, operators, auditors and testers.
//!
//! Not responsible for: deciding anything. The daemon checks codes and rights; the HSM worker keeps
//! seeds; this program asks and shows.
#![forbid(unsafe_code)]

mod commands;
mod connection;
mod exit;
mod input;
mod label;
mod language;
mod output;
mod output_file;
mod paging;

use std::process::ExitCode;

use clap::Parser;
use rustix::process::{Resource, Rlimit, setrlimit};
use tracing_subscriber::EnvFilter;

use crate::{
    commands::Command,
    connection::Connection,
    exit::{EXIT_CODES, Exit, Failure},
    language::LanguageWord,
    output::Output,
};

const EXAMPLES: &str = "\
Examples:
  warifu status
  warifu import batch.xml --key-label acme --dry-run
  warifu import batch.xml --key-label acme --batch 2026-11
  warifu imports approve 4f0c
  warifu proposals list --state open
  warifu verify 00123456
  warifu tokens history 00123456
  warifu user unlock U1 --contract C-1001 --reason 'caller identified' --reference T-4711
";

/// Bring seeds in, check codes, look after tokens.
///
/// Talks to a Warifu server over mutual TLS; what you may do is decided by the roles in your
/// certificate. `warifu hsm`, `warifu policy`, `warifu seedfile`, `warifu import --explain`,
/// `warifu audit verify` and all of `warifu token` but its `history` work without a server.
#[derive(Debug, Parser)]
#[command(name = "warifu", version, max_term_width = 100)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"), after_help = EXIT_CODES)]
struct Cli {
    /// Print JSON instead of text for people
    #[arg(long, global = true, display_order = 900)]
    json: bool,
    /// Language of tables and sentences; where absent, that of LC_ALL, LC_MESSAGES or LANG
    #[arg(long, global = true, display_order = 901, value_enum, value_name = "en|ja")]
    #[arg(hide_possible_values = true)]
    language: Option<LanguageWord>,
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    forbid_core_dumps();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let exit = match run(&cli) {
        Ok(exit) => exit,
        Err(failure) => failure.report(cli.json),
    };
    exit.into()
}

/// Codes, passwords and keys of files pass through this process.
fn forbid_core_dumps() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = setrlimit(Resource::Core, none) {
        eprintln!("warifu: warning: core dumps stay possible: {error}");
    }
}

/// clap's own exit code for a wrong command line is 2.
fn usage(error: &clap::Error) -> ExitCode {
    let printed = error.print();
    let asked = !error.use_stderr();
    if asked && printed.is_ok() { Exit::Ok.into() } else { Exit::Usage.into() }
}

fn run(cli: &Cli) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::because(Exit::Unavailable, "no runtime", &e))?;
    show_worker_logs();
    let language = language::chosen(cli.language);
    let connection = cli.connection.in_language(language);
    runtime.block_on(cli.command.run(&connection, Output::new(cli.json, language)))
}

/// The HSM worker's warnings and errors; `WARIFU_LOG=debug` for more.
fn show_worker_logs() {
    let filter = EnvFilter::try_from_env("WARIFU_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
