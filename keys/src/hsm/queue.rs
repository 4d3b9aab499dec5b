//! Jobs waiting for a worker: two lanes, bounded, pulled by whichever worker has room.
//!
//! The quick lane carries what a caller waits for; the bulk lane carries imports, so that a batch of
//! seeds never stands in front of a code. There is no timer in it: a job waits only while every
//! worker is busy, and whatever piled up meanwhile travels as one frame.
//!
//! Not responsible for: processes, frames, who is ready.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, futures::Notified, oneshot};
use warifu_hsm_protocol::{Job, Reply};

use super::error::HsmError;

/// Most jobs in one frame: what one session thread does in well under the time of a round trip to
/// the caller, so that nothing waits long behind its neighbours.
pub(super) const FRAME_JOBS: usize = 64;

/// Frames are closed once their jobs may cost this many HMACs: on a device that takes milliseconds
/// for each, a few resynchronisations in one frame would look like a hang.
const FRAME_MACS: usize = 512;

/// Who may wait for whom.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Lane {
    /// A caller waits for it.
    Quick,
    /// Part of an import.
    Bulk,
}

/// A job and whoever waits for its answer.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) job: Job,
    pub(super) lane: Lane,
    pub(super) deadline: Instant,
    /// A second execution does no harm, and it has not had one yet.
    pub(super) repeatable: bool,
    pub(super) answer: oneshot::Sender<Result<Reply, HsmError>>,
    /// A place in the queue; given back when the order leaves it for good.
    pub(super) place: Option<OwnedSemaphorePermit>,
}

impl Order {
    /// Tells the waiting caller; a caller who has left does not mind.
    pub(super) fn finish(self, result: Result<Reply, HsmError>) {
        drop(self.answer.send(result));
    }

    /// Upper bound of the HMACs it costs.
    fn macs(&self) -> usize {
        match &self.job {
            Job::Verify { candidates, .. } => candidates.len(),
            Job::Check { inputs, .. } => inputs.len(),
            Job::Resync { count, .. } => usize::try_from(*count).unwrap_or(usize::MAX),
            _ => 1,
        }
    }

    fn is_wanted(&self, now: Instant) -> bool {
        !self.answer.is_closed() && now < self.deadline
    }
}

/// The queue all workers of a token pull from.
#[derive(Debug)]
pub(super) struct Queue {
    quick: LaneQueue,
    bulk: LaneQueue,
    closed: AtomicBool,
}

#[derive(Debug)]
struct LaneQueue {
    orders: Mutex<VecDeque<Order>>,
    places: Arc<Semaphore>,
    filled: Notify,
}

impl LaneQueue {
    fn new(capacity: usize) -> Self {
        Self {
            orders: Mutex::default(),
            places: Arc::new(Semaphore::new(capacity)),
            filled: Notify::new(),
        }
    }

