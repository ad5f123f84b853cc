//! Splits a byte stream into frames.
//!
//! The decision that shaped it: a length is a claim of the peer. It is checked before anything is allocated, and the
//! buffer grows only as bytes really arrive, so a header of `ff ff ff ff` costs nothing and a frame that is too long
//! is drained in constant memory with the framing kept. Whether the bytes are UTF-8 or JSON is not decided here.

use std::io;

use super::{HEADER_LENGTH, OUTBOUND_LIMIT};

/// Where bytes come from: one `read` at a time.
pub trait Source {
    /// Appends what one read yields to `buffer`, at most its spare capacity, and returns how much that was; 0 is the
    /// end of input. Called only with spare capacity left.
    ///
    /// # Errors
    ///
    /// Whatever the read reports; the reader passes it on unchanged.
    fn read_into(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize>;
}

/// What the stream held next.
#[derive(Debug, PartialEq, Eq)]
pub enum Inbound {
    /// A whole frame, without its length. It may be empty, and it may be anything but JSON.
    Frame(Vec<u8>),
    /// A frame over the limit. Its bytes have been dropped and the next frame can be read.
    TooLong {
        /// What its header said, in bytes.
        length: u32,
    },
}

/// What one read brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filled {
    /// Some bytes; [`FrameReader::next_frame`] may have a frame now.
    Bytes,
    /// The peer has closed its end.
    End,
}

/// The peer closed its end inside a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Truncated {
    /// Fewer than four bytes of a length had arrived.
    #[error("input ended after {had} of the 4 bytes of a frame's length")]
    InHeader {
        /// Bytes that had arrived.
        had: usize,
    },
    /// The body was still incomplete.
    #[error("input ended after {had} of the {expected} bytes of a frame")]
    InBody {
        /// Bytes that had arrived.
        had: usize,
        /// Bytes that the header promised.
        expected: usize,
    },
}

/// Bytes that one read may bring while no long frame is under way: what a pipe holds on Linux, so that a burst of
/// small frames costs one system call, and too little to matter for memory.
const STAGE: usize = 64 * 1024;

/// Bytes of a frame whose buffer is worth keeping. A spare buffer above this size is given back to the allocator instead of being kept for the next frame: an idle
/// port should not hold the memory of the largest message that it ever saw. It is what a reply can be, since messages
/// of that order come in rows, and fresh pages for each cost more than all that is done with them.
pub const SPARE_LIMIT: usize = OUTBOUND_LIMIT;

/// Reads frames from a [`Source`]. Holds at most one frame that is under way plus one stage of bytes.
#[derive(Debug)]
pub struct FrameReader {
    limit: u32,
    stage: Vec<u8>,
    taken: usize,
    state: State,
    spare: Vec<u8>,
}

#[derive(Debug)]
enum State {
    Header,
    Body { expected: usize, body: Vec<u8> },
    Drain { left: usize, length: u32 },
}

