//! The number of a request: taken off a message, put on a reply. The module documentation of the crate has the forms.
//!
//! The rest of a message is handed on as the text that came, never as a tree, so that a number of twenty digits or a
//! type that refuses unknown members meets what the extension wrote.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::Error;

/// The member that holds the number, in both directions.
const ID: &str = "$id";

/// The member that holds a message that is no object.
const VALUE: &str = "$value";

/// A message, apart from its number.
pub(crate) struct Message {
    pub(crate) id: Option<u64>,
    /// The JSON text of the message proper; `None` where it is the text that came.
    rest: Option<String>,
}

impl Message {
    /// Takes the number off. A text that is no object, no JSON, or has no number is left alone.
    pub(crate) fn of(text: &str) -> Self {
        let plain = Self {
            id: None,
            rest: None,
        };
        // Nearly every message without a number is recognised by this, without being parsed twice.
        if !text.contains(ID) {
            return plain;
        }
        let Ok(Members(members)) = serde_json::from_str::<Members<'_>>(text) else {
            return plain;
        };
        let member = |name: &str| {
            members
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.get())
        };
        let Some(id) = member(ID).and_then(|number| number.parse().ok()) else {
            return plain;
        };
        let rest = match member(VALUE) {
            Some(value) => value.to_owned(),
            None => without_id(&members),
        };
        Self {
            id: Some(id),
            rest: Some(rest),
        }
    }

    /// The message as the plugin's own type.
    pub(crate) fn read<T: for<'de> Deserialize<'de>>(&self, text: &str) -> Result<T, Error> {
        let text = self.rest.as_deref().unwrap_or(text);
        serde_json::from_str(text).map_err(|error| Error::invalid_message(&error))
    }
}

/// The JSON text of a reply to the request `id`.
pub(crate) fn reply(id: Option<u64>, value: &impl Serialize) -> Result<String, Error> {
    let json = serde_json::to_string(value).map_err(|error| Error::invalid_reply(&error))?;
    Ok(match id {
        Some(id) => format!("{{\"{ID}\":{id},\"$reply\":{json}}}"),
        None => json,
    })
}

/// The JSON text that says that a request was taken and has no other answer.
pub(crate) fn taken(id: u64) -> String {
    format!("{{\"{ID}\":{id}}}")
}

/// The JSON text of an error that comes later than the call that it answers.
pub(crate) fn refusal(id: Option<u64>, error: &Error) -> String {
    let shown = serde_json::json!({ "code": error.code(), "message": error.message() });
    match id {
        Some(id) => format!("{{\"{ID}\":{id},\"$error\":{shown}}}"),
        None => format!("{{\"$error\":{shown}}}"),
    }
}

fn without_id(members: &[(String, &RawValue)]) -> String {
    let kept = members.iter().filter(|(key, _)| key != ID);
    let written = kept
        .map(|(key, value)| format!("{}:{}", serde_json::Value::from(key.as_str()), value.get()));
    format!("{{{}}}", written.collect::<Vec<_>>().join(","))
}

/// The members of an object as they stand: in order, with duplicates, their values unread.
struct Members<'de>(Vec<(String, &'de RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Reader)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_number_is_taken_off_and_the_rest_left_as_it_was() {
        let cases = [
            (r#""ping""#, None, r#""ping""#),
            (r#"{"a":1}"#, None, r#"{"a":1}"#),
            (r#"{"$id":7,"a":1}"#, Some(7), r#"{"a":1}"#),
            (r#"{"1":true, "$id" : 7}"#, Some(7), r#"{"1":true}"#),
            (r#"{"$id":7,"$value":"ping"}"#, Some(7), r#""ping""#),
            (r#"{"$id":7,"$value":null}"#, Some(7), "null"),
            (r#"{"$id":7}"#, Some(7), "{}"),
            (
                r#"{"$id":0,"n":123456789012345678901234567890}"#,
                Some(0),
                r#"{"n":123456789012345678901234567890}"#,
            ),
            (
                r#"{"$id":1,"\u0061\"":1,"a\"":2}"#,
                Some(1),
                r#"{"a\"":1,"a\"":2}"#,
            ),
            (r#"{"$id":"seven","a":1}"#, None, r#"{"$id":"seven","a":1}"#),
            (r#"{"$id":-1}"#, None, r#"{"$id":-1}"#),
            (r#"["$id"]"#, None, r#"["$id"]"#),
            (r#"{"$id":"#, None, r#"{"$id":"#),
        ];
        for (text, id, rest) in cases {
            let message = Message::of(text);
            assert_eq!(message.id, id, "{text}");
            assert_eq!(message.rest.as_deref().unwrap_or(text), rest, "{text}");
        }
    }

    #[test]
    fn a_reply_carries_the_number_it_answers() {
        let pong = Value::from("pong");
        assert_eq!(reply(None, &pong), Ok(r#""pong""#.to_owned()));
        assert_eq!(
            reply(Some(7), &pong),
            Ok(r#"{"$id":7,"$reply":"pong"}"#.to_owned())
        );
        assert_eq!(taken(7), r#"{"$id":7}"#);
        let error = Error::new("full", "no \"room\"");
        assert_eq!(
            refusal(Some(7), &error),
            r#"{"$id":7,"$error":{"code":"full","message":"no \"room\""}}"#
        );
    }

    #[test]
    fn what_has_no_json_form_is_an_error_and_no_panic() {
        let keys_are_no_texts = std::collections::BTreeMap::from([((1, 2), 3)]);
        let error = reply(None, &keys_are_no_texts).expect_err("a tuple is no key");
        assert_eq!(error.code(), "invalid-reply");
    }
}
