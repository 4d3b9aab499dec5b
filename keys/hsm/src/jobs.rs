//! Does one job, and recovers: carries out the table of `fault.rs` and tries at most once more. HMAC
//! is pure, so a second try is safe.
//!
//! Not responsible for: PKCS#11 itself, deadlines of jobs not yet begun (`pool.rs`).

use std::{sync::Arc, time::Instant};

use cryptoki::{error::RvError, mechanism::Mechanism as HighMechanism};
use cryptoki_sys::CKM_SHA256_HMAC;
use subtle::ConstantTimeEq as _;
use warifu_hsm_protocol::{Job, JobError, Reply, SecretBytes};

use crate::{
    binding::CANARY_LABEL,
    ceremony::Ceremony,
    counters::Recovery,
    epoch::Epoch,
    expand::Expansion,
    fault::{Action, Fault},
    gate::Level,
    hand::Hand,
    log,
    module::OpenSession,
    seal::Order,
    station::{Shared, Station, Trouble},
};

/// Most random bytes of one job.
const MOST_RANDOM: u16 = 1024;

/// One thread's means: its session in the current epoch.
pub(crate) struct Worker<'a> {
    shared: &'a Shared,
    session: Option<Arc<OpenSession>>,
}

/// What recovery came to.
enum Next {
    TryAgain,
    Answer(JobError),
}

impl<'a> Worker<'a> {
    /// No session yet.
    pub(crate) fn new(shared: &'a Shared) -> Self {
        Self { shared, session: None }
    }

    /// Does the job; after a loss, waits for the token until `deadline`, less a little to answer in.
    pub(crate) fn perform(&mut self, job: &Job, deadline: Instant) -> Result<Reply, JobError> {
        let shared = self.shared;
        let left = deadline.saturating_duration_since(Instant::now());
        let until = deadline.checked_sub(left / 4).unwrap_or(deadline);
        let mut second = false;
        loop {
            let Some(epoch) = shared.gate.enter(until) else {
                return Err(JobError::Unavailable);
            };
            let fault = match self.attempt(&epoch, job) {
                Ok(reply) => return Ok(reply),
                Err(Trouble::Answer(error)) => return Err(error),
                Err(Trouble::Fault(fault)) => fault,
            };
            match self.recover(&epoch, fault, second, job) {
                Next::TryAgain => second = true,
                Next::Answer(error) => return Err(error),
            }
        }
    }

    /// What is to be done between jobs: expired handles go, and what nobody uses is destroyed.
    pub(crate) fn tidy(&mut self) {
        let shared = self.shared;
        shared.cache.expire(Instant::now());
        let Some(epoch) = shared.gate.enter(Instant::now()) else {
            self.session = None;
            return;
        };
        if let Ok(session) = self.session(&epoch) {
            let hand =
                Hand { module: &shared.module, session: &session, counters: &shared.counters };
            shared.grave.clear(&hand);
        }
    }

    fn attempt(&mut self, epoch: &Epoch, job: &Job) -> Result<Reply, Trouble> {
        let shared = self.shared;
        let session = self.session(epoch)?;
        let hand = Hand { module: &shared.module, session: &session, counters: &shared.counters };
        Station { shared, epoch, hand }.work(job)
    }

    /// This thread's session in that epoch.
    fn session(&mut self, epoch: &Epoch) -> Result<Arc<OpenSession>, Fault> {
        if let Some(session) = &self.session
            && session.reference.epoch() == epoch.number
        {
            return Ok(Arc::clone(session));
        }
        self.session = None;
        let session = self.shared.module.open(epoch.token.slot, &epoch.token.life)?;
        self.session = Some(Arc::clone(&session));
        Ok(session)
    }

