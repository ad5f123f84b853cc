// Texts that are JSON in an odd way, or nearly JSON. One list for the guests, which send them, and the tests, which say
// what becomes of each; `include!`d by both.

/// Each text, what is odd about it, and whether a plugin may send it.
pub(crate) fn odd_texts() -> Vec<(&'static str, String, bool)> {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    vec![
        ("a lone surrogate", r#""\ud800""#.to_owned(), true),
        ("a key twice", r#"{"a":1,"a":2}"#.to_owned(), true),
        ("a million digits", "7".repeat(1_000_000), true),
        ("space around it", " \r\n\t1 ".to_owned(), true),
        ("128 deep", nested(128), true),
        ("129 deep", nested(129), false),
        ("10 000 deep", nested(10_000), false),
        ("10 000 deep and open", "[".repeat(10_000), false),
        ("not a number", "NaN".to_owned(), false),
        ("infinity", "-Infinity".to_owned(), false),
        ("a leading zero", "01".to_owned(), false),
        ("something behind it", "1 and so on".to_owned(), false),
        ("two values", "1 2".to_owned(), false),
        ("a byte order mark", "\u{feff}1".to_owned(), false),
        ("a comment", "1 // one".to_owned(), false),
        ("a comma too many", "[1,]".to_owned(), false),
        ("single quotes", "'text'".to_owned(), false),
        ("a raw control character", "\"\u{1}\"".to_owned(), false),
        ("half an escape", r#""\u12""#.to_owned(), false),
        ("an end too early", r#"{"unfinished":"#.to_owned(), false),
        ("space alone", " ".to_owned(), false),
        ("nothing", String::new(), false),
    ]
}
