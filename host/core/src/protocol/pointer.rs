//! Reads one value out of a message, for routing rules: a JSON pointer (RFC 6901) compared with a scalar.
//!
//! The message is walked once along the path and never built. A key that stands twice on the path is an error, not a
//! choice: two readers that take different ones could be shown different messages.

use serde::{Deserialize, Serialize};

use super::json::{self, JsonError, JsonErrorKind, Scanner};

/// A JSON pointer: `/type`, `/items/0/name`. The empty pointer is the whole message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pointer {
    text: String,
    tokens: Vec<String>,
}

/// Why a text is not a JSON pointer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PointerError {
    /// It does not begin with a slash.
    #[error("JSON pointer `{0}` does not begin with `/`")]
    NoSlash(String),
    /// A `~` that is neither `~0` nor `~1`.
    #[error("JSON pointer `{0}` has a `~` that is not followed by `0` or `1`")]
    Tilde(String),
}

impl TryFrom<String> for Pointer {
    type Error = PointerError;

    fn try_from(text: String) -> Result<Self, PointerError> {
        Self::parse(&text)
    }
}

impl From<Pointer> for String {
    fn from(pointer: Pointer) -> Self {
        pointer.text
    }
}

impl Pointer {
    /// Parses a pointer by RFC 6901.
    ///
    /// # Errors
    ///
    /// [`PointerError`] for the rule that it breaks.
    pub fn parse(text: &str) -> Result<Self, PointerError> {
        let mut tokens = Vec::new();
        if !text.is_empty() {
            let rest = text
                .strip_prefix('/')
                .ok_or_else(|| PointerError::NoSlash(text.to_owned()))?;
            for token in rest.split('/') {
                let bare = token.replace("~0", "").replace("~1", "");
                if bare.contains('~') {
                    return Err(PointerError::Tilde(text.to_owned()));
                }
                tokens.push(token.replace("~1", "/").replace("~0", "~"));
            }
        }
        Ok(Self {
            text: text.to_owned(),
            tokens,
        })
    }

    /// The pointer as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether one of the two leads through the other's value, so that both cannot be scalars of one message.
    #[must_use]
    pub fn passes_through(&self, other: &Self) -> bool {
        let shorter = self.tokens.len().min(other.tokens.len());
        self.tokens.len() != other.tokens.len() && self.tokens[..shorter] == other.tokens[..shorter]
    }

    /// Whether the value at this pointer in `message` is `wanted`. False where nothing stands there.
    ///
    /// # Errors
    ///
    /// [`JsonErrorKind::DuplicateKey`] where an object on the path has the key twice. `message` must have passed
    /// [`json::check`]; for anything else the answer may be any error.
    pub fn matches(&self, message: &str, wanted: &Scalar) -> Result<bool, JsonError> {
        let mut scanner = Scanner::new(message);
        for token in &self.tokens {
            scanner.skip_space();
            let found = match scanner.peek() {
                Some(b'{') => enter_object(&mut scanner, token)?,
                Some(b'[') => enter_array(&mut scanner, token)?,
                _ => None,
            };
            match found {
                Some(value) => scanner.go_to(value),
                None => return Ok(false),
            }
        }
        wanted.is_at(&mut scanner)
    }
}

/// Where the value of `key` in the object that begins here is.
fn enter_object(scanner: &mut Scanner<'_>, key: &str) -> Result<Option<usize>, JsonError> {
    let mut found = None;
    scanner.advance();
    loop {
        scanner.skip_space();
        match scanner.peek() {
            Some(b'}') => return Ok(found),
            Some(b',') => scanner.advance(),
            _ => {
                let here = scanner.error(JsonErrorKind::DuplicateKey);
                let wanted = json::key_is(scanner.skip_string()?, key);
                scanner.skip_space();
                scanner.expect(b':')?;
                let start = scanner.position();
                scanner.skip_value(|_| {})?;
                if wanted && found.replace(start).is_some() {
                    return Err(here);
                }
            }
        }
    }
}

/// Where the element whose number is `token` of the array that begins here is.
fn enter_array(scanner: &mut Scanner<'_>, token: &str) -> Result<Option<usize>, JsonError> {
    // RFC 6901: no leading zeros, and `-` is the element after the last, which is never there.
    let canonical = token == "0" || !token.starts_with(['0', '+']);
    let Some(mut before) = token.parse::<usize>().ok().filter(|_| canonical) else {
        return Ok(None);
    };
    scanner.advance();
    loop {
        scanner.skip_space();
        match scanner.peek() {
            Some(b']') => return Ok(None),
            Some(b',') => scanner.advance(),
            _ => {
                let start = scanner.position();
                scanner.skip_value(|_| {})?;
                if before == 0 {
                    return Ok(Some(start));
                }
                before -= 1;
            }
        }
    }
}

