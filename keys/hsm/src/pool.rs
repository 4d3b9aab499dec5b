//! The queue between the reader and the session threads, and the threads themselves. A request is one
//! piece of work; a large one is cut into several, and whoever finishes the last piece answers.
//!
//! Imports and rotations go through a lane of their own, in small pieces and never on all threads: a
//! code waits for none of them.
//!
//! Not responsible for: what a job is (`jobs.rs`).

use std::{
    collections::VecDeque,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use warifu_hsm_protocol::{Job, JobError, Reply, Request, Response};

use crate::{channel::Sender, jobs::Worker, station::Shared};

/// Jobs below which cutting a request costs more than it gains.
const PIECE: usize = 16;
/// The same for imports, whose jobs are ten calls each: what a code may have to wait for.
const BULK_PIECE: usize = 4;
/// Pieces that may wait; beyond, the daemon waits in its socket.
const QUEUE: usize = 4096;
/// How long an idle thread leaves what is to be tidied.
const TIDY: Duration = Duration::from_secs(1);

type Outcome = Result<Reply, JobError>;

/// Work that waits.
#[derive(Default)]
pub(crate) struct Queue {
    lanes: Mutex<Lanes>,
    filled: Condvar,
    emptied: Condvar,
}

#[derive(Default)]
struct Lanes {
    quick: VecDeque<Piece>,
    bulk: VecDeque<Piece>,
    /// Threads that work on bulk pieces.
    bulk_threads: usize,
}

struct Piece {
    jobs: Vec<Job>,
    first: usize,
    bulk: bool,
    deadline: Instant,
    answer: Arc<Answer>,
}

/// A response that grows.
struct Answer {
    id: u64,
    results: Mutex<Vec<Option<Outcome>>>,
    missing: AtomicUsize,
}

impl Lanes {
    fn has_work(&self, bulk_threads: usize) -> bool {
        !self.quick.is_empty() || (!self.bulk.is_empty() && self.bulk_threads < bulk_threads)
    }

    fn take(&mut self, bulk_threads: usize) -> Option<Piece> {
        if let Some(piece) = self.quick.pop_front() {
            return Some(piece);
        }
        if self.bulk_threads >= bulk_threads {
            return None;
        }
        let piece = self.bulk.pop_front()?;
        self.bulk_threads += 1;
        Some(piece)
    }

    fn len(&self) -> usize {
        self.quick.len() + self.bulk.len()
    }
}

impl Queue {
    /// Takes a request in; waits where too much is waiting.
    pub(crate) fn push(&self, request: Request, sessions: usize, sender: &Sender, shared: &Shared) {
        let deadline = Instant::now() + Duration::from_millis(u64::from(request.deadline_ms));
        let total = request.jobs.len();
        let bulk = request.jobs.iter().any(is_bulk);
        let size = if bulk { BULK_PIECE } else { total.div_ceil(sessions.max(1)).max(PIECE) };
        let mut results = Vec::new();
        results.resize_with(total, || None);
        let answer = Arc::new(Answer {
            id: request.id,
            results: Mutex::new(results),
            missing: AtomicUsize::new(total.div_ceil(size)),
        });
        if total == 0 {
            answer.send(sender, shared);
            return;
        }
        let mut jobs = request.jobs;
        let mut first = 0;
        while !jobs.is_empty() {
            let rest = jobs.split_off(size.min(jobs.len()));
            let piece = Piece { jobs, first, bulk, deadline, answer: Arc::clone(&answer) };
            first += piece.jobs.len();
            jobs = rest;
            self.push_piece(piece);
        }
    }

    fn push_piece(&self, piece: Piece) {
        let mut lanes = self.lock();
        while lanes.len() >= QUEUE {
            lanes = self.emptied.wait(lanes).unwrap_or_else(PoisonError::into_inner);
        }
        let lane = if piece.bulk { &mut lanes.bulk } else { &mut lanes.quick };
        lane.push_back(piece);
        self.filled.notify_one();
    }

    /// `None` where nothing came for a while.
    fn pop(&self, bulk_threads: usize) -> Option<Piece> {
        let lanes = self.lock();
        let idle = |lanes: &mut Lanes| !lanes.has_work(bulk_threads);
        let waited = self.filled.wait_timeout_while(lanes, TIDY, idle);
        let mut lanes = waited.unwrap_or_else(PoisonError::into_inner).0;
        let piece = lanes.take(bulk_threads);
        self.emptied.notify_one();
        piece
    }

    /// The thread that did a bulk piece is free for another.
    fn bulk_done(&self) {
        self.lock().bulk_threads -= 1;
        self.filled.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Work that nobody waits for in front of a screen.
fn is_bulk(job: &Job) -> bool {
    matches!(
        job,
        Job::Expand { .. }
            | Job::GenerateTransportPair { .. }
            | Job::Rewrap { .. }
            | Job::Seal { .. }
    )
}

impl Answer {
    fn send(&self, sender: &Sender, shared: &Shared) {
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        let results = std::mem::take(&mut *results);
        let results = results.into_iter().map(|r| r.unwrap_or(Err(JobError::Unavailable)));
        let quota = shared.config.unwrap_quota;
        let retire = quota != 0 && shared.counters.unwrap_all.now() >= quota;
        sender.respond(&Response { id: self.id, results: results.collect(), retire });
    }
}

/// The life of a session thread.
pub(crate) fn work(shared: &Shared, queue: &Queue, sender: &Sender) {
    let mut worker = Worker::new(shared);
    let bulk_threads = usize::from(shared.config.sessions).saturating_sub(1).max(1);
    loop {
        let Some(piece) = queue.pop(bulk_threads) else {
            worker.tidy();
            continue;
        };
        let outcomes: Vec<Outcome> = piece
            .jobs
            .iter()
            .map(|job| perform(&mut worker, shared, job, piece.deadline))
            .collect();
        {
            let results = piece.answer.results.lock();
            let mut results = results.unwrap_or_else(PoisonError::into_inner);
            for (place, outcome) in results.iter_mut().skip(piece.first).zip(outcomes) {
                *place = Some(outcome);
            }
        }
        if piece.bulk {
            queue.bulk_done();
        }
        if piece.answer.missing.fetch_sub(1, Ordering::AcqRel) == 1 {
            piece.answer.send(sender, shared);
        }
        worker.tidy();
    }
}

fn perform(worker: &mut Worker<'_>, shared: &Shared, job: &Job, deadline: Instant) -> Outcome {
    if Instant::now() >= deadline {
        return Err(JobError::Expired);
    }
    let outcome = worker.perform(job, deadline);
    shared.counters.jobs.up();
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(bulk: bool) -> Piece {
        let answer = Answer { id: 0, results: Mutex::default(), missing: AtomicUsize::new(1) };
        let (jobs, deadline) = (vec![Job::Canary], Instant::now());
        Piece { jobs, first: 0, bulk, deadline, answer: Arc::new(answer) }
    }

    #[test]
    fn codes_pass_imports_and_a_thread_is_left_for_them() {
        let queue = Queue::default();
        for bulk in [true, true, true, false] {
            queue.push_piece(piece(bulk));
        }
        let mut lanes = queue.lock();
        let taken = std::array::from_fn(|_| lanes.take(2).map(|piece| piece.bulk));
        assert_eq!(taken, [Some(false), Some(true), Some(true), None]);
        assert!(!lanes.has_work(2));
        drop(lanes);
        queue.bulk_done();
        assert!(queue.pop(2).is_some_and(|piece| piece.bulk));
    }
}
