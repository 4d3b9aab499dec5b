//! What a client needs to know: where the server is and who we are. Not responsible for connecting.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use http::uri::{Authority, Scheme, Uri};
use rustls::{RootCertStore, pki_types::ServerName, version};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use thiserror::Error;

use crate::language::Language;

/// Which HTTP is offered.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Protocol {
    /// HTTP/2, or HTTP/1.1 where the server has no HTTP/2.
    #[default]
    Any,
    /// HTTP/1.1 only: one request at a time per connection.
    Http1,
    /// HTTP/2 only.
    Http2,
}

/// Where a server's name is looked up.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Resolution {
    /// On a thread of the runtime, so that the limit for connecting holds.
    #[default]
    Thread,
    /// In the thread that asks, for hosts that allow no others. The system's resolver has limits of
    /// its own, which may be longer.
    Caller,
}

/// Where the server is and who we are.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// `https://host:port`; the port is 443 where absent.
    pub server: String,
    /// PEM file with the certificates that the server's must descend from. No others are trusted.
    pub ca: PathBuf,
    /// PEM file with our certificate, then its intermediates.
    pub certificate: PathBuf,
    /// PEM file with the key of our certificate.
    pub key: PathBuf,
    /// Longest time until a connection stands.
    pub connect_timeout: Duration,
    /// Longest time until an answer begins, and between two parts of one.
    pub answer_timeout: Duration,
    /// Longest time for sending a file.
    pub upload_timeout: Duration,
    /// Which HTTP is offered.
    pub protocol: Protocol,
    /// Where the server's name is looked up.
    pub resolution: Resolution,
    /// Language of the texts for people; the server's choice (English) where absent.
    pub language: Option<Language>,
}

impl ClientConfig {
    /// With the usual limits: 5 s to connect, 30 s to answer, an hour to send a file.
    pub fn new(
        server: impl Into<String>,
        ca: impl Into<PathBuf>,
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        Self {
            server: server.into(),
            ca: ca.into(),
            certificate: certificate.into(),
            key: key.into(),
            connect_timeout: Duration::from_secs(5),
            answer_timeout: Duration::from_secs(30),
            upload_timeout: Duration::from_secs(3_600),
            protocol: Protocol::Any,
            resolution: Resolution::Thread,
            language: None,
        }
    }
}

/// What is wrong with the configuration; nothing was sent.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A PEM file can not be read, or has not what it should have.
    #[error("{path}: {wanted} could not be read from it")]
    File {
        /// Which file.
        path: PathBuf,
        /// What it should have.
        wanted: &'static str,
        /// Why not.
        #[source]
        source: rustls_pki_types::pem::Error,
    },
    /// A file has no certificate in it.
    #[error("{path}: has no certificate in PEM form")]
    NoCertificate {
        /// Which file.
        path: PathBuf,
    },
    /// Certificate and key do not belong together, or are not usable.
    #[error("{path}: the certificate or its key can not be used")]
    Identity {
        /// File of the certificate.
        path: PathBuf,
        /// Why not.
        #[source]
        source: rustls::Error,
    },
    /// The server's address is not `https://host[:port]`.
    #[error("the server is written as https://host:port, without a path")]
    Server,
}

/// The configuration with its files read.
pub(super) struct Prepared {
    pub(super) authority: Authority,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) name: ServerName<'static>,
    pub(super) tls: Arc<rustls::ClientConfig>,
    pub(super) connect_timeout: Duration,
    pub(super) answer_timeout: Duration,
    pub(super) upload_timeout: Duration,
    pub(super) resolution: Resolution,
    pub(super) language: Option<Language>,
}

impl Prepared {
    pub(super) fn new(
        config: &ClientConfig,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, ConfigError> {
        let authority = authority(&config.server)?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host.clone()).map_err(|_| ConfigError::Server)?;
        Ok(Self {
            port: authority.port_u16().unwrap_or(443),
            tls: Arc::new(tls(config, key)?),
            connect_timeout: config.connect_timeout,
            answer_timeout: config.answer_timeout,
            upload_timeout: config.upload_timeout,
            resolution: config.resolution,
            language: config.language,
            authority,
            host,
            name,
        })
    }
}

/// No user information: it would be sent along in every request.
fn authority(server: &str) -> Result<Authority, ConfigError> {
    let uri: Uri = server.parse().map_err(|_| ConfigError::Server)?;
    let parts = uri.into_parts();
    let bare = parts.path_and_query.is_none_or(|path| path.as_str() == "/");
    let https = parts.scheme == Some(Scheme::HTTPS);
    let authority = parts.authority.ok_or(ConfigError::Server)?;
    let named = !authority.host().is_empty() && !authority.as_str().contains('@');
    if https && bare && named { Ok(authority) } else { Err(ConfigError::Server) }
}

/// Reads a private key that lies in the clear.
pub(super) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, ConfigError> {
    PrivateKeyDer::from_pem_file(path).map_err(|source| ConfigError::File {
        path: path.to_owned(),
        wanted: "a private key",
        source,
    })
}

fn tls(
    config: &ClientConfig,
    key: PrivateKeyDer<'static>,
) -> Result<rustls::ClientConfig, ConfigError> {
    let identity = |source| ConfigError::Identity { path: config.certificate.clone(), source };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&config.ca)? {
        roots
            .add(certificate)
            .map_err(|source| ConfigError::Identity { path: config.ca.clone(), source })?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .map_err(identity)?
        .with_root_certificates(roots)
        .with_client_auth_cert(certificates(&config.certificate)?, key)
        .map_err(identity)?;
    tls.alpn_protocols = match config.protocol {
        Protocol::Any => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        Protocol::Http1 => vec![b"http/1.1".to_vec()],
        Protocol::Http2 => vec![b"h2".to_vec()],
    };
    Ok(tls)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let failed =
        |source| ConfigError::File { path: path.to_owned(), wanted: "a certificate", source };
    let all = CertificateDer::pem_file_iter(path)
        .map_err(failed)?
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    if all.is_empty() {
        return Err(ConfigError::NoCertificate { path: path.to_owned() });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_https_and_nothing_more() {
        assert!(authority("https://127.0.0.1:8443").is_ok());
        assert!(authority("https://[::1]:8443/").is_ok());
        for wrong in [
            "http://127.0.0.1:8443",
            "127.0.0.1:8443",
            "https://127.0.0.1/v1",
            "https://user:password@host",
            "https:///",
            "",
        ] {
            assert!(authority(wrong).is_err(), "{wrong}");
        }
    }
}
