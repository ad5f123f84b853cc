//! What is JSON and what is not, and that `serde_json` sees it the same way.

use proptest::prelude::*;

use super::*;

#[test]
fn accepts_what_the_grammar_accepts() {
    for text in [
        "{}",
        "[]",
        "null",
        " true ",
        "\t[1,\n2 , 3]\r",
        "-0",
        "0.5e-7",
        "1e400",
        "123456789012345678901234567890",
        r#""\ud800""#,
        r#"{"a":1,"a":2}"#,
        r#""\"\\\/\b\f\n\r\t\u00e9""#,
        "\"é \u{2028} 日本語 a longer run of plain text\"",
        r#"{"a":{"b":[{},[],{"c":null}]},"d":"e"}"#,
    ] {
        assert_eq!(check(text), Ok(()), "{text}");
    }
}

#[test]
fn refuses_what_is_not_one_value_and_says_where() {
    use JsonErrorKind::{ControlCharacter, Escape, Trailing, Unexpected, Unfinished};
    for (text, offset, kind) in [
        ("", 0, Unfinished),
        ("  ", 2, Unfinished),
        ("{", 1, Unfinished),
        ("[1", 2, Unfinished),
        ("[1,]", 3, Unexpected),
        ("{\"a\":1,}", 7, Unexpected),
        ("{\"a\" 1}", 5, Unexpected),
        ("{1:2}", 1, Unexpected),
        ("[1}", 2, Unexpected),
        ("NaN", 0, Unexpected),
        ("nul", 3, Unfinished),
        ("01", 1, Trailing),
        ("1.", 2, Unfinished),
        ("-", 1, Unfinished),
        ("+1", 0, Unexpected),
        ("1 2", 2, Trailing),
        ("// x\n1", 0, Unexpected),
        ("\u{feff}1", 0, Unexpected),
        ("\"a", 2, Unfinished),
        ("\"a plain run\u{1}\"", 12, ControlCharacter),
        (r#""\x""#, 2, Escape),
        (r#""\u12g4""#, 5, Escape),
        ("'a'", 0, Unexpected),
    ] {
        assert_eq!(check(text), Err(JsonError { offset, kind }), "{text}");
    }
}

#[test]
fn depth_is_bounded_without_recursion() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(check(&nested(128)), Ok(()));
    let refused = check(&nested(129)).expect_err("129 levels are too many");
    assert_eq!(
        (refused.offset, refused.kind),
        (128, JsonErrorKind::TooDeep)
    );
    assert!(check(&"[".repeat(1_000_000)).is_err());
}

#[test]
fn finds_a_key_of_the_outermost_object_only() {
    for (text, expected) in [
        (r#"{"$portcullis":1}"#, true),
        (r#"{"a":1,"\u0024portcullis":1}"#, true),
        (r#"{"a":{"$portcullis":1}}"#, false),
        (r#"[{"$portcullis":1}]"#, false),
        (r#""$portcullis""#, false),
        (r#"{"$portcullis\ud800":1}"#, false),
    ] {
        assert_eq!(check_for_key(text, "$portcullis"), Ok(expected), "{text}");
    }
}

proptest! {
    /// The same verdict as `serde_json`'s, on texts that are nearly JSON.
    #[test]
    fn agrees_with_serde_json(text in r#"[\[\]{}:,"\\0-9eE+\-. \ntruefalsnu]{0,24}"#) {
        let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        prop_assert_eq!(check(&text).is_ok(), theirs, "{}", text);
    }

    /// The same verdict on texts that were JSON, long and short, before one byte of them was changed.
    #[test]
    fn agrees_with_serde_json_where_one_byte_is_changed(
        value in values(),
        is_pretty in any::<bool>(),
        place in any::<prop::sample::Index>(),
        byte in prop::sample::select(&b"[]{}:,\"\\/bu019-+.eE \n\x01\x7fntf"[..]),
    ) {
        let written = if is_pretty { serde_json::to_string_pretty } else { serde_json::to_string };
        let mut text = written(&value).expect("a value is always JSON").into_bytes();
        let place = place.index(text.len());
        text[place] = byte;
        if let Ok(text) = str::from_utf8(&text) {
            let theirs = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
            prop_assert_eq!(check(text).is_ok(), theirs, "{}", text);
        }
    }

    /// A fault in a string is found where it is, whatever stands before it.
    #[test]
    fn faults_in_strings_are_found_at_their_place(before in 0..200_usize, after in 0..200_usize) {
        use JsonErrorKind::{ControlCharacter, Escape, Trailing};
        for (fault, offset, kind) in [
            ("\u{1f}", 0, ControlCharacter),
            ("\\x", 1, Escape),
            ("\"x", 1, Trailing),
        ] {
            let text = format!("\"{}{fault}{}\"", "é".repeat(before), "a".repeat(after));
            let offset = 1 + 2 * before + offset;
            prop_assert_eq!(check(&text), Err(JsonError { offset, kind }), "{}", text);
        }
    }

    /// Every string passes once written as JSON, and a changed byte never panics the scanner.
    #[test]
    fn strings_of_any_content_pass(content in any::<String>(), cut in any::<prop::sample::Index>()) {
        let text = serde_json::to_string(&content).expect("a string is always JSON");
        prop_assert_eq!(check(&text), Ok(()));
        prop_assert_eq!(unescape(&text[1..text.len() - 1]), Some(content));
        let cut = cut.index(text.len());
        if text.is_char_boundary(cut) {
            prop_assert!(check(&text[..cut]).is_err());
        }
    }
}

/// Values of every kind, with strings of every length that is treated in a way of its own.
fn values() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
        "[a-z\"é]{0,150}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 40, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
            prop::collection::hash_map("[a-z\n日]{0,20}", inner, 0..8)
                .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}
