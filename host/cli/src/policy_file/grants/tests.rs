//! Edits of what a route grants, in each form in which a person may have written it.

use std::path::Path;

use super::*;
use portcullis_core::policy::Policy;

const HEAD: &str = "# Mine.\nversion = 1\n\n[[route]] # first\norigin = \"native@tests.mozilla.org\"\nplugin = \"notes\" # why\n";

fn powers(words: &[&str]) -> Vec<Power> {
    let parsed = words.iter().map(|word| word.parse());
    parsed
        .collect::<Result<_, _>>()
        .unwrap_or_else(|error| panic!("{error}"))
}

fn granted(text: &str) -> Vec<String> {
    let policy = Policy::parse(text, Path::new("policy.toml"));
    let policy = policy.unwrap_or_else(|error| panic!("{error}\n{text}"));
    let grant = &policy.routes()[0].grant;
    Power::all_of(grant)
        .iter()
        .map(ToString::to_string)
        .collect()
}

const EVERYTHING: [&str; 7] = [
    "storage",
    "fs=~/Notes:/notes:rw",
    "http=https://api.example.com",
    "http-private",
    "secret=token:write",
    "env=TZ=UTC",
    "config=theme=dark",
];

/// The same route in each form.
fn forms() -> Vec<String> {
    vec![
        HEAD.to_owned(),
        format!("{HEAD}[route.grant]\n# Nothing yet.\n"),
        format!("{HEAD}grant = {{ }} # one line\n"),
        format!("{HEAD}[route.grant.config]\nmine = \"1\" # kept\n"),
        format!("{HEAD}grant.config.mine = \"1\" # kept\n"),
        format!("{HEAD}[[route.grant.fs]]\nhost = \"~/a\" # kept\nguest = \"/a\"\naccess = \"read-only\"\n"),
        format!(
            "{HEAD}[route.grant]\nhttp = [\n    # The first.\n    \"https://a.example.com\", # kept\n    \
             \"https://b.example.com\",\n]\nsecrets = [\"x\"]\n"
        ),
        "# Mine.\nversion = 1\nroute = [{ origin = \"native@tests.mozilla.org\", plugin = \"notes\" }]\n".to_owned(),
        "# Mine.\nversion = 1\nroute = [{ origin = \"native@tests.mozilla.org\", plugin = \"notes\", grant = { \
         secrets = [{ name = \"x\" }] } }]\n"
            .to_owned(),
        format!("{HEAD}\n[[route]]\norigin = \"other@example.org\"\nplugin = \"notes\"\n# The end.\n"),
    ]
}

#[test]
fn whatever_the_form_everything_can_be_granted_and_taken_back() {
    for before in forms() {
        let comments = before.matches('#').count();
        let text = with_grants(&before, 0, &powers(&EVERYTHING), None)
            .unwrap_or_else(|error| panic!("{error}\n{before}"));
        let all = granted(&text);
        for word in EVERYTHING {
            assert!(all.iter().any(|power| power == word), "{word} in\n{text}");
        }
        assert_eq!(
            text.matches('#').count(),
            comments,
            "comments of\n{before}\n{text}"
        );
        let again = with_grants(&text, 0, &powers(&EVERYTHING), None).expect("an edit");
        assert_eq!(again, text, "granting twice changes nothing");
        let revoked = EVERYTHING.iter().map(|word| word.parse());
        let revoked: Vec<Revoked> = revoked.collect::<Result<_, _>>().expect("powers");
        let after = without_grants(&text, 0, &revoked).expect("an edit");
        assert_eq!(granted(&after), granted(&before), "{after}");
    }
}

#[test]
fn what_is_there_is_replaced_in_its_place() {
    let text = with_grants(HEAD, 0, &powers(&EVERYTHING), None).expect("an edit");
    let changed = powers(&["fs=~/Other:/notes", "secret=token", "config=theme=light"]);
    let text = with_grants(&text, 0, &changed, None).expect("an edit");
    let all = granted(&text);
    for word in ["fs=~/Other:/notes", "secret=token", "config=theme=light"] {
        assert!(all.iter().any(|power| power == word), "{word} in\n{text}");
    }
    assert_eq!(all.len(), EVERYTHING.len(), "{text}");
}

#[test]
fn an_approval_goes_with_the_last_power() {
    let digest = Digest::of_bytes(b"x");
    let both = powers(&["storage", "config=a=b"]);
    let text = with_grants(HEAD, 0, &both, Some(&digest)).expect("an edit");
    assert!(
        text.contains(&format!("approved = \"sha256:{digest}\"")),
        "{text}"
    );
    let text = without_grants(&text, 0, &[Revoked::Storage]).expect("an edit");
    assert!(
        !text.contains("approved") && text.contains("a = \"b\""),
        "{text}"
    );
    let text = without_grants(&text, 0, &[Revoked::Setting("a".to_owned())]).expect("an edit");
    assert_eq!(text, HEAD);
}

#[test]
fn many_lines_stay_many_lines() {
    let text = &forms()[6];
    let text =
        with_grants(text, 0, &powers(&["http=https://c.example.com"]), None).expect("an edit");
    assert!(
        text.contains("\n    \"https://c.example.com\",\n]"),
        "{text}"
    );
    let first = Revoked::Http("https://a.example.com".parse().expect("a destination"));
    let text = without_grants(&text, 0, &[first]).expect("an edit");
    assert!(text.contains("\n    \"https://b.example.com\""), "{text}");
}

#[test]
fn limits_are_set_and_given_back() {
    for before in forms() {
        let set = [
            ("memory", Some("256MiB".into())),
            ("crashes", Some(7.into())),
        ];
        let text = with_limits(&before, 0, &set).expect("an edit");
        let policy = Policy::parse(&text, Path::new("policy.toml"));
        let policy = policy.unwrap_or_else(|error| panic!("{error}\n{text}"));
        let limits = policy.routes()[0].limits;
        assert_eq!(
            (limits.memory.to_string(), limits.crashes),
            ("256MiB".to_owned(), 7)
        );
        let back = with_limits(&text, 0, &[("memory", None), ("crashes", None)]).expect("an edit");
        assert_eq!(back, before);
    }
}

#[test]
fn a_setting_has_a_line() {
    let text =
        format!("{HEAD}[route.grant]\nconfig = {{ a = \"1\" }}\n[route.grant.env]\nTZ = \"UTC\"\n");
    assert_eq!(line_of(&text, 0, "config", "a"), Some(8));
    assert_eq!(line_of(&text, 0, "env", "TZ"), Some(10));
    assert_eq!(line_of(&text, 0, "env", "LANG"), None);
    let inline = "version = 1\nroute = [{ origin = \"a@b\", plugin = \"x\", grant = { env = { TZ = \"UTC\" } } }]\n";
    assert_eq!(line_of(inline, 0, "env", "TZ"), Some(2));
}
