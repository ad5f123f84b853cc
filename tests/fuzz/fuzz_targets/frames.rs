//! Any bytes, in any pieces, under any limit: the frames are those that a reader of the whole stream finds.
//!
//! Input: 4 bytes limit, 1 byte how many pieces are given (at most 15), that many bytes with their sizes, the stream.

#![no_main]

use std::io;

use libfuzzer_sys::fuzz_target;
use portcullis_core::protocol::frame::{self, Filled, FrameReader, Inbound, Source, Truncated};

/// Yields pieces of the given sizes, over and over.
struct Pieces<'a> {
    stream: &'a [u8],
    sizes: std::iter::Cycle<std::slice::Iter<'a, u8>>,
}

impl Source for Pieces<'_> {
    fn read_into(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let room = buffer.capacity() - buffer.len();
        assert!(room > 0, "a source is only asked where there is room");
        let size = self
            .sizes
            .next()
            .map_or(usize::MAX, |size| usize::from(*size).max(1));
        let (piece, rest) = self.stream.split_at(size.min(room).min(self.stream.len()));
        buffer.extend_from_slice(piece);
        self.stream = rest;
        Ok(piece.len())
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((limit, rest)) = data.split_first_chunk() else {
        return;
    };
    let Some((count, rest)) = rest.split_first() else {
        return;
    };
    let (sizes, stream) = rest.split_at(usize::from(count & 15).min(rest.len()));
    let limit = u32::from_le_bytes(*limit);

    let mut reader = FrameReader::new(limit);
    let mut source = Pieces {
        stream,
        sizes: sizes.iter().cycle(),
    };
    let (expected, expected_end) = whole(stream, limit);
    let mut expected = expected.into_iter();
    loop {
        while let Some(inbound) = reader.next_frame() {
            assert_eq!(Some(&inbound), expected.next().as_ref());
            if let Inbound::Frame(frame) = inbound {
                assert_eq!(
                    frame::header(&frame).is_ok(),
                    (1..=1 << 20).contains(&frame.len())
                );
                reader.recycle(frame);
            }
        }
        if reader.fill(&mut source).expect("pieces never fail") == Filled::End {
            break;
        }
    }
    assert_eq!(expected.next(), None);
    assert_eq!(reader.at_end(), expected_end);
});

/// The frames of a stream that is there as a whole, and how it ends.
fn whole(mut stream: &[u8], limit: u32) -> (Vec<Inbound>, Result<(), Truncated>) {
    let mut frames = Vec::new();
    while let Some((header, rest)) = stream.split_first_chunk() {
        let length = u32::from_ne_bytes(*header);
        let expected = length as usize;
        if rest.len() < expected {
            return (
                frames,
                Err(Truncated::InBody {
                    had: rest.len(),
                    expected,
                }),
            );
        }
        let (body, rest) = rest.split_at(expected);
        frames.push(if length > limit {
            Inbound::TooLong { length }
        } else {
            Inbound::Frame(body.to_vec())
        });
        stream = rest;
    }
    match stream.len() {
        0 => (frames, Ok(())),
        had => (frames, Err(Truncated::InHeader { had })),
    }
}
