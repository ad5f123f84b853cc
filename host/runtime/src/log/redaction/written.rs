//! A value as programs write it.
//!
//! The deciding choice: what is likely, and not what is possible. These are the escapes and encodings that a library
//! applies without being asked; of a value in hexadecimal or compressed nothing is known here.

use std::collections::BTreeSet;

use portcullis_core::names::escape;

use super::SHORTEST_LINE;

/// The value as text is written, and each of these as this log then writes it.
pub(super) fn add_written(value: &str, forms: &mut BTreeSet<String>) {
    let json = serde_json::Value::from(value).to_string();
    let json = &json[1..json.len() - 1];
    let percent: String = value.bytes().map(percent_encoded).collect();
    let written = [
        value.to_owned(),
        value.escape_debug().to_string(),
        json.to_owned(),
        // As Python writes it, and whoever else keeps to ASCII.
        json.chars().map(in_ascii).collect(),
        percent.replace("%20", "+"),
        percent,
    ];
    for form in written {
        forms.insert(each(&form, |character| match character {
            // The log of plugins escapes what a terminal obeys, and leaves the backslash.
            '\\' => "\\".to_owned(),
            other => escape(&other.to_string()),
        }));
        forms.insert(each(&form, |character| escape(&character.to_string())));
        forms.insert(form);
    }
}

fn percent_encoded(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

fn in_ascii(character: char) -> String {
    if character.is_ascii() {
        return character.to_string();
    }
    let mut units = [0; 2];
    let units = character.encode_utf16(&mut units).iter();
    units.map(|unit| format!("\\u{unit:04x}")).collect()
}

fn each(value: &str, written: impl Fn(char) -> String) -> String {
    value.chars().map(written).collect()
}

/// The value in base64, after none, one or two other bytes, without the characters that its neighbours have a part in.
pub(super) fn add_base64(value: &str, forms: &mut BTreeSet<String>) {
    const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    // Of less than this, what is left is too short to be told from other words.
    if value.len() < SHORTEST_LINE {
        return;
    }
    for before in 0..3 {
        let bits = value.len() * 8;
        // The first whole character begins at a multiple of six bits.
        let first = (6 - before * 8 % 6) % 6;
        let bit = |at: usize| value.as_bytes()[at / 8] >> (7 - at % 8) & 1;
        let sextet = |start: usize| (start..start + 6).fold(0, |sum, at| sum << 1 | bit(at));
        let encoded: String = (first..=bits - 6)
            .step_by(6)
            .map(|start| char::from(STANDARD[usize::from(sextet(start))]))
            .collect();
        forms.insert(encoded.replace('+', "-").replace('/', "_"));
        forms.insert(encoded);
    }
}
