//! The data path: one code, from the caller's question to a durable answer.
//!
//! Read it from top to bottom; each step is a call. The decision itself is made in `warifu-core`,
//! the MACs are computed by the HSM worker, the store makes the result durable before anyone hears
//! of it (invariant 1), and every failure on the way is a [`Failure`], never a verdict (invariant 4).
//!
//! Not responsible for: HTTP, roles, what the numbers of a policy are, users (lifecycle/verify).

use warifu_api::token::{Outcome, VerifyAnswer};
use warifu_core::{
    code::Code,
    event::{Action, Event},
    ident::{Serial, TokenId},
    lifecycle::standing::admits_serial,
    plan::{self, Plan},
    policy::VerificationPolicy,
    settle::{self, Reason, Verdict},
    token::Token,
};
use warifu_keys::driver::{DriverError, Question};
use warifu_store::record::TokenRecord;

use crate::{
    ask::{Ask, Kept},
    failure::Failure,
    service::{Committed, Moment, Service},
    wire,
};

/// A verdict, and whether it changed the token.
pub(crate) struct Judged {
    pub(crate) verdict: Verdict,
    pub(crate) changed: bool,
}

impl Service {
    /// Checks a code for a serial of the caller's institution.
    pub(crate) async fn verify(
        &self,
        ask: &Ask,
        serial: Serial,
        code: &Code,
    ) -> Result<Kept<VerifyAnswer>, Failure> {
        let id = TokenId { institution: ask.institution().clone(), serial };
        let mut turn = Some(self.turns.take(&id, ask.deadline).await?);
        loop {
            if let Some(answer) = self.recall(ask).await? {
                return Ok(Kept::Replayed(answer));
            }
            let moment = self.moment()?;
            let rules = self.rules(&id.institution)?;
            let policy = &rules.verification;
            let Some(mut loaded) = self.load_token(&id).await? else {
                return self.verify_unknown(ask, &id, code, moment, UNKNOWN).await;
            };
            let admitted = admits_serial(rules.serial_verification, &loaded.record.life);
            if rules.hide_which && !admitted {
                let word = Reason::NotInService.word();
                return self.verify_unknown(ask, &id, code, moment, word).await;
            }
            self.decoys.saw(&id.institution, loaded.record.token.profile.digits);
            let verdict = if admitted {
                let judged = self.judge(ask, &id, &mut loaded.record, code, moment, policy).await?;
                loaded.changed = judged.changed;
                judged.verdict
            } else {
                settle::decline(&loaded.record.token, policy, Reason::NotInService)
            };
            loaded.note(ask, Action::Verify, verdict, moment);
            if !loaded.changed {
                turn = None; // nothing will be written, so nobody has to wait for this answer
            }
            let answer = answer(ask, &loaded.record.token, policy, &id.serial, verdict, moment);
            let event = event(ask, &loaded.record, verdict, moment);
            let unit = Self::unit(ask, &loaded, &answer, &event, moment)?;
            match self.commit(ask, &id, unit).await? {
                Committed::Done => {
                    self.count_code(&id.institution, event.outcome);
                    return Ok(Kept::Fresh(answer));
                }
                Committed::Again if turn.is_none() => {
                    turn = Some(self.turns.take(&id, ask.deadline).await?);
                }
                Committed::Again => {}
            }
        }
    }

    /// Plan, search, settle: changes `record` in memory only.
    pub(crate) async fn judge(
        &self,
        ask: &Ask,
        id: &TokenId,
        record: &mut TokenRecord,
        code: &Code,
        moment: Moment,
        policy: &VerificationPolicy,
    ) -> Result<Judged, Failure> {
        let fingerprint = self.fingerprints.of(id, code);
        let plan = match plan::plan(&record.token, policy, moment.now(), code, fingerprint) {
            Ok(plan) => plan,
            Err(refusal) => {
                let verdict = settle::refuse(&record.token, policy, refusal);
                return Ok(Judged { verdict, changed: false });
            }
        };
        let found = self.search(ask, id, record, code, &plan).await?;
        let before = record.token.clone();
        let verdict = settle::settle(&mut record.token, policy, moment.now(), &plan, found);
        if matches!(verdict, Verdict::Accepted { .. }) {
            record.last_accepted_ms = Some(moment.ms);
        }
        Ok(Judged { verdict, changed: record.token != before })
    }

