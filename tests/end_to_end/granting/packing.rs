//! `pack`, and what `inspect` and `add` say of what was packed.

use std::fs;

use portcullis_tests::{Home, guests};
use serde_json::{Value, json};

use super::{EVERYTHING, install, manifest, packed};
use crate::cli::{contents, file, installed, run, text};

#[test]
fn what_is_packed_is_shown_and_grants_nothing() {
    let home = Home::new();
    let file = packed(&home, "1.0.0", EVERYTHING);
    let shown = run(&home, ["inspect", &file, "--json"]).succeeds();
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(shown["requests"]["name"], json!("notes"));
    assert_eq!(
        shown["requests"]["requests"]["secrets"],
        json!([{ "name": "api-token", "write": true, "reason": "signs in" }])
    );
    assert_eq!(shown["misfits"], json!([]), "it imports all of that");
    let shown = run(&home, ["inspect", &file]).succeeds();
    for line in [
        "it calls itself `notes` 1.0.0: Keeps notes",
        "  fs=~/Notes:/notes:rw          keeps the notes",
        "  secret=api-token:write        signs in",
        "  config=theme=VALUE            looks",
    ] {
        assert!(
            shown.lines().any(|found| found == line),
            "{line:?} in\n{shown}"
        );
    }

    // Its own name is the default.
    let added = run(&home, ["add", &file]);
    assert_eq!(added.code, 0, "{added:?}");
    assert!(
        added
            .stdout
            .contains("\n  storage                       remembers the last note\n"),
        "{added:?}"
    );
    assert_eq!(installed(&home), ["notes"]);
    assert!(
        !home.path().join("policy.toml").exists(),
        "requests grant nothing"
    );
}

#[test]
fn packing_again_replaces_and_leaves_the_rest() {
    let home = Home::new();
    let bytes = fs::read(guests::powers()).expect("it was built");
    let component = file(&home, "own.wasm", &bytes);
    let first = file(&home, "first.toml", manifest("1", "").as_bytes());
    let second = file(&home, "second.toml", manifest("2", "").as_bytes());
    for manifest in [&first, &first, &second] {
        let said = run(&home, ["pack", &component, "--manifest", manifest]);
        assert_eq!(said.code, 0, "{said:?}");
        let now = fs::read(&component).expect("it is there");
        assert!(
            now.starts_with(&bytes),
            "in its own file, and after all that was there"
        );
        assert!(now.len() < bytes.len() + 200, "one section, not several");
    }
    let shown = run(&home, ["inspect", &component, "--json"]).succeeds();
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(shown["requests"]["version"], json!("2"));
    let left_over = fs::read_dir(home.beside())
        .expect("it can be read")
        .flatten();
    let left_over = left_over.filter(|entry| entry.file_name().to_string_lossy().starts_with('.'));
    assert_eq!(left_over.count(), 0);
}

#[test]
fn imports_and_requests_that_do_not_fit_are_told() {
    let home = Home::new();
    let (powers, echo) = (guests::powers(), guests::echo());
    let output = home.beside().join("packed.wasm");
    // The component, the requests, and what is said of them.
    let cases = [
        (
            &powers,
            "",
            "warning: it imports `portcullis:plugin/storage` and requests no `storage`: every call will be refused\n\
             warning: it imports `portcullis:plugin/secrets` and requests no `secrets`: every call will be refused\n\
             warning: it imports `wasi:http/outgoing-handler` and requests no `http`: every call will be refused\n",
        ),
        (
            &powers,
            "storage = { reason = \"r\" }\nsecrets = [{ name = \"s\", reason = \"r\" }]\n\
             http = [{ destination = \"https://example.com\", reason = \"r\" }]\n",
            "",
        ),
        (
            &echo,
            "http = [{ destination = \"https://example.com\", reason = \"r\" }]\n",
            "warning: it requests `http` and imports nothing of `wasi:http/outgoing-handler`: it cannot use that\n",
        ),
    ];
    for (component, requests, warnings) in cases {
        let manifest = file(&home, "plugin.toml", manifest("1", requests).as_bytes());
        let said = run(
            &home,
            [
                "pack",
                text(component),
                "--manifest",
                &manifest,
                "--output",
                text(&output),
            ],
        );
        assert_eq!((said.code, &*said.stderr), (0, warnings), "{said:?}");
        assert!(
            said.stdout
                .starts_with("packed `notes` 1 into `[BESIDE]/packed.wasm`, sha256 ")
        );
    }
}

