//! A TLS stream that remembers why the peer refused it.
//!
//! In TLS 1.3 the server's refusal of a client certificate arrives after the handshake (RFC 8446
//! s.4.4.2.4), inside a read of the HTTP layer, and HTTP/2 keeps only its text. Not responsible
//! for anything else that goes wrong.

use std::{
    io,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;

use super::quiet::Quiet;

/// Where the refusal is found once the connection has failed.
pub(super) type Refusal = Arc<OnceLock<rustls::Error>>;

/// The stream.
pub(super) struct Watched {
    stream: TlsStream<Quiet>,
    refusal: Refusal,
}

impl Watched {
    pub(super) fn new(stream: TlsStream<Quiet>) -> (Self, Refusal) {
        let refusal = Refusal::default();
        (Self { stream, refusal: Arc::clone(&refusal) }, refusal)
    }

    fn note(&self, error: &io::Error) {
        if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>())
            && is_refusal(tls)
        {
            // A second one would only repeat the first.
            let _ = self.refusal.set(tls.clone());
        }
    }
}

/// An alert with which the peer refuses our certificate or our offer; not one that merely ends a
/// connection.
fn is_refusal(error: &rustls::Error) -> bool {
    use rustls::AlertDescription as A;
    let rustls::Error::AlertReceived(alert) = error else { return false };
    matches!(
        alert,
        A::AccessDenied
            | A::BadCertificate
            | A::CertificateExpired
            | A::CertificateRequired
            | A::CertificateRevoked
            | A::CertificateUnknown
            | A::DecryptError
            | A::HandshakeFailure
            | A::ProtocolVersion
            | A::UnknownCA
            | A::UnsupportedCertificate
    )
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if let Poll::Ready(Err(error)) = &polled {
            self.note(error);
        }
        polled
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use rustls::AlertDescription;

    use super::*;

    #[test]
    fn only_what_is_about_us_is_a_refusal() {
        let alert = rustls::Error::AlertReceived;
        assert!(is_refusal(&alert(AlertDescription::CertificateRevoked)));
        assert!(!is_refusal(&alert(AlertDescription::InternalError)));
        assert!(!is_refusal(&rustls::Error::DecryptError));
    }
}
