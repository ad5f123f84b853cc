//! What is sent, and what is the right answer.
//!
//! Texts are JSON as extensions send it, lists of small objects, since a host that checks JSON is slow at many small
//! values and fast at one long string.

use std::fmt::Write as _;

use portcullis_tests::{MAX_OUTBOUND_BYTES, encode};

/// One framed text.
pub(crate) struct Message {
    frame: Vec<u8>,
    answer: Answer,
}

enum Answer {
    Same,
    /// The same, or `"pong"`: what native hosts and the plugins of the ping-pong give back.
    Pong,
    /// Whatever is short: the text is too long to come back.
    Short,
}

impl Message {
    /// `"ping"`, which is also what the examples in other languages know.
    pub(crate) fn ping() -> Self {
        Self {
            frame: encode("\"ping\""),
            answer: Answer::Pong,
        }
    }

    /// A JSON text of exactly `length` bytes. Hosts echo it, or where it is longer than a reply can be, answer with its
    /// length.
    pub(crate) fn of_objects(length: usize) -> Self {
        let answer = if length > MAX_OUTBOUND_BYTES {
            Answer::Short
        } else {
            Answer::Same
        };
        Self {
            frame: encode(&objects(length)),
            answer,
        }
    }

    /// What a browser writes: the length in the machine's own order, then the text.
    pub(crate) fn frame(&self) -> &[u8] {
        &self.frame
    }

    /// Of the text, in bytes.
    pub(crate) fn length(&self) -> usize {
        self.frame.len() - 4
    }

    pub(crate) fn is_answered_by(&self, reply: &[u8]) -> bool {
        let text = &self.frame[4..];
        match self.answer {
            Answer::Same => reply == text,
            Answer::Pong => reply == text || reply == b"\"pong\"",
            Answer::Short => reply == self.length().to_string().as_bytes(),
        }
    }
}

/// A list of records of some sixty bytes each, and a string that fills up the rest. Keys are in the order of their
/// letters: some hosts parse what they echo, and not all of them keep another order.
fn objects(length: usize) -> String {
    let mut text = String::with_capacity(length + 128);
    text.push_str("{\"records\":[");
    let mut number = 0_u32;
    let mut before = text.len();
    // The last part is `],"rest":""}` and its filling, and every record the same but for its number.
    const TAIL: usize = "],\"rest\":\"\"}".len();
    const LONGEST_RECORD: usize = 80;
    while text.len() + LONGEST_RECORD + TAIL < length {
        if number > 0 {
            text.push(',');
        }
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "{{\"id\":{number},\"name\":\"entry {number}\",\"ok\":true,\"value\":{}.5}}",
            number % 997
        );
        number += 1;
        debug_assert!(text.len() - before <= LONGEST_RECORD);
        before = text.len();
    }
    text.push_str("],\"rest\":\"");
    let filling = length.saturating_sub(text.len() + 2);
    text.extend(std::iter::repeat_n('x', filling));
    text.push_str("\"}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_their_length_and_are_json() {
        for length in [64, 200, 1024, 64 * 1024, 1024 * 1024 - 1] {
            let text = objects(length);
            assert_eq!(text.len(), length);
            let value: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
            assert!(
                length < 200
                    || value["records"]
                        .as_array()
                        .is_some_and(|all| !all.is_empty())
            );
        }
    }

    #[test]
    fn what_is_too_long_to_come_back_is_answered_with_its_length() {
        let echoed = Message::of_objects(64);
        assert!(echoed.is_answered_by(&echoed.frame()[4..]));
        assert!(!echoed.is_answered_by(b"64"));
        let counted = Message::of_objects(1024 * 1024 + 1);
        assert!(counted.is_answered_by(b"1048577"));
        assert!(!counted.is_answered_by(b"1048576"));
    }
}
