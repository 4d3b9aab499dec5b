//! One worker process and the framed socket to it.
//!
//! Not responsible for: what the frames mean after the greeting, deadlines of jobs, restarts.

use std::{
    collections::VecDeque,
    io,
    os::{fd::OwnedFd, unix::net::UnixStream as StdUnixStream},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{
    io::Interest,
    net::UnixStream,
    process::{Child, Command},
    time::timeout,
};
use warifu_hsm_protocol::{Greeting, Hello, MAX_FRAME, PROTOCOL, Purpose, decode, encode};
use zeroize::Zeroizing;

use super::{HsmConfig, error::StartError, stderr};

/// Bytes of a frame's length prefix.
const PREFIX: usize = 4;

/// A started worker. Dropping it kills the process.
#[derive(Debug)]
pub(super) struct Link {
    child: Child,
    wire: Wire,
}

/// Starts a worker, says hello and returns its first answer.
pub(super) async fn launch(
    config: &HsmConfig,
    purpose: Purpose,
) -> Result<(Link, Greeting), StartError> {
    let limit = config.start_limit;
    let greeted = timeout(limit, async {
        let mut link = Link::spawn(config)?;
        let hello = Hello { protocol: PROTOCOL, config: config.worker.clone(), purpose };
        link.wire.send(&hello).map_err(|error| StartError::Broken(error.to_string()))?;
        let greeting = link.greeting().await?;
        Ok((link, greeting))
    });
    greeted.await.unwrap_or(Err(StartError::Silent(limit.as_secs())))
}

impl Link {
    fn spawn(config: &HsmConfig) -> Result<Self, StartError> {
        let path = binary(config.worker_binary.as_deref())?;
        let failed = |source| StartError::Spawn { path: path.clone(), source };
        let (ours, theirs) = StdUnixStream::pair().map_err(failed)?;
        ours.set_nonblocking(true).map_err(failed)?;
        let stream = UnixStream::from_std(ours).map_err(failed)?;
        let mut child = command(config, &path, theirs).spawn().map_err(failed)?;
        if let Some(output) = child.stderr.take() {
            stderr::forward(output, child.id().unwrap_or_default());
        }
        Ok(Self { child, wire: Wire::new(stream) })
    }

    async fn greeting(&mut self) -> Result<Greeting, StartError> {
        let answer = loop {
            match self.wire.frame() {
                Ok(Some(payload)) => break decode::<Greeting>(&payload),
                Ok(None) => {}
                Err(error) => return Err(StartError::Broken(error.to_string())),
            }
            if let Err(error) = self.wire.pump().await {
                return Err(self.ended(&error).await);
            }
        };
        answer.map_err(|error| StartError::Broken(error.to_string()))
    }

    /// Prefers the exit status over "connection closed": it tells more.
    async fn ended(&mut self, error: &io::Error) -> StartError {
        match timeout(Duration::from_secs(1), self.child.wait()).await {
            Ok(Ok(status)) => StartError::Broken(status.to_string()),
            _ => StartError::Broken(error.to_string()),
        }
    }

    /// The socket.
    pub(super) fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }

    /// Process id, for logs and for tests that stop or kill the process.
    pub(super) fn pid(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    /// SIGKILL, and waits until the process is gone.
    pub(super) async fn kill(mut self) {
        if let Err(error) = self.child.kill().await {
            tracing::warn!(%error, "the HSM worker could not be killed");
        }
    }

    /// Closes the socket, which tells the worker to end; kills it if it does not within `grace`.
    pub(super) async fn retire(self, grace: Duration) {
        let Self { mut child, wire } = self;
        drop(wire);
        if timeout(grace, child.wait()).await.is_err() {
            drop(child.kill().await);
        }
    }
}

fn binary(explicit: Option<&Path>) -> Result<PathBuf, StartError> {
    let path = match explicit {
        Some(path) => path.to_owned(),
        None => std::env::current_exe()
            .ok()
            .and_then(|own| own.parent().map(|folder| folder.join("warifu-hsm")))
            .unwrap_or_else(|| PathBuf::from("warifu-hsm")),
    };
    if path.is_file() { Ok(path) } else { Err(StartError::Binary(path)) }
}

fn command(config: &HsmConfig, path: &Path, theirs: StdUnixStream) -> Command {
    let mut command = Command::new(path);
    command
        .env_clear()
        .envs(&config.environment)
        .current_dir("/")
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        // Ctrl-C at a terminal is for us: the worker has to last until our jobs are drained.
        .process_group(0)
        .kill_on_drop(true);
    if let Some(gid) = config.gid {
        command.gid(gid);
    }
    if let Some(uid) = config.uid {
        command.uid(uid);
    }
    command
}

/// The socket with what is still to be written and what was read of the next frame.
///
/// One task owns it: sending never waits (the bytes queue up here), so a worker that stopped reading
/// can not stop its supervisor from noticing.
#[derive(Debug)]
pub(super) struct Wire {
    stream: UnixStream,
    outbox: VecDeque<(Zeroizing<Vec<u8>>, usize)>,
    inbox: Zeroizing<Vec<u8>>,
    filled: usize,
}

impl Wire {
    /// Takes over a connected stream.
    pub(super) fn new(stream: UnixStream) -> Self {
        Self {
            stream,
            outbox: VecDeque::new(),
            inbox: Zeroizing::new(vec![0; 16 * 1024]),
            filled: 0,
        }
    }

    /// Queues a message and writes as much of it as the socket takes.
    pub(super) fn send<T: serde::Serialize>(&mut self, message: &T) -> io::Result<()> {
        let frame = encode(message).map_err(io::Error::other)?;
        self.outbox.push_back((Zeroizing::new(frame), 0));
        self.flush()
    }

    /// Waits until bytes could be read or written, and does so. Cancellation-safe.
    pub(super) async fn pump(&mut self) -> io::Result<()> {
        let mut interest = Interest::READABLE;
        if !self.outbox.is_empty() {
            interest |= Interest::WRITABLE;
        }
        let ready = self.stream.ready(interest).await?;
        if ready.is_writable() {
            self.flush()?;
        }
        if ready.is_readable() || ready.is_read_closed() { self.fill() } else { Ok(()) }
    }

    /// The next whole frame's payload, if it is here.
    pub(super) fn frame(&mut self) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        let Some(length) = self.frame_length()? else { return Ok(None) };
        let end = PREFIX + length;
        if self.filled < end {
            self.reserve(end);
            return Ok(None);
        }
        let payload = Zeroizing::new(self.inbox[PREFIX..end].to_vec());
        self.inbox.copy_within(end..self.filled, 0);
        self.filled -= end;
        let tail = self.filled..(self.filled + end).min(self.inbox.len());
        self.inbox[tail].fill(0);
        Ok(Some(payload))
    }

    fn frame_length(&self) -> io::Result<Option<usize>> {
        let Some(prefix) = self.inbox[..self.filled].first_chunk::<PREFIX>() else {
            return Ok(None);
        };
        match usize::try_from(u32::from_le_bytes(*prefix)) {
            Ok(length) if length <= MAX_FRAME => Ok(Some(length)),
            _ => Err(io::Error::other("a frame is longer than the protocol allows")),
        }
    }

    /// Grows by hand: a reallocating `Vec` would leave an unwiped copy behind.
    fn reserve(&mut self, size: usize) {
        if self.inbox.len() < size {
            let mut larger = Zeroizing::new(vec![0; size]);
            larger[..self.filled].copy_from_slice(&self.inbox[..self.filled]);
            self.inbox = larger;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        if self.filled == self.inbox.len() {
            return Ok(());
        }
        match self.stream.try_read(&mut self.inbox[self.filled..]) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                self.filled += count;
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        while let Some((frame, done)) = self.outbox.front_mut() {
            match self.stream.try_write(&frame[*done..]) {
                Ok(count) => *done += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
            if *done == frame.len() {
                self.outbox.pop_front();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use warifu_hsm_protocol::{Job, Request, SecretBytes, TransportShape};

    use super::*;

    /// Larger than the first inbox and the socket's buffer together.
    fn large(id: u64) -> Request {
        let value = SecretBytes::new(vec![7; 900_000]);
        let shape = TransportShape::Aes { bits: 256 };
        let job = Job::ImportTransportKey { label: "x".into(), shape, value };
        Request { id, deadline_ms: 1, jobs: vec![job] }
    }

    #[tokio::test]
    async fn frames_larger_than_every_buffer_arrive_whole_and_in_order() {
        let (here, there) = UnixStream::pair().unwrap();
        let (mut here, mut there) = (Wire::new(here), Wire::new(there));
        here.send(&large(1)).unwrap();
        here.send(&large(2)).unwrap();
        let mut seen = Vec::new();
        while seen.len() < 2 {
            tokio::select! {
                sent = here.pump() => sent.unwrap(),
                got = there.pump() => got.unwrap(),
            }
            while let Some(payload) = there.frame().unwrap() {
                seen.push(decode::<Request>(&payload).unwrap().id);
            }
        }
        assert_eq!(seen, [1, 2]);
        assert!(there.inbox.iter().all(|byte| *byte == 0), "a consumed frame is wiped");
    }

    #[tokio::test]
    async fn an_oversized_length_is_refused_before_anything_is_allocated() {
        let (here, there) = UnixStream::pair().unwrap();
        here.writable().await.unwrap();
        here.try_write(&u32::MAX.to_le_bytes()).unwrap();
        let mut there = Wire::new(there);
        there.pump().await.unwrap();
        assert!(there.frame().is_err());
        assert!(there.inbox.len() < 1 << 20);
    }

    #[tokio::test]
    async fn the_end_of_the_peer_is_an_error() {
        let (here, there) = UnixStream::pair().unwrap();
        drop(here);
        assert!(Wire::new(there).pump().await.is_err());
    }
}
