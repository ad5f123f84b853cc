//! JSON as a transcript has it: with `…` where something may vary.
//!
//! | Written | Fits |
//! |---|---|
//! | `…` or `"…"` as a value | any one value |
//! | `…` inside a longer string | any run of characters, also none |
//! | `…` among the elements of an array | any run of elements, also none |
//! | `…` or `"…": …` among the entries of an object | any further entries |
//! | a number | the same number, however it is written: `1.50` is `15e-1` |
//! | everything else | the same value; the order of an object's entries means nothing |
//!
//! A character `…` that is meant is written `\u2026`.
//!
//! The deciding choice: a reader of our own. Patterns are no JSON, strings of plugins may hold lone surrogates, which
//! most readers refuse and browsers take, and a number must come back as it was written.

mod compare;
mod read;
mod write;

pub(crate) use read::JsonFault;

/// The mark of what may vary.
pub(crate) const MARK: char = '…';

/// One value, of a message or of what is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Json {
    /// Any value. In patterns only.
    Anything,
    Null,
    Flag(bool),
    /// As it was written.
    Number(String),
    Text(Text),
    List(Vec<Element>),
    Object(Object),
}

/// A string: UTF-16, since that is what JSON's escapes can say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Text(Vec<Unit>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Code(u16),
    /// Any run of characters. In patterns only.
    Run,
}

/// An element of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Element {
    One(Json),
    /// Any run of elements. In patterns only.
    Run,
}

/// The entries of an object, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Object {
    entries: Vec<(Text, Json)>,
    /// Whether there may be more. In patterns only.
    open: bool,
}

/// Where two values differ first, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    /// A JSON pointer; empty for the whole value.
    pub(crate) at: String,
    /// What should stand there; nothing where nothing should.
    pub(crate) expected: Option<String>,
    /// What stands there.
    pub(crate) came: Option<String>,
}

impl Json {
    /// Reads a message: JSON and nothing else.
    pub(crate) fn message(text: &str) -> Result<Self, JsonFault> {
        read::read(text, read::Dialect::Message)
    }

    /// Reads what is expected.
    pub(crate) fn pattern(text: &str) -> Result<Self, JsonFault> {
        read::read(text, read::Dialect::Pattern)
    }

    /// The value of an object's entry.
    pub(crate) fn entry(&self, key: &str) -> Option<&Self> {
        let Self::Object(object) = self else {
            return None;
        };
        let key = Text::plain(key);
        let mut entries = object.entries.iter();
        entries
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value)
    }

    /// What a string says; nothing for any other value.
    pub(crate) fn as_text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.to_lossy()),
            _ => None,
        }
    }
}

impl Text {
    /// A text that means itself.
    fn plain(text: &str) -> Self {
        Self(text.encode_utf16().map(Unit::Code).collect())
    }

    /// A text in which the mark stands for any run of characters.
    pub(crate) fn pattern(text: &str) -> Self {
        let mut units = Vec::with_capacity(text.len());
        for character in text.chars() {
            if character == MARK {
                units.push(Unit::Run);
            } else {
                let codes = character.encode_utf16(&mut [0; 2]).to_vec();
                units.extend(codes.into_iter().map(Unit::Code));
            }
        }
        Self(units)
    }

    /// Whether this pattern fits a text that means itself.
    pub(crate) fn fits(&self, text: &str) -> bool {
        compare::text(self, &Self::plain(text))
    }

    /// What it says, with a mark for each run and another for what is no character.
    pub(crate) fn to_lossy(&self) -> String {
        let codes = self.0.iter().map(|unit| match unit {
            Unit::Code(code) => *code,
            Unit::Run => MARK as u16,
        });
        char::decode_utf16(codes)
            .map(|decoded| decoded.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect()
    }
}

#[cfg(test)]
mod tests;
