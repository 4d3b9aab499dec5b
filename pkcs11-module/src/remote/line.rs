//! Lines: a connection to a daemon with the small runtime that it lives on. A call takes one for itself,
//! so that no two calls wait for each other, and gives it back after a clean answer.
//!
//! Everything runs in the calling thread. Not responsible for which daemon is called.

use std::{sync::Mutex, time::Duration, time::Instant};

use tokio::{
    runtime::{Builder, Runtime},
    task, time,
};
use warifu_api::{
    IdempotencyKey,
    client::{Client, ClientError},
};

use super::verdict::Seen;
use crate::{clock, session::lock};

/// Most idle lines of one daemon.
const MOST_IDLE: usize = 32;
/// An idle line that is older is closed: daemons and firewalls give such up as well.
const LONGEST_IDLE: Duration = Duration::from_secs(60);

/// The lines to one daemon.
pub(super) struct Lines {
    client: Client,
    idle: Mutex<Vec<Line>>,
}

struct Line {
    runtime: Option<Runtime>,
    client: Client,
    used: Option<Instant>,
}

impl Lines {
    pub(super) fn new(client: Client) -> Self {
        Self { client, idle: Mutex::default() }
    }

    /// Puts a question to the daemon. The outer error is that of a call that got no turn, or whose time
    /// was over before an answer came.
    pub(super) fn ask<T>(
        &self,
        key: Option<&IdempotencyKey>,
        limit: Duration,
        question: &impl AsyncFn(&Client) -> Result<T, ClientError>,
    ) -> Result<Result<T, ClientError>, Seen> {
        let mut line = self.take().ok_or(Seen::Unreachable)?;
        let answer = line.ask(key, limit, question)?;
        if matches!(answer, Ok(_) | Err(ClientError::Problem { .. })) {
            self.give_back(line);
        }
        Ok(answer)
    }

    fn take(&self) -> Option<Line> {
        let now = clock::now();
        let kept = lock(&self.idle).pop();
        if let Some(line) = kept {
            if line.used.is_some_and(|used| now.duration_since(used) < LONGEST_IDLE) {
                return Some(line);
            }
            // The last one given back is too old, so the others are.
            let old = std::mem::take(&mut *lock(&self.idle));
            drop(old);
        }
        Line::new(&self.client)
    }

    fn give_back(&self, mut line: Line) {
        line.used = Some(clock::now());
        let mut idle = lock(&self.idle);
        if idle.len() < MOST_IDLE {
            idle.push(line);
        }
    }
}

impl Line {
    /// `None` when the system has no more descriptors.
    fn new(client: &Client) -> Option<Self> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build().ok()?;
        Some(Self { runtime: Some(runtime), client: client.apart(), used: None })
    }

    fn ask<T>(
        &mut self,
        key: Option<&IdempotencyKey>,
        limit: Duration,
        question: &impl AsyncFn(&Client) -> Result<T, ClientError>,
    ) -> Result<Result<T, ClientError>, Seen> {
        let Some(runtime) = &self.runtime else { return Err(Seen::Unreachable) };
        let client = match key {
            Some(key) => self.client.with_idempotency_key(key.clone()),
            None => self.client.clone(),
        };
        let was_idle = self.used.is_some();
        let answer = runtime.block_on(async {
            if was_idle {
                catch_up().await;
            }
            time::timeout(limit, question(&client)).await
        });
        answer.map_err(|_| Seen::Lost)
    }
}

/// Nothing ran while the line was idle. What the daemon did meanwhile, such as closing the connection,
/// is noticed before the question is sent, not after.
async fn catch_up() {
    task::yield_now().await;
    task::yield_now().await;
}

impl Drop for Line {
    /// Does not wait for a name that is still being looked up.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
