//! Keeps the values of secrets out of the log: whatever is written goes through here last.
//!
//! The deciding choice: lines are searched where they are written, not where they are made. So it does not matter who
//! made a line (a plugin that prints, a library that quotes) or by which way it came. One event is one write, and a
//! plugin's output is put together to whole lines before it becomes one, so a value cannot hide in two writes.
//!
//! Found are the value itself, each line of a value that has several, and the value as the programs that print it are
//! likely to have written it: with the escapes of this log, of Rust and of JSON, percent-encoded, and in base64
//! wherever it stands in what was encoded. Where a line was cut, the beginning of a value before the cut is found as
//! well.
//!
//! This is against accidents. A plugin that means to tell may spell a secret backwards, and may post it to its
//! extension in any case: that is what secrets are granted for. Values of less than four bytes are not looked for: they
//! stand in every line, and a hole in each would tell them as well.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{self, Write};
use std::sync::{PoisonError, RwLock};

use portcullis_core::names::escape;
use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

/// What stands in the place of a secret.
const MARK: &str = "[secret]";

/// The shortest text that is looked for, in bytes.
const SHORTEST: usize = 4;

/// The shortest line out of a longer value that is looked for by itself, in bytes: shorter ones are braces and the
/// like.
const SHORTEST_LINE: usize = 8;

/// How much of a value is looked for, in bytes: no line of a plugin is longer, so the end of a longer value is cut off
/// wherever its beginning stands.
const LONGEST: usize = 8 * 1024;

/// Values that are remembered of one secret: a plugin may set it again and again, and print the one before.
const REMEMBERED: usize = 4;

/// Stands where a text was cut, in every such text of this project.
const CUT: char = '…';

/// The values that are known, by the place of their secret, the newest last.
static KNOWN: RwLock<BTreeMap<usize, VecDeque<Forms>>> = RwLock::new(BTreeMap::new());

/// Sees to it that nothing written from now on has this value in it. `place` tells secrets apart.
pub(crate) fn conceal(place: usize, value: &str) {
    let forms = Forms::of(value);
    // No code runs under the lock that could leave the values half-changed.
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    let values = known.entry(place).or_default();
    if values.contains(&forms) {
        return;
    }
    values.push_back(forms);
    if values.len() > REMEMBERED {
        values.pop_front();
    }
}

/// Makes writers that conceal what is known by then.
pub(super) struct Redacting<M>(pub(super) M);

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Redacting<M> {
    type Writer = RedactingWriter<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        RedactingWriter(self.0.make_writer())
    }

    fn make_writer_for(&'a self, event: &Metadata<'_>) -> Self::Writer {
        RedactingWriter(self.0.make_writer_for(event))
    }
}

/// Writes lines without secrets. Each write must be a whole event.
pub(super) struct RedactingWriter<W>(W);

impl<W: Write> Write for RedactingWriter<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
        if known.is_empty() {
            self.0.write_all(event)?;
        } else {
            let text = String::from_utf8_lossy(event);
            let forms = known.values().flatten();
            self.0.write_all(redacted(text, forms).as_bytes())?;
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The text without any of these.
fn redacted<'t, 'f>(text: Cow<'t, str>, all: impl Iterator<Item = &'f Forms>) -> Cow<'t, str> {
    all.fold(text, |text, forms| forms.taken_out_of(text))
}

/// A value as it may have been written, the longest form first: so none is found in the midst of another.
#[derive(PartialEq, Eq)]
struct Forms(Vec<String>);

impl Forms {
    fn of(value: &str) -> Self {
        let value = &value[..value.floor_char_boundary(LONGEST)];
        let mut forms = BTreeSet::new();
        add_written(value, &mut forms);
        if value.contains(['\n', '\r']) {
            for line in value.split(['\n', '\r']) {
                if line.trim().len() >= SHORTEST_LINE {
                    add_written(line.trim(), &mut forms);
                }
            }
        }
        add_base64(value, &mut forms);
        let mut forms: Vec<String> = forms
            .into_iter()
            .filter(|form| form.len() >= SHORTEST)
            .collect();
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        Self(forms)
    }

    fn taken_out_of<'t>(&self, mut text: Cow<'t, str>) -> Cow<'t, str> {
        for form in &self.0 {
            if text.contains(form.as_str()) {
                text = text.replace(form.as_str(), MARK).into();
            }
        }
        if text.contains(CUT) {
            for form in &self.0 {
                text = without_beginning(text, form);
            }
        }
        text
    }
}

