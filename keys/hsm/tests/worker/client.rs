//! The daemon's end of the socket.

use std::{
    io::{Read as _, Write as _},
    os::{fd::OwnedFd, unix::net::UnixStream},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use warifu_hsm_protocol::{
    Counters, Exposure, Greeting, Hash, Hello, Job, JobError, KeyKind, KeyRef, PROTOCOL, Provider,
    Purpose, Reply, Request, Response, Seal, SecretBytes, SeedSource, WorkerConfig, decode, encode,
};

/// A running worker. Dropping it closes the socket, which ends the process.
pub(crate) struct Worker {
    pub(crate) provider: Provider,
    socket: Option<UnixStream>,
    child: Child,
    next: u64,
}

impl Worker {
    /// Starts it and expects `Ready`.
    pub(crate) fn start(config: WorkerConfig, purpose: Purpose, env: &(String, String)) -> Self {
        Self::start_with(config, purpose, std::slice::from_ref(env))
    }

    /// The same with several variables.
    pub(crate) fn start_with(
        config: WorkerConfig,
        purpose: Purpose,
        env: &[(String, String)],
    ) -> Self {
        let (child, mut socket, greeting) = greet(config, purpose, env);
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let _ = &mut socket;
        match greeting {
            Greeting::Ready(provider) => Self { provider, socket: Some(socket), child, next: 1 },
            other => panic!("the worker is not ready: {other:?}"),
        }
    }

    /// One request, its response.
    pub(crate) fn ask(&mut self, jobs: Vec<Job>) -> Vec<Result<Reply, JobError>> {
        self.request(jobs, 20_000).results
    }

    pub(crate) fn request(&mut self, jobs: Vec<Job>, deadline_ms: u32) -> Response {
        self.next += 1;
        let request = Request { id: self.next, deadline_ms, jobs };
        let count = request.jobs.len();
        let socket = self.socket.as_mut().unwrap();
        socket.write_all(&encode(&request).unwrap()).unwrap();
        let response: Response = receive(socket).expect("the worker answers");
        assert_eq!((response.id, response.results.len()), (self.next, count));
        response
    }

    pub(crate) fn one(&mut self, job: Job) -> Result<Reply, JobError> {
        self.ask(vec![job]).pop().unwrap()
    }

    pub(crate) fn counters(&mut self) -> Counters {
        match self.one(Job::Counters) {
            Ok(Reply::Counters(counters)) => counters,
            other => panic!("{other:?}"),
        }
    }

    /// Seals a clear seed.
    pub(crate) fn seal(&mut self, record: &str, hash: Hash, seed: &[u8], resident: bool) -> KeyRef {
        let job = seal_clear(record, hash, seed, resident);
        match self.one(job) {
            Ok(Reply::Sealed { seal, exposure: Exposure::Caller }) => key_ref(record, hash, seal),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn verify(
        &mut self,
        key: &KeyRef,
        code: &str,
        candidates: &[u64],
    ) -> Result<Option<u16>, JobError> {
        match self.one(verify(key, code, candidates)) {
            Ok(Reply::Verified(found)) => Ok(found),
            Err(error) => Err(error),
            Ok(other) => panic!("{other:?}"),
        }
    }

    /// Sends bytes as they are and waits for the process to end.
    pub(crate) fn send_raw(mut self, bytes: &[u8]) -> ExitStatus {
        self.socket.as_mut().unwrap().write_all(bytes).unwrap();
        self.child.wait().unwrap()
    }

    /// Closes the socket and waits for the process to end.
    pub(crate) fn close(mut self) -> ExitStatus {
        self.socket = None;
        self.child.wait().unwrap()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.socket = None;
        let _ = self.child.wait();
    }
}

/// Starts a worker that must not become ready; its greeting and exit code.
pub(crate) fn refused(
    config: WorkerConfig,
    purpose: Purpose,
    env: &(String, String),
) -> (Greeting, Option<i32>) {
    let (mut child, socket, greeting) = greet(config, purpose, std::slice::from_ref(env));
    drop(socket);
    (greeting, child.wait().unwrap().code())
}

pub(crate) fn seal_clear(record: &str, hash: Hash, seed: &[u8], resident: bool) -> Job {
    Job::Seal {
        record: record.as_bytes().to_vec(),
        kind: KeyKind::Hmac(hash),
        resident,
        source: SeedSource::Clear(SecretBytes::new(seed.to_vec())),
    }
}

pub(crate) fn key_ref(record: &str, hash: Hash, seal: Seal) -> KeyRef {
    KeyRef { record: record.as_bytes().to_vec(), kind: KeyKind::Hmac(hash), seal }
}

pub(crate) fn verify(key: &KeyRef, code: &str, candidates: &[u64]) -> Job {
    let digits = u8::try_from(code.len()).unwrap();
    let code = SecretBytes::new(code.as_bytes().to_vec());
    Job::Verify { key: key.clone(), digits, code, candidates: candidates.to_vec() }
}

fn greet(
    config: WorkerConfig,
    purpose: Purpose,
    env: &[(String, String)],
) -> (Child, UnixStream, Greeting) {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_warifu-hsm"))
        .envs(env.iter().cloned())
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let hello = Hello { protocol: PROTOCOL, config, purpose };
    ours.write_all(&encode(&hello).unwrap()).unwrap();
    let greeting = receive(&mut ours).expect("the worker greets");
    (child, ours, greeting)
}

fn receive<T: serde::de::DeserializeOwned>(socket: &mut UnixStream) -> Option<T> {
    let mut prefix = [0; 4];
    socket.read_exact(&mut prefix).ok()?;
    let mut payload = vec![0; u32::from_le_bytes(prefix) as usize];
    socket.read_exact(&mut payload).ok()?;
    decode(&payload).ok()
}