impl FrameReader {
    /// A reader that takes frames of at most `limit` bytes, the length excluded.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        Self {
            limit,
            stage: Vec::new(),
            taken: 0,
            state: State::Header,
            spare: Vec::new(),
        }
    }

    /// Performs one read. Call it when [`Self::next_frame`] has returned `None`.
    ///
    /// # Errors
    ///
    /// What the source reports. The reader is unchanged and can be asked again.
    pub fn fill(&mut self, source: &mut impl Source) -> io::Result<Filled> {
        let buffer = match &mut self.state {
            // The stage holds nothing that belongs to this body (`advance` has moved it), so the rest of a body that
            // is longer than a stage is read into its own buffer, without a second copy.
            State::Body { expected, body } if *expected - body.len() >= STAGE => {
                grow(body, *expected);
                body
            }
            _ => {
                self.stage.drain(..self.taken);
                self.taken = 0;
                self.stage
                    .reserve_exact(STAGE.saturating_sub(self.stage.len()));
                &mut self.stage
            }
        };
        let read = source.read_into(buffer)?;
        if let State::Body { expected, body } = &mut self.state
            && body.len() > *expected
        {
            // The buffer of an earlier frame may have had more room than this body needs: what follows it is the
            // beginning of the next frames.
            self.stage.drain(..self.taken);
            self.taken = 0;
            self.stage.extend_from_slice(&body[*expected..]);
            body.truncate(*expected);
        }
        Ok(if read == 0 {
            Filled::End
        } else {
            Filled::Bytes
        })
    }

    /// The next whole frame among the bytes that have arrived, or `None` where more must be read first.
    pub fn next_frame(&mut self) -> Option<Inbound> {
        loop {
            let waiting = &self.stage[self.taken..];
            match &mut self.state {
                State::Header => {
                    let header = *waiting.first_chunk::<HEADER_LENGTH>()?;
                    self.taken += HEADER_LENGTH;
                    let length = u32::from_ne_bytes(header);
                    let expected = usize::try_from(length).unwrap_or(usize::MAX);
                    self.state = if length > self.limit {
                        State::Drain {
                            left: expected,
                            length,
                        }
                    } else {
                        State::Body {
                            expected,
                            body: std::mem::take(&mut self.spare),
                        }
                    };
                }
                State::Body { expected, body } => {
                    let arrived = waiting.len().min(*expected - body.len());
                    if arrived > 0 {
                        grow(body, *expected);
                        body.extend_from_slice(&waiting[..arrived]);
                        self.taken += arrived;
                    }
                    if body.len() < *expected {
                        return None;
                    }
                    let frame = std::mem::take(body);
                    self.state = State::Header;
                    return Some(Inbound::Frame(frame));
                }
                State::Drain { left, length } => {
                    let dropped = waiting.len().min(*left);
                    *left -= dropped;
                    self.taken += dropped;
                    if *left > 0 {
                        return None;
                    }
                    let length = *length;
                    self.state = State::Header;
                    return Some(Inbound::TooLong { length });
                }
            }
        }
    }

    /// Bytes of the frame that is under way which have not arrived.
    #[must_use]
    pub fn missing(&self) -> usize {
        match &self.state {
            State::Header => 0,
            State::Body { expected, body } => expected - body.len(),
            State::Drain { left, .. } => *left,
        }
    }

    /// Takes back the buffer of a frame that has been served, for the next one.
    pub fn recycle(&mut self, mut frame: Vec<u8>) {
        if frame.capacity() <= SPARE_LIMIT && frame.capacity() > self.spare.capacity() {
            frame.clear();
            self.spare = frame;
        }
    }

    /// Whether the end of input, now, is a normal end.
    ///
    /// # Errors
    ///
    /// [`Truncated`] where a frame had begun. Call it after [`Self::next_frame`] has returned `None`.
    pub fn at_end(&self) -> Result<(), Truncated> {
        let waiting = self.stage.len() - self.taken;
        match &self.state {
            State::Header if waiting == 0 => Ok(()),
            State::Header => Err(Truncated::InHeader { had: waiting }),
            State::Body { expected, body } => Err(Truncated::InBody {
                had: body.len(),
                expected: *expected,
            }),
            State::Drain { left, length } => {
                let expected = usize::try_from(*length).unwrap_or(usize::MAX);
                Err(Truncated::InBody {
                    had: expected - left,
                    expected,
                })
            }
        }
    }
}

/// Makes room in `body` for more bytes, doubling up to what the header promised.
fn grow(body: &mut Vec<u8>, expected: usize) {
    if body.len() == body.capacity() {
        let wanted = (body.capacity() * 2).max(STAGE).min(expected);
        body.reserve_exact(wanted - body.len());
    }
}

