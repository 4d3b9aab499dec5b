//! A TCP stream that never raises `SIGPIPE`. Unless a program has said otherwise, that signal ends it, and
//! the client is loaded into programs of others, who did not ask for that.
//!
//! The standard library writes one buffer with `MSG_NOSIGNAL`, but several at once with `writev`, which
//! has no such flag. So this writes one at a time; TLS has one for most requests anyway. Not responsible
//! for what is written.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// The stream.
pub(super) struct Quiet(pub(super) TcpStream);

impl AsyncRead for Quiet {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

/// Without the methods for several buffers: theirs of the trait write the first one only.
impl AsyncWrite for Quiet {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::io::IoSlice;

    use tokio::{io::AsyncWriteExt as _, net::TcpListener};

    use super::*;

    #[tokio::test]
    async fn several_buffers_are_written_one_by_one() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut stream = Quiet(TcpStream::connect(address).await.unwrap());
        assert!(!stream.is_write_vectored());
        let buffers = [IoSlice::new(b""), IoSlice::new(b"one"), IoSlice::new(b"two")];
        assert_eq!(stream.write_vectored(&buffers).await.unwrap(), 3);
    }
}
