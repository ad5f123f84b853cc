//! Steps over JSON, value by value, without building it.
//!
//! This is what a large reply costs most, so it is written for the processor. Short runs of a string are looked at byte
//! by byte with a table and only long ones many at a time: where a short string ends, a branch foretells, while a place
//! that is computed is waited for, key after key. A mebibyte of small records takes half the time so. What a long run is
//! searched with, compilers turn into vector instructions; nothing here is `unsafe`.

use super::{JsonError, JsonErrorKind, MAX_DEPTH};

/// A place in a JSON text, moved from value to value.
pub(in super::super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

/// Bytes of a string that are looked at one by one: most keys, numbers written as text and words are shorter.
const SHORT: usize = 16;

/// Bytes of a long string that are looked at together: a line of the processor's cache.
const LONG: usize = 64;

/// Whether a byte ends what means itself in a string: `"`, `\`, or a control character.
const fn is_stop(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// [`is_stop`] of every byte: one load in place of three comparisons.
const STOPS: [bool; 256] = {
    let mut stops = [false; 256];
    let mut byte = 0;
    while byte < 0x80 {
        stops[byte as usize] = is_stop(byte);
        byte += 1;
    }
    stops
};

impl<'a> Scanner<'a> {
    pub(in super::super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    #[inline(always)]
    pub(in super::super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Steps over one byte that [`Self::peek`] has shown.
    pub(in super::super) fn advance(&mut self) {
        self.at += 1;
    }

    /// What has been stepped over since `start`.
    pub(in super::super) fn since(&self, start: usize) -> &'a str {
        &self.text[start..self.at]
    }

    /// Moves to a place that [`Self::position`] has given.
    pub(in super::super) fn go_to(&mut self, position: usize) {
        self.at = position;
    }

    pub(in super::super) fn position(&self) -> usize {
        self.at
    }

    /// An error at this place; what is unexpected at the end of the text is unfinished.
    #[cold]
    pub(in super::super) fn error(&self, kind: JsonErrorKind) -> JsonError {
        let kind = match (kind, self.peek()) {
            (JsonErrorKind::Unexpected, None) => JsonErrorKind::Unfinished,
            (kind, _) => kind,
        };
        JsonError {
            offset: self.at,
            kind,
        }
    }

    #[inline(always)]
    pub(in super::super) fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Steps over one byte that must be `byte`.
    #[inline(always)]
    pub(in super::super) fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(self.error(JsonErrorKind::Unexpected))
        }
    }

    /// Steps over one value and the white space before it. `on_key` gets the keys of the value's own object.
    pub(in super::super) fn skip_value(
        &mut self,
        mut on_key: impl FnMut(&str),
    ) -> Result<(), JsonError> {
        let mut nesting = Nesting::default();
        loop {
            self.skip_space();
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    self.skip_to_quote()?;
                }
                Some(b'-' | b'0'..=b'9') => self.skip_number()?,
                Some(b'{') => {
                    if self.open(&mut nesting, Container::Object, b'}')? {
                        self.skip_key(nesting.depth, &mut on_key)?;
                        continue;
                    }
                }
                Some(b'[') => {
                    if self.open(&mut nesting, Container::Array, b']')? {
                        continue;
                    }
                }
                Some(b't') => self.skip_word(b"true")?,
                Some(b'f') => self.skip_word(b"false")?,
                Some(b'n') => self.skip_word(b"null")?,
                _ => return Err(self.error(JsonErrorKind::Unexpected)),
            }
            if !self.skip_to_next(&mut nesting, &mut on_key)? {
                return Ok(());
            }
        }
    }

    /// Steps into a container. False where it is empty and has been left again.
    #[inline(always)]
    fn open(
        &mut self,
        nesting: &mut Nesting,
        container: Container,
        close: u8,
    ) -> Result<bool, JsonError> {
        nesting
            .enter(container)
            .ok_or_else(|| self.error(JsonErrorKind::TooDeep))?;
        self.at += 1;
        self.skip_space();
        let is_empty = self.peek() == Some(close);
        if is_empty {
            self.at += 1;
            nesting.leave();
        }
        Ok(!is_empty)
    }

    /// After a value: steps to the next one of the containers that are open. False where none is open any more.
    #[inline(always)]
    fn skip_to_next(
        &mut self,
        nesting: &mut Nesting,
        on_key: &mut impl FnMut(&str),
    ) -> Result<bool, JsonError> {
        while nesting.depth > 0 {
            self.skip_space();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    if nesting.innermost() == Container::Object {
                        self.skip_space();
                        self.skip_key(nesting.depth, on_key)?;
                    }
                    return Ok(true);
                }
                Some(b'}') if nesting.innermost() == Container::Object => {}
                Some(b']') if nesting.innermost() == Container::Array => {}
                _ => return Err(self.error(JsonErrorKind::Unexpected)),
            }
            self.at += 1;
            nesting.leave();
        }
        Ok(false)
    }

    /// Steps over a key and its colon.
    #[inline(always)]
    fn skip_key(&mut self, depth: u32, on_key: &mut impl FnMut(&str)) -> Result<(), JsonError> {
        self.expect(b'"')?;
        let start = self.at;
        self.skip_to_quote()?;
        if depth == 1 {
            on_key(&self.text[start..self.at - 1]);
        }
        self.skip_space();
        self.expect(b':')
    }

    /// Steps over a string and returns it as it is written between its quotes.
    pub(in super::super) fn skip_string(&mut self) -> Result<&'a str, JsonError> {
        self.expect(b'"')?;
        let start = self.at;
        self.skip_to_quote()?;
        Ok(&self.text[start..self.at - 1])
    }

    /// Steps over the rest of a string and the quote at its end.
    #[inline(always)]
    fn skip_to_quote(&mut self) -> Result<(), JsonError> {
        if let Some(short) = self.rest().first_chunk::<SHORT>() {
            for (place, byte) in short.iter().enumerate() {
                if STOPS[usize::from(*byte)] {
                    self.at += place;
                    return if *byte == b'"' {
                        self.at += 1;
                        Ok(())
                    } else {
                        self.skip_to_quote_slowly()
                    };
                }
            }
            self.at += SHORT;
        }
        self.skip_to_quote_slowly()
    }

    /// [`Self::skip_to_quote`] where the string is long, has an escape, or ends near the end of the text.
    #[inline(never)]
    fn skip_to_quote_slowly(&mut self) -> Result<(), JsonError> {
        loop {
            self.skip_plain();
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.skip_escape()?,
                Some(_) => return Err(self.error(JsonErrorKind::ControlCharacter)),
                None => return Err(self.error(JsonErrorKind::Unfinished)),
            }
        }
    }

    /// Steps over bytes that mean themselves in a string.
    fn skip_plain(&mut self) {
        while let Some(chunk) = self.rest().first_chunk::<LONG>()
            // Without a way out in its midst, so that all are looked at together.
            && !chunk.iter().fold(false, |any, byte| any | is_stop(*byte))
        {
            self.at += LONG;
        }
        while let Some(chunk) = self.rest().first_chunk::<8>() {
            let plain = plain_bytes(u64::from_le_bytes(*chunk));
            self.at += plain;
            if plain < 8 {
                return;
            }
        }
        while self.peek().is_some_and(|byte| !is_stop(byte)) {
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

    #[inline(always)]
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
    #[inline(always)]
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

    #[inline(always)]
    fn skip_word<const LENGTH: usize>(&mut self, word: &[u8; LENGTH]) -> Result<(), JsonError> {
        if self.rest().first_chunk() == Some(word) {
            self.at += LENGTH;
            return Ok(());
        }
        // It differs somewhere; this finds where.
        word.iter().try_for_each(|byte| self.expect(*byte))
    }

    #[inline(always)]
    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }
}

/// How many of eight bytes, the first in the lowest place, come before one that [`is_stop`].
fn plain_bytes(word: u64) -> usize {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);
    // A high bit is set for a byte that is below 0x20, or is `"`, or is `\`: the usual test for a zero byte. It may also
    // be set for a byte after such a one, never before.
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    let quote = word ^ (ONES * u64::from(b'"'));
    let escape = word ^ (ONES * u64::from(b'\\'));
    let quote = quote.wrapping_sub(ONES) & !quote;
    let escape = escape.wrapping_sub(ONES) & !escape;
    let stops = (control | quote | escape) & HIGHS;
    stops.trailing_zeros() as usize / 8
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
    #[inline(always)]
    fn enter(&mut self, container: Container) -> Option<()> {
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.objects = (self.objects << 1) | u128::from(container == Container::Object);
        self.depth += 1;
        Some(())
    }

    #[inline(always)]
    fn leave(&mut self) {
        self.objects >>= 1;
        self.depth -= 1;
    }

    /// Of the containers that are open, of which there must be one.
    #[inline(always)]
    fn innermost(&self) -> Container {
        if self.objects & 1 == 1 {
            Container::Object
        } else {
            Container::Array
        }
    }
}
