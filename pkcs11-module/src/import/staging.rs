//! A seed's way to the daemon: opened, sent once, watched until the daemon has made up its mind.
//!
//! What the daemon made of it is looked at before the document is sent, each time: so an upload whose
//! answer was lost is never followed by a second one that the daemon would take as well.
//!
//! Not responsible for the document, nor for what a refusal means ([`super::verdict`]).

use std::{cell::Cell, io::Cursor, thread, time::Duration};

use warifu_api::{
    ProblemType,
    client::ClientError,
    import::{Declared, ImportJob, ImportRequest, ImportState},
    problem::Next,
    token::TokenKind,
};
use zeroize::Zeroizing;

use crate::{
    clock::Deadline,
    fault::{Fault, Outcome},
    random,
    remote::{self, Remote, Trouble},
    rv::Rv,
};

/// What is sent, and what is said about it.
pub(super) struct Staging<'a> {
    pub(super) remote: &'a Remote,
    pub(super) document: Zeroizing<Vec<u8>>,
    pub(super) key_label: Option<&'a str>,
    pub(super) kind: TokenKind,
}

/// Why there is no end to tell of.
#[derive(Debug)]
enum Interruption {
    /// Surely nothing was sent: the daemon that opened the import is not the one that answers now.
    Elsewhere,
    /// The daemon has the import and goes no further with it, or not in time.
    Stuck(Fault),
    /// Nobody answers.
    Silence(Fault),
}

/// First pause between two looks; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// Longest time that giving an import up takes, which is a courtesy.
const FAREWELL: Duration = Duration::from_secs(2);
/// How often an import is opened, where the daemon that knows of it goes away before it has the file.
const OPENINGS: usize = 3;

impl Staging<'_> {
    /// Brings it to its end, whatever that is; the job's state is final.
    pub(super) fn run(&self) -> Outcome<ImportJob> {
        let deadline = self.remote.import_deadline();
        for _ in 0..OPENINGS {
            let opened = self.open(deadline)?;
            let sent = Cell::new(false);
            let advance = self.advance(&opened.id, deadline, &sent)?;
            match watch(advance, &sent, deadline, thread::sleep) {
                Ok(job) => return Ok(job),
                Err(Interruption::Elsewhere) => {}
                Err(Interruption::Stuck(fault)) => {
                    self.give_up(&opened.id);
                    return Err(fault);
                }
                Err(Interruption::Silence(fault)) => return Err(fault),
            }
        }
        let why = "the daemons go away faster than an import is opened; nothing was sent";
        Err(Fault::new(Rv::DeviceError, why))
    }

    fn open(&self, deadline: Deadline) -> Outcome<ImportJob> {
        let batch = batch_name()?;
        let request = ImportRequest {
            batch: Some(batch.clone()),
            dry_run: false,
            custody: None,
            kind: Some(self.kind),
            key_label: self.key_label.map(str::to_owned),
            password: None,
            integer_encoding: None,
            format: Some("pskc".to_owned()),
            declared: Declared::default(),
            signature: None,
            allow_sha1_signature: false,
            mac_over_plaintext: false,
        };
        let key = remote::intent()?;
        let opened = self
            .remote
            .ask(Some(&key), deadline, async |client| client.open_import(&request).await);
        match opened {
            Ok(job) => Ok(job),
            Err(Trouble::Problem(ProblemType::Conflict)) => self.found_open(&batch, deadline),
            // An import without its document stages nothing.
            Err(Trouble::Unknown) => {
                let why = "nobody says whether an import was opened; the seed was not sent";
                Err(Fault::new(Rv::DeviceError, why))
            }
            Err(trouble) => Err(refused(trouble)),
        }
    }

    /// What stands against an import: one of its name, which nobody but we can have opened, when the
    /// answer got lost and the daemon was asked again; or too many others.
    fn found_open(&self, batch: &str, deadline: Deadline) -> Outcome<ImportJob> {
        let found = self.remote.ask(None, deadline, async |client| client.import(batch).await);
        found.map_err(|trouble| match trouble {
            Trouble::Problem(ProblemType::NotFound) => {
                let why = "too many imports are open; officers finish or cancel some";
                Fault::new(Rv::DeviceMemory, why)
            }
            trouble => refused(trouble),
        })
    }

    /// Looks at the job, and sends the document if the daemon waits for it. `sent` is whether the
    /// daemon may have it.
    fn advance<'s>(
        &'s self,
        id: &'s str,
        deadline: Deadline,
        sent: &'s Cell<bool>,
    ) -> Outcome<impl FnMut() -> Result<ImportJob, Trouble> + 's> {
        let key = remote::intent()?;
        Ok(move || {
            self.remote.ask(Some(&key), deadline, async |client| {
                let job = client.import(id).await?;
                if job.state != ImportState::AwaitingContent {
                    return Ok(job);
                }
                let before = sent.replace(true);
                let length = u64::try_from(self.document.len()).ok();
                let file = Cursor::new(self.document.clone());
                let answer = client.import_content(id, file, length, |_| ()).await;
                // A conflict says that an earlier upload, which seemed lost, has arrived.
                let refused = answer.as_ref().err().and_then(ClientError::problem_type);
                if refused.is_some_and(|problem| problem != ProblemType::Conflict) {
                    sent.set(before);
                }
                answer
            })
        })
    }

    /// Best effort: what is left is seen by officers, and nothing of it is in service.
    fn give_up(&self, id: &str) {
        let Ok(key) = remote::intent() else { return };
        let deadline = Deadline::after(FAREWELL);
        let _ =
            self.remote.ask(Some(&key), deadline, async |client| client.cancel_import(id).await);
    }
}