    /// No code that can panic runs under this lock, so a poisoned one is as good as any.
    fn orders(&self) -> MutexGuard<'_, VecDeque<Order>> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// `capacity` orders may wait in each lane.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            quick: LaneQueue::new(capacity),
            bulk: LaneQueue::new(capacity),
            closed: AtomicBool::new(true),
        }
    }

    fn lane(&self, lane: Lane) -> &LaneQueue {
        match lane {
            Lane::Quick => &self.quick,
            Lane::Bulk => &self.bulk,
        }
    }

    /// A place in the lane. The quick lane refuses when it is full, because its caller is better
    /// off with an answer now; the bulk lane makes the import wait.
    pub(super) async fn place(&self, lane: Lane) -> Result<OwnedSemaphorePermit, HsmError> {
        let places = Arc::clone(&self.lane(lane).places);
        let place = match lane {
            Lane::Quick => places.try_acquire_owned().ok(),
            Lane::Bulk => places.acquire_owned().await.ok(),
        };
        place.ok_or(HsmError::Unavailable)
    }

    /// Adds an order, or answers it at once where no worker is to be hoped for.
    pub(super) fn push(&self, order: Order) {
        let lane = self.lane(order.lane);
        {
            let mut orders = lane.orders();
            if self.closed.load(Ordering::Acquire) {
                drop(orders);
                return order.finish(Err(HsmError::Unavailable));
            }
            orders.push_back(order);
        }
        lane.filled.notify_one();
    }

    /// Puts orders of a dead worker back in front, in their old order.
    pub(super) fn push_front(&self, orders: Vec<Order>) {
        for order in orders.into_iter().rev() {
            let lane = self.lane(order.lane);
            {
                let mut waiting = lane.orders();
                if self.closed.load(Ordering::Acquire) {
                    drop(waiting);
                    order.finish(Err(HsmError::Unavailable));
                    continue;
                }
                waiting.push_front(order);
            }
            lane.filled.notify_one();
        }
    }

    /// Takes a fair share for one of `free` frames that could be sent now: one order per frame when
    /// few wait, [`FRAME_JOBS`] when many do. Orders nobody waits for any more are dropped.
    pub(super) fn take(&self, lane: Lane, free: usize, now: Instant) -> Vec<Order> {
        let mut taken = Vec::new();
        let mut lapsed = Vec::new();
        {
            let mut orders = self.lane(lane).orders();
            let share = orders.len().div_ceil(free.max(1)).min(FRAME_JOBS);
            let mut macs = 0;
            while taken.len() < share && macs < FRAME_MACS {
                let Some(mut order) = orders.pop_front() else { break };
                order.place = None;
                if order.is_wanted(now) {
                    macs += order.macs();
                    taken.push(order);
                } else {
                    lapsed.push(order);
                }
            }
        }
        for order in lapsed {
            order.finish(Err(HsmError::Timeout));
        }
        taken
    }

    /// Orders waiting in a lane.
    pub(super) fn len(&self, lane: Lane) -> usize {
        self.lane(lane).orders().len()
    }

    /// Resolves when something was added to the lane since somebody last looked.
    pub(super) fn filled(&self, lane: Lane) -> Notified<'_> {
        self.lane(lane).filled.notified()
    }

    /// Wakes another worker if this one leaves orders behind.
    pub(super) fn pass_on(&self, lane: Lane) {
        if self.len(lane) > 0 {
            self.lane(lane).filled.notify_one();
        }
    }

    /// Accepts orders again: a worker is up, or about to be.
    pub(super) fn open(&self) {
        self.closed.store(false, Ordering::Release);
    }

    /// No worker is to be hoped for soon: answers everything that waits, and all that comes.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        for lane in [&self.quick, &self.bulk] {
            let waiting = std::mem::take(&mut *lane.orders());
            for order in waiting {
                order.finish(Err(HsmError::Unavailable));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::oneshot::Receiver;
    use warifu_hsm_protocol::{Hash, KeyKind, KeyRef, Seal, SecretBytes};

    use super::*;

    fn order(queue: &Queue, lane: Lane, ttl: Duration) -> Receiver<Result<Reply, HsmError>> {
        let (answer, receiver) = oneshot::channel();
        let deadline = Instant::now() + ttl;
        let job = Job::Canary;
        queue.push(Order { job, lane, deadline, repeatable: true, answer, place: None });
        receiver
    }

    fn open(capacity: usize) -> Queue {
        let queue = Queue::new(capacity);
        queue.open();
        queue
    }

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_frame_carries_a_fair_share_and_never_more_than_its_limit() {
        let queue = open(1000);
        let waiting: Vec<_> = (0..300).map(|_| order(&queue, Lane::Quick, LONG)).collect();
        let now = Instant::now();
        assert_eq!(queue.take(Lane::Quick, 1, now).len(), FRAME_JOBS);
        assert_eq!(queue.take(Lane::Quick, 8, now).len(), 30);
        assert_eq!(queue.len(Lane::Quick), 300 - FRAME_JOBS - 30);
        drop(waiting);
    }

    #[tokio::test]
    async fn a_costly_job_closes_the_frame() {
        let queue = open(10);
        let (answer, receiver) = oneshot::channel();
        let key = KeyRef {
            record: Vec::new(),
            kind: KeyKind::Hmac(Hash::Sha1),
            seal: Seal::Resident { object_id: [0; 16], binding: [0; 32] },
        };
        let codes = [SecretBytes::new(Vec::new()), SecretBytes::new(Vec::new())];
        let job = Job::Resync { key, digits: 6, codes, from: 0, count: 1000 };
        let deadline = Instant::now() + LONG;
        let lane = Lane::Quick;
        queue.push(Order { job, lane, deadline, repeatable: true, answer, place: None });
        let behind = order(&queue, Lane::Quick, LONG);
        assert_eq!(queue.take(Lane::Quick, 1, Instant::now()).len(), 1);
        assert_eq!(queue.len(Lane::Quick), 1);
        drop((receiver, behind));
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_not_sent() {
        let queue = open(10);
        drop(order(&queue, Lane::Quick, LONG));
        let mut lapsed = order(&queue, Lane::Quick, Duration::ZERO);
        let wanted = order(&queue, Lane::Quick, LONG);
        assert_eq!(queue.take(Lane::Quick, 1, Instant::now()).len(), 1);
        assert_eq!(lapsed.try_recv().unwrap().unwrap_err(), HsmError::Timeout);
        drop(wanted);
    }

    #[tokio::test]
    async fn a_full_quick_lane_refuses_and_a_taken_order_makes_room() {
        let queue = open(1);
        let place = queue.place(Lane::Quick).await.unwrap();
        assert_eq!(queue.place(Lane::Quick).await.unwrap_err(), HsmError::Unavailable);
        drop(place);
        assert!(queue.place(Lane::Quick).await.is_ok());
    }

    #[tokio::test]
    async fn closing_answers_everybody_at_once() {
        let queue = open(10);
        let mut before = order(&queue, Lane::Bulk, LONG);
        queue.close();
        let mut after = order(&queue, Lane::Quick, LONG);
        for waiting in [&mut before, &mut after] {
            assert_eq!(waiting.try_recv().unwrap().unwrap_err(), HsmError::Unavailable);
        }
    }

    #[tokio::test]
    async fn lanes_do_not_wait_for_each_other() {
        let queue = open(10);
        let bulk = order(&queue, Lane::Bulk, LONG);
        let quick = order(&queue, Lane::Quick, LONG);
        assert_eq!(queue.take(Lane::Quick, 1, Instant::now())[0].lane, Lane::Quick);
        assert_eq!(queue.len(Lane::Bulk), 1);
        drop((bulk, quick));
    }
}
