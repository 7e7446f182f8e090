//! A connection's bytes, and what they say about its progress.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::progress::Progress;

/// A TCP stream that reports to [`Progress`].
#[derive(Debug)]
pub(super) struct Watched {
    stream: TcpStream,
    progress: Progress,
}

impl Watched {
    pub(super) const fn new(stream: TcpStream, progress: Progress) -> Self {
        Self { stream, progress }
    }

    fn report(&self, offered: usize, taken: &Poll<io::Result<usize>>) {
        match taken {
            Poll::Ready(Ok(taken)) => self.progress.wrote(offered, *taken),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.progress.wrote(offered, 0),
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.progress.heard(buffer.filled().get(before..).unwrap_or_default());
        outcome
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let taken = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.report(bytes.len(), &taken);
        taken
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let taken = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.report(slices.iter().map(|slice| slice.len()).sum(), &taken);
        taken
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
