//! Keys and values for a terminal, whole and without a way to act on it.

use std::fmt::Write as _;

use portcullis_core::names::escape;

/// Bytes as text: what misleads is written as `\u{..}` (line ends among it), what is not UTF-8 as `\x..`, and a
/// backslash as two. Nothing is cut: whoever asks for a value wants all of it.
pub(super) fn shown(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            text.push_str(&escape(character.encode_utf8(&mut [0; 4])));
        }
        for byte in chunk.invalid() {
            write!(text, "\\x{byte:02x}").expect("writing to memory does not fail");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_whole_and_tame() {
        let long = "x".repeat(1000);
        let cases: [(&[u8], &str); 5] = [
            (b"plain text", "plain text"),
            ("größer 😀".as_bytes(), "größer 😀"),
            (b"a\\b\n\x1b[31m", "a\\\\b\\u{a}\\u{1b}[31m"),
            (b"\xff\0a\xc3", "\\xff\\u{0}a\\xc3"),
            (long.as_bytes(), &long),
        ];
        for (bytes, expected) in cases {
            assert_eq!(shown(bytes), expected);
        }
    }
}
