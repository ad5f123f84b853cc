//! Showing a text that somebody else chose.

use std::fmt::Write;

/// The most characters that are shown of a text. Longer than any name has reason to be, short enough that a screen
/// keeps its other lines.
const LONGEST_SHOWN: usize = 256;

/// The text as it may be shown on a terminal or in a log: what could move the cursor, begin a line, or make the text
/// read as another one is written as `\u{..}`, a backslash is doubled so that this cannot be forged, and after 256
/// characters comes `…`.
///
/// Escaped are the control characters of ASCII and Latin-1 (line ends, tabulators and ESC among them), the controls of
/// writing direction, the separators of lines and paragraphs, and characters without a picture of their own.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut shown = String::with_capacity(text.len().min(LONGEST_SHOWN));
    for (count, character) in text.chars().enumerate() {
        if count == LONGEST_SHOWN {
            shown.push('…');
            break;
        }
        match character {
            '\\' => shown.push_str("\\\\"),
            _ if misleads(character) => {
                write!(shown, "\\u{{{:x}}}", u32::from(character))
                    .expect("writing to memory does not fail");
            }
            _ => shown.push(character),
        }
    }
    shown
}

/// Whether a character could make a text read as another one. [`escape`] says which do.
#[must_use]
pub fn misleads(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_misleads_is_escaped_and_the_rest_is_left() {
        let cases = [
            ("", ""),
            (
                "portcullis:plugin/port@0.1.0",
                "portcullis:plugin/port@0.1.0",
            ),
            ("naïve \u{1f980}", "naïve \u{1f980}"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("a\r\nb\tc\0", "a\\u{d}\\u{a}b\\u{9}c\\u{0}"),
            ("\u{7f}\u{85}", "\\u{7f}\\u{85}"),
            ("abc\u{202e}fed\u{2066}", "abc\\u{202e}fed\\u{2066}"),
            ("a\u{200b}b\u{feff}", "a\\u{200b}b\\u{feff}"),
            ("a\u{2028}b\u{2029}", "a\\u{2028}b\\u{2029}"),
            ("\\u{1b}", "\\\\u{1b}"),
        ];
        for (text, shown) in cases {
            assert_eq!(escape(text), shown, "{text:?}");
        }
    }

    #[test]
    fn a_long_text_is_cut() {
        let exactly = "é".repeat(LONGEST_SHOWN);
        assert_eq!(escape(&exactly), exactly);
        let longer = "é".repeat(1_000_000);
        assert_eq!(escape(&longer), format!("{exactly}…"));
    }
}
