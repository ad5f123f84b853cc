//! Texts of JSON with holes, read and compared, and what is said of texts that are none.

use proptest::prelude::*;

use super::*;

fn pattern(text: &str) -> Json {
    Json::pattern(text).unwrap_or_else(|fault| panic!("{text}: {fault}"))
}

fn message(text: &str) -> Json {
    Json::message(text).unwrap_or_else(|fault| panic!("{text}: {fault}"))
}

#[test]
fn values_are_compared_as_json() {
    for (expected, came, fits) in [
        ("1", "1", true),
        ("1", "1.0", true),
        ("150e-2", "1.5", true),
        ("-0", "0.00e7", true),
        ("1", "-1", false),
        ("10", "1", false),
        (
            "123456789012345678901234567890",
            "123456789012345678901234567890.0",
            true,
        ),
        (
            "123456789012345678901234567890",
            "123456789012345678901234567891",
            false,
        ),
        ("1e99999999999999999999", "1e99999999999999999999", true),
        ("1e99999999999999999999", "1", false),
        ("1", "\"1\"", false),
        ("null", "false", false),
        ("true", "true", true),
        ("\"\\u0041\"", "\"A\"", true),
        ("\"\\ud83d\\ude00\"", "\"😀\"", true),
        ("\"\\ud800\"", "\"\\ud800\"", true),
        ("\"a\"", "\"A\"", false),
        ("{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", true),
        ("{\"a\":1}", "{\"a\":1,\"b\":2}", false),
        ("{\"a\":1,\"b\":2}", "{\"a\":1}", false),
        ("{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":2}", true),
        ("{\"a\":1}", "{\"a\":1,\"a\":1}", false),
        ("[1,2]", "[2,1]", false),
        ("[]", "[]", true),
        ("[]", "{}", false),
    ] {
        assert_eq!(
            pattern(expected).compare(&message(came)).is_ok(),
            fits,
            "{expected} {came}"
        );
    }
}

#[test]
fn the_mark_stands_for_what_varies() {
    for (expected, came, fits) in [
        ("…", "null", true),
        ("\"…\"", "{\"a\":[]}", true),
        ("{\"a\":…}", "{\"a\":[1,2]}", true),
        ("{\"a\":…}", "{}", false),
        ("{…}", "{}", true),
        ("{…}", "[]", false),
        ("{\"a\":1,…}", "{\"b\":2,\"a\":1}", true),
        ("{\"…\":…,\"a\":1}", "{\"b\":2,\"a\":1}", true),
        ("{\"a\":1,\"…\":\"…\"}", "{\"a\":2}", false),
        ("\"a…\"", "\"a\"", true),
        ("\"a…c\"", "\"abbbc\"", true),
        ("\"a…b…c\"", "\"a-c-b-b-c\"", true),
        ("\"a…b\"", "\"abc\"", false),
        ("\"…😀\"", "\"x😀\"", true),
        ("\"a\\u2026\"", "\"a…\"", true),
        ("\"a\\u2026\"", "\"abc\"", false),
        ("\"\\u2026\"", "\"x\"", false),
        ("[…]", "[]", true),
        ("[…]", "[1,[2]]", true),
        ("[1,…]", "[1]", true),
        ("[1,…]", "[2,1]", false),
        ("[…,3]", "[1,3,2,3]", true),
        ("[1,…,{\"a\":…},…]", "[1,2,{\"a\":0},4]", true),
        ("[1,…,{\"a\":…},…]", "[1,2,{\"b\":0},4]", false),
        ("[\"…\",2]", "[{},2]", true),
        ("[\"…\",2]", "[2]", false),
        ("[\"…\"]", "[]", false),
    ] {
        assert_eq!(
            pattern(expected).compare(&message(came)).is_ok(),
            fits,
            "{expected} {came}"
        );
    }
}

#[test]
fn what_is_compared_is_never_slow() {
    let expected = pattern(&format!("\"{}b\"", "…a".repeat(500)));
    let came = message(&format!("\"{}\"", "a".repeat(20_000)));
    assert!(expected.compare(&came).is_err());
}

