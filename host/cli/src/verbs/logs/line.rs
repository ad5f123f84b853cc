//! One line of the log, taken apart.
//!
//!     2026-11-20T15:49:34.051Z  WARN port{process=7 origin=a@b host_name="c.d"}: text request=1 plugin=notes
//!
//! The fields of the port come before the text, those of the event after it, and a plugin's own words are the text. So
//! the fields of an event are read from the end of the line backwards, and of several with one name the last counts.
//! Words of others that stand in a field are in quotes, in which a quote is escaped.

use serde_json::{Map, Value, json};

/// A line. One that is not of this form has only a text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::verbs) struct Line<'a> {
    pub(in crate::verbs) time: &'a str,
    /// `ERROR`, `WARN`, `INFO` or `DEBUG`.
    pub(in crate::verbs) level: &'a str,
    /// Of the port.
    port: Vec<(&'a str, &'a str)>,
    pub(in crate::verbs) text: &'a str,
    /// Of the event, the last one first.
    fields: Vec<(&'a str, &'a str)>,
}

const LEVELS: [&str; 5] = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"];

const PORT: &str = "port{";

impl<'a> Line<'a> {
    pub(in crate::verbs) fn read(line: &'a str) -> Self {
        let rest = line.trim_end();
        let Some((time, rest)) = rest.split_once(' ') else {
            return Self {
                text: rest,
                ..Self::default()
            };
        };
        let (level, rest) = rest
            .trim_start()
            .split_once(' ')
            .unwrap_or((rest.trim(), ""));
        if !LEVELS.contains(&level) {
            return Self {
                text: line.trim_end(),
                ..Self::default()
            };
        }
        let (port, rest) = port(rest);
        let (text, fields) = fields(rest);
        Self {
            time,
            level,
            port,
            text,
            fields,
        }
    }

    /// A field of the port that the line is of.
    pub(super) fn port_field(&self, name: &str) -> Option<&'a str> {
        value_of(&self.port, name)
    }

    /// A field of the line itself.
    pub(in crate::verbs) fn field(&self, name: &str) -> Option<&'a str> {
        value_of(&self.fields, name)
    }

    /// As one line of JSON.
    pub(super) fn as_json(&self) -> Value {
        let mut fields = Map::new();
        for (key, value) in self.fields.iter().rev() {
            fields.insert(key.replace('_', "-"), json!(unquoted(value)));
        }
        json!({
            "time": self.time,
            "level": self.level.to_lowercase(),
            "process": self.port_field("process").and_then(|number| number.parse::<u32>().ok()),
            "origin": self.port_field("origin"),
            "host-name": self.port_field("host_name"),
            "plugin": self.field("plugin"),
            "text": self.text,
            "fields": fields,
        })
    }
}

fn value_of<'a>(fields: &[(&str, &'a str)], name: &str) -> Option<&'a str> {
    let found = fields.iter().find(|(key, _)| *key == name);
    found.map(|(_, value)| unquoted(value))
}

fn unquoted(value: &str) -> &str {
    let inner = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'));
    inner.unwrap_or(value)
}

/// The fields of the port, and what follows them. None of their values has a space in it.
fn port(text: &str) -> (Vec<(&str, &str)>, &str) {
    let Some(inner) = text.strip_prefix(PORT) else {
        return (Vec::new(), text);
    };
    let mut fields = Vec::new();
    let mut rest = inner;
    while let Some((word, after)) = rest.split_once(' ') {
        let last = word.strip_suffix("}:");
        fields.extend(last.unwrap_or(word).split_once('='));
        rest = after;
        if last.is_some() {
            return (fields, rest);
        }
    }
    // A line that was cut off.
    (Vec::new(), text)
}

/// The text, and the fields at its end.
fn fields(line: &str) -> (&str, Vec<(&str, &str)>) {
    let mut fields = Vec::new();
    let mut text = line;
    while let Some((before, key, value)) = last_field(text) {
        fields.push((key, value));
        text = before;
    }
    (text, fields)
}

fn last_field(text: &str) -> Option<(&str, &str, &str)> {
    // Where the value begins: in a value in quotes every quote is escaped, so these marks are never inside of one.
    let value_at = if text.ends_with("\")") {
        text.rfind("=Some(\"")? + 1
    } else if text.ends_with('"') {
        text.rfind("=\"")? + 1
    } else {
        let word_at = text.rfind(' ')? + 1;
        word_at + text[word_at..].find('=')? + 1
    };
    let (before, value) = text.split_at(value_at);
    let before = before.strip_suffix('=')?;
    let (before, key) = before.rsplit_once(' ').unwrap_or(("", before));
    let is_key = !key.is_empty()
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_key.then_some((before, key, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart() {
        let line = "2026-11-20T15:49:34.05Z  WARN port{process=7 origin={b9db} host_name=\"c.d\"}: it failed: a=b \
                    request=1 plugin=notes kind=Trap";
        let line = Line::read(line);
        assert_eq!((line.time, line.level), ("2026-11-20T15:49:34.05Z", "WARN"));
        for (name, value) in [
            ("process", Some("7")),
            ("origin", Some("{b9db}")),
            ("host_name", Some("c.d")),
            ("x", None),
        ] {
            assert_eq!(line.port_field(name), value, "{name}");
        }
        for (name, value) in [
            ("request", Some("1")),
            ("plugin", Some("notes")),
            ("kind", Some("Trap")),
        ] {
            assert_eq!(line.field(name), value, "{name}");
        }
        assert_eq!(line.text, "it failed:");
    }

    #[test]
    fn the_origin_may_come_last() {
        for (line, origin) in [
            (
                "t  INFO port{process=7 origin=a@b}: port closed received=1",
                "a@b",
            ),
            (
                "t  INFO port{process=7 origin={b9db}}: port closed received=1",
                "{b9db}",
            ),
            (
                "t DEBUG port{process=7 origin=chrome-extension://abc/}: x",
                "chrome-extension://abc/",
            ),
        ] {
            assert_eq!(
                Line::read(line).port_field("origin"),
                Some(origin),
                "{line}"
            );
        }
    }

    #[test]
    fn a_plugin_cannot_speak_for_another() {
        for line in [
            r#"t  INFO port{process=7 origin=a@b}: hello plugin=other plugin="notes" source="stdout""#,
            r#"t  INFO port{process=7 origin=a@b}: hello plugin="other" source="x" plugin="notes" source="stdout""#,
            r#"t  INFO port{process=7 origin=a@b}: } port{origin=x@y}: z plugin="notes" source="log""#,
            r#"t  INFO port{process=7 origin=a@b}: failed plugin=notes code=x plugin_code=Some("a plugin=other")"#,
            r#"t  INFO port{process=7 origin=a@b}: failed plugin=notes plugin_code=Some("a=Some(\"x plugin=other \")")"#,
            r#"t  INFO port{process=7 origin=a@b}: failed plugin=notes said="a =\" plugin=other b""#,
        ] {
            let line = Line::read(line);
            assert_eq!(line.field("plugin"), Some("notes"), "{line:?}");
            assert_eq!(line.port_field("origin"), Some("a@b"), "{line:?}");
        }
    }

    #[test]
    fn whatever_else_is_a_text() {
        for line in [
            "",
            "x",
            "x y",
            "t  NOTICE y",
            "t  INFO",
            "t  INFO port{process=7",
            "\u{fffd} é",
        ] {
            let read = Line::read(line);
            assert_eq!(
                (read.field("plugin"), read.port_field("origin")),
                (None, None),
                "{line}"
            );
        }
        assert_eq!(Line::read("no line of ours").text, "no line of ours");
    }
}
