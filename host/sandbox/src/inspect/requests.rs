//! The requests in a component: the one custom section that is read and written.
//!
//! The deciding choice: only the outermost component speaks for itself, and only once. A section of the same name in
//! something that it is put together from is that part's own affair, and two at the top are refused, since two readers
//! could believe different ones. A section stands between the others and not inside them, so it is put at the end of the
//! file and the rest stays what it was, byte for byte.

use std::ops::Range;

use portcullis_core::requests::{LONGEST, Requests, RequestsError, SECTION};
use thiserror::Error;
use wasmparser::BinaryReader;

/// Bytes before the first section: the magic number and the version.
const HEADER: usize = 8;

/// The number of the kind of section that has a name and means nothing to WebAssembly.
const CUSTOM: u8 = 0;

/// Why the requests of a component are not known.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SectionFault {
    /// There are several sections.
    #[error("has {0} sections `{SECTION}`: pack it again")]
    Several(usize),
    /// The section is longer than requests may be.
    #[error(
        "has a section `{SECTION}` of {0} bytes, and at most {LONGEST} are read: pack it again"
    )]
    TooLong(usize),
    /// The section is not text.
    #[error("has a section `{SECTION}` that is not UTF-8: pack it again")]
    NotText,
    /// The text is not requests.
    #[error("has a section `{SECTION}` that cannot be used, {0}: pack it again")]
    Requests(RequestsError),
}

/// The requests of a valid component, where it has any.
pub(super) fn read(bytes: &[u8]) -> Result<Option<Requests>, SectionFault> {
    let found = sections(bytes);
    let [section] = &found[..] else {
        return match found.len() {
            0 => Ok(None),
            several => Err(SectionFault::Several(several)),
        };
    };
    let contents = &bytes[section.contents.clone()];
    if contents.len() > LONGEST {
        return Err(SectionFault::TooLong(contents.len()));
    }
    let text = std::str::from_utf8(contents).map_err(|_| SectionFault::NotText)?;
    Requests::parse(text)
        .map(Some)
        .map_err(SectionFault::Requests)
}

/// The bytes of a valid component with these requests, in place of whatever it had. Called by `pack`.
#[must_use]
pub fn with_requests(bytes: &[u8], requests: &Requests) -> Vec<u8> {
    let mut packed = Vec::with_capacity(bytes.len());
    let mut kept = 0;
    for section in sections(bytes) {
        packed.extend_from_slice(&bytes[kept..section.whole.start]);
        kept = section.whole.end;
    }
    packed.extend_from_slice(&bytes[kept..]);
    let mut body = length(SECTION.len());
    body.extend_from_slice(SECTION.as_bytes());
    body.extend_from_slice(requests.to_text().as_bytes());
    packed.push(CUSTOM);
    packed.extend_from_slice(&length(body.len()));
    packed.extend_from_slice(&body);
    packed
}

/// One section, with its number and length and without.
struct Section {
    whole: Range<usize>,
    contents: Range<usize>,
}

/// The sections of the name at the top. What is not as it should be ends the list: the bytes have been validated.
fn sections(bytes: &[u8]) -> Vec<Section> {
    let mut found = Vec::new();
    let mut reader = BinaryReader::new(bytes.get(HEADER..).unwrap_or_default(), HEADER);
    while !reader.eof() {
        let begin = reader.original_position();
        let Ok((kind, body)) = one(&mut reader) else {
            break;
        };
        let end = reader.original_position();
        let mut body = BinaryReader::new(body, end - body.len());
        if kind == CUSTOM && body.read_string().is_ok_and(|name| name == SECTION) {
            found.push(Section {
                whole: begin..end,
                contents: body.original_position()..end,
            });
        }
    }
    found
}

fn one<'a>(reader: &mut BinaryReader<'a>) -> wasmparser::Result<(u8, &'a [u8])> {
    let kind = reader.read_u8()?;
    let size = reader.read_var_u32()?;
    Ok((kind, reader.read_bytes(size as usize)?))
}

/// A length in LEB128, as the format writes it.
fn length(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let [low, ..] = (value & 0x7f).to_le_bytes();
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUESTS: &str = "name = \"x\"\nversion = \"1\"\ndescription = \"d\"\n";

    fn requests(version: &str) -> Requests {
        let text = REQUESTS.replace("\"1\"", &format!("\"{version}\""));
        Requests::parse(&text).unwrap_or_else(|error| panic!("{error}"))
    }

    fn component(text: &str) -> Vec<u8> {
        wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
    }

    fn custom(contents: &[u8]) -> Vec<u8> {
        let mut body = length(SECTION.len());
        body.extend_from_slice(SECTION.as_bytes());
        body.extend_from_slice(contents);
        [vec![CUSTOM], length(body.len()), body].concat()
    }

    #[test]
    fn what_is_packed_is_read_and_the_rest_stays() {
        let bytes = component("(component (core module) (component))");
        assert_eq!(read(&bytes), Ok(None));
        let packed = with_requests(&bytes, &requests("1"));
        assert!(packed.starts_with(&bytes));
        assert_eq!(read(&packed), Ok(Some(requests("1"))));
        let again = with_requests(&packed, &requests("2"));
        assert_eq!(again, with_requests(&bytes, &requests("2")), "in its place");
        // Also where it stood in the middle, and twice.
        let (header, rest) = bytes.split_at(HEADER);
        let section = custom(requests("1").to_text().as_bytes());
        let middle = [header, &section, rest, &section].concat();
        assert_eq!(read(&middle), Err(SectionFault::Several(2)));
        assert_eq!(with_requests(&middle, &requests("2")), again);
        crate::inspect::inspect(&again).expect("still a component");
    }

    #[test]
    fn a_part_does_not_speak_for_the_whole() {
        let inner = with_requests(&component("(component)"), &requests("1"));
        let outer = [
            &component("(component)")[..],
            &[4],
            &length(inner.len()),
            &inner,
        ]
        .concat();
        crate::inspect::inspect(&outer).expect("a component");
        assert_eq!(read(&outer), Ok(None));
    }

    #[test]
    fn hostile_sections_are_refused() {
        let with = |contents: &[u8]| [component("(component)"), custom(contents)].concat();
        let text = requests("1").to_text();
        assert!(read(&with(text.as_bytes())).is_ok());
        assert_eq!(read(&with(b"\xff")), Err(SectionFault::NotText));
        assert_eq!(
            read(&with(&vec![b' '; LONGEST + 1])),
            Err(SectionFault::TooLong(LONGEST + 1))
        );
        for bad in [
            "",
            "x",
            "\0",
            "novelty = 1",
            &"[".repeat(LONGEST),
            &"a.".repeat(30_000),
        ] {
            let fault = read(&with(bad.as_bytes())).expect_err(bad);
            assert!(matches!(fault, SectionFault::Requests(_)), "{fault}");
        }
        let twice = format!("{text}{}", "name = \"y\"\n");
        assert!(read(&with(twice.as_bytes())).is_err());
    }
}
