//! What a program may meet where it looks for a daemon: something that speaks another language, or
//! speaks HTTP with a certificate of the right authority and is no daemon all the same.
//!
//! Not responsible for: daemons that are slow or out of reach (see [`crate::cable`]).

use std::{net::SocketAddr, sync::Arc};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use crate::World;

/// Something that listens. Dropping it ends it.
pub struct Stranger {
    address: SocketAddr,
    listening: JoinHandle<()>,
}

impl Stranger {
    /// Answers whatever comes with these bytes, without TLS.
    pub async fn plain(answer: &'static str) -> Self {
        Self::listen(move |stream| async move { talk(stream, answer).await }).await
    }

    /// Answers every HTTP request with these bytes, under the certificate of the installation's server.
    pub async fn with_certificate(world: &World, answer: &'static str) -> Self {
        let (certificate, key) = world.pki.server();
        let chain = vec![CertificateDer::from_pem_file(certificate).expect("PEM")];
        let key = PrivateKeyDer::from_pem_file(key).expect("PEM");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(rustls::DEFAULT_VERSIONS)
            .expect("ring knows the versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("the key fits");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Self::listen(move |stream| {
            let acceptor = acceptor.clone();
            async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    talk(stream, answer).await;
                }
            }
        })
        .await
    }

    async fn listen<F: Future<Output = ()> + Send + 'static>(
        serve: impl Fn(TcpStream) -> F + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream));
            }
        });
        Self { address, listening }
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// It alone, as the TOML value of `servers`.
    pub fn servers(&self) -> String {
        format!("[\"https://{}\"]", self.address)
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// One answer for each piece that comes; enough for requests of one piece.
async fn talk(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &str) {
    let mut bytes = vec![0; 1 << 14];
    while let Ok(1..) = stream.read(&mut bytes).await {
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
