//! Bytes of a guest into lines that are safe to show: split, cut, escaped, and a bound on how many.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Instant;

/// The longest line, in bytes. Longer than anything a person reads, short enough that a screen of them is a screen.
const LINE_LIMIT: usize = 8 * 1024;

/// Stands at the end of a line that was longer.
const CUT: &str = "… (cut)";

/// Splits a stream of bytes into lines. Keeps at most one line, whatever arrives.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    unfinished: Vec<u8>,
    cut: bool,
}

impl Lines {
    /// Takes bytes and gives each line that they complete, without its newline.
    pub(crate) fn push(&mut self, bytes: &[u8], mut on_line: impl FnMut(&str)) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (content, ended) = match part.split_last() {
                Some((b'\n', content)) => (content, true),
                _ => (part, false),
            };
            let room = LINE_LIMIT - self.unfinished.len();
            let fitting = content.len().min(room);
            self.unfinished.extend_from_slice(&content[..fitting]);
            self.cut |= content.len() > room;
            if ended {
                self.give(&mut on_line);
            }
        }
    }

    /// Gives what is left without a newline, if anything.
    pub(crate) fn finish(&mut self, mut on_line: impl FnMut(&str)) {
        if !self.unfinished.is_empty() {
            self.give(&mut on_line);
        }
    }

    fn give(&mut self, on_line: &mut impl FnMut(&str)) {
        let line = String::from_utf8_lossy(&self.unfinished);
        let line = line.strip_suffix('\r').unwrap_or(&line);
        if self.cut {
            on_line(&format!("{line}{CUT}"))
        } else {
            on_line(line)
        }
        self.unfinished.clear();
        self.cut = false;
    }
}

/// A line with every character that a terminal obeys or that hides others written as an escape: the controls C0 and
/// C1, and the marks that change the direction of text. Cut again: an escape is up to eight times as long as what it
/// stands for.
pub(super) fn escape(line: &str) -> Cow<'_, str> {
    let dangerous = |character: char| {
        character.is_control()
            || matches!(
                character,
                '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            )
    };
    if line.len() <= LINE_LIMIT + CUT.len() && !line.contains(dangerous) {
        return Cow::Borrowed(line);
    }
    let mut escaped = String::with_capacity(line.len() + 16);
    for character in line.chars() {
        if escaped.len() >= LINE_LIMIT {
            escaped.push_str(CUT);
            break;
        }
        if dangerous(character) {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "{}", character.escape_unicode());
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

/// What a line costs beside its bytes: the time, the level and the tags that go before it, so that empty lines are not
/// free.
const LINE_COST: u64 = 64;

/// A bucket that fills with the bytes of one second and holds no more than those.
#[derive(Debug)]
pub(super) struct Rate {
    each_second: u64,
    left: u64,
    filled: Instant,
    dropped: u64,
    /// The most that was ever taken out of a full bucket.
    most: u64,
    dropped_in_all: u64,
}

/// Whether a line may be written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Allowed {
    /// Not now. It is counted.
    No,
    /// It may, after so many that might not.
    Yes { dropped: u64 },
}

impl Rate {
    pub(super) fn new(each_second: u64, now: Instant) -> Self {
        Self {
            each_second,
            left: each_second,
            filled: now,
            dropped: 0,
            most: 0,
            dropped_in_all: 0,
        }
    }

    pub(super) fn allows(&mut self, length: usize, now: Instant) -> Allowed {
        let elapsed = now.saturating_duration_since(self.filled);
        let fresh = u128::from(self.each_second) * elapsed.as_millis() / 1000;
        if fresh > 0 {
            let fresh = u64::try_from(fresh).unwrap_or(u64::MAX);
            self.left = self.left.saturating_add(fresh).min(self.each_second);
            self.filled = now;
        }
        let cost = (length as u64).saturating_add(LINE_COST);
        // A bucket smaller than one long line would never let it through, so a full one always does.
        if cost > self.left && self.left < self.each_second {
            self.dropped += 1;
            self.dropped_in_all += 1;
            return Allowed::No;
        }
        self.left = self.left.saturating_sub(cost);
        self.most = self.most.max(self.each_second - self.left);
        Allowed::Yes {
            dropped: std::mem::take(&mut self.dropped),
        }
    }

    /// The most bytes that were taken at a time, and the lines that were dropped in all.
    pub(super) fn used(&self) -> (u64, u64) {
        (self.most, self.dropped_in_all)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn split(pieces: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::default();
        let mut seen = Vec::new();
        for piece in pieces {
            lines.push(piece, |line| seen.push(line.to_owned()));
        }
        lines.finish(|line| seen.push(line.to_owned()));
        seen
    }

    #[test]
    fn lines_are_split_wherever_the_bytes_are() {
        assert_eq!(
            split(&[b"a\nb", b"c\r\n", b"\n", b"d"]),
            ["a", "bc", "", "d"]
        );
        assert_eq!(split(&[b"\xff\n"]), ["\u{fffd}"]);
        assert!(split(&[]).is_empty());
    }

    #[test]
    fn an_endless_line_is_cut_in_constant_memory() {
        let piece = [b'x'; 1000];
        let mut lines = Lines::default();
        for _ in 0..1000 {
            lines.push(&piece, |_| panic!("no line has ended"));
            assert!(lines.unfinished.len() <= LINE_LIMIT);
        }
        let mut seen = Vec::new();
        lines.push(b"\nnext\n", |line| seen.push(line.to_owned()));
        assert_eq!(seen[0].len(), LINE_LIMIT + "… (cut)".len());
        assert_eq!(seen[1], "next");
    }

    #[test]
    fn what_a_terminal_obeys_is_escaped() {
        for (line, expected) in [
            ("plain é 日本", "plain é 日本"),
            ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("a\rb\tc\0", "a\\u{d}b\\u{9}c\\u{0}"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("a\u{202e}b\u{2066}c", "a\\u{202e}b\\u{2066}c"),
        ] {
            assert_eq!(escape(line), expected);
        }
    }

    #[test]
    fn a_line_that_escapes_make_longer_is_cut_again() {
        for character in ["\0", "\u{fffd}", "\u{2066}"] {
            let line = character.repeat(LINE_LIMIT / character.len() * 2);
            let escaped = escape(&line);
            assert!(escaped.ends_with(CUT), "{escaped}");
            assert!(escaped.len() <= LINE_LIMIT + 16, "{} bytes", escaped.len());
        }
    }

    #[test]
    fn the_rate_drops_counts_and_recovers() {
        let start = Instant::now();
        let mut rate = Rate::new(1000, start);
        assert_eq!(rate.allows(900, start), Allowed::Yes { dropped: 0 });
        assert_eq!(rate.allows(900, start), Allowed::No);
        assert_eq!(
            rate.allows(900, start + Duration::from_millis(100)),
            Allowed::No
        );
        let later = start + Duration::from_secs(2);
        assert_eq!(rate.allows(900, later), Allowed::Yes { dropped: 2 });
        let full = later + Duration::from_secs(5);
        assert_eq!(rate.allows(LINE_LIMIT, full), Allowed::Yes { dropped: 0 });
    }
}