    /// Carries out the table. Whatever fails twice is for the canary to judge.
    fn recover(&mut self, epoch: &Epoch, fault: Fault, second: bool, job: &Job) -> Next {
        let action = fault.action();
        if fault.spoils_session() {
            self.retire_session(false);
        }
        match action {
            Action::FailWork => Next::Answer(refuse(epoch, job, fault)),
            Action::Stop => {
                self.shared.gate.renew(epoch.number, Level::Login);
                Next::Answer(JobError::Unavailable)
            }
            Action::AskCanary => self.judge(epoch, fault, second, job),
            _ if second => self.judge(epoch, fault, second, job),
            Action::NewSession => {
                self.shared.counters.recovered(Recovery::Session);
                self.retire_session(fault.code() != Some(RvError::OperationActive));
                Next::TryAgain
            }
            Action::NewHandle => {
                // Whoever used the handle has forgotten it already.
                self.shared.counters.recovered(Recovery::Handle);
                Next::TryAgain
            }
            Action::Shrink => {
                log::warn("the token is short of memory or sessions, the cache is halved", fault);
                self.shared.cache.shrink();
                self.tidy();
                Next::TryAgain
            }
            Action::Login => {
                log::warn("the login is lost", fault);
                self.shared.gate.renew(epoch.number, Level::Login);
                Next::TryAgain
            }
        }
    }

    /// A known key that answers right means that the token is there: then it is this piece of work.
    fn judge(&mut self, epoch: &Epoch, fault: Fault, second: bool, job: &Job) -> Next {
        match self.canary(epoch) {
            Ok(()) => Next::Answer(refuse(epoch, job, fault)),
            Err(lost) => {
                log::error("the token is lost", format_args!("{fault}; the canary: {lost}"));
                self.shared.gate.renew(epoch.number, Level::Initialize);
                if second { Next::Answer(JobError::Unavailable) } else { Next::TryAgain }
            }
        }
    }

    fn canary(&mut self, epoch: &Epoch) -> Result<(), Fault> {
        let session = self.session(epoch)?;
        let shared = self.shared;
        let hand = Hand { module: &shared.module, session: &session, counters: &shared.counters };
        let asked = ask_canary(&hand, epoch);
        if asked.is_err() {
            self.session = None;
        }
        asked
    }

    /// The session is not used again. Its objects go with it; those in use keep it open.
    fn retire_session(&mut self, lost: bool) {
        if let Some(session) = self.session.take() {
            if lost {
                session.lose();
            }
            self.shared.cache.remove_if(|held| held.lives_in(&session));
        }
    }
}

