//! Checks that a text is one JSON value, without building it.
//!
//! The grammar is RFC 8259's, with two decisions of our own: at most [`MAX_DEPTH`] levels, and nothing is judged that
//! the grammar does not. Lone surrogate escapes (`"\ud800"`, which JavaScript writes), duplicate keys and numbers of
//! any size pass, because a browser sends and takes them. White space around the value is allowed; a byte order mark,
//! comments, `NaN` and trailing text are not JSON. Our own code instead of `serde_json::IgnoredAny`, because that one
//! sets no bound on depth here, and because a routing rule must read a value out of a message under the same rules.

/// How deep arrays and objects may be nested. `serde_json` and most parsers refuse 128 and more, so nobody relies on
/// it, and the nesting of a whole text fits in one machine word twice over.
pub const MAX_DEPTH: u32 = 128;

/// Why a text is not acceptable JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct JsonError {
    /// The first byte that does not fit, counted from 0.
    pub offset: usize,
    /// What is wrong with it.
    pub kind: JsonErrorKind,
}

/// What is wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonErrorKind {
    /// The text is over before the value is.
    #[error("the JSON text ends too early")]
    Unfinished,
    /// A byte that cannot stand there.
    #[error("unexpected character in JSON")]
    Unexpected,
    /// A control character inside a string, which must be written as an escape.
    #[error("control character in a JSON string")]
    ControlCharacter,
    /// A backslash followed by something that is no escape.
    #[error("unknown escape in a JSON string")]
    Escape,
    /// More than [`MAX_DEPTH`] levels.
    #[error("JSON nested deeper than 128 levels")]
    TooDeep,
    /// Something but white space after the value.
    #[error("text after the JSON value")]
    Trailing,
    /// An object on the path of a routing rule has that key twice, so what it means depends on the reader.
    #[error("duplicate key on the path of a routing rule in JSON")]
    DuplicateKey,
}

/// Checks that `text` is one JSON value.
///
/// # Errors
///
/// [`JsonError`] with the place of the first fault.
pub fn check(text: &str) -> Result<(), JsonError> {
    check_with(text, |_| {})
}

/// Checks that `text` is one JSON value and, where it is an object, reports whether one of its own keys is `key`.
///
/// # Errors
///
/// [`JsonError`] with the place of the first fault.
pub fn check_for_key(text: &str, key: &str) -> Result<bool, JsonError> {
    let mut found = false;
    check_with(text, |raw| found = found || key_is(raw, key))?;
    Ok(found)
}

/// [`check`], calling `on_key` with each key of the outermost object as it is written, without its quotes.
fn check_with(text: &str, on_key: impl FnMut(&str)) -> Result<(), JsonError> {
    let mut scanner = Scanner::new(text);
    scanner.skip_value(on_key)?;
    scanner.skip_space();
    match scanner.peek() {
        None => Ok(()),
        Some(_) => Err(scanner.error(JsonErrorKind::Trailing)),
    }
}

/// Whether a string, given as it is written between its quotes, means `wanted`.
pub(super) fn key_is(raw: &str, wanted: &str) -> bool {
    if raw.contains('\\') {
        unescape(raw).as_deref() == Some(wanted)
    } else {
        raw == wanted
    }
}

/// What a string means, given as it is written between its quotes. `None` for one with a lone surrogate, which no
/// text of ours can equal. The text must have passed [`Scanner::skip_string`].
pub(super) fn unescape(raw: &str) -> Option<String> {
    let mut units = Vec::with_capacity(raw.len());
    let mut characters = raw.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            units.extend_from_slice(character.encode_utf16(&mut [0; 2]));
            continue;
        }
        units.push(match characters.next()? {
            'b' => 0x08,
            'f' => 0x0c,
            'n' => 0x0a,
            'r' => 0x0d,
            't' => 0x09,
            'u' => {
                let digits = characters.as_str().get(..4)?;
                characters = characters.as_str().get(4..)?.chars();
                u16::from_str_radix(digits, 16).ok()?
            }
            plain => u16::try_from(u32::from(plain)).ok()?,
        });
    }
    String::from_utf16(&units).ok()
}

