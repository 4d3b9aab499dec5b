//! The tree of subcommands.
//!
//! Not responsible for: what each of them does.

mod answer;
mod audit;
mod backup;
mod camera;
mod challenge;
mod contract;
mod declared;
mod explain;
mod fingerprint;
mod hsm;
mod import;
mod imports;
mod keys;
mod policy;
mod progress;
mod proposals;
mod propose;
mod seedfile;
mod status;
mod token;
mod tokens;
mod user;
mod verify;
mod words;
mod wrapping_key;

use clap::Subcommand;

use crate::{
    connection::Connection,
    exit::{Exit, Failure},
    output::Output,
};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Verify(verify::Verify),
    #[command(subcommand)]
    Tokens(tokens::Tokens),
    #[command(subcommand)]
    Contract(contract::Contract),
    #[command(subcommand)]
    User(user::User),
    #[command(subcommand)]
    Camera(camera::Camera),
    #[command(subcommand)]
    Challenge(challenge::Challenge),
    Import(import::Import),
    #[command(subcommand)]
    Imports(imports::Imports),
    #[command(subcommand)]
    Keys(keys::Keys),
    #[command(subcommand)]
    WrappingKey(wrapping_key::WrappingKey),
    #[command(subcommand)]
    Proposals(proposals::Proposals),
    #[command(subcommand)]
    Policy(policy::Policy),
    #[command(subcommand)]
    Seedfile(seedfile::Seedfile),
    #[command(subcommand)]
    Hsm(hsm::Hsm),
    #[command(subcommand)]
    Audit(audit::Audit),
    #[command(subcommand)]
    Backup(backup::Backup),
    #[command(subcommand)]
    Token(token::Token),
    Status(status::Status),
}

impl Command {
    /// Does it.
    pub(crate) async fn run(&self, connection: &Connection, out: Output) -> Result<Exit, Failure> {
        match self {
            Self::Verify(verify) => verify.run(connection, out).await,
            Self::Tokens(tokens) => tokens.run(connection, out).await,
            Self::Contract(contract) => contract.run(connection, out).await,
            Self::User(user) => user.run(connection, out).await,
            Self::Camera(camera) => camera.run(connection, out).await,
            Self::Challenge(challenge) => challenge.run(connection, out).await,
            Self::Import(import) => import.run(connection, out).await,
            Self::Imports(imports) => imports.run(connection, out).await,
            Self::Keys(keys) => keys.run(connection, out).await,
            Self::WrappingKey(key) => key.run(connection, out).await,
            Self::Proposals(proposals) => proposals.run(connection, out).await,
            Self::Policy(policy) => policy.run(out),
            Self::Seedfile(seedfile) => seedfile.run(out),
            Self::Hsm(hsm) => hsm.run(out).await,
            Self::Audit(audit) => audit.run(connection, out).await,
            Self::Backup(backup) => backup.run(connection, out).await,
            Self::Token(token) => token.run(connection, out).await,
            Self::Status(status) => status.run(connection, out).await,
        }
    }
}
