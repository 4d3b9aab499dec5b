//! The conversation with one live worker: pulls jobs, sends frames, hands out answers, watches.
//!
//! One task owns the socket and never waits for anything but events, so a hung worker is noticed by
//! the clock whatever it was doing: a frame unanswered past its deadline and grace, or a canary
//! unanswered past its limit, ends the process.
//!
//! Not responsible for: starting the next worker ([`super::slot`]).

use std::{
    collections::BTreeMap,
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use thiserror::Error;
use tokio::{sync::mpsc, time::sleep_until};
use warifu_hsm_protocol::{Job, JobError, Reply, Request, Response, decode};

use super::{
    board::{About, Board, Entry, Figures, Live, Signals, Vote},
    error::HsmError,
    link::Link,
    pulse::Pulse,
    queue::{Lane, Order},
};

/// What a conversation needs to know.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Quick frames in flight: one per session of the worker.
    pub(super) sessions: usize,
    /// Past a frame's deadline, until the worker counts as hung.
    pub(super) grace: Duration,
    /// Between two canaries.
    pub(super) canary_interval: Duration,
    /// Until an unanswered canary means a hung worker.
    pub(super) canary_limit: Duration,
    /// How long a worker may try to get its token back before it is replaced.
    pub(super) recovery_limit: Duration,
}

