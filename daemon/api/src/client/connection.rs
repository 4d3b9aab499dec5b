//! Connections: made, kept, taken up again. Not responsible for what is said over them.

use std::{
    error::Error,
    io,
    net::ToSocketAddrs as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{net::TcpStream, time};
use tokio_rustls::TlsConnector;

use super::{
    ClientError,
    config::{Prepared, Resolution},
    quiet::Quiet,
    watched::{Refusal, Watched},
};

/// The body of a request.
pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Idle HTTP/1.1 connections kept at most.
const MOST_IDLE: usize = 32;

/// A connection, ready for one request.
pub(super) struct Connection {
    sender: Sender,
    refusal: Refusal,
}

enum Sender {
    /// Carries one request at a time.
    Http1(http1::SendRequest<Body>),
    /// Carries many.
    Http2(http2::SendRequest<Body>),
}

/// What came of an attempt to send: an answer, or an error with the request if it was surely not sent.
pub(super) type Sent = Result<Response<Incoming>, TrySendError<Request<Body>>>;

impl Connection {
    async fn open(prepared: &Prepared) -> Result<Self, ClientError> {
        let opened = time::timeout(prepared.connect_timeout, Self::connect(prepared)).await;
        opened.unwrap_or_else(|_| {
            Err(ClientError::Unreachable(io::Error::from(io::ErrorKind::TimedOut)))
        })
    }

    async fn connect(prepared: &Prepared) -> Result<Self, ClientError> {
        let stream = dial(prepared).await.map_err(ClientError::Unreachable)?;
        stream.set_nodelay(true).map_err(ClientError::Unreachable)?;
        let tls = TlsConnector::from(Arc::clone(&prepared.tls))
            .connect(prepared.name.clone(), Quiet(stream))
            .await
            .map_err(ClientError::of_connecting)?;
        let is_http2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
        let (stream, refusal) = Watched::new(tls);
        match Sender::handshake(stream, is_http2).await {
            Ok(sender) => Ok(Self { sender, refusal }),
            Err(error) => Err(unsent(&refusal, error)),
        }
    }

    pub(super) async fn send(&mut self, request: Request<Body>) -> Sent {
        match &mut self.sender {
            Sender::Http1(sender) => sender.try_send_request(request).await,
            Sender::Http2(sender) => sender.try_send_request(request).await,
        }
    }

    /// The error of a request that surely was not sent.
    pub(super) fn unsent(&self, error: hyper::Error) -> ClientError {
        unsent(&self.refusal, error)
    }

    /// The error of a request that may have been carried out, unless the peer refused us.
    pub(super) fn unanswered(&self, error: Box<dyn Error + Send + Sync>) -> ClientError {
        match self.refusal.get() {
            Some(tls) => ClientError::Tls(tls.clone()),
            None => ClientError::Ambiguous(error),
        }
    }

    /// Whether the peer refused us: then another attempt is of no use.
    pub(super) fn is_refused(&self) -> bool {
        self.refusal.get().is_some()
    }

    fn another(&self) -> Option<Self> {
        let Sender::Http2(sender) = &self.sender else { return None };
        let sender = Sender::Http2(sender.clone());
        Some(Self { sender, refusal: Arc::clone(&self.refusal) })
    }

    /// Whether it can take a request now; waits for the end of the one before.
    async fn ready(&mut self) -> bool {
        match &mut self.sender {
            Sender::Http1(sender) => sender.ready().await.is_ok(),
            Sender::Http2(sender) => sender.ready().await.is_ok(),
        }
    }

    fn is_closed(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => sender.is_closed(),
            Sender::Http2(sender) => sender.is_closed(),
        }
    }
}

async fn dial(prepared: &Prepared) -> io::Result<TcpStream> {
    let address = (prepared.host.as_str(), prepared.port);
    match prepared.resolution {
        Resolution::Thread => TcpStream::connect(address).await,
        Resolution::Caller => {
            let found: Vec<_> = address.to_socket_addrs()?.collect();
            TcpStream::connect(found.as_slice()).await
        }
    }
}

fn unsent(refusal: &Refusal, error: hyper::Error) -> ClientError {
    match refusal.get() {
        Some(tls) => ClientError::Tls(tls.clone()),
        None => ClientError::Unreachable(io::Error::other(error)),
    }
}

impl Sender {
    /// What ends a connection is told to whoever has a request under way on it, so the results of
    /// the tasks say nothing new.
    async fn handshake(stream: Watched, is_http2: bool) -> hyper::Result<Self> {
        let io = TokioIo::new(stream);
        if is_http2 {
            let (sender, connection) =
                http2::Builder::new(TokioExecutor::new()).handshake(io).await?;
            tokio::spawn(connection);
            return Ok(Self::Http2(sender));
        }
        let (sender, connection) = http1::Builder::new().handshake(io).await?;
        tokio::spawn(connection);
        Ok(Self::Http1(sender))
    }
}

/// Connections to take up again.
#[derive(Default)]
pub(super) struct Pool {
    http2: Mutex<Option<Connection>>,
    http1: Mutex<Vec<Connection>>,
    /// One connection is opened at a time, so that a burst of requests does not make as many
    /// HTTP/2 connections.
    opening: tokio::sync::Mutex<()>,
}

impl Pool {
    /// A connection that was used before, or a new one.
    pub(super) async fn take(&self, prepared: &Prepared) -> Result<Connection, ClientError> {
        if let Some(connection) = self.kept().await {
            return Ok(connection);
        }
        let turn = self.opening.lock().await;
        if let Some(connection) = self.kept_http2() {
            return Ok(connection);
        }
        let connection = Connection::open(prepared).await?;
        if let Some(shared) = connection.another() {
            *lock(&self.http2) = Some(shared);
        }
        drop(turn);
        Ok(connection)
    }

    /// Puts an HTTP/1.1 connection back whose answer was read to its end. HTTP/2 ones never left.
    pub(super) fn give_back(&self, connection: Connection) {
        if matches!(connection.sender, Sender::Http1(_)) && !connection.is_closed() {
            let mut idle = lock(&self.http1);
            if idle.len() < MOST_IDLE {
                idle.push(connection);
            }
        }
    }

    /// Forgets what is kept: after a failure, the others are likely to be as dead.
    pub(super) fn forget(&self) {
        lock(&self.http1).clear();
        *lock(&self.http2) = None;
    }

    async fn kept(&self) -> Option<Connection> {
        if let Some(mut connection) = self.kept_http2()
            && connection.ready().await
        {
            return Some(connection);
        }
        loop {
            let mut connection = lock(&self.http1).pop()?;
            if connection.ready().await {
                return Some(connection);
            }
        }
    }

    fn kept_http2(&self) -> Option<Connection> {
        let kept = lock(&self.http2).as_ref().and_then(Connection::another)?;
        (!kept.is_closed()).then_some(kept)
    }
}

/// The values are only replaced whole, so a panic elsewhere can not leave them half-changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
