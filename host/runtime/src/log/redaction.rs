//! Keeps the values of secrets out of the log: whatever is written goes through here last.
//!
//! The deciding choice: lines are searched where they are written, not where they are made. So it does not matter who
//! made a line (a plugin that prints, a library that quotes) or by which way it came. One event is one write, and a
//! plugin's output is put together to whole lines before it becomes one, so a value cannot hide in two writes.
//!
//! Found are the value itself, the longest lines of a value that has several, and the value as the programs that print it are
//! likely to have written it: with the escapes of this log, of Rust and of JSON, percent-encoded, and in base64
//! wherever it stands in what was encoded. Where a line was cut, the beginning of a value before the cut is found as
//! well.
//!
//! This is against accidents. A plugin that means to tell may spell a secret backwards, and may post it to its
//! extension in any case: that is what secrets are granted for. Values of less than four bytes are not looked for: they
//! stand in every line, and a hole in each would tell them as well.
//!
//! A plugin that may write a secret must not choose with it which of the host's own words are legible. So in the host's
//! lines such a value is only looked for where it is long and one word, as tokens are and sentences are not.

mod cuts;
mod written;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{self, Write};
use std::sync::{PoisonError, RwLock};

use portcullis_core::policy::SecretAccess;
use portcullis_sandbox::PLUGIN_TARGET;
use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

use written::{add_base64, add_written};

/// What stands in the place of a secret.
const MARK: &str = "[secret]";

/// The shortest text that is looked for, in bytes.
const SHORTEST: usize = 4;

/// The shortest line out of a longer value that is looked for by itself, in bytes: shorter ones are braces and the
/// like.
const SHORTEST_LINE: usize = 8;

/// The lines of a longer value that are looked for by themselves, the longest first: more than a key has, and few enough
/// that a line of the log is searched in no time that would be noticed.
const MOST_LINES: usize = 64;

/// The shortest value that is looked for in the host's own lines where a plugin may have chosen it, in bytes: longer
/// than the host's words, and no longer than sixteen random bytes in base64.
const SHORTEST_OF_A_PLUGIN: usize = 22;

/// How much of a value is looked for, in bytes: no line of a plugin is longer, so the end of a longer value is cut off
/// wherever its beginning stands.
const LONGEST: usize = 8 * 1024;

/// Values that are remembered of one secret: a plugin may set it again and again, and print the one before.
const REMEMBERED: usize = 4;

/// The values that are known, by the place of their secret, the newest last.
static KNOWN: RwLock<BTreeMap<usize, VecDeque<Forms>>> = RwLock::new(BTreeMap::new());

/// Sees to it that nothing written from now on has this value in it. `place` tells secrets apart, and `access` is what
/// the plugin may do with this one: what it may write, it may have chosen.
pub(crate) fn conceal(place: usize, value: &str, access: SecretAccess) {
    let forms = Forms::of(value, access);
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
        RedactingWriter {
            inner: self.0.make_writer(),
            author: Author::Plugin,
        }
    }

    fn make_writer_for(&'a self, event: &Metadata<'_>) -> Self::Writer {
        RedactingWriter {
            inner: self.0.make_writer_for(event),
            author: if event.target() == PLUGIN_TARGET {
                Author::Plugin
            } else {
                Author::Host
            },
        }
    }
}

/// Whose words a line has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Author {
    Host,
    /// A plugin, or somebody unknown.
    Plugin,
}

/// Writes lines without secrets. Each write must be a whole event.
pub(super) struct RedactingWriter<W> {
    inner: W,
    author: Author,
}

impl<W: Write> Write for RedactingWriter<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
        if known.is_empty() {
            self.inner.write_all(event)?;
        } else {
            let text = String::from_utf8_lossy(event);
            let forms = known.values().flatten();
            let forms = forms.filter(|forms| forms.are_for(self.author));
            self.inner.write_all(redacted(text, forms).as_bytes())?;
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The text without any of these.
fn redacted<'t, 'f>(text: Cow<'t, str>, all: impl Iterator<Item = &'f Forms>) -> Cow<'t, str> {
    all.fold(text, |text, forms| forms.taken_out_of(text))
}

/// A value as it may have been written, the longest form first: so none is found in the midst of another.
#[derive(PartialEq, Eq)]
struct Forms {
    each: Vec<String>,
    reach: Reach,
}

/// Where a value is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Everywhere,
    /// In lines whose words are a plugin's.
    PluginLines,
}

impl Reach {
    fn of(value: &str, access: SecretAccess) -> Self {
        let is_token = value.len() >= SHORTEST_OF_A_PLUGIN && !value.contains(char::is_whitespace);
        match access {
            SecretAccess::Write if !is_token => Self::PluginLines,
            _ => Self::Everywhere,
        }
    }
}