/// Why a conversation ended.
#[derive(Debug, Error)]
enum Fate {
    #[error("it finished its work")]
    Drained,
    #[error("it did not answer in time")]
    Hung,
    #[error("it lost the token and did not get it back")]
    TokenLost,
    #[error("the connection to it broke")]
    Lost(#[from] io::Error),
    #[error("it broke the protocol: {0}")]
    Protocol(&'static str),
}

/// A frame on its way.
#[derive(Debug)]
struct Frame {
    lane: Option<Lane>,
    orders: Vec<Order>,
    hung_at: Instant,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Conversation {
    link: Link,
    board: Arc<Board>,
    limits: Limits,
    signals: Arc<Signals>,
    control: mpsc::Receiver<Order>,
    in_flight: BTreeMap<u64, Frame>,
    next_id: u64,
    pulse: Pulse,
    draining: bool,
    healthy: Vote,
    entry: Entry,
}

impl Conversation {
    /// Takes over a worker that has greeted.
    pub(super) fn new(link: Link, board: Arc<Board>, limits: Limits) -> Self {
        let (sender, control) = mpsc::channel(16);
        let signals = Arc::new(Signals::default());
        let live = Live { pid: link.pid(), control: sender, signals: Arc::clone(&signals) };
        let entry = board.enter(live);
        let mut healthy = board.vote(About::Healthy);
        healthy.set(true);
        let pulse = Pulse::new(limits, Instant::now());
        Self {
            link,
            board,
            limits,
            signals,
            control,
            in_flight: BTreeMap::new(),
            next_id: 0,
            pulse,
            draining: false,
            healthy,
            entry,
        }
    }

    /// How the slot and this conversation talk.
    pub(super) fn signals(&self) -> Arc<Signals> {
        Arc::clone(&self.signals)
    }

    /// Until the worker is gone.
    pub(super) async fn run(mut self) {
        let fate = loop {
            if let Err(fate) = self.turn().await {
                break fate;
            }
        };
        self.end(&fate).await;
    }

    async fn turn(&mut self) -> Result<(), Fate> {
        self.read()?;
        self.send(Lane::Quick)?;
        self.send(Lane::Bulk)?;
        self.watch(Instant::now())?;
        if self.draining && self.in_flight.is_empty() {
            return Err(Fate::Drained);
        }
        let due = self.next_due();
        let (quick, bulk) = (self.room(Lane::Quick) > 0, self.room(Lane::Bulk) > 0);
        let queue = &self.board.queue;
        let mut order = None;
        tokio::select! {
            moved = self.link.wire().pump() => moved?,
            () = queue.filled(Lane::Quick), if quick => {}
            () = queue.filled(Lane::Bulk), if bulk => {}
            received = self.control.recv() => order = received,
            () = self.signals.drain.notified(), if !self.draining => self.draining = true,
            () = sleep_until(due.into()) => {}
        }
        order.map_or(Ok(()), |order| self.post(None, vec![order], Instant::now()))
    }

    /// Frames of this lane that may be sent now. Of imports there is always one behind the one that is
    /// worked on; codes pass both inside the worker.
    fn room(&self, lane: Lane) -> usize {
        if self.draining {
            return 0;
        }
        let most = match lane {
            Lane::Quick => self.limits.sessions,
            Lane::Bulk => (self.limits.sessions / 2).max(2),
        };
        let flying = self.in_flight.values().filter(|frame| frame.lane == Some(lane)).count();
        most.saturating_sub(flying)
    }

    fn send(&mut self, lane: Lane) -> Result<(), Fate> {
        loop {
            let free = self.room(lane);
            if free == 0 {
                self.board.queue.pass_on(lane);
                return Ok(());
            }
            let now = Instant::now();
            let orders = self.board.queue.take(lane, free, now);
            if orders.is_empty() {
                return Ok(());
            }
            Figures::add(&self.board.figures.frames, 1);
            Figures::add(&self.board.figures.jobs, orders.len());
            self.post(Some(lane), orders, now)?;
        }
    }

    /// Sends one frame.
    fn post(
        &mut self,
        lane: Option<Lane>,
        mut orders: Vec<Order>,
        now: Instant,
    ) -> Result<(), Fate> {
        let deadline = orders.iter().map(|order| order.deadline).max().unwrap_or(now);
        let jobs = orders.iter_mut().map(|order| std::mem::replace(&mut order.job, Job::Canary));
        let jobs = jobs.collect();
        let (id, mut request) = self.request(jobs, deadline.saturating_duration_since(now));
        let sent = self.link.wire().send(&request);
        for (order, job) in orders.iter_mut().zip(request.jobs.drain(..)) {
            order.job = job;
        }
        if let Err(error) = sent {
            // A frame that did not leave whole was not read whole: nothing of it was done.
            self.board.queue.push_front(orders);
            return Err(error.into());
        }
        let hung_at = deadline + self.limits.grace;
        self.in_flight.insert(id, Frame { lane, orders, hung_at });
        Ok(())
    }

    fn request(&mut self, jobs: Vec<Job>, limit: Duration) -> (u64, Request) {
        let id = self.next_id;
        self.next_id += 1;
        let deadline_ms = u32::try_from(limit.as_millis()).unwrap_or(u32::MAX).max(1);
        (id, Request { id, deadline_ms, jobs })
    }

    fn read(&mut self) -> Result<(), Fate> {
        while let Some(payload) = self.link.wire().frame()? {
            let response: Response =
                decode(&payload).map_err(|_| Fate::Protocol("an answer is malformed"))?;
            self.answer(response)?;
        }
        Ok(())
    }

    fn answer(&mut self, response: Response) -> Result<(), Fate> {
        if response.retire {
            self.signals.retire.notify_one();
        }
        let now = Instant::now();
        if self.pulse.is(response.id) {
            let alive = matches!(response.results.as_slice(), [Ok(Reply::Alive)]);
            self.pulse.answered(alive, now);
            self.healthy.set(alive);
            return Ok(());
        }
        let frame = self.in_flight.remove(&response.id);
        let frame = frame.ok_or(Fate::Protocol("an answer to nothing"))?;
        if frame.orders.len() != response.results.len() {
            self.in_flight.insert(response.id, frame);
            return Err(Fate::Protocol("an answer with another number of results"));
        }
        for (order, result) in frame.orders.into_iter().zip(response.results) {
            if matches!(result, Err(JobError::Unavailable)) {
                self.pulse.suspect(now);
            }
            order.finish(result.map_err(Into::into));
        }
        Ok(())
    }

    /// Sends the canary when it is due, and notices what is overdue.
    fn watch(&mut self, now: Instant) -> Result<(), Fate> {
        if self.pulse.is_overdue(now) || self.in_flight.values().any(|frame| frame.hung_at <= now) {
            return Err(Fate::Hung);
        }
        if self.pulse.is_lost(now) {
            return Err(Fate::TokenLost);
        }
        if self.pulse.is_due(now) {
            let (id, request) = self.request(vec![Job::Canary], self.limits.canary_limit);
            self.link.wire().send(&request)?;
            self.pulse.sent(id, now);
        }
        Ok(())
    }

    fn next_due(&self) -> Instant {
        let frames = self.in_flight.values().map(|frame| frame.hung_at).min();
        let pulse = self.pulse.next();
        frames.map_or(pulse, |frame| frame.min(pulse))
    }

    async fn end(self, fate: &Fate) {
        let Self { link, board, limits, in_flight, healthy, entry, mut control, .. } = self;
        drop(healthy);
        control.close();
        let pid = link.pid();
        if matches!(fate, Fate::Drained) {
            tracing::info!(worker = pid, "HSM worker retires");
            link.retire(limits.grace).await;
        } else {
            let why = fate.to_string();
            tracing::error!(
                worker = pid,
                error = fate as &dyn std::error::Error,
                "HSM worker ends"
            );
            board.trouble(format!("HSM worker ended: {why}"));
            // Before the jobs are answered: whoever has an answer finds its cause counted.
            Figures::add(&board.figures.kills, 1);
            give_back(&board, in_flight);
            link.kill().await;
        }
        drop(entry);
    }
}

/// Jobs of a dead worker: those that may run twice go to the next worker, once; the rest are
/// answered now.
fn give_back(board: &Board, in_flight: BTreeMap<u64, Frame>) {
    let orders = in_flight.into_values().flat_map(|frame| frame.orders);
    let (mut again, done): (Vec<_>, Vec<_>) = orders.partition(|order| order.repeatable);
    for order in done {
        order.finish(Err(HsmError::Unavailable));
    }
    for order in &mut again {
        order.repeatable = false;
    }
    Figures::add(&board.figures.resent, again.len());
    board.queue.push_front(again);
}