/// The text without what of `form` stands right before a cut.
fn without_beginning<'t>(text: Cow<'t, str>, form: &str) -> Cow<'t, str> {
    let mut kept = String::new();
    let mut rest = &*text;
    while let Some(cut) = rest.find(CUT) {
        let (before, after) = rest.split_at(cut);
        let longest = before.len().min(form.len());
        let beginning = (SHORTEST..=longest)
            .rev()
            .find(|length| form.is_char_boundary(*length) && before.ends_with(&form[..*length]));
        match beginning {
            Some(length) => {
                kept.push_str(&before[..before.len() - length]);
                kept.push_str(MARK);
            }
            None => kept.push_str(before),
        }
        kept.push(CUT);
        rest = &after[CUT.len_utf8()..];
    }
    kept.push_str(rest);
    if kept == *text { text } else { kept.into() }
}

/// The value as text is written, and each of these as this log then writes it.
fn add_written(value: &str, forms: &mut BTreeSet<String>) {
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
fn add_base64(value: &str, forms: &mut BTreeSet<String>) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn clean<'t>(value: &str, text: &'t str) -> Cow<'t, str> {
        redacted(text.into(), [Forms::of(value)].iter())
    }

    #[test]
    fn a_value_is_found_however_it_is_written() {
        let value = "pä\"ss w\\rd/1";
        for written in [
            value.to_owned(),
            value.escape_debug().to_string(),
            escape(value),
            serde_json::Value::from(value).to_string(),
            r#"p\u00e4\"ss w\\rd/1"#.to_owned(),
            "p%C3%A4%22ss%20w%5Crd%2F1".to_owned(),
            "p%C3%A4%22ss+w%5Crd%2F1".to_owned(),
        ] {
            let text = format!("before {written} after {written}.");
            let cleaned = clean(value, &text);
            let quotes = cleaned.replace('"', "");
            assert_eq!(quotes, "before [secret] after [secret].", "{written}");
        }
        assert_eq!(clean(value, "nothing to see"), "nothing to see");
    }

    #[test]
    fn base64_is_found_wherever_the_value_stands_in_it() {
        // `printf %s … | base64` of "", "u", "us" and "user:" before the value, and of something behind it.
        for encoded in [
            "aHVudGVyMi1odW50ZXIy",
            "dWh1bnRlcjItaHVudGVyMg==",
            "dXNodW50ZXIyLWh1bnRlcjI=",
            "dXNlcjpodW50ZXIyLWh1bnRlcjI=",
            "aHVudGVyMi1odW50ZXIyQGhvc3Q=",
        ] {
            let text = format!("Authorization: Basic {encoded}");
            let cleaned = clean("hunter2-hunter2", &text);
            assert!(cleaned.contains(MARK), "{encoded}: {cleaned}");
            assert!(cleaned.len() < text.len(), "{encoded}: {cleaned}");
        }
    }

    #[test]
    fn each_line_of_a_key_is_found() {
        let key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhk\n}\n-----END KEY-----\n";
        for line in ["MIIEvQIBADANBgkqhk", "-----END KEY-----"] {
            assert_eq!(clean(key, line), MARK);
        }
        assert_eq!(clean(key, "a } b"), "a } b");
    }

    #[test]
    fn what_a_cut_has_left_of_a_value_is_found() {
        let value = "correct horse battery staple";
        for (text, expected) in [
            ("it is correct hor… (cut)", "it is [secret]… (cut)"),
            ("it is cor… (cut)", "it is cor… (cut)"),
            ("corr… correct… (cut)", "[secret]… [secret]… (cut)"),
            ("no cut after correct", "no cut after correct"),
        ] {
            assert_eq!(clean(value, text), expected);
        }
        let long = "0123456789".repeat(4000);
        let line = format!("{}… (cut)", &long[..8000]);
        assert_eq!(clean(&long, &line), "[secret]… (cut)");
    }

    #[test]
    fn short_values_and_empty_ones_are_left() {
        for value in ["", "abc"] {
            assert_eq!(clean(value, "abc abc"), "abc abc");
        }
        assert_eq!(clean("abcd", "abcd"), MARK);
    }

    #[test]
    fn a_writer_conceals_what_is_known_and_forgets_what_is_old() {
        let place = usize::MAX;
        let written = |text: &str| {
            let mut out = Vec::new();
            let mut writer = RedactingWriter(&mut out);
            writer.write_all(text.as_bytes()).expect("memory");
            String::from_utf8(out).expect("text")
        };
        assert_eq!(written("value-of-test-0\n"), "value-of-test-0\n");
        for number in 0..=REMEMBERED {
            conceal(place, &format!("value-of-test-{number}"));
            assert_eq!(written(&format!("value-of-test-{number}\n")), "[secret]\n");
        }
        assert_eq!(written("value-of-test-0\n"), "value-of-test-0\n");
        assert_eq!(written("value-of-test-1\n"), "[secret]\n");
        assert_eq!(
            KNOWN
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .get(&place)
                .map(VecDeque::len),
            Some(REMEMBERED)
        );
    }
}
