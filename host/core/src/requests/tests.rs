//! Requests: what is read back, each way of being refused with its place, and what growing is.

use super::*;

const EXAMPLE: &str = r#"
name = "notes"
version = "1.0.0"
description = "Keeps notes in a folder"
origins = ["chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/", "id@example.org"]
host-names = ["com.example.notes"]

[requests]
storage = { reason = "remembers the last note" }
fs = [{ guest = "/notes", access = "read-write", suggested = "~/Notes", reason = "keeps the notes" }]
http = [{ destination = "https://api.example.com", reason = "fetches titles" }]
secrets = [{ name = "api-token", write = true, reason = "signs in" }]
config = [{ key = "theme", reason = "looks" }]
env = [{ name = "TZ", reason = "dates" }]
"#;

fn parsed(text: &str) -> Requests {
    Requests::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn what_is_written_is_read_back() {
    let requests = parsed(EXAMPLE);
    assert_eq!(requests.folders[0].access, Access::ReadWrite);
    assert_eq!(requests.secrets[0].access, SecretAccess::Write);
    let text = requests.to_text();
    assert!(text.starts_with("format = 1\n"), "{text}");
    assert_eq!(parsed(&text), requests);
    assert_eq!(parsed(&text).to_text(), text);

    let least = parsed("name = \"x\"\nversion = \"1\"\ndescription = \"d\"\n");
    assert_eq!(parsed(&least.to_text()), least);
    assert!(least.asked().wishes().is_empty());
}

#[test]
fn each_broken_rule_is_named_with_its_place() {
    let long_reason = format!("\"{}\"", "r".repeat(513));
    let long_version = format!("\"{}\"", "1".repeat(65));
    // What is replaced, what stands there then, where it is found, and words of the problem.
    let cases = [
        (
            "name = \"notes\"",
            "name = \"Notes\"",
            "2:8",
            "this one has `N`",
        ),
        ("name = \"notes\"\n", "", "1:1", "missing field `name`"),
        ("\"1.0.0\"", &*long_version, "3:11", "at most 64 bytes"),
        ("\"1.0.0\"", "1", "3:11", "invalid type"),
        (
            "\"Keeps notes in a folder\"",
            "\"a\\u001b[2Jb\"",
            "4:15",
            "\\u{1b}",
        ),
        (
            "\"Keeps notes in a folder\"",
            "\"a\\u202eb\"",
            "4:15",
            "\\u{202e}",
        ),
        (
            "\"id@example.org\"",
            "\"https://example.org/\"",
            "5:11",
            "not an extension",
        ),
        (
            "\"id@example.org\"",
            "\"chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/\"",
            "5:68",
            "stands here twice",
        ),
        (
            "com.example.notes",
            "com/example",
            "6:14",
            "this one has `/`",
        ),
        (
            "[requests]",
            "[requests]\nprocess = true",
            "9:1",
            "unknown field `process`",
        ),
        (
            "version = ",
            "novelty = 1\nversion = ",
            "3:1",
            "unknown field `novelty`",
        ),
        (
            "version = ",
            "version = \"1\"\nversion = ",
            "4:1",
            "duplicate key",
        ),
        (
            "\"remembers the last note\"",
            "\"  \"",
            "9:22",
            "must not be empty",
        ),
        (
            "\"remembers the last note\"",
            &*long_reason,
            "9:22",
            "at most 512 bytes",
        ),
        (
            ", reason = \"keeps the notes\"",
            "",
            "10:7",
            "missing field `reason`",
        ),
        ("\"/notes\"", "\"notes\"", "10:17", "begins with `/`"),
        ("read-write", "all", "10:36", "unknown variant `all`"),
        (
            "https://api.example.com",
            "https://api.example.com/x",
            "11:25",
            "remove `/x`",
        ),
        ("https://api.example.com", "https://*.com", "11:25", "star"),
        ("write = true", "write = 1", "12:42", "invalid type"),
        ("api-token", "a b", "12:21", "this one has ` `"),
        (
            "name = \"notes\"",
            "format = 2\nname = \"notes\"",
            "2:10",
            "update Portcullis",
        ),
        (
            "name = \"notes\"",
            "format = 2\nnovelty = 1\nname = \"notes\"",
            "2:10",
            "newer",
        ),
        (
            "name = \"notes\"",
            "format = 0\nname = \"notes\"",
            "2:10",
            "no format 0",
        ),
    ];
    let mut others = Vec::new();
    for (old, new, place, words) in cases {
        assert!(EXAMPLE.contains(old), "{old}");
        let text = EXAMPLE.replacen(old, new, 1);
        let error = Requests::parse(&text).expect_err(&text);
        if error.position.to_string() != place || !error.problem.contains(words) {
            others.push(format!("{new}: {error}, not {place}: {words}"));
        }
    }
    assert!(others.is_empty(), "{others:#?}");
}

#[test]
fn lists_and_the_whole_have_an_end() {
    let with = |count: usize, reason: &str| {
        let items = (0..count).map(|number| {
            format!(
                "{{ destination = \"https://h{number}.example.com\", reason = \"{reason}\" }},\n"
            )
        });
        let items: String = items.collect();
        format!(
            "name = \"x\"\nversion = \"1\"\ndescription = \"d\"\n[requests]\nhttp = [\n{items}]\n"
        )
    };
    assert_eq!(parsed(&with(MOST_ITEMS, "r")).http.len(), MOST_ITEMS);
    let error = Requests::parse(&with(MOST_ITEMS + 1, "r")).expect_err("one too many");
    assert_eq!(error.position.line, 6 + MOST_ITEMS, "{error}");
    let error = Requests::parse(&with(1000, &"r".repeat(100))).expect_err("too long");
    assert!(error.problem.contains("at most 65536 bytes"), "{error}");
    // Whatever its depth, it is an error and not a fall.
    let deep = format!("name = {}", "[".repeat(30_000));
    assert!(Requests::parse(&deep).is_err());
}

#[test]
fn growing_is_any_power_that_was_not_there() {
    let old = parsed(EXAMPLE);
    // What the newer build has in place of what, and whether the old requests cover it.
    let cases = [
        ("", "", true),
        ("version = \"1.0.0\"", "version = \"9\"", true),
        ("\"keeps the notes\"", "\"another reason\"", true),
        ("\"theme\"", "\"another-setting\"", true),
        ("\"TZ\"", "\"LANG\"", true),
        (
            "storage = { reason = \"remembers the last note\" }",
            "",
            true,
        ),
        ("read-write", "read-only", true),
        ("\"/notes\"", "\"/other\"", false),
        ("write = true, ", "", true),
        ("api-token", "other-token", false),
        (
            "https://api.example.com",
            "https://api.example.com:443",
            true,
        ),
        (
            "https://api.example.com",
            "https://api.example.com:8443",
            false,
        ),
        ("https://api.example.com", "http://api.example.com", false),
        ("https://api.example.com", "https://*.example.com", false),
    ];
    for (from, to, expected) in cases {
        let newer = parsed(&EXAMPLE.replacen(from, to, 1));
        assert_eq!(old.covers(&newer), expected, "{from} → {to}");
        assert_eq!(old.asked().growth(&newer.asked()).is_empty(), expected);
    }
    let narrow = parsed(&EXAMPLE.replacen("read-write", "read-only", 1));
    assert!(!narrow.covers(&old));
    assert_eq!(
        narrow.asked().growth(&old.asked())[0].to_string(),
        "folder /notes (read-write)"
    );
    let reading = parsed(&EXAMPLE.replacen("write = true, ", "", 1));
    assert!(!reading.covers(&old));
    let wide = parsed(&EXAMPLE.replacen("api.example.com", "*.example.com", 1));
    assert!(wide.covers(&old));
}

proptest::proptest! {
    /// Pieces of what is right, put together in any way, with anything between them.
    #[test]
    fn whatever_is_accepted_is_written_and_read_alike(
        pieces in proptest::collection::vec(0..14_usize, 0..12),
        noise in "\\PC{0,12}",
    ) {
        let lines: Vec<&str> = EXAMPLE.lines().filter(|line| !line.is_empty()).collect();
        let mut text = String::from("name = \"x\"\nversion = \"1\"\ndescription = \"d\"\n");
        for piece in pieces {
            text.push_str(lines.get(piece).copied().unwrap_or(&noise));
            text.push('\n');
        }
        if let Ok(requests) = Requests::parse(&text) {
            proptest::prop_assert_eq!(Requests::parse(&requests.to_text()), Ok(requests));
        }
    }
}
