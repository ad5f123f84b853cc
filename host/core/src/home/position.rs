//! Where in a text something is, in the way that editors count.

use std::fmt;

/// A place in a text. Both numbers count from 1; a column is a character, as editors show it, not a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
}

impl Position {
    /// The place of the byte `offset` in `text`. An offset beyond the end means the end, and one inside a character
    /// means that character.
    #[must_use]
    pub fn of(text: &str, offset: usize) -> Self {
        let before = &text[..text.floor_char_boundary(offset)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_and_characters_from_one() {
        let text = "ab\nçd\n\nx";
        let cases = [
            (0, "1:1"),
            (2, "1:3"),
            (3, "2:1"),
            (4, "2:1"),
            (5, "2:2"),
            (7, "3:1"),
            (8, "4:1"),
            (9, "4:2"),
            (1000, "4:2"),
        ];
        for (offset, expected) in cases {
            assert_eq!(
                Position::of(text, offset).to_string(),
                expected,
                "byte {offset}"
            );
        }
    }
}
