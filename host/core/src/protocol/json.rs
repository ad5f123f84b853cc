//! Checks that a text is one JSON value, without building it.
//!
//! The grammar is RFC 8259's, with two decisions of our own: at most [`MAX_DEPTH`] levels, and nothing is judged that
//! the grammar does not. Lone surrogate escapes (`"\ud800"`, which JavaScript writes), duplicate keys and numbers of
//! any size pass, because a browser sends and takes them. White space around the value is allowed; a byte order mark,
//! comments, `NaN` and trailing text are not JSON. Our own code instead of `serde_json::IgnoredAny`, because that one
//! sets no bound on depth here, and because a routing rule must read a value out of a message under the same rules.

mod scanner;

pub(super) use scanner::Scanner;

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

#[cfg(test)]
mod tests;
