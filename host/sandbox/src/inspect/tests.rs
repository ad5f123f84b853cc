//! Hostile-plugins cases 52, 53 and 59 as far as they are about reading: what is recognised, and in which words.

use super::*;

fn component(text: &str) -> Vec<u8> {
    wat::parse_str(format!("(component {text})")).expect("the test's own text")
}

fn inspected(text: &str) -> Inspection {
    inspect(&component(text)).expect("a valid component")
}

/// An export of an instance with functions that take and return nothing: `inspect` does not look at their types.
fn export(interface: &str, functions: &[&str]) -> String {
    let id = interface.replace([':', '/', '@', '.', '-'], "");
    let exports: String = functions
        .iter()
        .map(|name| format!("(export \"{name}\" (func ${id}))"))
        .collect();
    format!(
        "(core module $m{id} (func (export \"f\")))
         (core instance $i{id} (instantiate $m{id}))
         (func ${id} (canon lift (core func $i{id} \"f\")))
         (instance $e{id} {exports})
         (export \"{interface}\" (instance $e{id}))"
    )
}

/// The types of the contract, as every component has them that exports one of its interfaces.
const TYPES: &str = r#"
    (import "portcullis:plugin/types@0.1.0" (instance $types
      (type $peer (record
        (field "origin" string) (field "browser" string) (field "host-name" (option string))))
      (export "peer" (type (eq $peer)))
      (type $error (record (field "code" string) (field "message" string)))
      (export "plugin-error" (type (eq $error)))))
    (alias export $types "peer" (type $peer))
    (alias export $types "plugin-error" (type $error))
    (core module $guest
      (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
      (func (export "handle") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) unreachable)
      (func (export "connect") (param i32 i32 i32 i32 i32 i32 i32) (result i32) unreachable)
      (func (export "message") (param i32 i32) (result i32) unreachable)
      (func (export "timer") (param i64) (result i32) unreachable)
      (func (export "disconnect")))
    (core instance $guest (instantiate $guest))
"#;

const HANDLER: &str = r#"
    (func $handle (param "peer" $peer) (param "message" string)
      (result (result string (error $error)))
      (canon lift (core func $guest "handle") (memory $guest "memory")
        (realloc (func $guest "realloc"))))
    (instance $handler (export "handle" (func $handle)))
    (export "portcullis:plugin/handler@0.1.0" (instance $handler))
"#;

const SESSION: &str = r#"
    (func $connect (param "peer" $peer) (result (result (error $error)))
      (canon lift (core func $guest "connect") (memory $guest "memory")
        (realloc (func $guest "realloc"))))
    (func $message (param "json" string) (result (result (option string) (error $error)))
      (canon lift (core func $guest "message") (memory $guest "memory")
        (realloc (func $guest "realloc"))))
    (func $timer (param "token" u64) (result (result (error $error)))
      (canon lift (core func $guest "timer") (memory $guest "memory")))
    (func $disconnect (canon lift (core func $guest "disconnect")))
    (instance $session
      (export "connect" (func $connect)) (export "message" (func $message))
      (export "timer" (func $timer)) (export "disconnect" (func $disconnect)))
    (export "portcullis:plugin/session@0.1.4" (instance $session))
"#;

fn handler() -> String {
    [TYPES, HANDLER].concat()
}

fn import(interface: &str, functions: &[&str]) -> String {
    let exports: String = functions
        .iter()
        .map(|name| format!("(export \"{name}\" (func))"))
        .collect();
    format!("(import \"{interface}\" (instance {exports}))")
}

fn sentences(inspection: &Inspection) -> Vec<String> {
    inspection
        .refusals
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn a_good_plugin_is_listed_and_not_refused() {
    let text = [
        import("portcullis:plugin/port@0.1.0", &["close"]),
        import("wasi:io/poll@0.2.6", &["poll"]),
        handler(),
        export("wasi:cli/run@0.2.6", &["run"]),
    ]
    .concat();
    let bytes = component(&text);
    let inspection = inspect(&bytes).expect("a valid component");
    assert_eq!(
        inspection.mode,
        Some(Mode::Handler),
        "a mode of ours goes before `run`"
    );
    assert_eq!(inspection.refusals, []);
    assert_eq!(inspection.size, bytes.len() as u64);
    assert_eq!(inspection.digest, Digest::of_bytes(&bytes));
    let item = |name: &str, function: &str| Item {
        name: name.to_owned(),
        kind: ItemKind::Instance,
        functions: vec![function.to_owned()],
    };
    assert_eq!(
        inspection.imports[..2],
        [
            item("portcullis:plugin/port@0.1.0", "close"),
            item("wasi:io/poll@0.2.6", "poll")
        ]
    );
    let types = &inspection.imports[2];
    assert_eq!(
        (types.name.as_str(), types.functions.len()),
        ("portcullis:plugin/types@0.1.0", 0)
    );
    assert_eq!(
        inspection.exports,
        [
            item("portcullis:plugin/handler@0.1.0", "handle"),
            item("wasi:cli/run@0.2.6", "run")
        ]
    );
}

#[test]
fn the_mode_follows_from_the_exports() {
    let session = [TYPES, SESSION].concat();
    let run = export("wasi:cli/run@0.2.0", &["run"]);
    let cases = [
        (handler(), Some(Mode::Handler), None),
        (session.clone(), Some(Mode::Session), None),
        (run, Some(Mode::Stdio), None),
        (
            export("wasi:cli/run@0.2.0", &["walk"]),
            Some(Mode::Stdio),
            Some("exports `wasi:cli/run@0.2.0` without `run`"),
        ),
        (String::new(), None, Some("exports neither")),
        (
            export("other:thing/run@1.0.0", &["run"]),
            None,
            Some("exports neither"),
        ),
        (
            handler() + SESSION,
            None,
            Some("exports both `portcullis:plugin/handler@0.1.0` and"),
        ),
        (
            export("portcullis:plugin/handler@0.2.0", &["handle"]),
            None,
            Some(
                "exports `portcullis:plugin/handler@0.2.0`, this host has `0.1.0`: update the host",
            ),
        ),
        (
            export("portcullis:plugin/handler@0.1.0", &["handel"]),
            Some(Mode::Handler),
            Some("exports `portcullis:plugin/handler@0.1.0` without `handle`"),
        ),
    ];
    for (text, mode, refusal) in cases {
        let inspection = inspected(&text);
        assert_eq!(inspection.mode, mode, "{text}");
        let found = sentences(&inspection);
        assert_eq!(found.len(), usize::from(refusal.is_some()), "{found:?}");
        if let Some(refusal) = refusal {
            assert!(found[0].contains(refusal), "{found:?}");
        }
    }
}

#[test]
fn what_the_host_lacks_is_named() {
    let cases = [
        (
            import("portcullis:plugin/port@0.2.0", &["post"]),
            vec!["needs `portcullis:plugin/port@0.2.0`, this host has `0.1.0`: update the host"],
        ),
        (
            import("portcullis:plugin/port@0.1.5", &["close", "post-later"]),
            vec![
                "needs `post-later` of `portcullis:plugin/port@0.1.5`, this host has `0.1.0` without: update the host",
            ],
        ),
        (
            import("wasi:cli/exit@0.2.99", &["exit", "exit-later"]),
            vec![
                "needs `exit-later` of `wasi:cli/exit@0.2.99`, this host has `0.2.12` without: update the host",
            ],
        ),
        (
            ["a", "b", "c", "d"].map(|name| import(&format!("wasi:{name}/x@0.3.0"), &[])).concat(),
            vec![
                "uses `wasi:a/x@0.3.0`, `wasi:b/x@0.3.0`, `wasi:c/x@0.3.0` and 1 more: \
                 WASI 0.3 is not offered: build for WASI 0.2",
            ],
        ),
        (
            "(import \"wasi:clocks/monotonic-clock@0.3.0\" (instance (export \"wait-for\" (func async))))"
                .to_owned(),
            vec![
                "uses `wasi:clocks/monotonic-clock@0.3.0`: WASI 0.3 is not offered: build for WASI 0.2",
                "uses asynchronous functions (`wasi:clocks/monotonic-clock@0.3.0#wait-for`), which this host does not \
                 offer: build against a synchronous world (componentize-qjs: `--sync`)",
            ],
        ),
        (
            "(core module (memory i64 1))".to_owned(),
            vec![
                "uses a part of WebAssembly that is switched off here: memory64 must be enabled for 64-bit memories: \
                 build without it",
            ],
        ),
        (
            "(import \"post\" (func))".to_owned(),
            vec![
                "needs `post`, which belongs to no interface: build against a world of `portcullis:plugin@0.1.0`",
            ],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(sentences(&inspected(&(text + &handler()))), expected);
    }
}

#[test]
fn functions_that_are_only_lifted_asynchronously_are_noticed() {
    let text = "(core module $m (func (export \"f\") (result i32) i32.const 0) (func (export \"c\") (param i32 i32 i32) (result i32) i32.const 0))
         (core instance $i (instantiate $m))
         (func $f async (canon lift (core func $i \"f\") async (callback (func $i \"c\"))))
         (instance $e (export \"handle\" (func $f)))
         (export \"portcullis:plugin/handler@0.1.0\" (instance $e))";
    let inspection = inspected(text);
    assert!(
        matches!(
            &inspection.refusals[..],
            [Refusal::Async { .. }, Refusal::OtherTypes(_)]
        ),
        "{:?}",
        inspection.refusals
    );
}

#[test]
fn the_parts_that_the_engine_lacks_are_refused() {
    for text in [
        "(core module (tag))",
        "(core module (memory 1 1 shared))",
        "(core module (type (struct)) (func (result (ref null 0)) ref.null 0))",
        "(core module (func (param externref)))",
    ] {
        let inspection = inspected(&(text.to_owned() + &handler()));
        assert!(
            matches!(&inspection.refusals[..], [Refusal::SwitchedOff { .. }]),
            "{text}: {:?}",
            inspection.refusals
        );
    }
}

#[test]
fn a_file_cut_short_is_never_taken_for_a_plugin() {
    let whole = component(&handler());
    for length in 0..whole.len() {
        match inspect(&whole[..length]) {
            Err(InspectError::NotAComponent(Lookalike::Empty | Lookalike::CutHeader)) => {
                assert!(length < 8);
            }
            Err(InspectError::Truncated { length: found }) => assert_eq!(found, length),
            // Cut between two sections: a valid component that has no exports yet, or only lacks the names that
            // a debugger would show.
            Ok(inspection) if inspection.exports.is_empty() => {
                assert_eq!(inspection.refusals, [Refusal::NoMode], "{length}");
            }
            Ok(inspection) => assert_eq!(inspection.mode, Some(Mode::Handler), "{length}"),
            Err(other) => panic!("{length} of {} bytes: {other}", whole.len()),
        }
    }
}

#[test]
fn a_broken_file_is_refused_with_the_place() {
    let mut bytes = component(&handler());
    bytes[8] = 0x40;
    let error = inspect(&bytes).expect_err("there is no section 64");
    assert_eq!(
        error.to_string(),
        "not a valid component: malformed section id: 64 (at byte 10): build it again"
    );
}

#[test]
fn every_single_changed_byte_is_survived() {
    let whole = component(&(import("wasi:io/poll@0.2.6", &["poll"]) + &handler()));
    for place in 8..whole.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[place] = value;
            // Whatever it says; it must not panic.
            _ = inspect(&bytes);
        }
    }
}

#[test]
fn names_are_cut_and_escaped_in_every_sentence() {
    let long = format!("evil:{}/x@1.0.0", "a".repeat(5000));
    let inspection = inspected(&(import(&long, &[]) + &handler()));
    let found = sentences(&inspection);
    assert!(found[0].len() < 1000, "{found:?}");
    assert!(found[0].contains('…'), "{found:?}");
    assert_eq!(inspection.imports[0].name, long, "the list itself is exact");
}

#[test]
fn functions_with_other_types_than_the_contracts_are_shown() {
    let found = |text: &str| sentences(&inspected(&(text.to_owned() + &handler())));
    assert_eq!(
        found(&import("portcullis:plugin/port@0.1.0", &["post", "close"])),
        [
            "has `post` of `portcullis:plugin/port@0.1.0` as `func()` where the contract has \
          `func(string) -> result<_, record { code: string, message: string }>`: build against `wit/`"
        ]
    );
    let exported = export(
        "portcullis:plugin/session@0.1.0",
        &["connect", "message", "timer", "disconnect"],
    );
    let refusals = inspected(&exported).refusals;
    let functions: Vec<&str> = refusals
        .iter()
        .map(|refusal| match refusal {
            Refusal::OtherTypes(other) => other.function,
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(
        functions,
        ["connect", "message", "timer"],
        "`disconnect` is right"
    );
}

/// A type of which each level has the one below it twice: its text would have 2^40 words.
#[test]
fn a_type_without_end_is_cut() {
    let levels: String = (1..40)
        .map(|level| format!("(type $t{level} (tuple $t{} $t{}))", level - 1, level - 1))
        .collect();
    let text = format!(
        "(type $t0 (tuple u8 u8)) {levels}
         (import \"portcullis:plugin/port@0.1.0\" (instance (export \"post\" (func (param \"x\" $t39)))))"
    );
    // The validator has a bound of its own for the size of a type; whichever acts first, it ends.
    match wat::parse_str(format!("(component {text} {})", handler())).map(|bytes| inspect(&bytes)) {
        Ok(Ok(inspection)) => assert!(sentences(&inspection)[0].len() < 2000),
        Ok(Err(error)) => assert!(matches!(error, InspectError::Invalid { .. }), "{error}"),
        Err(error) => panic!("{error}"),
    }
}

/// One type with long names, imported under many short ones: a file of 1 MB would make a thousand of it.
#[test]
fn names_that_are_shared_are_not_multiplied() {
    let functions: String = (0..10)
        .map(|number| format!("(export \"{}{number}\" (func))", "a".repeat(9_000)))
        .collect();
    let imports: String = (0..100)
        .map(|number| format!("(import \"a:b/c{number}\" (instance (type $t)))"))
        .collect();
    let bytes = component(&format!("(type $t (instance {functions})) {imports}"));
    assert_eq!(inspect(&bytes), Err(InspectError::TooManyNames));
}

#[test]
fn types_are_shown_cut_short() {
    let long = "b".repeat(50_000);
    let cases: String = (0..8)
        .map(|number| format!("\"{long}{number}\" "))
        .collect();
    for kind in [
        format!("enum {cases}"),
        format!("record (field \"{long}\" u8)"),
    ] {
        let inspection = inspected(&format!(
            "(import \"portcullis:plugin/port@0.1.0\" (instance
                (type $inner ({kind}))
                (export \"e\" (type $e (eq $inner)))
                (export \"close\" (func (param \"p\" $e)))))"
        ));
        let found = inspection
            .refusals
            .iter()
            .find_map(|refusal| match refusal {
                Refusal::OtherTypes(types) => Some(types.found.len()),
                _ => None,
            });
        assert!(found.is_some_and(|length| length < 2_000), "{found:?}");
    }
}

#[test]
fn too_many_parts_are_refused_with_their_number() {
    let repeated = |text: &str, times: usize| handler() + &text.repeat(times);
    let tables = |times| {
        format!(
            "(core module $m {}) (core instance (instantiate $m))",
            "(table 0 funcref)".repeat(times)
        )
    };
    let cases = [
        (handler() + &tables(64), vec![]),
        (
            handler() + &tables(65),
            vec!["has at least 65 tables, and a plugin may have 64: build it with fewer"],
        ),
        (repeated("(core instance (instantiate $guest))", 15), vec![]),
        (
            repeated("(core instance (instantiate $guest))", 70),
            vec![
                "has at least 71 core instances, and a plugin may have 64: build it with fewer",
                "has at least 71 memories, and a plugin may have 16: build it with fewer",
            ],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(sentences(&inspected(&text)), expected);
    }
}
