//! What people pass where a component is wanted.
//!
//! Recognised by the first bytes only, and only to say something more helpful than "not a component".

use std::fmt;

/// A kind of file that is not a component. Shown as a sentence that says what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lookalike {
    /// No bytes at all.
    Empty,
    /// A WebAssembly core module.
    CoreModule,
    /// A component in a draft of the format that was never released, or in one of the future.
    OtherDraft,
    /// WebAssembly in its text form.
    Text,
    /// Native code made by wasmtime (`.cwasm`).
    Precompiled,
    /// A program or library for Linux.
    Elf,
    /// A program or library for macOS.
    MachO,
    /// A program or library for Windows.
    Windows,
    /// A zip archive, and what is one inside: `.jar`, `.crx` after its header, `.xpi`, `.whl`.
    Zip,
    /// Something compressed with gzip, such as `.tar.gz`.
    Gzip,
    /// A page of HTML or XML, usually the error page of a download.
    Page,
    /// Only the beginning of WebAssembly's first eight bytes.
    CutHeader,
    /// Anything else.
    Unknown,
}

/// The first four bytes of all WebAssembly.
const WASM: &[u8] = b"\0asm";

/// What follows them in a component: version 13, layer 1.
const COMPONENT: [u8; 4] = [0x0d, 0, 1, 0];

/// The operating system that wasmtime names in the ELF files which it makes (`ELFOSABI_WASMTIME`).
const ELF_WASMTIME: u8 = 200;

impl Lookalike {
    /// What the bytes are; `None` where they begin as a component does.
    pub(super) fn recognise(bytes: &[u8]) -> Option<Self> {
        if bytes.is_empty() {
            return Some(Self::Empty);
        }
        if let Some(rest) = bytes.strip_prefix(WASM) {
            return match rest.first_chunk() {
                Some(&COMPONENT) => None,
                // Layer 0.
                Some([_, _, 0, 0]) => Some(Self::CoreModule),
                Some(_) => Some(Self::OtherDraft),
                None => Some(Self::CutHeader),
            };
        }
        if WASM.starts_with(bytes) {
            return Some(Self::CutHeader);
        }
        Some(match bytes {
            // The byte after class, order and version.
            [0x7f, b'E', b'L', b'F', _, _, _, ELF_WASMTIME, ..] => Self::Precompiled,
            [0x7f, b'E', b'L', b'F', ..] => Self::Elf,
            [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..]
            | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..]
            | [0xca, 0xfe, 0xba, 0xbe, ..] => Self::MachO,
            [b'M', b'Z', ..] => Self::Windows,
            [b'P', b'K', 3 | 5 | 7, 4 | 6 | 8, ..] | [b'C', b'r', b'2', b'4', ..] => Self::Zip,
            [0x1f, 0x8b, ..] => Self::Gzip,
            _ => Self::of_text(bytes),
        })
    }

    fn of_text(bytes: &[u8]) -> Self {
        let text = bytes
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(bytes)
            .trim_ascii_start();
        let begins_with = |start: &[u8]| text.starts_with(start);
        if begins_with(b"(module")
            || begins_with(b"(component")
            || begins_with(b";;")
            || begins_with(b"(;")
        {
            Self::Text
        } else if begins_with(b"<") {
            Self::Page
        } else {
            Self::Unknown
        }
    }
}

impl fmt::Display for Lookalike {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Empty => "an empty file, not a component: build or download it again",
            Self::CoreModule => {
                "a core module, not a component: build for `wasm32-wasip2` or run `wasm-tools component new`"
            }
            Self::OtherDraft => {
                "a component in another draft of the format: build it with a current toolchain"
            }
            Self::Text => {
                "WebAssembly text, not a component: run `wasm-tools parse FILE.wat -o FILE.wasm` first"
            }
            Self::Precompiled => {
                "a precompiled artifact (`.cwasm`), not a component: it is native code, which is never accepted \
                 from outside; pass the `.wasm` that it was made from"
            }
            Self::Elf => "a native program (ELF), not a component: build for `wasm32-wasip2`",
            Self::MachO => "a native program (Mach-O), not a component: build for `wasm32-wasip2`",
            Self::Windows => "a native program (Windows), not a component: build for `wasm32-wasip2`",
            Self::Zip => "a zip archive, not a component: unpack it and pass the `.wasm` inside",
            Self::Gzip => "a gzip file, not a component: unpack it with `gunzip` and pass the `.wasm` inside",
            Self::Page => {
                "a page of HTML or XML, not a component: the download answered with a page, look at it in a browser"
            }
            Self::CutHeader => "WebAssembly that is cut short in its first 8 bytes: copy or download it again",
            Self::Unknown => "not a component: a component begins with the bytes `00 61 73 6d 0d 00 01 00`",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_told_by_its_first_bytes() {
        let cases: [(&[u8], Option<Lookalike>); 25] = [
            (b"\0asm\x0d\0\x01\0", None),
            (b"", Some(Lookalike::Empty)),
            (b"\0", Some(Lookalike::CutHeader)),
            (b"\0asm", Some(Lookalike::CutHeader)),
            (b"\0asm\x0d\0\x01", Some(Lookalike::CutHeader)),
            (b"\0asm\x01\0\0\0", Some(Lookalike::CoreModule)),
            (b"\0asm\x01\0\0\0\x01\x04", Some(Lookalike::CoreModule)),
            (b"\0asm\x0c\0\x01\0", Some(Lookalike::OtherDraft)),
            (b"\0asm\x0d\0\x02\0", Some(Lookalike::OtherDraft)),
            (b"(module)", Some(Lookalike::Text)),
            (b"\n  (component\n", Some(Lookalike::Text)),
            (b";; a comment\n(module)", Some(Lookalike::Text)),
            (b"\x7fELF\x02\x01\x01\xc8", Some(Lookalike::Precompiled)),
            (b"\x7fELF\x02\x01\x01\0", Some(Lookalike::Elf)),
            (b"\x7fELF", Some(Lookalike::Elf)),
            (b"\xcf\xfa\xed\xfe\x07", Some(Lookalike::MachO)),
            (b"\xca\xfe\xba\xbe\0", Some(Lookalike::MachO)),
            (b"MZ\x90\0", Some(Lookalike::Windows)),
            (b"PK\x03\x04", Some(Lookalike::Zip)),
            (b"Cr24\x03", Some(Lookalike::Zip)),
            (b"\x1f\x8b\x08", Some(Lookalike::Gzip)),
            (b"<!DOCTYPE html>", Some(Lookalike::Page)),
            (
                b"\xef\xbb\xbf\r\n<?xml version=\"1.0\"?>",
                Some(Lookalike::Page),
            ),
            (b"{\"message\":\"Not Found\"}", Some(Lookalike::Unknown)),
            (b"\x80", Some(Lookalike::Unknown)),
        ];
        for (bytes, expected) in cases {
            assert_eq!(
                Lookalike::recognise(bytes),
                expected,
                "{}",
                bytes.escape_ascii()
            );
        }
    }
}
