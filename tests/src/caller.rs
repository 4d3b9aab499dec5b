//! A caller over mutual TLS that can also behave badly: one keep-alive connection, any method, any
//! header, any body.
//!
//! Not responsible for: typed requests; those are the client of `warifu-api`, which the command
//! line uses and `tests/main_job.rs` drives.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};
use serde_json::Value;
use tokio::{net::TcpStream, sync::Mutex};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{pki::Identity, process::fail};

/// Why there was no answer at all.
pub type CallError = Box<dyn std::error::Error + Send + Sync>;

/// What came back.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Status line.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Whole body.
    pub body: Bytes,
}

impl Reply {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| fail(&format!("{e}: {self:?}")))
    }

    /// A field of the JSON body as text, `""` where it is absent.
    pub fn text(&self, field: &str) -> String {
        self.json().get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// A header as text, `""` where it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// The last word of the problem type; insists on a well-formed problem document (RFC 9457).
    pub fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let json = self.json();
        assert_eq!(json["status"], u64::from(self.status.as_u16()), "{self:?}");
        assert!(json["title"].is_string(), "{self:?}");
        let kind = json["type"].as_str().unwrap_or_default();
        let word = kind.strip_prefix("urn:warifu:problem:");
        word.unwrap_or_else(|| fail(&format!("{self:?}"))).to_owned()
    }

    /// `accepted`, or the reason of a rejection, or `problem:WORD`.
    pub fn verdict(&self) -> String {
        if self.status != StatusCode::OK {
            return format!("problem:{}", self.problem());
        }
        match self.text("outcome").as_str() {
            "rejected" => self.text("reason"),
            other => other.to_owned(),
        }
    }

    /// Insists on a status.
    #[must_use]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        self
    }
}

/// A program with (or without) a client certificate.
pub struct Caller {
    address: SocketAddr,
    tls: Arc<ClientConfig>,
    /// `Accept-Language` of every request, where it sends one.
    language: Option<&'static str>,
    connection: Mutex<Option<SendRequest<Full<Bytes>>>>,
}

impl Caller {
    /// With TLS 1.3 or 1.2.
    pub fn new(address: SocketAddr, ca: &std::path::Path, identity: Option<&Identity>) -> Self {
        Self::with_versions(address, ca, identity, rustls::DEFAULT_VERSIONS)
    }

    /// With these protocol versions only.
    pub fn with_versions(
        address: SocketAddr,
        ca: &std::path::Path,
        identity: Option<&Identity>,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> Self {
        Self::with_tls(address, tls_config(ca, identity, versions))
    }

    fn with_tls(address: SocketAddr, tls: Arc<ClientConfig>) -> Self {
        Self { address, tls, language: None, connection: Mutex::new(None) }
    }

    /// The same program with a connection of its own, that reads Japanese.
    #[must_use]
    pub fn in_japanese(&self) -> Self {
        Self { language: Some("ja"), ..self.again() }
    }

    /// The same program with a connection of its own.
    #[must_use]
    pub fn again(&self) -> Self {
        Self { language: self.language, ..Self::with_tls(self.address, Arc::clone(&self.tls)) }
    }

    /// The same program, aimed at another address (a restarted daemon).
    #[must_use]
    pub fn at(&self, address: SocketAddr) -> Self {
        Self { language: self.language, ..Self::with_tls(address, Arc::clone(&self.tls)) }
    }

    /// A finished TLS handshake and nothing sent.
    pub async fn connect(&self) -> Result<TlsStream<TcpStream>, CallError> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::from(self.address.ip());
        Ok(TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream).await?)
    }

    /// Whether the kept connection is still open.
    pub async fn is_connected(&self) -> bool {
        self.connection.lock().await.as_ref().is_some_and(|c| !c.is_closed())
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Reply {
        self.request(Method::GET, path, &[], Bytes::new()).await
    }

    /// `POST` of JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.request(Method::POST, path, JSON, body.to_string().into()).await
    }

    /// `POST` of JSON under an `Idempotency-Key`.
    pub async fn post_once(&self, path: &str, body: &Value, key: &str) -> Reply {
        let headers = [JSON[0], ("idempotency-key", key)];
        self.request(Method::POST, path, &headers, body.to_string().into()).await
    }

    /// Verifies a code.
    pub async fn verify(&self, serial: &str, code: &str) -> Reply {
        let body = serde_json::json!({ "code": code });
        self.post(&format!("/v1/tokens/{serial}/verify"), &body).await
    }

    /// Verifies a code and tells what came of it in one word.
    pub async fn verdict(&self, serial: &str, code: &str) -> String {
        self.verify(serial, code).await.verdict()
    }

    /// The token's detail.
    pub async fn token(&self, serial: &str) -> Value {
        self.get(&format!("/v1/tokens/{serial}")).await.expect_status(200).json()
    }

    /// Any request that must get an answer.
    pub async fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Reply {
        let answer = self.try_request(method.clone(), path, headers, body).await;
        answer.unwrap_or_else(|e| fail(&format!("{method} {path}: {e:?}")))
    }

    /// Any request. Uses the kept connection; opens one where there is none.
    pub async fn try_request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Reply, CallError> {
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(language) = self.language {
            request = request.header("accept-language", language);
        }
        let request = request.body(Full::new(body))?;
        let mut slot = self.connection.lock().await;
        let mut sender = match slot.take().filter(|sender| !sender.is_closed()) {
            Some(sender) => sender,
            None => self.open().await?,
        };
        sender.ready().await?;
        let answer = sender.send_request(request).await?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await?.to_bytes();
        *slot = Some(sender);
        Ok(Reply { status: parts.status, headers: parts.headers, body })
    }

    async fn open(&self) -> Result<SendRequest<Full<Bytes>>, CallError> {
        let stream = TokioIo::new(self.connect().await?);
        let (sender, connection) = handshake(stream).await?;
        tokio::spawn(connection);
        Ok(sender)
    }
}

/// Headers of a JSON body.
pub const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

/// TLS of a client.
pub fn tls_config(
    ca: &std::path::Path,
    identity: Option<&Identity>,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_file(ca).expect("the CA file is PEM");
    roots.add(ca).expect("our own CA");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions);
    let builder = builder.expect("ring knows the versions").with_root_certificates(roots);
    let Some(identity) = identity else {
        return Arc::new(builder.with_no_client_auth());
    };
    let chain = CertificateDer::pem_file_iter(&identity.certificate).expect("PEM");
    let chain = chain.collect::<Result<Vec<_>, _>>().expect("PEM");
    let key = PrivateKeyDer::from_pem_file(&identity.key).expect("PEM");
    Arc::new(builder.with_client_auth_cert(chain, key).expect("the key fits"))
}
