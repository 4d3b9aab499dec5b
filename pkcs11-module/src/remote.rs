//! The way to the daemons of one slot: identity, connections, failover, deadlines.
//!
//! One rule for retries: a request that changes something always carries an idempotency key, so it may
//! be sent again, also to another daemon of the same group, and is carried out once.
//!
//! No lock is held while a daemon is asked, a file is read or a key is derived. Not responsible for
//! which request a function needs.

mod course;
mod files;
mod identity;
mod key;
mod line;
mod presence;
mod report;
mod standing;
#[cfg(test)]
mod tests;
mod trouble;
mod verdict;

use std::{
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use warifu_api::{
    IdempotencyKey, ProblemType,
    client::{Client, ClientError, Resolution},
};
use zeroize::Zeroizing;

pub use self::report::{ServerReport, SlotReport};
use self::{
    course::Course,
    identity::Identity,
    key::KeyFile,
    presence::Presence,
    standing::{Change, Standings},
    verdict::Seen,
};
pub(crate) use self::{trouble::Trouble, verdict::concerning};
use crate::{
    clock::{self, Deadline},
    config::{Level, SlotConfig},
    fault::{Fault, Outcome},
    log::Log,
    random,
    rv::Rv,
    session::lock,
};

/// The daemons of a slot.
pub(crate) struct Remote {
    config: SlotConfig,
    resolution: Resolution,
    held: Mutex<Held>,
    standings: Mutex<Standings>,
    presence: Presence,
    log: Log,
}

/// Who is logged in.
#[derive(Default)]
struct Held {
    identity: Option<Arc<Identity>>,
    /// Counts logouts, so that a login that began before one does not outlast it.
    logouts: u64,
}

impl Remote {
    /// Connects to nothing yet. `threads`: whether the host allows any.
    pub(crate) fn new(config: SlotConfig, threads: bool) -> Self {
        let resolution = if threads { Resolution::Thread } else { Resolution::Caller };
        Self {
            resolution,
            held: Mutex::default(),
            standings: Mutex::new(Standings::new(config.servers.len())),
            presence: Presence::new(&config, resolution),
            log: Log::default(),
            config,
        }
    }

    /// The same with a log for what happens between call and answer.
    pub(crate) fn with_log(mut self, log: &Log) -> Self {
        self.log = log.clone();
        self
    }

    /// Whether a daemon can be reached; looks again when the last look is some seconds old.
    pub(crate) fn is_present(&self) -> bool {
        self.presence.look()
    }

    /// What was last found of the daemons' presence, where anybody has looked.
    pub(crate) fn last_presence(&self) -> Option<bool> {
        self.presence.last()
    }

    /// Whether the key file is encrypted, so that a PIN is needed. A file that can not be read needs none.
    pub(crate) fn needs_pin(&self) -> bool {
        KeyFile::read(&self.config.key).is_ok_and(|file| file.is_encrypted())
    }

    /// Whether somebody is logged in.
    pub(crate) fn is_unlocked(&self) -> bool {
        lock(&self.held).identity.is_some()
    }

    /// Reads the identity, with the PIN where the key is encrypted, and shows it to a daemon.
    pub(crate) fn unlock(&self, pin: Option<&Zeroizing<Vec<u8>>>) -> Outcome<()> {
        let before = lock(&self.held).logouts;
        let identity = Arc::new(Identity::open(&self.config, pin, self.resolution)?);
        let (mut course, deadline) = (Course::new(false), self.deadline());
        let question = async |client: &Client| client.health().await;
        let shown = self.ask_as(&identity, &mut course, None, deadline, &question);
        shown.map_err(Trouble::at_login)?;
        let mut held = lock(&self.held);
        if held.identity.is_some() {
            return Err(Rv::UserAlreadyLoggedIn.into());
        }
        if held.logouts != before {
            let why = "the sessions of the token were closed during the login";
            return Err(Fault::new(Rv::SessionHandleInvalid, why));
        }
        held.identity = Some(identity);
        Ok(())
    }

    /// Forgets identity and connections.
    pub(crate) fn lock(&self) {
        let mut held = lock(&self.held);
        held.logouts = held.logouts.wrapping_add(1);
        let forgotten = held.identity.take();
        drop(held);
        drop(forgotten);
    }

    /// Until when a function of this slot may take.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::after(self.config.deadline)
    }

    /// Until when staging an import may take.
    pub(crate) fn import_deadline(&self) -> Deadline {
        Deadline::after(self.config.import_deadline)
    }

    /// Asks the daemons until one answers or the deadline passes. `question` may be called several
    /// times, on clients of different daemons, each carrying `key`; so it makes one request, or several
    /// of which only the last changes something.
    ///
    /// Certificates are renewed while programs run: when ours is refused and the files have changed
    /// since the login, they are read anew and the question is put once more. Otherwise a refusal is a
    /// logout, so that the program can log in again.
    #[expect(clippy::needless_pass_by_value, reason = "a closure, written where it is asked")]
    pub(crate) fn ask<T>(
        &self,
        key: Option<&IdempotencyKey>,
        deadline: Deadline,
        question: impl AsyncFn(&Client) -> Result<T, ClientError>,
    ) -> Result<T, Trouble> {
        let identity = lock(&self.held).identity.clone().ok_or(Trouble::Locked)?;
        let mut course = Course::new(key.is_some());
        let trouble = match self.ask_as(&identity, &mut course, key, deadline, &question) {
            Ok(answer) => return Ok(answer),
            Err(trouble) => trouble,
        };
        if !trouble.is_about_us() && !course.is_refused() {
            return Err(trouble);
        }
        let (identity, answer) = match self.renewed(&identity) {
            Some(renewed) => {
                course.renew();
                let answer = self.ask_as(&renewed, &mut course, key, deadline, &question);
                (renewed, answer)
            }
            None => (identity, Err(trouble)),
        };
        if answer.as_ref().is_err_and(|trouble| trouble.is_about_us()) {
            self.give_up(&identity);
        }
        answer
    }

    /// The identity as it is on disk now, where it is another one and needs no PIN.
    fn renewed(&self, before: &Arc<Identity>) -> Option<Arc<Identity>> {
        if !before.has_changed_on_disk(&self.config) {
            return None;
        }
        let renewed = Arc::new(Identity::open(&self.config, None, self.resolution).ok()?);
        let mut held = lock(&self.held);
        let current = held.identity.as_ref()?;
        if !Arc::ptr_eq(current, before) {
            return Some(Arc::clone(current)); // somebody else was faster
        }
        held.identity = Some(Arc::clone(&renewed));
        drop(held);
        let label = &self.config.label;
        self.log.event(Level::Info, &format!("{label:?}: read the renewed certificate"));
        Some(renewed)
    }

    /// Logs out whoever the daemons refuse.
    fn give_up(&self, refused: &Arc<Identity>) {
        let mut held = lock(&self.held);
        if held.identity.as_ref().is_some_and(|current| Arc::ptr_eq(current, refused)) {
            held.identity = None;
        }
    }

    /// Rounds over the daemons, until one of them answers.
    fn ask_as<T>(
        &self,
        identity: &Identity,
        course: &mut Course,
        key: Option<&IdempotencyKey>,
        deadline: Deadline,
        question: &impl AsyncFn(&Client) -> Result<T, ClientError>,
    ) -> Result<T, Trouble> {
        loop {
            let plan = lock(&self.standings).plan(clock::now());
            for (tried, server) in plan.iter().copied().enumerate() {
                let Some(limit) = course::share(deadline.left(), plan.len() - tried) else {
                    return Err(course.end());
                };
                match self.attempt(identity, server, key, limit, question) {
                    Ok(answer) => return Ok(answer),
                    Err(seen) => course.saw(seen)?,
                }
            }
            match course.pause(deadline.left()) {
                Some(pause) => thread::sleep(pause),
                None => return Err(course.end()),
            }
        }
    }

    fn attempt<T>(
        &self,
        identity: &Identity,
        server: usize,
        key: Option<&IdempotencyKey>,
        limit: Duration,
        question: &impl AsyncFn(&Client) -> Result<T, ClientError>,
    ) -> Result<T, Seen> {
        let outcome = identity.lines(server).map_or(Err(Seen::Unreachable), |lines| {
            let answer = lines.ask(key, limit, question)?;
            answer.map_err(|error| verdict::of(&error))
        });
        self.note(server, outcome.as_ref().err());
        outcome
    }

    /// Remembers how a daemon did, for the order in which the next call tries them.
    fn note(&self, server: usize, failed: Option<&Seen>) {
        if failed.is_none_or(Seen::is_of_daemon) {
            self.presence.note_reached();
        }
        let change = {
            let mut standings = lock(&self.standings);
            match failed {
                Some(seen) if seen.speaks_against_server() => standings.fail(server, clock::now()),
                _ => standings.work(server),
            }
        };
        let text = match change {
            Change::None => return,
            Change::Failed => "failed, others are asked first",
            Change::Works => "works again",
        };
        let address = self.config.servers.get(server).map_or("", String::as_str);
        self.log.event(Level::Info, &format!("{:?}: {address} {text}", self.config.label));
    }
}

/// A key for one intent: see [`Remote::ask`].
pub(crate) fn intent() -> Outcome<IdempotencyKey> {
    Ok(IdempotencyKey::from_random(*random::bytes()?))
}

/// Whether nobody but a program with another request would be answered differently.
fn is_forbidden(kind: ProblemType) -> bool {
    matches!(kind, ProblemType::Forbidden | ProblemType::Unauthenticated)
}
