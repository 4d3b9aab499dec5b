//! A TLS server on loopback that answers as a test tells it, and certificates of every kind. Not a model
//! of the daemon.

use std::{
    fs,
    io::{self, BufReader, Read as _},
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned, server::WebPkiClientVerifier,
};
use rustls_pki_types::PrivateKeyDer;
use tempfile::TempDir;

use crate::{config::SlotConfig, session::lock};

/// A certificate authority.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn leaf(&self, name: &str, expired: bool) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        if expired {
            params.not_before = date_time_ymd(2001, 1, 1);
            params.not_after = date_time_ymd(2002, 1, 1);
        }
        (params.signed_by(&key, &self.0).unwrap(), key)
    }

    /// What a server of this authority presents, and whose clients it accepts.
    fn server(&self, clients: &Self) -> Arc<ServerConfig> {
        let (certificate, key) = self.leaf("localhost", false);
        let mut roots = RootCertStore::empty();
        roots.add(clients.0.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        Arc::new(config)
    }
}

/// A folder with the files of a slot.
pub(super) struct Files(TempDir);

impl Files {
    pub(super) fn new(ca: &Authority, ours: &Authority) -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        fs::write(files.path("ca.pem"), ca.0.pem()).unwrap();
        files.renew(ours, false);
        files
    }

    /// Puts another certificate and key into their places, as a renewal does.
    pub(super) fn renew(&self, ours: &Authority, expired: bool) {
        let (certificate, key) = ours.leaf("client", expired);
        for (name, text) in [("client.pem", certificate.pem()), ("client.key", key.serialize_pem())]
        {
            let next = self.path("next");
            fs::write(&next, text).unwrap();
            fs::set_permissions(&next, fs::Permissions::from_mode(0o600)).unwrap();
            fs::rename(&next, self.path(name)).unwrap();
        }
    }

    pub(super) fn slot(&self, servers: &[String]) -> SlotConfig {
        SlotConfig {
            id: 0,
            label: "Warifu".to_owned(),
            servers: servers.to_vec(),
            ca: self.path("ca.pem"),
            certificate: self.path("client.pem"),
            key: self.path("client.key"),
            deadline: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(10),
            import_deadline: Duration::from_secs(20),
        }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        Path::new(self.0.path()).join(name)
    }
}

/// What came.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Request {
    pub(super) line: String,
    pub(super) key: Option<String>,
}

/// What the server does with a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reply {
    Answer(u16, &'static str),
    /// Takes the request and closes the connection.
    BreakOff,
    /// Takes the request and says nothing until the other side goes.
    Stall,
    /// Answers, then closes the connection without a word.
    AnswerAndClose(u16, &'static str),
}

/// A running server.
pub(super) struct Server {
    pub(super) address: String,
    shared: Arc<Shared>,
}

struct Shared {
    tls: Mutex<Arc<ServerConfig>>,
    reply: Mutex<Reply>,
    requests: Mutex<Vec<Request>>,
    connections: Mutex<Vec<TcpStream>>,
}

pub(super) const HEALTHY: Reply = Reply::Answer(200, r#"{"status":"ok"}"#);

impl Server {
    pub(super) fn start(authority: &Authority, clients: &Authority) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let shared = Arc::new(Shared {
            tls: Mutex::new(authority.server(clients)),
            reply: Mutex::new(HEALTHY),
            requests: Mutex::default(),
            connections: Mutex::default(),
        });
        let own = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                lock(&own.connections).push(stream.try_clone().unwrap());
                let shared = Arc::clone(&own);
                thread::spawn(move || {
                    let end = stream.try_clone().unwrap();
                    // How a connection ends is the client's to judge.
                    drop(serve(&shared, stream));
                    drop(end.shutdown(Shutdown::Both));
                });
            }
        });
        Self { address, shared }
    }

    pub(super) fn reply_with(&self, reply: Reply) {
        *lock(&self.shared.reply) = reply;
    }

    /// From now on only clients of another authority are accepted; who is connected is thrown out.
    pub(super) fn accept_only(&self, authority: &Authority, clients: &Authority) {
        *lock(&self.shared.tls) = authority.server(clients);
        self.throw_out();
    }

    pub(super) fn throw_out(&self) {
        for connection in lock(&self.shared.connections).iter() {
            drop(connection.shutdown(Shutdown::Both));
        }
    }

    pub(super) fn connections(&self) -> usize {
        lock(&self.shared.connections).len()
    }

    /// The requests since the last time.
    pub(super) fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut *lock(&self.shared.requests))
    }
}

fn serve(shared: &Shared, stream: TcpStream) -> io::Result<()> {
    let tls = ServerConnection::new(Arc::clone(&lock(&shared.tls))).map_err(io::Error::other)?;
    let mut stream = BufReader::new(StreamOwned::new(tls, stream));
    loop {
        let request = request(&mut stream)?;
        lock(&shared.requests).push(request);
        let reply = *lock(&shared.reply);
        let stream = stream.get_mut();
        match reply {
            Reply::Answer(status, body) => answer(stream, status, body)?,
            Reply::AnswerAndClose(status, body) => return answer(stream, status, body),
            Reply::BreakOff => return Ok(()),
            Reply::Stall => return stream.read(&mut [0]).map(drop),
        }
    }
}

fn answer(stream: &mut impl io::Write, status: u16, body: &str) -> io::Result<()> {
    let length = body.len();
    write!(stream, "HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n\r\n{body}")?;
    stream.flush()
}

fn request(from: &mut impl io::BufRead) -> io::Result<Request> {
    let (mut first, mut key, mut length) = (String::new(), None, 0);
    from.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        if from.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let Some((name, value)) = line.trim().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "idempotency-key" => key = Some(value.trim().to_owned()),
            "content-length" => length = value.trim().parse().unwrap(),
            _ => {}
        }
    }
    from.read_exact(&mut vec![0; length])?;
    Ok(Request { line: first.trim().to_owned(), key })
}
