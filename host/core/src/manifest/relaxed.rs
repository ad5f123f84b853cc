//! JSON as Chromium's reader takes it from a file, turned into plain JSON.
//!
//! Chromium reads manifests with `JSON_PARSE_CHROMIUM_EXTENSIONS` (`base/json/json_reader.h`): comments of both kinds
//! stand for white space, line ends may stand in a string as they are, and `\x41` is an escape. Those three are
//! rewritten here, and nothing else: trailing commas, single quotes and bare words stay the faults that they are. Each
//! place of the result can be traced back to the text that a person sees.

/// Plain JSON, and where its parts stood.
#[derive(Debug)]
pub(super) struct Plain {
    text: String,
    /// Offsets, in the plain text and in the source, from which on both run alike.
    shifts: Vec<(usize, usize)>,
}

impl Plain {
    /// Rewrites what only Chromium takes. A comment that never ends is left as it is, for the JSON reader to find.
    pub(super) fn of(source: &str) -> Self {
        let mut plain = Self {
            text: String::with_capacity(source.len()),
            shifts: Vec::new(),
        };
        let mut at = 0;
        let mut in_string = false;
        while at < source.len() {
            at += if in_string {
                plain.copy_in_string(source, at, &mut in_string)
            } else {
                plain.copy_outside(source, at, &mut in_string)
            };
        }
        plain
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Where in the source the byte `offset` of the plain text stood.
    pub(super) fn origin_of(&self, offset: usize) -> usize {
        let after = self.shifts.partition_point(|(plain, _)| *plain <= offset);
        match self.shifts[..after].last() {
            Some((plain, source)) => source + (offset - plain),
            None => offset,
        }
    }

    /// Copies what stands outside strings up to the next quote, comments as white space. Returns how much was read.
    fn copy_outside(&mut self, source: &str, at: usize, in_string: &mut bool) -> usize {
        let rest = &source[at..];
        let next = rest.find(['"', '/']).unwrap_or(rest.len());
        self.text.push_str(&rest[..next]);
        let found = &rest[next..];
        let read = if found.starts_with('"') {
            *in_string = true;
            self.text.push('"');
            1
        } else if let Some(length) = comment(found) {
            // As many bytes as it had, so that offsets stay.
            self.text.extend(std::iter::repeat_n(' ', length));
            length
        } else {
            let slash = found.len().min(1);
            self.text.push_str(&found[..slash]);
            slash
        };
        next + read
    }

    /// Copies what stands in a string up to its end or the first thing to rewrite. Returns how much was read.
    fn copy_in_string(&mut self, source: &str, at: usize, in_string: &mut bool) -> usize {
        let rest = &source[at..];
        let next = rest.find(['"', '\\', '\n', '\r']).unwrap_or(rest.len());
        self.text.push_str(&rest[..next]);
        let found = &rest[next..];
        let read = match found.as_bytes() {
            [] => 0,
            [b'"', ..] => {
                *in_string = false;
                self.text.push('"');
                1
            }
            [b'\\', b'x', high, low, ..] if [high, low].iter().all(|it| it.is_ascii_hexdigit()) => {
                self.rewrite(&format!("\\u00{}", &found[2..4]), at + next + 4);
                4
            }
            [b'\\', ..] => {
                // With what it escapes, so that an escaped quote does not end the string.
                let pair = found
                    .char_indices()
                    .nth(2)
                    .map_or(found.len(), |(end, _)| end);
                self.text.push_str(&found[..pair]);
                pair
            }
            [b'\n', ..] => {
                self.rewrite("\\n", at + next + 1);
                1
            }
            _ => {
                self.rewrite("\\r", at + next + 1);
                1
            }
        };
        next + read
    }

    /// Writes something else than what stood there; `goes_on` is where the source does.
    fn rewrite(&mut self, text: &str, goes_on: usize) {
        self.text.push_str(text);
        self.shifts.push((self.text.len(), goes_on));
    }
}

/// The length of the comment that begins here. The line end after `//` is not part of it.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find(['\n', '\r']).unwrap_or(text.len()));
    }
    let inner = text.strip_prefix("/*")?;
    inner.find("*/").map(|end| end + 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_chromium_takes_is_rewritten() {
        for (source, expected) in [
            ("", ""),
            ("{}", "{}"),
            ("{} // end", "{}       "),
            ("// a\n{}", "    \n{}"),
            ("// a\r{}", "    \r{}"),
            ("/* a\nb */{}", "         {}"),
            ("/*/ */1", "      1"),
            ("/**/1", "    1"),
            ("/* open", "/* open"),
            ("{/}", "{/}"),
            ("/", "/"),
            (r#"{"a":"// no /* no */"}"#, r#"{"a":"// no /* no */"}"#),
            (r#""\"// no""#, r#""\"// no""#),
            (r#""\\"// yes"#, r#""\\"      "#),
            ("\"a\nb\r\"", r#""a\nb\r""#),
            (r#""\x41\xfg""#, r#""\u0041\xfg""#),
            (r#""\x4"#, r#""\x4"#),
            (r#""\é""#, r#""\é""#),
            ("\"\\", "\"\\"),
            ("[1,]", "[1,]"),
            ("/* é */1", "        1"),
        ] {
            assert_eq!(Plain::of(source).text(), expected, "{source}");
        }
    }

    #[test]
    fn places_are_those_of_the_source() {
        let source = "/* é */\"\n\\x41b\" c";
        let plain = Plain::of(source);
        for part in ["b", "c", "\""] {
            let here = plain.text().find(part).expect("it is copied");
            let there = source.find(part).expect("it is there");
            assert_eq!(plain.origin_of(here), there, "{part}");
        }
        assert_eq!(plain.origin_of(plain.text().len()), source.len());
    }
}
