//! Values into text: on one line, or with an entry a line where that would be too long to read.

use std::fmt::{self, Write};

use portcullis_core::names::misleads;

use super::{Element, Json, MARK, Text, Unit};

/// The longest value that stands on one line of a transcript, in characters: what fits beside a line number on a screen.
const WIDEST: usize = 100;

impl fmt::Display for Json {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        write(&mut text, self, None)?;
        formatter.write_str(&text)
    }
}

impl Json {
    /// The lines of a transcript in which this stands, without what goes before each.
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = self.to_string();
        if line.chars().count() <= WIDEST {
            return vec![line];
        }
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = write(&mut text, self, Some(0));
        text.lines().map(str::to_owned).collect()
    }
}

/// Writes a value: on one line, or over several with the rest of it at that depth.
fn write(to: &mut String, value: &Json, depth: Option<usize>) -> fmt::Result {
    match value {
        Json::Anything => to.push(MARK),
        Json::Null => to.push_str("null"),
        Json::Flag(flag) => write!(to, "{flag}")?,
        Json::Number(number) => to.push_str(number),
        Json::Text(text) => write_text(to, text)?,
        Json::List(elements) => {
            let items = elements.iter().map(|element| {
                move |to: &mut String, depth| match element {
                    // Without quotes it would stand for any number of them.
                    Element::One(Json::Anything) => write!(to, "\"{MARK}\""),
                    Element::One(value) => write(to, value, depth),
                    Element::Run => to.write_char(MARK),
                }
            });
            enclosed(to, ['[', ']'], items, depth)?;
        }
        Json::Object(object) => {
            type Item<'a> = Box<dyn Fn(&mut String, Option<usize>) -> fmt::Result + 'a>;
            let entries = object.entries.iter().map(|(key, value)| {
                Box::new(move |to: &mut String, depth| {
                    write_text(to, key)?;
                    to.push_str(": ");
                    write(to, value, depth)
                }) as Item<'_>
            });
            let open = object.open.then(|| {
                Box::new(|to: &mut String, _: Option<usize>| to.write_char(MARK)) as Item<'_>
            });
            enclosed(to, ['{', '}'], entries.chain(open), depth)?;
        }
    }
    Ok(())
}

fn enclosed<I>(
    to: &mut String,
    [open, close]: [char; 2],
    items: impl Iterator<Item = I>,
    depth: Option<usize>,
) -> fmt::Result
where
    I: Fn(&mut String, Option<usize>) -> fmt::Result,
{
    to.push(open);
    let inner = depth.map(|depth| depth + 1);
    let mut is_empty = true;
    for item in items {
        if !is_empty {
            to.push_str(if depth.is_some() { "," } else { ", " });
        }
        is_empty = false;
        new_line(to, inner);
        item(to, inner)?;
    }
    if !is_empty {
        new_line(to, depth);
    }
    to.push(close);
    Ok(())
}

fn new_line(to: &mut String, depth: Option<usize>) {
    if let Some(depth) = depth {
        to.push('\n');
        to.push_str(&"  ".repeat(depth));
    }
}

/// Writes a string so that it is read back as the same one, and does nothing to a terminal.
fn write_text(to: &mut String, text: &Text) -> fmt::Result {
    to.push('"');
    let mut units = text.0.iter().peekable();
    while let Some(unit) = units.next() {
        let code = match unit {
            Unit::Run => {
                to.push(MARK);
                continue;
            }
            Unit::Code(code) => *code,
        };
        let low = match units.peek() {
            Some(Unit::Code(low)) if (0xd800..0xdc00).contains(&code) => Some(*low),
            _ => None,
        };
        let mut pair = char::decode_utf16([code].into_iter().chain(low));
        match pair.next() {
            Some(Ok(character)) => {
                if character.len_utf16() == 2 {
                    units.next();
                }
                write_character(to, character)?;
            }
            _ => write!(to, "\\u{code:04x}")?,
        }
    }
    to.push('"');
    Ok(())
}

fn write_character(to: &mut String, character: char) -> fmt::Result {
    match character {
        '"' => to.push_str("\\\""),
        '\\' => to.push_str("\\\\"),
        '\n' => to.push_str("\\n"),
        '\r' => to.push_str("\\r"),
        '\t' => to.push_str("\\t"),
        MARK => write!(to, "\\u{:04x}", MARK as u32)?,
        _ if misleads(character) => {
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(to, "\\u{unit:04x}")?;
            }
        }
        _ => to.push(character),
    }
    Ok(())
}
