//! Text into values.

use portcullis_core::protocol::json::MAX_DEPTH;
use thiserror::Error;

use super::{Element, Json, MARK, Object, Text, Unit};

/// Whether the mark of what varies means that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Message,
    Pattern,
}

/// Why a text is not read, and the byte at which that shows.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{problem}")]
pub(crate) struct JsonFault {
    pub(crate) at: usize,
    pub(crate) problem: &'static str,
}

/// Reads one value and nothing after it.
pub(super) fn read(text: &str, dialect: Dialect) -> Result<Json, JsonFault> {
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
        dialect,
    };
    let value = reader.value()?;
    reader.skip_space();
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.fault("there is more after the JSON value")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
    dialect: Dialect,
}

impl Reader<'_> {
    fn value(&mut self) -> Result<Json, JsonFault> {
        self.skip_space();
        match self.peek() {
            None => Err(self.fault("the JSON text ends too early")),
            Some(MARK) => {
                self.mark()?;
                Ok(Json::Anything)
            }
            Some('"') => {
                let text = self.string()?;
                Ok(if text.0 == [Unit::Run] {
                    Json::Anything
                } else {
                    Json::Text(text)
                })
            }
            Some('[') => self.nested(Self::list),
            Some('{') => self.nested(Self::object),
            Some('-' | '0'..='9') => self.number(),
            Some(_) => self.word(),
        }
    }

    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Json, JsonFault>,
    ) -> Result<Json, JsonFault> {
        if self.depth == MAX_DEPTH {
            return Err(self.fault("JSON nested deeper than 128 levels"));
        }
        self.depth += 1;
        self.take();
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn list(&mut self) -> Result<Json, JsonFault> {
        let mut elements = Vec::new();
        self.separated(']', |this| {
            elements.push(if this.peek() == Some(MARK) {
                this.mark()?;
                Element::Run
            } else {
                Element::One(this.value()?)
            });
            Ok(())
        })?;
        Ok(Json::List(elements))
    }

    fn object(&mut self) -> Result<Json, JsonFault> {
        let mut object = Object::default();
        self.separated('}', |this| {
            let begin = this.at;
            match this.peek() {
                Some(MARK) => {
                    this.mark()?;
                    object.open = true;
                    return Ok(());
                }
                Some('"') => {}
                _ => return Err(this.fault("a key in quotes is expected here")),
            }
            let key = this.string()?;
            this.skip_space();
            if this.peek() != Some(':') {
                return Err(this.fault("a `:` is expected here"));
            }
            this.take();
            let value = this.value()?;
            if key.0 == [Unit::Run] {
                if value != Json::Anything {
                    this.at = begin;
                    return Err(this.fault("the key `…` stands for any entries: write `\"…\": …`"));
                }
                object.open = true;
            } else if key.0.contains(&Unit::Run) {
                this.at = begin;
                return Err(this.fault(
                    "a key is compared as it stands: write `\\u2026` for a `…` that is in it",
                ));
            } else {
                object.entries.push((key, value));
            }
            Ok(())
        })?;
        Ok(Json::Object(object))
    }

    /// Items with commas between them, up to and with what closes them.
    fn separated(
        &mut self,
        close: char,
        mut item: impl FnMut(&mut Self) -> Result<(), JsonFault>,
    ) -> Result<(), JsonFault> {
        self.skip_space();
        if self.peek() == Some(close) {
            self.take();
            return Ok(());
        }
        loop {
            self.skip_space();
            item(self)?;
            self.skip_space();
            match self.peek() {
                Some(',') => self.take(),
                Some(found) if found == close => {
                    self.take();
                    return Ok(());
                }
                None => return Err(self.fault("the JSON text ends too early")),
                Some(_) => return Err(self.fault("a `,` or the end of the value is expected here")),
            }
        }
    }

    fn mark(&mut self) -> Result<(), JsonFault> {
        if self.dialect == Dialect::Message {
            return Err(self.fault(
                "`…` stands for what varies in what comes back; a message that is sent is written in full",
            ));
        }
        self.take();
        Ok(())
    }

    fn string(&mut self) -> Result<Text, JsonFault> {
        self.take();
        let mut units = Vec::new();
        loop {
            match self.peek() {
                None => return Err(self.fault("the string has no end")),
                Some('"') => {
                    self.take();
                    return Ok(Text(units));
                }
                Some('\\') => {
                    let code = self.escape()?;
                    units.push(Unit::Code(code));
                }
                Some(MARK) if self.dialect == Dialect::Pattern => {
                    self.take();
                    // Two runs that touch are one.
                    if units.last() != Some(&Unit::Run) {
                        units.push(Unit::Run);
                    }
                }
                Some(character) if character < ' ' => {
                    return Err(self.fault("control character in a JSON string"));
                }
                Some(character) => {
                    self.take();
                    let mut codes = [0; 2];
                    units.extend(
                        character
                            .encode_utf16(&mut codes)
                            .iter()
                            .map(|code| Unit::Code(*code)),
                    );
                }
            }
        }
    }

    fn escape(&mut self) -> Result<u16, JsonFault> {
        let begin = self.at;
        self.take();
        let code = match self.peek() {
            Some('"') => '"' as u16,
            Some('\\') => '\\' as u16,
            Some('/') => '/' as u16,
            Some('b') => 8,
            Some('f') => 12,
            Some('n') => 10,
            Some('r') => 13,
            Some('t') => 9,
            Some('u') => {
                let digits = self.text.get(self.at + 1..self.at + 5);
                let digits =
                    digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
                let code = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
                let Some(code) = code else {
                    self.at = begin;
                    return Err(self.fault("unknown escape in a JSON string"));
                };
                self.at += 4;
                code
            }
            _ => {
                self.at = begin;
                return Err(self.fault("unknown escape in a JSON string"));
            }
        };
        self.take();
        Ok(code)
    }

    fn number(&mut self) -> Result<Json, JsonFault> {
        let begin = self.at;
        if self.peek() == Some('-') {
            self.take();
        }
        if self.peek() == Some('0') {
            self.take();
        } else {
            self.digits()?;
        }
        if self.peek() == Some('.') {
            self.take();
            self.digits()?;
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            self.take();
            if matches!(self.peek(), Some('+' | '-')) {
                self.take();
            }
            self.digits()?;
        }
        Ok(Json::Number(self.text[begin..self.at].to_owned()))
    }

    fn digits(&mut self) -> Result<(), JsonFault> {
        if !self.peek().is_some_and(|it| it.is_ascii_digit()) {
            return Err(self.fault("a digit is expected here"));
        }
        while self.peek().is_some_and(|it| it.is_ascii_digit()) {
            self.take();
        }
        Ok(())
    }

    fn word(&mut self) -> Result<Json, JsonFault> {
        for (word, value) in [
            ("null", Json::Null),
            ("true", Json::Flag(true)),
            ("false", Json::Flag(false)),
        ] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.fault("this is no JSON value"))
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\n' | '\r' | '\t')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn take(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn fault(&self, problem: &'static str) -> JsonFault {
        JsonFault {
            at: self.at,
            problem,
        }
    }
}
