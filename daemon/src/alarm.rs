//! The alarm over failures: too many codes of an institution are wrong, whichever tokens they are for.
//!
//! Somebody who tries a few codes on each of very many tokens locks none of them. What gives them
//! away is the rate of wrong codes over all of an institution's tokens (RFC 4226 s.7.3 speaks of one
//! token only). The rate is a figure, and its rise and its end are told in the log and recorded in
//! the audit chain, beside the path of requests: no request waits for it.
//!
//! A code counts when it was compared: right, or wrong. A wrong code for a serial that nobody has is
//! a guess too. A refusal without a look at the code says nothing about guessing (locked, wrong
//! length, mistyped, used), and neither does the password.
//!
//! Each daemon counts what it checked since its start; what it had raised before is not known after.
//!
//! Not responsible for: locks of single tokens (warifu-core), or the rates of callers (server/rate).

mod window;

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    time::{MissedTickBehavior, interval},
};
use warifu_core::{
    event::{Action, Event, Parties},
    ident::Institution,
    lifecycle::Denial,
    rules::AlarmRules,
    settle::{Reason, Verdict},
};
use warifu_store::{Unit, record};

use self::window::{Seen, Window};
use crate::{
    failure::Failure,
    service::Service,
    telemetry::{Kind, Observed},
};

/// The alarms of all institutions.
#[derive(Debug, Default)]
pub(crate) struct Alarms {
    /// Grows with the institutions of the configuration, with nothing else.
    watched: Mutex<HashMap<Institution, Watched>>,
    news: Notify,
}

/// One institution.
#[derive(Debug)]
struct Watched {
    rules: AlarmRules,
    window: Window,
    raised: bool,
    /// The last change, until it is in the audit chain. Until then there is no next one.
    unrecorded: Option<Change>,
}

/// An alarm was raised, or it ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Change {
    raised: bool,
    seen: Seen,
    window_s: u32,
}

impl Alarms {
    /// Counts a code that was compared.
    fn count(&self, institution: &Institution, rules: AlarmRules, now_ms: u64, wrong: bool) {
        let mut all = self.lock();
        let watched = match all.get_mut(institution) {
            Some(watched) => watched,
            None => all.entry(institution.clone()).or_insert_with(|| Watched::new(rules)),
        };
        watched.follow(rules);
        watched.window.count(now_ms, wrong);
        if watched.judge(institution, now_ms) {
            self.news.notify_one();
        }
    }

    /// Ends what has ended by the passing of time, or because the policy wants no alarm any more.
    fn look(&self, now_ms: u64, rules: impl Fn(&Institution) -> Option<AlarmRules>) {
        let mut all = self.lock();
        for (institution, watched) in all.iter_mut() {
            match rules(institution) {
                Some(rules) => watched.follow(rules),
                None => watched.window = Window::new(watched.rules.window_s),
            }
            watched.judge(institution, now_ms);
        }
        all.retain(|institution, watched| !watched.is_idle() || rules(institution).is_some());
    }

    /// What the audit chain has not been told.
    fn unrecorded(&self) -> Vec<(Institution, Change)> {
        let all = self.lock();
        let told =
            |(name, watched): (&Institution, &Watched)| Some((name.clone(), watched.unrecorded?));
        all.iter().filter_map(told).collect()
    }

    fn recorded(&self, institution: &Institution) {
        if let Some(watched) = self.lock().get_mut(institution) {
            watched.unrecorded = None;
        }
    }

    /// Whether the alarm is raised, and the rate of wrong codes, of each of these institutions.
    fn figures<'a>(
        &self,
        now_ms: u64,
        institutions: impl Iterator<Item = &'a Institution>,
    ) -> [Observed; 2] {
        let all = self.lock();
        let (mut alarms, mut ratios) = (Vec::new(), Vec::new());
        for institution in institutions {
            let label = || vec![("institution", institution.to_string())];
            let watched = all.get(institution);
            let raised = watched.is_some_and(|watched| watched.raised);
            alarms.push((label(), f64::from(u8::from(raised))));
            let seen = watched.map(|watched| watched.window.seen(now_ms)).unwrap_or_default();
            ratios.push((label(), seen.ratio()));
        }
        let gauge = |name, help, values| Observed { name, help, kind: Kind::Gauge, values };
        [
            gauge("failure_alarm", "1 while too many codes of the institution are wrong", alarms),
            gauge("failure_ratio", "Wrong codes per code checked, over the alarm's window", ratios),
        ]
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Institution, Watched>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    fn new(rules: AlarmRules) -> Self {
        Self { rules, window: Window::new(rules.window_s), raised: false, unrecorded: None }
    }

    /// Takes new rules over after a reload.
    fn follow(&mut self, rules: AlarmRules) {
        if self.rules.window_s != rules.window_s {
            self.window = Window::new(rules.window_s);
        }
        self.rules = rules;
    }

    /// There is nothing to tell of it any more.
    const fn is_idle(&self) -> bool {
        !self.raised && self.unrecorded.is_none()
    }

    /// Raises or ends the alarm, and says whether it did.
    fn judge(&mut self, institution: &Institution, now_ms: u64) -> bool {
        if self.unrecorded.is_some() {
            return false;
        }
        let seen = self.window.seen(now_ms);
        let change =
            if self.raised { seen.is_over(&self.rules) } else { seen.is_too_much(&self.rules) };
        if change {
            self.raised = !self.raised;
            let change = Change { raised: self.raised, seen, window_s: self.rules.window_s };
            change.log(institution);
            self.unrecorded = Some(change);
        }
        change
    }
}

