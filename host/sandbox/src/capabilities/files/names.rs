//! Which paths of a guest's are asked of the system at all.
//!
//! That a path stays in its folder is wasmtime-wasi's to see, link by link. Refused here is what needs no look at the
//! disk: what is outside on its face, so that the log can tell of it, and on Windows every name by which a file can be
//! reached that is not the one that a listing shows.

use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

/// The longest path, in bytes: what Linux takes.
const LONGEST: usize = 4096;

/// Why a path is refused.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    /// It leads out of its folder.
    Outside,
    /// Nothing can have it.
    NoName(ErrorCode),
}

/// Judges a path by its text.
pub(super) fn check(path: &str) -> Result<(), Fault> {
    if path.len() > LONGEST {
        return Err(Fault::NoName(ErrorCode::NameTooLong));
    }
    if path.contains('\0') {
        return Err(Fault::NoName(ErrorCode::IllegalByteSequence));
    }
    if path.starts_with('/') || climbs(path) {
        return Err(Fault::Outside);
    }
    if cfg!(windows) && !path.split('/').all(is_the_only_name_on_windows) {
        return Err(Fault::NoName(ErrorCode::NotPermitted));
    }
    Ok(())
}

/// Whether the target of a new link stays below the folder that the link is in, wherever that is moved to. Programs
/// outside of the sandbox follow links, too.
pub(super) fn stays_below(target: &str) -> bool {
    let is_plain = |part: &str| part != "..";
    check(target).is_ok() && target.split('/').all(is_plain)
}

/// Whether the parts of a path lead above its beginning at any moment.
fn climbs(path: &str) -> bool {
    let mut depth = 0_usize;
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}

/// Whether one part of a path is the name of a file on Windows, and its only one. Not so are the names of devices, with
/// or without an extension; streams (`file:stream`); names that end in a dot or a space, which the system drops; short
/// names (`PROGRA~1`); and what Windows takes for a separator or a pattern.
fn is_the_only_name_on_windows(part: &str) -> bool {
    if matches!(part, "" | "." | "..") {
        return true;
    }
    let is_bad = |c: char| c.is_control() || "\\:*?\"<>|".contains(c);
    !part.contains(is_bad)
        && !part.ends_with(['.', ' '])
        && !is_device(part)
        && !is_short_name(part)
}

/// The names that are devices in every folder (Microsoft's "Naming Files, Paths, and Namespaces"). Whatever follows the
/// first dot does not matter, nor do spaces before it.
fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).trim_end();
    let stem = stem.to_ascii_uppercase();
    if matches!(&*stem, "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$") {
        return true;
    }
    let number = stem
        .strip_prefix("COM")
        .or_else(|| stem.strip_prefix("LPT"));
    let mut number = number.unwrap_or_default().chars();
    let is_port = |c: char| c.is_ascii_digit() || matches!(c, '¹' | '²' | '³');
    number.next().is_some_and(is_port) && number.next().is_none()
}

/// Up to eight characters that end in `~` and a number, with an extension of up to three: what Windows makes up for
/// programs of old.
fn is_short_name(part: &str) -> bool {
    let (stem, extension) = part.split_once('.').unwrap_or((part, ""));
    let Some((_, number)) = stem.rsplit_once('~') else {
        return false;
    };
    stem.chars().count() <= 8
        && extension.chars().count() <= 3
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_outside_on_its_face_is_told_apart() {
        for outside in [
            "/etc/passwd",
            "..",
            "../a",
            "a/../../b",
            "./..",
            "a//../../b",
            "//",
            "/",
        ] {
            assert!(matches!(check(outside), Err(Fault::Outside)), "{outside}");
        }
        for inside in [
            "",
            ".",
            "a",
            "a/..",
            "a/../b",
            "a//b/./c/",
            "...",
            "..a",
            "é",
        ] {
            assert!(check(inside).is_ok(), "{inside}");
        }
        for no_name in ["a\0b", "\0", &"a".repeat(5000)] {
            assert!(matches!(check(no_name), Err(Fault::NoName(_))), "{no_name}");
        }
    }

    #[test]
    fn a_new_link_leads_down() {
        for good in ["a", "a/b", "./a"] {
            assert!(stays_below(good), "{good}");
        }
        for bad in ["..", "../a", "a/../b", "a/..", "/a", "/"] {
            assert!(!stays_below(bad), "{bad}");
        }
    }

    #[test]
    fn windows_knows_a_file_by_one_name() {
        for good in [
            "notes.txt",
            "COMET",
            "COM10",
            "com",
            "NULL",
            "a~b",
            "long-name~1",
            ".git",
            "~",
            "LPT.d",
        ] {
            assert!(is_the_only_name_on_windows(good), "{good}");
        }
        for bad in [
            "COM1",
            "com1.txt",
            "COM¹",
            "LPT³.x",
            "NUL",
            "NUL.txt",
            "nul .txt",
            "CON",
            "aux.c",
            "CONIN$",
            "file:stream",
            "file::$DATA",
            "PROGRA~1",
            "LONGNA~1.TXT",
            "a~12",
            "\\\\?\\C:",
            "a\\b",
            "trailing.",
            "trailing ",
            "a*",
            "a?",
            "a\u{1}",
        ] {
            assert!(!is_the_only_name_on_windows(bad), "{bad}");
        }
    }
}