impl Station<'_> {
    fn work(&self, job: &Job) -> Result<Reply, Trouble> {
        match job {
            Job::Canary => {
                ask_canary(&self.hand, self.epoch)?;
                Ok(Reply::Alive)
            }
            Job::Check { key, reduction, code, inputs, row } => {
                self.check(key, *reduction, code, inputs, row.as_ref())
            }
            Job::Counters => {
                Ok(Reply::Counters(self.shared.counters.report(self.shared.cache.len())))
            }
            Job::Destroy { key } => self.destroy(key),
            Job::Expand { records, data, resident, source } => {
                self.expand(&Expansion { records, data, resident: *resident }, source)
            }
            Job::FingerprintKey => {
                let key = self.epoch.fingerprint_key.expose().to_vec();
                Ok(Reply::FingerprintKey(SecretBytes::new(key)))
            }
            Job::Random { count } => self.random(*count),
            Job::Resync { key, digits, codes, from, count } => {
                self.resync(key, *digits, codes, *from, *count)
            }
            Job::Rewrap { key, to } => self.rewrap(key, *to),
            Job::Seal { record, kind, resident, source } => {
                let order = Order { record, kind: *kind, resident: *resident };
                self.seal(&order, source)
            }
            Job::SealMessage { key, nonce, aad, plaintext, row } => {
                self.seal_message(key, nonce, aad, plaintext, row.as_ref())
            }
            Job::SignCheckpoint { digest } => self.sign_checkpoint(digest),
            Job::Tag { data } => self.tag(data),
            Job::Verify { key, digits, code, candidates } => {
                self.verify(key, *digits, code, candidates)
            }
            job => self.administer(job),
        }
    }

    /// What officers ask for: transport keys, ceremonies, rotation.
    fn administer(&self, job: &Job) -> Result<Reply, Trouble> {
        match job {
            Job::AddComponent { ceremony, shape, method, partial, component } => {
                let ceremony = Ceremony { name: ceremony, shape: *shape, method: *method };
                self.add_component(&ceremony, partial.as_deref(), component)
            }
            Job::CloseCeremony { ceremony } => self.close_ceremony(ceremony),
            Job::DestroyKek { generation } => self.destroy_kek(*generation),
            Job::DestroyTransportKey { label } => self.destroy_transport_key(label),
            Job::FinishCeremony { ceremony, shape, method, partial, label, count } => {
                let ceremony = Ceremony { name: ceremony, shape: *shape, method: *method };
                self.finish_ceremony(&ceremony, partial, label, *count)
            }
            Job::GenerateTransportKey { label, bits } => self.generate_transport_key(label, *bits),
            Job::GenerateTransportPair { label, bits } => {
                self.generate_transport_pair(label, *bits)
            }
            Job::ImportTransportKey { label, shape, value } => {
                self.import_transport_key(label, *shape, value.expose())
            }
            Job::KekGenerations => self.kek_generations(),
            Job::ListTransportKeys => self.list_transport_keys(),
            Job::MakeKek { generation } => self.make_kek(*generation),
            Job::OpenCeremony { ceremony } => self.open_ceremony(ceremony),
            Job::TransportPublicKey { label } => self.transport_public_key(label),
            _ => Err(JobError::Malformed.into()),
        }
    }

    fn random(&self, count: u16) -> Result<Reply, Trouble> {
        if count > MOST_RANDOM {
            return Err(JobError::Malformed.into());
        }
        let mut bytes = vec![0; usize::from(count)];
        self.hand.random(&mut bytes)?;
        Ok(Reply::Random(bytes))
    }

    /// ECDSA over a digest made by the caller (PKCS#11 v3.1 s.6.3.12): `r || s`.
    fn sign_checkpoint(&self, digest: &[u8; 32]) -> Result<Reply, Trouble> {
        let key = self.epoch.keys.audit.within(self.hand.reference())?;
        let signed = self.hand.session.with(|s| s.sign(&HighMechanism::Ecdsa, key, digest))?;
        if signed.len() == 64 {
            Ok(Reply::Signature(signed))
        } else {
            Err(Fault::Malformed("an ECDSA signature of another length").into())
        }
    }
}

/// Whether the token is there and is the right one.
pub(crate) fn ask_canary(hand: &Hand<'_>, epoch: &Epoch) -> Result<(), Fault> {
    let answer = hand.mac32(CKM_SHA256_HMAC, epoch.keys.canary, CANARY_LABEL)?;
    if answer.ct_eq(&epoch.canary).into() {
        Ok(())
    } else {
        Err(Fault::Malformed("the canary answers wrong"))
    }
}

/// The token is there and says no.
fn refuse(epoch: &Epoch, job: &Job, fault: Fault) -> JobError {
    log::warn("a job was refused by the token", format_args!("{fault} in epoch {}", epoch.number));
    let unable = matches!(
        fault.code(),
        Some(
            RvError::MechanismInvalid
                | RvError::KeyFunctionNotPermitted
                | RvError::FunctionNotSupported
                | RvError::KeyTypeInconsistent
        )
    );
    match job {
        _ if unable => JobError::Unsupported(format!("the provider refuses: {fault}")),
        Job::Check { .. }
        | Job::Destroy { .. }
        | Job::Resync { .. }
        | Job::Rewrap { .. }
        | Job::SealMessage { .. }
        | Job::Verify { .. } => JobError::BadRecord,
        Job::AddComponent { .. }
        | Job::Expand { .. }
        | Job::FinishCeremony { .. }
        | Job::Seal { .. } => JobError::BadValue,
        _ => JobError::Unsupported(format!("the provider refuses: {fault}")),
    }
}