/// What a routing rule compares with: a string, a boolean or an integer. Not null and not a fraction: neither names
/// anything, and fractions compare differently in every language.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scalar {
    /// Compared by meaning: `"\u0061"` is `"a"`.
    Text(String),
    /// `true` or `false`.
    Flag(bool),
    /// An integer, compared by its digits: `1.0` and `1e0` are other values.
    Integer(i64),
}

impl Scalar {
    /// Whether the value that begins here is this one.
    fn is_at(&self, scanner: &mut Scanner<'_>) -> Result<bool, JsonError> {
        scanner.skip_space();
        let start = scanner.position();
        Ok(match (self, scanner.peek()) {
            (Self::Text(wanted), Some(b'"')) => json::key_is(scanner.skip_string()?, wanted),
            (Self::Text(_), _) => false,
            (Self::Flag(wanted), _) => {
                scanner.skip_value(|_| {})?;
                scanner.since(start) == if *wanted { "true" } else { "false" }
            }
            (Self::Integer(wanted), _) => {
                scanner.skip_value(|_| {})?;
                scanner.since(start).parse() == Ok(*wanted)
            }
        })
    }
}

impl std::fmt::Display for Scalar {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => write!(formatter, "{text:?}"),
            Self::Flag(flag) => write!(formatter, "{flag}"),
            Self::Integer(integer) => write!(formatter, "{integer}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(wanted: &str) -> Scalar {
        Scalar::Text(wanted.to_owned())
    }

    #[test]
    fn pointers_find_their_value_and_nothing_else() {
        let message = r#" {"type":"note","n":1,"on":true,"a/b":{"m~n":[10,{"k":"v"}]},"esc\u0061pe":"\u006eote",
            "f":1.0,"null":null,"lone":"\ud800","deep":{"type":"other"}} "#;
        for (pointer, wanted, expected) in [
            ("/type", text("note"), true),
            ("/type", text("other"), false),
            ("/deep/type", text("other"), true),
            ("/missing", text("note"), false),
            ("/type/further", text("note"), false),
            ("/n", Scalar::Integer(1), true),
            ("/n", text("1"), false),
            ("/f", Scalar::Integer(1), false),
            ("/on", Scalar::Flag(true), true),
            ("/on", Scalar::Flag(false), false),
            ("/null", Scalar::Flag(false), false),
            ("/a~1b/m~0n/0", Scalar::Integer(10), true),
            ("/a~1b/m~0n/1/k", text("v"), true),
            ("/a~1b/m~0n/01", Scalar::Integer(10), false),
            ("/a~1b/m~0n/-", Scalar::Integer(10), false),
            ("/a~1b/m~0n/2", Scalar::Integer(10), false),
            ("/escape", text("note"), true),
            ("/lone", text("\u{fffd}"), false),
            ("/deep", text("deep"), false),
        ] {
            let pointer = Pointer::parse(pointer).expect("the pointers of the table are valid");
            assert_eq!(
                pointer.matches(message, &wanted),
                Ok(expected),
                "{pointer:?} = {wanted}"
            );
        }
        let whole = Pointer::parse("").expect("the empty pointer is valid");
        assert_eq!(whole.matches(" \"ping\" ", &text("ping")), Ok(true));
    }

    #[test]
    fn a_duplicate_key_on_the_path_is_an_error_and_elsewhere_is_not() {
        let pointer = Pointer::parse("/a/b").expect("a valid pointer");
        for (message, expected) in [
            (r#"{"a":{"b":"x"},"c":1,"c":2}"#, Ok(true)),
            (r#"{"a":{"b":"x","c":1,"c":2}}"#, Ok(true)),
            (r#"{"a":{"b":"x"},"a":1}"#, Err(15)),
            (r#"{"a":{"b":"x","\u0062":"y"}}"#, Err(14)),
        ] {
            let found = pointer
                .matches(message, &text("x"))
                .map_err(|error| error.offset);
            assert_eq!(found, expected, "{message}");
        }
    }

    #[test]
    fn malformed_pointers_are_named() {
        assert_eq!(
            Pointer::parse("type"),
            Err(PointerError::NoSlash("type".to_owned()))
        );
        assert_eq!(
            Pointer::parse("/a~2"),
            Err(PointerError::Tilde("/a~2".to_owned()))
        );
        assert!(Pointer::parse("/a~01").is_ok());
    }

    #[test]
    fn a_pointer_passes_through_its_parents() {
        let parse = |text| Pointer::parse(text).expect("a valid pointer");
        assert!(parse("/a").passes_through(&parse("/a/b")));
        assert!(parse("/a/b").passes_through(&parse("")));
        assert!(!parse("/a").passes_through(&parse("/a")));
        assert!(!parse("/a/c").passes_through(&parse("/a/b")));
    }
}