#[test]
fn what_cannot_be_packed_is_refused_and_nothing_is_written() {
    let home = Home::new();
    let component = text(&guests::powers()).to_owned();
    let good = file(&home, "good.toml", manifest("1", "").as_bytes());
    let unknown = manifest("1", "process = true\n");
    let unknown = file(&home, "unknown.toml", unknown.as_bytes());
    let silent = manifest("1", "storage = { reason = \"\" }\n");
    let silent = file(&home, "silent.toml", silent.as_bytes());
    let long = file(&home, "long.toml", &vec![b'#'; 70_000]);
    let binary = file(&home, "binary.toml", b"\xff\xfe");
    let module = file(&home, "module.wasm", b"\0asm\x01\0\0\0");
    let text_file = file(&home, "text.wasm", b"hello");
    let output = home.beside().join("packed.wasm");
    let nowhere = home.beside().join("no/such/folder/packed.wasm");
    // Component, manifest, output, and words of the refusal.
    let cases = [
        (
            &component,
            &unknown,
            &output,
            "[BESIDE]/unknown.toml:6:1: unknown field `process`",
        ),
        (
            &component,
            &silent,
            &output,
            "[BESIDE]/silent.toml:6:22: this text must not be empty",
        ),
        (&component, &long, &output, "at most 65536 bytes"),
        (
            &component,
            &binary,
            &output,
            "cannot read `[BESIDE]/binary.toml`",
        ),
        (
            &component,
            &"no-such.toml".to_owned(),
            &output,
            "cannot read `no-such.toml`",
        ),
        (
            &module,
            &good,
            &output,
            "cannot pack `[BESIDE]/module.wasm`",
        ),
        (
            &text_file,
            &good,
            &output,
            "cannot pack `[BESIDE]/text.wasm`",
        ),
        (
            &component,
            &good,
            &nowhere,
            "cannot write `[BESIDE]/no/such/folder/packed.wasm`",
        ),
    ];
    for (component, manifest, output, words) in cases {
        run(
            &home,
            [
                "pack",
                component,
                "--manifest",
                manifest,
                "--output",
                text(output),
            ],
        )
        .refuses_with(1, words);
        assert!(!output.exists(), "{words}");
    }
}

#[test]
fn a_hostile_section_is_refused_before_anything_is_stored() {
    let home = Home::new();
    install(&home, &packed(&home, "1.0.0", ""));
    let before = contents(&home);
    let component = fs::read(guests::powers()).expect("it was built");
    let with = |sections: &[&[u8]]| {
        let mut bytes = component.clone();
        for contents in sections {
            let name = b"portcullis:requests";
            let length = u32::try_from(1 + name.len() + contents.len()).expect("a small section");
            // Five bytes whatever the number: a longer form than needed, which the format allows.
            let length = [0, 7, 14, 21, 28].map(|shift| {
                let [low, ..] = ((length >> shift) & 0x7f).to_le_bytes();
                if shift == 28 { low } else { low | 0x80 }
            });
            bytes.push(0);
            bytes.extend_from_slice(&length);
            bytes.push(u8::try_from(name.len()).expect("a short name"));
            bytes.extend_from_slice(name);
            bytes.extend_from_slice(contents);
        }
        bytes
    };
    let good = manifest("1", "");
    let newer = format!("format = 2\n{good}");
    let escape = good.replace("Keeps notes", "\\u001b]0;title\\u0007");
    let cases: [(&[&[u8]], &str); 6] = [
        (
            &[good.as_bytes(), good.as_bytes()],
            "has 2 sections `portcullis:requests`",
        ),
        (&[b"\xff"], "that is not UTF-8"),
        (
            &[&[b' '; 70_000]],
            "of 70000 bytes, and at most 65536 are read",
        ),
        (
            &[newer.as_bytes()],
            "1:10: format 2 of requests is newer than this program reads (1): update Portcullis",
        ),
        (
            &[escape.as_bytes()],
            "3:15: this text is one line without control characters, and it has `\\u{1b}`",
        ),
        (&[b"[[["], "cannot be used, 1:"),
    ];
    for (sections, words) in cases {
        let bad = file(&home, "bad.wasm", &with(sections));
        let said = run(&home, ["add", &bad, "--name", "notes", "--replace"]).refuses_with(1, words);
        assert!(!said.stderr.contains('\u{1b}'), "{said:?}");
        assert_eq!(contents(&home), before, "{words}");
        assert!(
            run(&home, ["inspect", &bad])
                .succeeds()
                .contains("cannot be added")
        );
    }
}