/// Looks again and again until the state is final.
fn watch(
    mut advance: impl FnMut() -> Result<ImportJob, Trouble>,
    sent: &Cell<bool>,
    deadline: Deadline,
    mut wait: impl FnMut(Duration),
) -> Result<ImportJob, Interruption> {
    let mut pause = FIRST_PAUSE;
    loop {
        match advance() {
            Ok(job) if job.state.is_final() => return Ok(job),
            Ok(_) => {}
            Err(trouble) if sent.get() && is_passing(trouble) => {}
            // Nobody answers in no time.
            Err(_) if sent.get() && deadline.has_passed() => {}
            Err(trouble) => return Err(interruption(trouble, sent.get())),
        }
        wait(pause.min(deadline.left()));
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        if deadline.has_passed() {
            let why = "the import was not staged in time and is given up; look for the serial \
                       before trying again";
            return Err(Interruption::Stuck(Fault::new(Rv::FunctionFailed, why)));
        }
    }
}

/// Whether another look may find something else: the daemon is busy, two uploads have met, or the daemon
/// is away and knows, once it is back, what it has staged.
fn is_passing(trouble: Trouble) -> bool {
    match trouble {
        Trouble::Unreachable | Trouble::Problem(ProblemType::Conflict) => true,
        Trouble::Problem(problem) => matches!(problem.next(), Next::Retry | Next::RetrySameKey),
        _ => false,
    }
}

/// Once the document was on its way, only the daemon that had it knows what became of it.
fn interruption(trouble: Trouble, sent: bool) -> Interruption {
    match trouble {
        Trouble::Problem(ProblemType::NotFound) if !sent => Interruption::Elsewhere,
        Trouble::Problem(_) if !sent => Interruption::Stuck(refused(trouble)),
        trouble if !sent => Interruption::Silence(refused(trouble)),
        trouble => {
            let why =
                format!("nobody says what became of the import ({trouble:?}): it may be staged");
            Interruption::Silence(Fault::new(Rv::FunctionFailed, why))
        }
    }
}

/// Only officers import, and each with a certificate of their own.
pub(super) fn refused(trouble: Trouble) -> Fault {
    match trouble {
        Trouble::Problem(ProblemType::Forbidden) => {
            Fault::new(Rv::ActionProhibited, "seeds are taken from officers only")
        }
        trouble => trouble.into(),
    }
}

