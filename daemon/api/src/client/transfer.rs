//! Files: sent and received piece by piece, never whole in memory. Not responsible for what is in them.

use std::io;

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time,
};

use super::{
    Client, ClientError,
    connection::Body,
    exchange::{Answer, Content},
};
use crate::{import::ImportJob, operation::Operation};

/// How much is read of a file at once.
const PIECE: usize = 64 << 10;

impl Client {
    /// Sends the file of an import. `progress` is told how many bytes were handed over so far.
    pub async fn import_content(
        &self,
        id: &str,
        file: impl AsyncRead + Send + Unpin + 'static,
        length: Option<u64>,
        progress: impl FnMut(u64) + Send + 'static,
    ) -> Result<ImportJob, ClientError> {
        let content = Content::File { body: upload(file, progress), length };
        self.ask(Operation::ImportContent, &[id], "", content).await
    }
}

fn upload(
    file: impl AsyncRead + Send + Unpin + 'static,
    progress: impl FnMut(u64) + Send + 'static,
) -> Body {
    let start = (file, progress, 0_u64);
    let pieces = stream::try_unfold(start, |(mut file, mut progress, sent)| async move {
        let mut piece = BytesMut::with_capacity(PIECE);
        let read = file.read_buf(&mut piece).await?;
        if read == 0 {
            return Ok::<_, io::Error>(None);
        }
        let sent = sent.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        progress(sent);
        Ok(Some((Frame::data(piece.freeze()), (file, progress, sent))))
    });
    StreamBody::new(pieces).boxed_unsync()
}

/// A stream from the daemon. It is whole only once [`Download::chunk`] has given `None`.
pub struct Download {
    answer: Option<Answer>,
    client: Client,
}

impl Download {
    pub(super) fn new(client: Client, answer: Answer) -> Self {
        Self { answer: Some(answer), client }
    }

    /// The next piece; `None` at the true end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, ClientError> {
        let limit = self.client.shared.prepared.answer_timeout;
        while let Some(answer) = &mut self.answer {
            let next = time::timeout(limit, answer.response.body_mut().frame());
            let Ok(frame) = next.await else {
                return Err(self.broke_off(io::Error::from(io::ErrorKind::TimedOut)));
            };
            match frame {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
                Some(Err(error)) => return Err(self.broke_off(error)),
                None => self.finish(),
            }
        }
        Ok(None)
    }

    /// Writes all of it to `to` and flushes. `progress` is told how many bytes were written so far.
    pub async fn copy_to(
        &mut self,
        to: &mut (impl AsyncWrite + Unpin),
        mut progress: impl FnMut(u64),
    ) -> Result<u64, ClientError> {
        let mut written = 0_u64;
        while let Some(chunk) = self.chunk().await? {
            to.write_all(&chunk).await.map_err(ClientError::Local)?;
            written = written.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
            progress(written);
        }
        to.flush().await.map_err(ClientError::Local)?;
        Ok(written)
    }

    fn finish(&mut self) {
        if let Some(answer) = self.answer.take() {
            self.client.shared.pool.give_back(answer.connection);
        }
    }

    fn broke_off(&mut self, error: impl std::error::Error + Send + Sync + 'static) -> ClientError {
        self.answer = None;
        ClientError::Truncated(Box::new(error))
    }
}

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Download").field("at_end", &self.answer.is_none()).finish_non_exhaustive()
    }
}