/// A place in a JSON text, moved from value to value.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Steps over one byte that [`Self::peek`] has shown.
    pub(super) fn advance(&mut self) {
        self.at += 1;
    }

    /// What has been stepped over since `start`.
    pub(super) fn since(&self, start: usize) -> &'a str {
        &self.text[start..self.at]
    }

    /// Moves to a place that [`Self::position`] has given.
    pub(super) fn go_to(&mut self, position: usize) {
        self.at = position;
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// An error at this place; what is unexpected at the end of the text is unfinished.
    pub(super) fn error(&self, kind: JsonErrorKind) -> JsonError {
        let kind = match (kind, self.peek()) {
            (JsonErrorKind::Unexpected, None) => JsonErrorKind::Unfinished,
            (kind, _) => kind,
        };
        JsonError {
            offset: self.at,
            kind,
        }
    }

    pub(super) fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Steps over one byte that must be `byte`.
    pub(super) fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(self.error(JsonErrorKind::Unexpected))
        }
    }

    /// Steps over one value and the white space before it. `on_key` gets the keys of the value's own object.
    pub(super) fn skip_value(&mut self, mut on_key: impl FnMut(&str)) -> Result<(), JsonError> {
        let mut nesting = Nesting::default();
        loop {
            self.skip_space();
            let opened = match self.peek() {
                Some(b'{') => Some((Container::Object, b'}')),
                Some(b'[') => Some((Container::Array, b']')),
                Some(b'"') => {
                    self.skip_string()?;
                    None
                }
                Some(b'-' | b'0'..=b'9') => {
                    self.skip_number()?;
                    None
                }
                Some(b't') => self.skip_word("true").map(|()| None)?,
                Some(b'f') => self.skip_word("false").map(|()| None)?,
                Some(b'n') => self.skip_word("null").map(|()| None)?,
                _ => return Err(self.error(JsonErrorKind::Unexpected)),
            };
            if let Some((container, close)) = opened {
                nesting
                    .enter(container)
                    .ok_or_else(|| self.error(JsonErrorKind::TooDeep))?;
                self.at += 1;
                self.skip_space();
                if self.peek() == Some(close) {
                    self.at += 1;
                    nesting.leave();
                } else {
                    if container == Container::Object {
                        self.skip_key(nesting.depth, &mut on_key)?;
                    }
                    continue;
                }
            }
            if !self.skip_to_next(&mut nesting, &mut on_key)? {
                return Ok(());
            }
        }
    }

    /// After a value: steps to the next one of the containers that are open. False where none is open any more.
    fn skip_to_next(
        &mut self,
        nesting: &mut Nesting,
        on_key: &mut impl FnMut(&str),
    ) -> Result<bool, JsonError> {
        while let Some(container) = nesting.innermost() {
            self.skip_space();
            match (self.peek(), container) {
                (Some(b','), Container::Array) => {
                    self.at += 1;
                    return Ok(true);
                }
                (Some(b','), Container::Object) => {
                    self.at += 1;
                    self.skip_space();
                    self.skip_key(nesting.depth, on_key)?;
                    return Ok(true);
                }
                (Some(b']'), Container::Array) | (Some(b'}'), Container::Object) => {
                    self.at += 1;
                    nesting.leave();
                }
                _ => return Err(self.error(JsonErrorKind::Unexpected)),
            }
        }
        Ok(false)
    }

    /// Steps over a key and its colon.
    fn skip_key(&mut self, depth: u32, on_key: &mut impl FnMut(&str)) -> Result<(), JsonError> {
        let key = self.skip_string()?;
        if depth == 1 {
            on_key(key);
        }
        self.skip_space();
        self.expect(b':')
    }

    /// Steps over a string and returns it as it is written between its quotes.
    pub(super) fn skip_string(&mut self) -> Result<&'a str, JsonError> {
        self.expect(b'"')?;
        let start = self.at;
        loop {
            self.skip_plain();
            match self.peek() {
                Some(b'"') => {
                    let raw = self.since(start);
                    self.at += 1;
                    return Ok(raw);
                }
                Some(b'\\') => self.skip_escape()?,
                Some(_) => return Err(self.error(JsonErrorKind::ControlCharacter)),
                None => return Err(self.error(JsonErrorKind::Unfinished)),
            }
        }
    }

    /// Steps over bytes that mean themselves in a string, eight at a time where it can.
    fn skip_plain(&mut self) {
        const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
        const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);
        let bytes = self.text.as_bytes();
        while let Some(chunk) = bytes[self.at..].first_chunk::<8>() {
            let word = u64::from_ne_bytes(*chunk);
            // A high bit is set for some byte where one is below 0x20, or is `"`, or is `\`: the usual test for a zero
            // byte. It may also be set beside such a byte, never where there is none.
            let control = word.wrapping_sub(ONES * 0x20) & !word;
            let quote = word ^ (ONES * u64::from(b'"'));
            let escape = word ^ (ONES * u64::from(b'\\'));
            let found = control
                | (quote.wrapping_sub(ONES) & !quote)
                | (escape.wrapping_sub(ONES) & !escape);
            if found & HIGHS != 0 {
                break;
            }
            self.at += 8;
        }
        while let Some(byte) = self.peek() {
            if byte < 0x20 || byte == b'"' || byte == b'\\' {
                break;
            }
            self.at += 1;
        }
    }

    fn skip_escape(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    match self.peek() {
                        Some(digit) if digit.is_ascii_hexdigit() => self.at += 1,
                        Some(_) => return Err(self.error(JsonErrorKind::Escape)),
                        None => return Err(self.error(JsonErrorKind::Unfinished)),
                    }
                }
            }
            Some(_) => return Err(self.error(JsonErrorKind::Escape)),
            None => return Err(self.error(JsonErrorKind::Unfinished)),
        }
        Ok(())
    }

    fn skip_number(&mut self) -> Result<(), JsonError> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.skip_digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.skip_digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.skip_digits()?;
        }
        Ok(())
    }

    /// Steps over one digit or more.
    fn skip_digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at > start {
            Ok(())
        } else {
            Err(self.error(JsonErrorKind::Unexpected))
        }
    }

    fn skip_word(&mut self, word: &str) -> Result<(), JsonError> {
        for byte in word.bytes() {
            self.expect(byte)?;
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Container {
    Object,
    Array,
}

/// The containers that are open, one bit each: set for an object.
#[derive(Default)]
struct Nesting {
    depth: u32,
    objects: u128,
}

impl Nesting {
    /// `None` where it would be too deep.
    fn enter(&mut self, container: Container) -> Option<()> {
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.objects = (self.objects << 1) | u128::from(container == Container::Object);
        self.depth += 1;
        Some(())
    }

    fn leave(&mut self) {
        self.objects >>= 1;
        self.depth -= 1;
    }

    fn innermost(&self) -> Option<Container> {
        match (self.depth, self.objects & 1) {
            (0, _) => None,
            (_, 1) => Some(Container::Object),
            _ => Some(Container::Array),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accepts_what_the_grammar_accepts() {
        for text in [
            "{}",
            "[]",
            "null",
            " true ",
            "\t[1,\n2 , 3]\r",
            "-0",
            "0.5e-7",
            "1e400",
            "123456789012345678901234567890",
            r#""\ud800""#,
            r#"{"a":1,"a":2}"#,
            r#""\"\\\/\b\f\n\r\t\u00e9""#,
            "\"é \u{2028} 日本語 a longer run of plain text\"",
            r#"{"a":{"b":[{},[],{"c":null}]},"d":"e"}"#,
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_one_value_and_says_where() {
        use JsonErrorKind::{ControlCharacter, Escape, Trailing, Unexpected, Unfinished};
        for (text, offset, kind) in [
            ("", 0, Unfinished),
            ("  ", 2, Unfinished),
            ("{", 1, Unfinished),
            ("[1", 2, Unfinished),
            ("[1,]", 3, Unexpected),
            ("{\"a\":1,}", 7, Unexpected),
            ("{\"a\" 1}", 5, Unexpected),
            ("{1:2}", 1, Unexpected),
            ("[1}", 2, Unexpected),
            ("NaN", 0, Unexpected),
            ("nul", 3, Unfinished),
            ("01", 1, Trailing),
            ("1.", 2, Unfinished),
            ("-", 1, Unfinished),
            ("+1", 0, Unexpected),
            ("1 2", 2, Trailing),
            ("// x\n1", 0, Unexpected),
            ("\u{feff}1", 0, Unexpected),
            ("\"a", 2, Unfinished),
            ("\"a plain run\u{1}\"", 12, ControlCharacter),
            (r#""\x""#, 2, Escape),
            (r#""\u12g4""#, 5, Escape),
            ("'a'", 0, Unexpected),
        ] {
            assert_eq!(check(text), Err(JsonError { offset, kind }), "{text}");
        }
    }

    #[test]
    fn depth_is_bounded_without_recursion() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(check(&nested(128)), Ok(()));
        let refused = check(&nested(129)).expect_err("129 levels are too many");
        assert_eq!(
            (refused.offset, refused.kind),
            (128, JsonErrorKind::TooDeep)
        );
        assert!(check(&"[".repeat(1_000_000)).is_err());
    }

    #[test]
    fn finds_a_key_of_the_outermost_object_only() {
        for (text, expected) in [
            (r#"{"$portcullis":1}"#, true),
            (r#"{"a":1,"\u0024portcullis":1}"#, true),
            (r#"{"a":{"$portcullis":1}}"#, false),
            (r#"[{"$portcullis":1}]"#, false),
            (r#""$portcullis""#, false),
            (r#"{"$portcullis\ud800":1}"#, false),
        ] {
            assert_eq!(check_for_key(text, "$portcullis"), Ok(expected), "{text}");
        }
    }

    proptest! {
        /// The same verdict as `serde_json`'s, on texts that are nearly JSON.
        #[test]
        fn agrees_with_serde_json(text in r#"[\[\]{}:,"\\0-9eE+\-. \ntruefalsnu]{0,24}"#) {
            let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            prop_assert_eq!(check(&text).is_ok(), theirs, "{}", text);
        }

        /// Every string passes once written as JSON, and a changed byte never panics the scanner.
        #[test]
        fn strings_of_any_content_pass(content in any::<String>(), cut in any::<prop::sample::Index>()) {
            let text = serde_json::to_string(&content).expect("a string is always JSON");
            prop_assert_eq!(check(&text), Ok(()));
            prop_assert_eq!(unescape(&text[1..text.len() - 1]), Some(content));
            let cut = cut.index(text.len());
            if text.is_char_boundary(cut) {
                prop_assert!(check(&text[..cut]).is_err());
            }
        }
    }
}