    /// One job for the HSM: walks the plan with the token's key, expected factor first.
    async fn search(
        &self,
        ask: &Ask,
        id: &TokenId,
        record: &TokenRecord,
        code: &Code,
        plan: &Plan,
    ) -> Result<Option<usize>, Failure> {
        let factors: Vec<_> = plan.candidates().collect();
        let question = Question::Factors { digits: record.token.profile.digits, factors: &factors };
        let keys = self.token_keys(ask, id, record);
        let found = self.driver(record)?.check_code(keys, question, code).await;
        found.map_err(|error| match error {
            DriverError::Hsm(error) => error.into(),
            // A plan is made for tokens that show one-time passwords, and for no others.
            DriverError::Denied(_) | DriverError::Damaged => Failure::Bug,
        })
    }

    /// Answers as for a serial that no token has; `word` is what the audit chain is told.
    async fn verify_unknown(
        &self,
        ask: &Ask,
        id: &TokenId,
        code: &Code,
        moment: Moment,
        word: &'static str,
    ) -> Result<Kept<VerifyAnswer>, Failure> {
        let policy = self.policy(&id.institution)?;
        let print = self.fingerprints.of(id, code);
        let ready = self.hsm.is_ready();
        let verdict = self.decoys.refuse(id, &policy, moment.now(), (code, print), ready)?;
        let kept = self.told_unknown(ask, id, (Action::Verify, word), verdict, moment).await?;
        if matches!(kept, Kept::Fresh(_)) {
            self.count_stranger(&id.institution, word, verdict);
        }
        Ok(kept)
    }

    /// Told like a wrong code, recorded as what it is.
    pub(crate) async fn told_unknown(
        &self,
        ask: &Ask,
        id: &TokenId,
        recorded: (Action, &'static str),
        verdict: Verdict,
        moment: Moment,
    ) -> Result<Kept<VerifyAnswer>, Failure> {
        let answer = told(ask, &id.serial, verdict, 0, moment);
        let (action, word) = recorded;
        let event = ask.event(action, Some(&id.serial), moment.ms, word);
        let unit = Self::unit_without_token(ask, &answer, &event, moment)?;
        match self.commit(ask, id, unit).await? {
            Committed::Done => Ok(Kept::Fresh(answer)),
            // Only the idempotency key can stand against it: somebody else was first with it.
            Committed::Again => self.recall(ask).await?.map(Kept::Replayed).ok_or(Failure::Crowded),
        }
    }
}

/// The audit chain's and the metrics' word for a serial that no token has.
pub(crate) const UNKNOWN: &str = "unknown";

/// The answer on the wire; `token` is the state that goes with it.
pub(crate) fn answer(
    ask: &Ask,
    token: &Token,
    policy: &VerificationPolicy,
    serial: &Serial,
    verdict: Verdict,
    moment: Moment,
) -> VerifyAnswer {
    told(ask, serial, verdict, settle::remaining(token, policy), moment)
}

fn told(
    ask: &Ask,
    serial: &Serial,
    verdict: Verdict,
    remaining_if_accepted: u32,
    moment: Moment,
) -> VerifyAnswer {
    let (outcome, reason, remaining_attempts) = match verdict {
        Verdict::Accepted { .. } => (Outcome::Accepted, None, remaining_if_accepted),
        Verdict::Rejected { reason, remaining } => {
            (Outcome::Rejected, Some(wire::reason(reason)), remaining)
        }
    };
    VerifyAnswer {
        serial: serial.to_string(),
        outcome,
        reason,
        remaining_attempts,
        checked_at: wire::timestamp(moment.now()),
        request_id: ask.id.to_string(),
        text: None,
    }
}

fn event(ask: &Ask, record: &TokenRecord, verdict: Verdict, moment: Moment) -> Event {
    let outcome = wire::outcome_word(verdict);
    let mut event = ask.event(Action::Verify, Some(&record.serial), moment.ms, outcome);
    event.number = Some(wire::explanation(verdict));
    event.parties.contract = record.life.contract().cloned();
    event
}