#[test]
fn the_first_difference_is_named() {
    for (expected, came, at, wanted, found) in [
        ("1", "2", "", Some("1"), Some("2")),
        (
            "{\"a\":{\"b/c\":[1,2]}}",
            "{\"a\":{\"b/c\":[1,3]}}",
            "/a/b~1c/1",
            Some("2"),
            Some("3"),
        ),
        ("{\"a\":1}", "{}", "/a", Some("1"), None),
        ("{}", "{\"a\":1}", "/a", None, Some("1")),
        ("[1]", "[1,\"x\"]", "/1", None, Some("\"x\"")),
        ("[1,…]", "[]", "", Some("[1, …]"), Some("[]")),
    ] {
        let difference = pattern(expected)
            .compare(&message(came))
            .expect_err(expected);
        assert_eq!(difference.at, at, "{expected}");
        assert_eq!(difference.expected.as_deref(), wanted, "{expected}");
        assert_eq!(difference.came.as_deref(), found, "{expected}");
    }
}

#[test]
fn what_the_host_takes_for_json_is_json_here_and_nothing_else() {
    for text in [
        "1",
        "-1.5e+3",
        "01",
        "-",
        "1.",
        "1e",
        ".5",
        "+1",
        "tru",
        "nul",
        "[1,]",
        "[,1]",
        "{\"a\"}",
        "{\"a\":1,}",
        "{a:1}",
        "\"",
        "\"\t\"",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\\u+123\"",
        "\"\\ud800\"",
        "[1 2]",
        "{\"a\":1 \"b\":2}",
        "",
        " ",
        "\u{feff}1",
        "NaN",
        "[[",
        "{\"a\":1}x",
        "\u{a0}1",
    ] {
        let here = Json::message(text).is_ok();
        let host = portcullis_core::protocol::json::check(text).is_ok();
        assert_eq!(here, host, "{text:?}");
    }
    let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    assert!(Json::message(&deep(128)).is_ok());
    assert!(Json::message(&deep(129)).is_err());
}

#[test]
fn nothing_that_is_written_moves_a_cursor() {
    let came = message("\"\\u001b[2J\u{9b}\u{202e}\u{7f}\\ud800x\"");
    assert_eq!(
        came.to_string(),
        "\"\\u001b[2J\\u009b\\u202e\\u007f\\ud800x\""
    );
}

fn any_text() -> impl Strategy<Value = Text> {
    let unit = prop_oneof![
        8 => (0x20_u16..0x7f).prop_map(Unit::Code),
        1 => any::<u16>().prop_map(Unit::Code),
        1 => Just(Unit::Run),
    ];
    prop::collection::vec(unit, 0..6).prop_map(|mut units| {
        units.dedup_by(|one, other| *one == Unit::Run && *other == Unit::Run);
        Text(units)
    })
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Anything),
        Just(Json::Null),
        any::<bool>().prop_map(Json::Flag),
        any::<f64>()
            .prop_filter("a number of JSON", |number| number.is_finite())
            .prop_map(|number| Json::Number(format!("{number:e}"))),
        any_text()
            .prop_filter("this is written as a value of its own", |text| text.0
                != [Unit::Run])
            .prop_map(Json::Text),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let element =
            prop_oneof![5 => inner.clone().prop_map(Element::One), 1 => Just(Element::Run)];
        let key = any_text().prop_map(|text| {
            Text(
                text.0
                    .into_iter()
                    .filter(|unit| *unit != Unit::Run)
                    .collect(),
            )
        });
        let object = (prop::collection::vec((key, inner), 0..4), any::<bool>());
        prop_oneof![
            prop::collection::vec(element, 0..4).prop_map(Json::List),
            object.prop_map(|(entries, open)| Json::Object(Object { entries, open })),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(json in any_json()) {
        prop_assert_eq!(&pattern(&json.to_string()), &json);
        prop_assert_eq!(&pattern(&json.lines().join("\n")), &json);
    }

    #[test]
    fn whatever_text_is_read_or_refused(text in ".{0,40}") {
        let here = Json::message(&text).is_ok();
        prop_assert_eq!(here, portcullis_core::protocol::json::check(&text).is_ok());
        let _ = Json::pattern(&text);
        let _ = super::super::Transcript::parse(&text);
    }
}