impl Change {
    const fn outcome(self) -> &'static str {
        if self.raised { "raised" } else { "ended" }
    }

    fn note(self) -> String {
        format!("{} of {} codes in {} s", self.seen.wrong, self.seen.checked, self.window_s)
    }

    fn log(self, institution: &Institution) {
        let Seen { checked, wrong } = self.seen;
        let (percent, window_s) = (self.seen.percent(), self.window_s);
        if self.raised {
            tracing::warn!(
                %institution, percent, wrong, checked, window_s,
                "too many codes are wrong: somebody may be trying a few on each of many tokens"
            );
        } else {
            tracing::info!(
                %institution, percent, wrong, checked, window_s,
                "the alarm over wrong codes has ended"
            );
        }
    }
}

impl Service {
    /// A code was checked, the outcome is durable and these words tell it. The one place where
    /// codes are counted, for the figures and for the alarm.
    pub(crate) fn count_code(&self, institution: &Institution, outcome: &'static str) {
        self.metrics.verified(institution, outcome);
        self.watch_code(institution, is_wrong(outcome));
    }

    /// The same for a serial that is answered as if no token had it. `word` tells what it is,
    /// `verdict` what a token would have said.
    pub(crate) fn count_stranger(
        &self,
        institution: &Institution,
        word: &'static str,
        verdict: Verdict,
    ) {
        self.metrics.verified(institution, word);
        let guess = matches!(verdict, Verdict::Rejected { reason: Reason::Wrong, .. });
        self.watch_code(institution, guess.then_some(true));
    }

    fn watch_code(&self, institution: &Institution, wrong: Option<bool>) {
        let Some(wrong) = wrong else { return };
        let rules = self.tenants.load().get(institution).and_then(|rules| rules.alarm);
        if let Some(rules) = rules {
            self.alarms.count(institution, rules, self.record_ms(), wrong);
        }
    }

    /// Figures of all institutions that have an alarm.
    pub(crate) fn alarm_figures(&self) -> [Observed; 2] {
        let tenants = self.tenants.load();
        let with_alarm = tenants.iter().filter(|(_, rules)| rules.alarm.is_some());
        self.alarms.figures(self.record_ms(), with_alarm.map(|(institution, _)| institution))
    }

    /// Records alarms and ends them when time has passed, until told to stop.
    pub(crate) async fn keep_watch(&self, mut stop: watch::Receiver<bool>) {
        let mut tick = interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failing = false;
        loop {
            let stopping = tokio::select! {
                _ = tick.tick() => false,
                () = self.alarms.news.notified() => false,
                _ = stop.wait_for(|stop| *stop) => true,
            };
            let failed = self.record_alarms().await;
            if let (Err(error), false) = (&failed, failing) {
                tracing::warn!(%error, "an alarm could not be recorded; it is tried again");
            }
            failing = failed.is_err();
            if stopping {
                return;
            }
        }
    }

    /// A store that does not say whether it wrote may have one change twice: better than none.
    async fn record_alarms(&self) -> Result<(), Failure> {
        let tenants = self.tenants.load_full();
        self.alarms.look(self.record_ms(), |institution| tenants.get(institution)?.alarm);
        for (institution, change) in self.alarms.unrecorded() {
            let event = self.alarm_event(institution.clone(), change);
            let audit = vec![record::encode_event(&event)];
            self.store.commit(Unit { steps: Vec::new(), audit }).await?;
            self.alarms.recorded(&institution);
        }
        Ok(())
    }

    fn alarm_event(&self, institution: Institution, change: Change) -> Event {
        Event {
            at_ms: self.record_ms(),
            institution: Some(institution),
            actor: self.facts.instance.clone(),
            action: Action::Alarm,
            serial: None,
            outcome: change.outcome(),
            number: Some(change.seen.percent()),
            note: Some(change.note()),
            parties: Parties::default(),
        }
    }
}

/// Whether a code with this outcome was wrong; `None` where it was not compared, or says nothing.
fn is_wrong(outcome: &str) -> Option<bool> {
    const WRONG: [&str; 2] = [Reason::Wrong.word(), Denial::BadCode.word()];
    const RIGHT: [&str; 2] = ["accepted", "done"];
    let known = WRONG.contains(&outcome) || RIGHT.contains(&outcome);
    known.then(|| WRONG.contains(&outcome))
}

/// How late the end of an alarm may be noticed where no codes come any more.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
