//! `warifu wrapping-key`: the keys that seeds in the store are wrapped under, and their rotation.
//!
//! Not responsible for: transport keys (`warifu keys`), nor for the work of a rotation, which the
//! server does.

use clap::{Args, Subcommand};
use tokio::time::{Duration, sleep};
use warifu_api::{
    Language,
    approval::ProposedOperation,
    client::Client,
    key::{Rotation, RotationState, WrappingKeys},
};

use super::{
    import::{PATIENCE, may_pass},
    progress::Progress,
    propose::propose,
};
use crate::{
    connection::Connection,
    exit::{EXIT_CODES, Exit, Failure},
    label,
    language::named,
    output::{Output, facts_in},
};

/// Look after the keys that seeds in the store are wrapped under.
///
/// They are made inside the HSM and never leave it. A rotation makes a new one and wraps every seed
/// anew while codes go on being checked; afterwards the old one can be destroyed.
#[derive(Debug, Subcommand)]
pub(crate) enum WrappingKey {
    Show(Show),
    /// Propose a rotation: a new key, and every seed wrapped anew under it
    ///
    /// Nothing happens until another officer approves the proposal. Then the server works without a
    /// stop, and goes on after a restart; follow it with `warifu wrapping-key show --follow`.
    #[command(after_long_help = EXIT_CODES)]
    Rotate,
    Destroy(Destroy),
}

/// Show the keys and how far the last rotation has come.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu wrapping-key show --follow

{EXIT_CODES}"))]
pub(crate) struct Show {
    /// Go on showing until the rotation has ended
    #[arg(long)]
    follow: bool,
}

/// Propose to destroy an old key that nothing is wrapped under any more.
///
/// Backups from before the rotation can not be used without it.
#[derive(Args, Debug)]
#[command(after_long_help = EXIT_CODES)]
pub(crate) struct Destroy {
    /// Generation of the key, as `show` lists it
    generation: u32,
}

impl WrappingKey {
    pub(crate) async fn run(&self, connection: &Connection, out: Output) -> Result<Exit, Failure> {
        let client = connection.client()?;
        match self {
            Self::Show(show) => show.run(&client, out).await,
            Self::Rotate => propose(&client, ProposedOperation::WrappingKeyRotate {}, out).await,
            Self::Destroy(Destroy { generation }) => {
                let generation = *generation;
                propose(&client, ProposedOperation::WrappingKeyDestroy { generation }, out).await
            }
        }
    }
}

impl Show {
    async fn run(&self, client: &Client, out: Output) -> Result<Exit, Failure> {
        let keys = client.wrapping_keys().await?;
        let keys = if self.follow { ended(client, keys, out).await? } else { keys };
        out.show(&keys, |keys| text(keys, out.language()))?;
        Ok(exit_of(keys.rotation.as_ref()))
    }
}

/// Asks until the rotation has ended. A server that is out of reach for a moment is no end.
async fn ended(
    client: &Client,
    mut keys: WrappingKeys,
    out: Output,
) -> Result<WrappingKeys, Failure> {
    let progress = Progress::of_job(out);
    let mut failed = 0;
    while let Some(rotation) = keys.rotation.as_ref().filter(|one| goes_on(one.state)) {
        progress.count(rotation.state.word(), rotation.done, rotation.total);
        sleep(Duration::from_secs(1)).await;
        match client.wrapping_keys().await {
            Ok(next) => (keys, failed) = (next, 0),
            Err(error) if failed < PATIENCE && may_pass(&error) => failed += 1,
            Err(error) => return Err(error.into()),
        }
    }
    progress.clear();
    Ok(keys)
}

const fn goes_on(state: RotationState) -> bool {
    matches!(state, RotationState::Rewrapping | RotationState::Checking)
}

/// A rotation that left seeds behind, or that stands still, needs somebody.
fn exit_of(rotation: Option<&Rotation>) -> Exit {
    let bad =
        |one: &Rotation| one.state == RotationState::Stopped || one.failed > 0 || one.remaining > 0;
    if rotation.is_some_and(bad) { Exit::Refused } else { Exit::Ok }
}

fn text(keys: &WrappingKeys, language: Language) -> String {
    let generations: Vec<_> = keys.generations.iter().map(ToString::to_string).collect();
    let mut text = facts_in(language, [(label::GENERATIONS, Some(generations.join(", ")))]);
    let Some(rotation) = &keys.rotation else { return text };
    let done = match rotation.total {
        Some(total) => format!("{} / {total}", rotation.done),
        None => rotation.done.to_string(),
    };
    text.push('\n');
    text.push_str(&facts_in(
        language,
        [
            (label::GENERATION, Some(rotation.to.to_string())),
            (label::STATE, Some(named(rotation.state, language))),
            (label::VISITED, Some(done)),
            (label::REWRAPPED, Some(rotation.rewrapped.to_string())),
            (label::FAILED, Some(rotation.failed.to_string())),
            (label::CHECKED, Some(rotation.checked.to_string())),
            (label::REMAINING, Some(rotation.remaining.to_string())),
            (label::OFFICERS, Some(rotation.officers.join(", "))),
            (label::STARTED_AT, Some(rotation.started_at.to_string())),
            (label::UPDATED_AT, Some(rotation.updated_at.to_string())),
            (label::FINISHED_AT, rotation.finished_at.as_ref().map(ToString::to_string)),
            (label::NOTE, rotation.note.clone()),
        ],
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(state: &str, failed: u64) -> WrappingKeys {
        serde_json::from_str(&format!(
            r#"{{"generations":[1,2],"rotation":{{"to":2,"state":"{state}","done":7,"total":9,
                "rewrapped":7,"failed":{failed},"checked":0,"remaining":0,"officers":["hanako","taro"],
                "started_at":"2026-11-21T13:30:00Z","updated_at":"2026-11-21T13:31:00Z"}}}}"#
        ))
        .unwrap()
    }

    #[test]
    fn a_rotation_shows_how_far_it_is_and_who_began_it() {
        let text = text(&keys("rewrapping", 0), Language::En);
        for part in ["1, 2\n", "7 / 9\n", "hanako, taro\n", "rewrapping\n"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn what_was_left_behind_is_no_success() {
        assert_eq!(exit_of(None), Exit::Ok);
        assert_eq!(exit_of(keys("done", 0).rotation.as_ref()), Exit::Ok);
        assert_eq!(exit_of(keys("done", 1).rotation.as_ref()), Exit::Refused);
        assert_eq!(exit_of(keys("stopped", 0).rotation.as_ref()), Exit::Refused);
    }
}
