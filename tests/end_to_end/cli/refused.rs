//! Hostile-plugins case 53: files that are no plugin. Each is refused with a reason that names what it is, and leaves
//! no trace in the home.

use std::fs::{self, File};
use std::path::Path;

use portcullis_tests::{Home, guests};

use super::{file, files, installed, run, text};
use crate::hostile::expect_refused;

/// The smallest component: valid, and nothing in it.
const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

#[test]
fn each_kind_of_file_is_refused_by_name() {
    let whole = fs::read(guests::echo()).expect("it was built");
    let mut broken = whole.clone();
    broken[8] = 0x40;
    let cases: [(&str, &[u8], &str); 15] = [
        (
            "empty",
            b"",
            "an empty file, not a component: build or download it again",
        ),
        (
            "core",
            b"\0asm\x01\0\0\0",
            "a core module, not a component: build for `wasm32-wasip2` or run `wasm-tools component new`",
        ),
        (
            "text",
            b"(component)\n",
            "WebAssembly text, not a component: run `wasm-tools parse FILE.wat -o FILE.wasm` first",
        ),
        (
            "elf",
            b"\x7fELF\x02\x01\x01\0\0\0\0\0",
            "a native program (ELF), not a component: build for `wasm32-wasip2`",
        ),
        (
            "macho",
            b"\xcf\xfa\xed\xfe\x07\0\0\x01",
            "a native program (Mach-O), not a component: build for `wasm32-wasip2`",
        ),
        (
            "windows",
            b"MZ\x90\0\x03\0\0\0",
            "a native program (Windows), not a component: build for `wasm32-wasip2`",
        ),
        (
            "zip",
            b"PK\x03\x04\x14\0\0\0",
            "a zip archive, not a component: unpack it and pass the `.wasm` inside",
        ),
        (
            "gzip",
            b"\x1f\x8b\x08\0\0\0\0\0",
            "a gzip file, not a component: unpack it with `gunzip` and pass the `.wasm` inside",
        ),
        (
            "page",
            b"<!DOCTYPE html>\n<html><body>404</body></html>\n",
            "a page of HTML or XML, not a component: the download answered with a page, look at it in a browser",
        ),
        (
            "other",
            b"{\"message\":\"Not Found\"}",
            "not a component: a component begins with the bytes `00 61 73 6d 0d 00 01 00`",
        ),
        (
            "header",
            b"\0asm\x0d",
            "WebAssembly that is cut short in its first 8 bytes: copy or download it again",
        ),
        (
            "draft",
            b"\0asm\x0c\0\x01\0",
            "a component in another draft of the format: build it with a current toolchain",
        ),
        (
            "cut",
            &whole[..1000],
            "a component that is cut short at byte 1000: copy or download it again",
        ),
        (
            "broken",
            &broken,
            "not a valid component: malformed section id: 64 (at byte 10): build it again",
        ),
        (
            "idle",
            EMPTY_COMPONENT,
            "it exports neither `portcullis:plugin/handler@0.1.0` nor `portcullis:plugin/session@0.1.0`, nor is it a program \
             with `wasi:cli/run@0.2.12`: build against a world of `wit/`",
        ),
    ];
    let home = Home::new();
    for (name, bytes, reason) in cases {
        let path = file(&home, &format!("{name}.wasm"), bytes);
        run(&home, ["add", &path])
            .refuses(1, &format!("cannot add `[BESIDE]/{name}.wasm`: {reason}"));
        expect_refused(&home, Path::new(&path), reason);
    }
    assert_eq!(
        (files(&home, "store"), files(&home, "cache")),
        (vec![], vec![])
    );
    assert!(!home.path().join("plugins.lock").exists());
}

#[test]
fn an_artifact_is_never_taken_for_a_plugin() {
    let home = Home::new();
    home.add("echo", &guests::echo());
    let [artifact] = &files(&home, "cache")[..] else {
        panic!("one artifact")
    };
    let bytes = fs::read(artifact).expect("it is our own");
    let path = file(&home, "native.wasm", &bytes);
    for verb in ["add", "inspect"] {
        run(&home, [verb, &path]).refuses_with(
            1,
            "a precompiled artifact (`.cwasm`), not a component: it is native code, which is never accepted from outside",
        );
    }
    assert_eq!(installed(&home), ["echo"]);
}

