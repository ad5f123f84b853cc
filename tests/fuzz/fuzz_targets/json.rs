//! Any text: our scanner takes what `serde_json` takes, and a pointer finds what `serde_json` finds.
//!
//! Input: a line with a JSON pointer, a text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_core::protocol::json::{self, JsonErrorKind};
use portcullis_core::protocol::pointer::{Pointer, Scalar};
use serde::de::IgnoredAny;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let (pointer, text) = text.split_once('\n').unwrap_or(("", text));

    let ours = json::check(text);
    let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
    match ours {
        Ok(()) => assert!(is_json),
        Err(error) => {
            assert!(error.offset <= text.len());
            if error.kind == JsonErrorKind::TooDeep {
                // It refuses one level less than we do.
                assert!(serde_json::from_str::<Value>(text).is_err());
            } else {
                assert!(!is_json, "{error}");
            }
        }
    }
    assert_eq!(json::check_for_key(text, "$portcullis").map(drop), ours);
    if ours.is_err() {
        return;
    }
    // Numbers that no double holds, lone surrogates and the last level are not built by it.
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return;
    };
    if let Ok(found) = json::check_for_key(text, "$portcullis") {
        assert_eq!(
            found,
            value
                .as_object()
                .is_some_and(|object| object.contains_key("$portcullis"))
        );
    }
    if let Ok(parsed) = Pointer::parse(pointer) {
        check_pointer(&parsed, text, value.pointer(pointer));
    }
});

/// Compares with each kind of scalar what stands at the pointer, and with one that does not.
fn check_pointer(pointer: &Pointer, text: &str, found: Option<&Value>) {
    let wanted = [
        found
            .and_then(Value::as_str)
            .map(|text| Scalar::Text(text.to_owned())),
        found.and_then(Value::as_bool).map(Scalar::Flag),
        found.and_then(Value::as_i64).map(Scalar::Integer),
    ];
    for scalar in wanted.into_iter().flatten() {
        expect(pointer, text, &scalar, true);
    }
    for scalar in [
        Scalar::Text("\u{fffd}\0".to_owned()),
        Scalar::Flag(true),
        Scalar::Flag(false),
        Scalar::Integer(0),
        Scalar::Integer(i64::MIN),
    ] {
        let is_there = match &scalar {
            Scalar::Text(text) => found.and_then(Value::as_str) == Some(text),
            Scalar::Flag(flag) => found.and_then(Value::as_bool) == Some(*flag),
            // `-0` is the integer 0 to us and a fraction to `serde_json`.
            Scalar::Integer(0) if found.and_then(Value::as_f64) == Some(0.0) => continue,
            Scalar::Integer(integer) => found.and_then(Value::as_i64) == Some(*integer),
        };
        expect(pointer, text, &scalar, is_there);
    }
}

fn expect(pointer: &Pointer, text: &str, scalar: &Scalar, is_there: bool) {
    match pointer.matches(text, scalar) {
        Ok(matches) => assert_eq!(matches, is_there, "{pointer:?} {scalar:?}"),
        // It would have taken the last one.
        Err(error) => assert_eq!(error.kind, JsonErrorKind::DuplicateKey),
    }
}
