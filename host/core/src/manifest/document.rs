//! The object in a manifest's text, with the place of each of its parts.
//!
//! Values stay the text that they were written as until a check looks at one, so that what a browser never looks at is
//! never judged either, and so that every fault can point at its place. Of two members with one key the last one
//! counts, as in every browser.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A JSON object.
#[derive(Debug)]
pub(super) struct Object<'a> {
    members: Vec<Member<'a>>,
}

/// One member of an object.
#[derive(Debug, Clone)]
pub(super) struct Member<'a> {
    pub(super) key: String,
    /// Where the key stands, in bytes.
    pub(super) at: usize,
    pub(super) value: Value<'a>,
}

/// Some JSON value, as it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value<'a> {
    text: &'a str,
    /// Where it stands, in bytes.
    pub(super) at: usize,
}

impl<'a> Object<'a> {
    /// The object that `text` is; `None` where it is another value. `text` is known to be JSON.
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let Pairs(pairs) = serde_json::from_str(text).ok()?;
        let members = pairs
            .into_iter()
            .map(|(key, value)| Member {
                key: Value::of(key, text).string().unwrap_or_default(),
                at: offset(key, text),
                value: Value::of(value, text),
            })
            .collect();
        Some(Self { members })
    }

    /// The value of `key`.
    pub(super) fn get(&self, key: &str) -> Option<Value<'a>> {
        let last = self.members.iter().rfind(|member| member.key == key)?;
        Some(last.value)
    }

    /// The members whose keys are not among `known`, in their order.
    pub(super) fn others(&self, known: &[&str]) -> Vec<&Member<'a>> {
        self.members
            .iter()
            .filter(|member| !known.contains(&member.key.as_str()))
            .collect()
    }
}

impl<'a> Value<'a> {
    fn of(raw: &'a RawValue, within: &'a str) -> Self {
        Self {
            text: raw.get(),
            at: offset(raw, within),
        }
    }

    /// What a string means. One with a lone surrogate, which no text of ours can hold, as it is written.
    pub(super) fn string(self) -> Option<String> {
        let inner = self.text.strip_prefix('"')?.strip_suffix('"')?;
        Some(serde_json::from_str(self.text).unwrap_or_else(|_| inner.to_owned()))
    }

    /// The elements of an array.
    pub(super) fn elements(self) -> Option<Vec<Self>> {
        if !self.text.starts_with('[') {
            return None;
        }
        let raw: Vec<&'a RawValue> = serde_json::from_str(self.text).ok()?;
        let element = |raw: &'a RawValue| Self {
            text: raw.get(),
            at: self.at + offset(raw, self.text),
        };
        Some(raw.into_iter().map(element).collect())
    }

    pub(super) fn is_boolean(self) -> bool {
        matches!(self.text, "true" | "false")
    }

    /// What kind of value it is, with its article.
    pub(super) fn kind(self) -> &'static str {
        match self.text.as_bytes().first() {
            Some(b'"') => "a string",
            Some(b'{') => "an object",
            Some(b'[') => "an array",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            _ => "a number",
        }
    }
}

/// Where in `within` a part of it begins.
fn offset(part: &RawValue, within: &str) -> usize {
    part.get().as_ptr().addr() - within.as_ptr().addr()
}

/// Members in their order, doubles included.
struct Pairs<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_text_and_place() {
        let text = r#" {"a": 1e999, "b\u0063" : [ "x" , {"y":2}], "a":"\ud800", "é":true}"#;
        let object = Object::of(text).expect("an object");
        let a = object.get("a").expect("it is there");
        assert_eq!(
            (a.string().as_deref(), a.kind()),
            (Some(r"\ud800"), "a string")
        );
        assert!(text[a.at..].starts_with(r#""\ud800""#));
        let list = object.get("bc").expect("it is there");
        let elements = list.elements().expect("an array");
        let places: Vec<_> = elements.iter().map(|it| &text[it.at..it.at + 3]).collect();
        assert_eq!(places, [r#""x""#, r#"{"y"#]);
        assert_eq!(elements[0].string().as_deref(), Some("x"));
        let others = object.others(&["a", "bc"]);
        assert_eq!(
            (others.len(), &text[others[0].at..others[0].at + 4]),
            (1, "\"é\"")
        );
        assert!(others[0].value.is_boolean());
    }

    #[test]
    fn anything_else_is_no_object() {
        for text in ["[]", "1", "null", "\"{}\""] {
            assert!(Object::of(text).is_none(), "{text}");
        }
    }
}