/// A name that no other import has.
fn batch_name() -> Outcome<String> {
    Ok(format!("pkcs11-{:032x}", u128::from_be_bytes(*random::bytes()?)))
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::import::samples::job;

    struct Script {
        answers: VecDeque<Result<ImportJob, Trouble>>,
        sent: Cell<bool>,
        pauses: Vec<Duration>,
    }

    impl Script {
        fn new(answers: impl IntoIterator<Item = Result<ImportState, Trouble>>) -> Self {
            let answers = answers.into_iter().map(|answer| answer.map(job)).collect();
            Self { answers, sent: Cell::new(true), pauses: Vec::new() }
        }

        fn run(&mut self, time: Duration) -> Result<ImportJob, Interruption> {
            let next = || self.answers.pop_front().expect("it is asked no more than scripted");
            let wait = |pause| self.pauses.push(pause);
            watch(next, &self.sent, Deadline::after(time), wait)
        }
    }

    const LONG: Duration = Duration::from_secs(3_600);

    fn fault(end: Result<ImportJob, Interruption>) -> Fault {
        match end {
            Err(Interruption::Stuck(fault) | Interruption::Silence(fault)) => fault,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn it_is_watched_with_growing_pauses_until_its_end() {
        use ImportState::{AwaitingContent, Checking, Sealing, Staged};
        let states = [Checking, AwaitingContent, Checking, Sealing, Sealing, Sealing, Staged];
        let mut script = Script::new(states.map(Ok));
        assert_eq!(script.run(LONG).unwrap().state, Staged);
        assert_eq!(
            script.pauses,
            [50, 100, 200, 400, 500, 500].map(Duration::from_millis).to_vec()
        );
    }

    #[test]
    fn two_uploads_that_met_are_looked_at_again() {
        let conflict = || Err(Trouble::Problem(ProblemType::Conflict));
        let busy = Err(Trouble::Problem(ProblemType::StoreUnavailable));
        let mut script = Script::new([conflict(), busy, Ok(ImportState::Staged)]);
        assert_eq!(script.run(LONG).unwrap().state, ImportState::Staged);
        let mut script = Script::new([conflict()]);
        script.sent = Cell::new(false);
        assert!(matches!(script.run(LONG), Err(Interruption::Stuck(_))));
    }

    /// Before the document is sent nothing is worth waiting for: it can be brought in anew.
    #[test]
    fn a_daemon_that_was_away_is_asked_again_what_it_has_staged() {
        let away = || Err(Trouble::Unreachable);
        let mut script = Script::new([away(), away(), Ok(ImportState::Staged)]);
        assert_eq!(script.run(LONG).unwrap().state, ImportState::Staged);
        let mut script = Script::new([away()]);
        script.sent = Cell::new(false);
        let end = script.run(LONG);
        let Err(Interruption::Silence(fault)) = end else { panic!("{end:?}") };
        assert_eq!(fault.rv, Rv::DeviceError);
    }

    #[test]
    fn what_takes_too_long_is_over() {
        for answer in [Ok(ImportState::Sealing), Err(Trouble::Unreachable)] {
            let mut script = Script::new([answer]);
            let end = script.run(Duration::ZERO);
            let Err(Interruption::Stuck(fault)) = end else { panic!("{end:?}") };
            assert_eq!(fault.rv, Rv::FunctionFailed);
            assert_eq!(script.pauses, [Duration::ZERO]);
        }
    }

    #[test]
    fn what_was_not_sent_is_sent_to_another_daemon() {
        let mut script = Script::new([Err(Trouble::Problem(ProblemType::NotFound))]);
        script.sent = Cell::new(false);
        assert!(matches!(script.run(LONG), Err(Interruption::Elsewhere)));
    }

    #[test]
    fn what_was_sent_may_be_staged_whoever_answers_now() {
        for trouble in [
            Trouble::Problem(ProblemType::NotFound),
            Trouble::Problem(ProblemType::Forbidden),
            Trouble::Unknown,
            Trouble::Locked,
        ] {
            let mut script = Script::new([Ok(ImportState::Checking), Err(trouble)]);
            let Err(Interruption::Silence(fault)) = script.run(LONG) else { panic!("an end") };
            assert_eq!(fault.rv, Rv::FunctionFailed);
        }
    }

    #[test]
    fn only_officers_may() {
        let mut script = Script::new([Err(Trouble::Problem(ProblemType::Forbidden))]);
        script.sent = Cell::new(false);
        assert_eq!(fault(script.run(LONG)).rv, Rv::ActionProhibited);
    }

    #[test]
    fn names_of_batches_are_names_and_differ() {
        let [a, b] = [batch_name().unwrap(), batch_name().unwrap()];
        assert_ne!(a, b);
        assert_eq!(a.len(), 39);
        assert!(a.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-'));
    }
}