#[test]
fn what_is_not_even_a_file_is_refused() {
    let home = Home::new();
    let beside = text(home.beside()).to_owned();
    run(&home, ["add", &beside]).refuses(1, "`[BESIDE]` is a folder: name the `.wasm` file in it");
    let missing = format!("{beside}/missing.wasm");
    run(&home, ["add", &missing]).refuses(
        1,
        "cannot read `[BESIDE]/missing.wasm`: No such file or directory (os error 2)",
    );
    run(&home, ["inspect", &missing]).refuses(
        1,
        "cannot read `[BESIDE]/missing.wasm`: No such file or directory (os error 2)",
    );
}

/// Case 54: more bytes than are taken are not even read.
#[test]
fn a_file_that_is_too_large_is_not_read() {
    let home = Home::new();
    let path = home.beside().join("large.wasm");
    let large = File::create(&path).expect("a temporary folder takes a file");
    large.set_len(500 << 20).expect("a file may have a hole");
    for verb in ["add", "inspect"] {
        run(&home, [verb, text(&path)]).refuses(
            1,
            "`[BESIDE]/large.wasm` is larger than 64.0 MiB, which is the largest component that is taken",
        );
    }
}

/// Case 52: what a component needs and the host does not have is said in words, before anything is installed.
#[test]
fn case_52_what_the_host_does_not_have_is_named() {
    let cases = [
        (
            "portcullis:plugin/port@0.2.0",
            "needs `portcullis:plugin/port@0.2.0`, this host has `0.1.0`: update the host",
        ),
        (
            "portcullis:plugin/port@0.1.0-rc.1",
            "needs `portcullis:plugin/port@0.1.0-rc.1`, this host has `0.1.0`",
        ),
        (
            "portcullis:plugin/camera@0.1.0",
            "and `portcullis:plugin@0.1.0` has no such interface: check its spelling",
        ),
        (
            "portcullis:plugins/port@0.1.0",
            "needs `portcullis:plugins/port@0.1.0`, which this host does not offer",
        ),
        (
            "wasi:io/poll@0.3.0",
            "WASI 0.3 is not offered: build for WASI 0.2",
        ),
        (
            "wasi:keyvalue/store@0.2.0-draft2",
            "needs `wasi:keyvalue/store@0.2.0-draft2`, which this host does not offer",
        ),
    ];
    let home = Home::new();
    for (place, (import, reason)) in cases.into_iter().enumerate() {
        let component = wat::parse_str(format!("(component (import \"{import}\" (instance)))"));
        let component = component.expect("a component with one import");
        let path = file(&home, &format!("{place}.wasm"), &component);
        let said = run(&home, ["add", &path]);
        assert!(
            !said.stderr.contains("matching implementation"),
            "in words: {said:?}"
        );
        expect_refused(&home, Path::new(&path), reason);
    }
}

/// Case 59: names of the file's author reach nobody's terminal as they are.
#[test]
fn hostile_text_in_a_file_is_escaped() {
    let home = Home::new();
    let path = home.beside().join("\u{1b}[2Jx.wasm");
    fs::write(&path, EMPTY_COMPONENT).expect("a temporary folder takes a file");
    for verb in ["add", "inspect"] {
        let said = run(&home, [verb, text(&path)]);
        assert!(!said.stdout.contains('\u{1b}'), "{said:?}");
    }
    // An import whose name holds a whole screen of escapes: section 10, one import, a name with a URL in it.
    let name = format!("url=<http://x/{}>", "\u{1b}[2J\u{202e}\n".repeat(100));
    let mut import = vec![1, 0];
    import.extend(leb(name.len()));
    import.extend(name.as_bytes());
    // A function of the type 0, which section 7 makes: no parameters, no result.
    import.extend([1, 0]);
    let component = [
        EMPTY_COMPONENT,
        &section(7, &[1, 0x40, 0, 1, 0]),
        &section(10, &import),
    ]
    .concat();
    let path = file(&home, "names.wasm", &component);
    for verb in [&["add"][..], &["inspect"], &["inspect", "--json"]] {
        let said = run(&home, verb.iter().copied().chain([&*path]));
        let all = said.stdout.clone() + &said.stderr;
        assert!(!all.contains(['\u{1b}', '\u{202e}']), "{said:?}");
        assert!(all.lines().all(|line| line.len() < 2000), "{said:?}");
    }
}

/// A section of the binary format.
pub(super) fn section(id: u8, bytes: &[u8]) -> Vec<u8> {
    [&[id], &leb(bytes.len())[..], bytes].concat()
}

/// A number as the binary format writes it.
pub(super) fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).expect("seven bits");
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}