impl Forms {
    fn of(value: &str, access: SecretAccess) -> Self {
        let reach = Reach::of(value, access);
        let value = &value[..value.floor_char_boundary(LONGEST)];
        let mut forms = BTreeSet::new();
        add_written(value, &mut forms);
        if value.contains(['\n', '\r']) {
            let lines: BTreeSet<&str> = value.split(['\n', '\r']).map(str::trim).collect();
            let mut lines: Vec<&str> = lines
                .into_iter()
                .filter(|line| line.len() >= SHORTEST_LINE)
                .collect();
            lines.sort_by_key(|line| std::cmp::Reverse(line.len()));
            for line in lines.into_iter().take(MOST_LINES) {
                add_written(line, &mut forms);
            }
        }
        add_base64(value, &mut forms);
        let mut each: Vec<String> = forms
            .into_iter()
            .filter(|form| form.len() >= SHORTEST)
            .collect();
        each.sort_by_key(|form| std::cmp::Reverse(form.len()));
        Self { each, reach }
    }

    /// Whether these are looked for in the lines of this author.
    fn are_for(&self, author: Author) -> bool {
        author == Author::Plugin || self.reach == Reach::Everywhere
    }

    fn taken_out_of<'t>(&self, mut text: Cow<'t, str>) -> Cow<'t, str> {
        for form in &self.each {
            if text.contains(form.as_str()) {
                text = text.replace(form.as_str(), MARK).into();
            }
        }
        cuts::without_beginnings(text, &self.each, &mut |one, other| one == other)
    }
}

#[cfg(test)]
mod tests {
    use portcullis_core::names::escape;

    use super::*;

    fn clean<'t>(value: &str, text: &'t str) -> Cow<'t, str> {
        redacted(text.into(), [Forms::of(value, SecretAccess::Read)].iter())
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
    fn the_worst_secret_has_a_bounded_price() {
        // Each text is written in six ways and each of these in three; and the value in six kinds of base64.
        const MOST_FORMS: usize = 18 * (MOST_LINES + 1) + 6;
        // Lines that every way of writing escapes in its own, and lines that the text repeats.
        let different: String = (0..2000).map(|n| format!("\u{1b}\"\\ä{n:04}\n")).collect();
        let cuts = "…".repeat(8 * 1024 / 3);
        let repeated: String = (3..80).map(|n| format!("{}\n", "…".repeat(n))).collect();
        for value in [different.as_str(), &cuts, &repeated, "…\n…\n…"] {
            let forms = Forms::of(value, SecretAccess::Read).each;
            assert!(forms.len() <= MOST_FORMS, "{} forms", forms.len());
            let all: usize = forms.iter().map(String::len).sum();
            for text in [cuts.clone(), format!("{}x…", "…".repeat(2000))] {
                let mut compared = 0;
                cuts::without_beginnings(text.as_str().into(), &forms, &mut |one, other| {
                    compared += 1;
                    one == other
                });
                // Twice for the form with itself and twice with the text, at each of four cuts.
                assert!(compared <= 16 * all, "{compared} for {all} bytes");
            }
        }
    }

    #[test]
    fn the_longest_lines_are_found() {
        let short: String = (0..MOST_LINES).map(|n| format!("line-{n:03}\n")).collect();
        let value = format!("{short}a longer line\n");
        assert_eq!(clean(&value, "a longer line"), MARK);
        assert_eq!(clean(&value, "line-000"), MARK);
        let last = format!("line-{:03}", MOST_LINES - 1);
        assert_eq!(clean(&value, &last), last);
    }

    #[test]
    fn a_plugin_does_not_choose_the_words_of_the_host() {
        for (value, access, in_host_lines) in [
            ("refused", SecretAccess::Read, true),
            ("refused", SecretAccess::Write, false),
            ("portcullis grant", SecretAccess::Write, false),
            ("further refusals of this kind", SecretAccess::Write, false),
            ("ghp_0123456789abcdefghij", SecretAccess::Write, true),
        ] {
            let forms = Forms::of(value, access);
            assert_eq!(forms.are_for(Author::Host), in_host_lines, "{value}");
            assert!(forms.are_for(Author::Plugin), "{value}");
        }
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
            let mut writer = RedactingWriter {
                inner: &mut out,
                author: Author::Host,
            };
            writer.write_all(text.as_bytes()).expect("memory");
            String::from_utf8(out).expect("text")
        };
        assert_eq!(written("value-of-test-0\n"), "value-of-test-0\n");
        for number in 0..=REMEMBERED {
            conceal(
                place,
                &format!("value-of-test-{number}"),
                SecretAccess::Read,
            );
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