/// The length that precedes `text` on the wire.
///
/// # Errors
///
/// Returns the length of the text where it is 0 or over [`super::OUTBOUND_LIMIT`]: such a frame ends the port in every
/// browser, so it must not be written.
pub fn header(text: &[u8]) -> Result<[u8; HEADER_LENGTH], usize> {
    match u32::try_from(text.len()) {
        Ok(length) if length > 0 && text.len() <= OUTBOUND_LIMIT => Ok(length.to_ne_bytes()),
        _ => Err(text.len()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    /// Yields the given pieces, one a read, and then the end.
    struct Pieces(VecDeque<Vec<u8>>);

    impl Pieces {
        fn new(pieces: impl IntoIterator<Item = Vec<u8>>) -> Self {
            Self(
                pieces
                    .into_iter()
                    .filter(|piece| !piece.is_empty())
                    .collect(),
            )
        }
    }

    impl Source for Pieces {
        fn read_into(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
            let Some(mut piece) = self.0.pop_front() else {
                return Ok(0);
            };
            let room = buffer.capacity() - buffer.len();
            if piece.len() > room {
                self.0.push_front(piece.split_off(room));
            }
            buffer.extend_from_slice(&piece);
            Ok(piece.len())
        }
    }

    fn framed(text: &[u8]) -> Vec<u8> {
        let length = u32::try_from(text.len()).expect("a test frame is short");
        [&length.to_ne_bytes()[..], text].concat()
    }

    fn read_all(limit: u32, mut source: Pieces) -> (Vec<Inbound>, Result<(), Truncated>) {
        let mut reader = FrameReader::new(limit);
        let mut seen = Vec::new();
        loop {
            while let Some(inbound) = reader.next_frame() {
                seen.push(inbound);
            }
            if reader.fill(&mut source).expect("pieces never fail") == Filled::End {
                return (seen, reader.at_end());
            }
        }
    }

    #[test]
    fn frames_come_out_whole_and_in_order() {
        let stream = [framed(b"{}"), framed(b""), framed(b"\"two\"")].concat();
        let (seen, end) = read_all(100, Pieces::new([stream]));
        let expected: Vec<_> = [&b"{}"[..], b"", b"\"two\""]
            .map(|text| Inbound::Frame(text.to_vec()))
            .into();
        assert_eq!((seen, end), (expected, Ok(())));
    }

    #[test]
    fn a_frame_over_the_limit_is_drained_and_the_next_one_read() {
        let stream = [framed(&[b'x'; 11]), framed(b"1")].concat();
        let (seen, end) = read_all(10, Pieces::new([stream]));
        assert_eq!(
            seen,
            [
                Inbound::TooLong { length: 11 },
                Inbound::Frame(b"1".to_vec())
            ]
        );
        assert_eq!(end, Ok(()));
    }

    #[test]
    fn a_recycled_buffer_takes_nothing_of_the_next_frames() {
        let mut reader = FrameReader::new(1 << 20);
        reader.recycle(Vec::with_capacity(256 * 1024));
        let long = vec![b'x'; 140 * 1024];
        let stream = [framed(&long), framed(b"1"), framed(b"22")].concat();
        // The second read finds more than the body: a socket or a file gives as much as there is room for.
        let mut source = Pieces::new([stream[..STAGE].to_vec(), stream[STAGE..].to_vec()]);
        let mut seen = Vec::new();
        while reader.fill(&mut source).expect("pieces never fail") == Filled::Bytes {
            while let Some(Inbound::Frame(frame)) = reader.next_frame() {
                seen.push(frame);
            }
        }
        assert_eq!(seen, [long, b"1".to_vec(), b"22".to_vec()]);
        assert_eq!(reader.at_end(), Ok(()));
    }

    #[test]
    fn a_claimed_length_allocates_nothing() {
        let mut reader = FrameReader::new(64 * 1024 * 1024);
        let mut source = Pieces::new([(64u32 * 1024 * 1024).to_ne_bytes().to_vec()]);
        reader.fill(&mut source).expect("pieces never fail");
        assert_eq!(reader.next_frame(), None);
        let State::Body { body, .. } = &reader.state else {
            panic!("a body is under way")
        };
        assert_eq!(body.capacity(), 0);
    }

    #[test]
    fn the_end_inside_a_frame_is_told_from_the_end_between_frames() {
        for (stream, expected) in [
            (vec![], Ok(())),
            (vec![1, 0], Err(Truncated::InHeader { had: 2 })),
            (
                framed(b"123")[..4].to_vec(),
                Err(Truncated::InBody {
                    had: 0,
                    expected: 3,
                }),
            ),
            (
                framed(b"123")[..6].to_vec(),
                Err(Truncated::InBody {
                    had: 2,
                    expected: 3,
                }),
            ),
            (
                framed(&[0; 50])[..20].to_vec(),
                Err(Truncated::InBody {
                    had: 16,
                    expected: 50,
                }),
            ),
        ] {
            assert_eq!(
                read_all(10, Pieces::new([stream.clone()])).1,
                expected,
                "{stream:?}"
            );
        }
    }

    #[test]
    fn the_header_refuses_what_no_browser_takes() {
        assert_eq!(header(b"1"), Ok(1u32.to_ne_bytes()));
        assert_eq!(header(b""), Err(0));
        assert!(header(&vec![b' '; OUTBOUND_LIMIT]).is_ok());
        assert!(header(&vec![b' '; OUTBOUND_LIMIT + 1]).is_err());
    }

    proptest! {
        /// Any split of any stream gives the same frames, and every byte is accounted for.
        #[test]
        fn any_split_of_any_stream_reads_alike(
            texts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..8),
            tail in prop::collection::vec(any::<u8>(), 0..4),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
            limit in 0u32..400,
        ) {
            let mut stream: Vec<u8> = texts.iter().flat_map(|text| framed(text)).collect();
            stream.extend_from_slice(&tail);
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            at.extend([0, stream.len()]);
            at.sort_unstable();
            let pieces = at.windows(2).map(|pair| stream[pair[0]..pair[1]].to_vec());
            let (seen, end) = read_all(limit, Pieces::new(pieces));

            let expected: Vec<_> = texts
                .iter()
                .map(|text| match u32::try_from(text.len()).expect("a test frame is short") {
                    length if length > limit => Inbound::TooLong { length },
                    _ => Inbound::Frame(text.clone()),
                })
                .collect();
            prop_assert_eq!(seen, expected);
            let had = tail.len();
            prop_assert_eq!(end, if had == 0 { Ok(()) } else { Err(Truncated::InHeader { had }) });
        }

        /// Bytes that are no stream of frames at all never panic the reader, nor make it keep more than they are.
        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let (seen, _) = read_all(100, Pieces::new([bytes.clone()]));
            let kept: usize = seen.iter().map(|inbound| match inbound {
                Inbound::Frame(frame) => frame.len(),
                Inbound::TooLong { .. } => 0,
            }).sum();
            prop_assert!(kept <= bytes.len());
        }
    }
}
