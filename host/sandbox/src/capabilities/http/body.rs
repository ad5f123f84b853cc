//! Bodies, counted: what goes out, and what comes in from the thread that reads it.
//!
//! Neither direction is ever held as a whole. A body is passed on in the pieces in which it comes, one at a time, and
//! nobody looks into it: a compressed response stays compressed, since what unpacks to a thousand times its size is the
//! guest's own memory and not the host's.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::sync::mpsc;
use wasmtime_wasi_http::{Error, WasiBody};

/// Why a request's body was not sent.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum Unsent {
    /// It has more bytes than this.
    #[error("the body is longer than {0} bytes")]
    TooLong(u64),
    /// It ends with trailers, which a server would not expect: the field that announces them is the host's.
    #[error("the body has trailers")]
    Trailers,
    /// The guest did not finish it.
    #[error("the body was not finished")]
    Unfinished,
}

impl From<Unsent> for Error {
    fn from(unsent: Unsent) -> Self {
        match unsent {
            Unsent::TooLong(limit) => Self::HttpRequestBodySize(Some(limit)),
            Unsent::Trailers => Self::HttpRequestTrailerSectionSize(Some(0)),
            Unsent::Unfinished => Self::HttpProtocolError,
        }
    }
}

/// The body of a request, up to a number of bytes.
pub(super) struct Outgoing {
    body: WasiBody,
    limit: u64,
    left: u64,
}

impl Outgoing {
    pub(super) fn new(body: WasiBody, limit: u64) -> Self {
        Self {
            body,
            limit,
            left: limit,
        }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Unsent;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Unsent>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        polled.map(|frame| {
            Some(match frame? {
                Err(_) => Err(Unsent::Unfinished),
                Ok(frame) => match frame.data_ref() {
                    None => Err(Unsent::Trailers),
                    Some(data) => match self.left.checked_sub(length(data)) {
                        None => Err(Unsent::TooLong(self.limit)),
                        Some(left) => {
                            self.left = left;
                            Ok(frame)
                        }
                    },
                },
            })
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

/// One thing that the thread of the network says about a response's body.
#[derive(Debug)]
pub(super) enum Piece {
    Frame(Frame<Bytes>),
    Failed(Error),
    End,
}

/// Pieces that wait for the guest: one, so that a guest that does not read holds up the server and nobody's memory.
const PIECES: usize = 1;

/// The body of a response, as the guest reads it.
pub(super) struct Received {
    pieces: mpsc::Receiver<Piece>,
    is_over: bool,
}

impl Received {
    /// A body, and what fills it.
    pub(super) fn new() -> (mpsc::Sender<Piece>, Self) {
        let (sender, pieces) = mpsc::channel(PIECES);
        let is_over = false;
        (sender, Self { pieces, is_over })
    }
}

impl Body for Received {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        self.pieces.poll_recv(context).map(|piece| match piece {
            Some(Piece::Frame(frame)) => Some(Ok(frame)),
            Some(Piece::End) => {
                self.is_over = true;
                None
            }
            Some(Piece::Failed(error)) => {
                self.is_over = true;
                Some(Err(error))
            }
            // Whoever filled it has gone without a word: what has come must not pass for the whole.
            None => {
                self.is_over = true;
                Some(Err(Error::HttpResponseIncomplete))
            }
        })
    }
}

/// Passes a response's body on until it ends, fails, has had more than `limit` bytes, or nobody reads it any more.
/// `patience` is the longest time between two pieces, in which the guest's own slowness does not count. `held` is let
/// go before the end is told, so that whoever has heard of it can count on that.
pub(super) async fn pass_on<H>(
    mut body: Incoming,
    to: mpsc::Sender<Piece>,
    limit: u64,
    patience: Duration,
    held: H,
) {
    let mut held = Some(held);
    let mut left = limit;
    loop {
        let piece = match tokio::time::timeout(patience, body.frame()).await {
            Err(_) => Piece::Failed(Error::ConnectionReadTimeout),
            Ok(None) => Piece::End,
            Ok(Some(Err(error))) => Piece::Failed(super::exchange::fault(&error)),
            Ok(Some(Ok(frame))) => {
                let taken = frame.data_ref().map_or(0, length);
                match left.checked_sub(taken) {
                    None => Piece::Failed(Error::HttpResponseBodySize(Some(limit))),
                    Some(rest) => {
                        left = rest;
                        Piece::Frame(frame)
                    }
                }
            }
        };
        let is_last = !matches!(piece, Piece::Frame(_));
        if is_last {
            held = None;
        }
        if to.send(piece).await.is_err() || is_last {
            break;
        }
    }
    drop(held);
}

fn length(data: &Bytes) -> u64 {
    u64::try_from(data.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use http_body_util::Full;

    use super::*;

    fn next<B: Body<Data = Bytes> + Unpin>(body: &mut B) -> Option<Result<Bytes, B::Error>> {
        let mut context = Context::from_waker(Waker::noop());
        match Pin::new(body).poll_frame(&mut context) {
            Poll::Ready(frame) => {
                frame.map(|frame| frame.map(|frame| frame.into_data().unwrap_or_default()))
            }
            Poll::Pending => panic!("the body is there"),
        }
    }

    fn full(bytes: &'static [u8]) -> WasiBody {
        let body = Full::new(Bytes::from_static(bytes));
        body.map_err(|never| match never {}).boxed_unsync()
    }

    #[test]
    fn a_request_of_the_limit_is_sent_and_one_byte_more_is_not() {
        let mut body = Outgoing::new(full(b"12345"), 5);
        assert_eq!(
            next(&mut body).expect("a frame").expect("data"),
            Bytes::from_static(b"12345")
        );
        let mut body = Outgoing::new(full(b"123456"), 5);
        assert!(matches!(next(&mut body), Some(Err(Unsent::TooLong(5)))));
    }

    #[test]
    fn trailers_of_a_request_are_refused() {
        let trailers = http::HeaderMap::new();
        let body = full(b"1").with_trailers(async { Some(Ok(trailers)) });
        let mut body = Outgoing::new(body.boxed_unsync(), 5);
        assert!(matches!(next(&mut body), Some(Ok(_))));
        assert!(matches!(next(&mut body), Some(Err(Unsent::Trailers))));
    }

    #[test]
    fn a_response_that_breaks_off_is_not_a_whole_one() {
        let (sender, mut body) = Received::new();
        let piece = Piece::Frame(Frame::data(Bytes::from_static(b"1")));
        sender.try_send(piece).expect("there is room");
        assert!(matches!(next(&mut body), Some(Ok(_))));
        drop(sender);
        assert!(matches!(
            next(&mut body),
            Some(Err(Error::HttpResponseIncomplete))
        ));
        assert!(next(&mut body).is_none());

        let (sender, mut body) = Received::new();
        sender.try_send(Piece::End).expect("there is room");
        drop(sender);
        assert!(next(&mut body).is_none());
    }
}
