//! The policy as a whole: text in, decisions out.

use std::path::Path;

use super::*;

const ORIGIN: &str = "chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/";
const OTHER: &str = "native@example.org";

fn parse(text: &str) -> Result<Policy, PolicyError> {
    Policy::parse(text, Path::new("policy.toml"))
}

fn route(conditions: &str, plugin: &str) -> String {
    format!("[[route]]\norigin = \"{ORIGIN}\"\nplugin = \"{plugin}\"\n{conditions}\n")
}

fn policy(routes: &[(&str, &str)]) -> Result<Policy, PolicyError> {
    let routes: String = routes
        .iter()
        .map(|(conditions, plugin)| route(conditions, plugin))
        .collect();
    parse(&format!("version = 1\n{routes}"))
}

/// The plugin that a message reaches.
fn chosen(policy: &Policy, host_name: Option<&str>, message: &str) -> Option<String> {
    let origin = ORIGIN.parse().expect("a valid origin");
    let host_name = host_name.map(|name| name.parse().expect("a valid host name"));
    let routes = policy.for_port(&origin, host_name.as_ref());
    let place = routes.select(message).expect("the message is JSON")?;
    Some(routes.as_slice()[place].plugin.to_string())
}

#[test]
fn the_whole_schema_is_read() {
    let text = format!(
        r#"
version = 1
[limits]
memory = "64MiB"
wall-per-call = "2m"

[[route]]
origin = "{ORIGIN}"
plugin = "notes"
host-name = "com.example.notes"
when = {{ "/type" = "note", "/n" = 1, "/on" = true }}
lifetime = "message"
on-crash = "close"
check-inbound = true
[route.limits]
crashes = 3
crash-window = "1m"
cpu-per-call = "250ms"
init = "1s"
message-in = "1MiB"
log-rate = "1KiB/s"
[route.grant]
config = {{ theme = "dark" }}
[route.sandbox]
os = "required"

[[route]]
origin = "{OTHER}"
plugin = "echo"
"#
    );
    let policy = parse(&text).expect("the sample is valid");
    let [notes, echo] = policy.routes() else {
        panic!("two routes")
    };
    assert_eq!((notes.line, echo.line), (7, 27));
    assert_eq!(
        (notes.lifetime, notes.check_inbound),
        (Lifetime::Message, true)
    );
    assert_eq!(
        (notes.on_crash, echo.on_crash),
        (OnCrash::Close, OnCrash::Restart)
    );
    assert_eq!(
        (notes.limits.crashes, notes.limits.crash_window),
        (3, TimeSpan::seconds(60))
    );
    assert_eq!(notes.limits.memory, ByteSize::mebibytes(64));
    assert_eq!(notes.limits.wall_per_call, TimeSpan::seconds(120));
    assert_eq!(notes.limits.cpu_per_call, TimeSpan::milliseconds(250));
    assert_eq!(notes.limits.message_in, ByteSize::mebibytes(1));
    assert_eq!(notes.grant.config["theme"], "dark");
    assert_eq!(
        (notes.confinement, echo.confinement),
        (Strictness::Required, Strictness::BestEffort)
    );
    assert_eq!(notes.when.len(), 3);
    assert_eq!(echo.limits.memory, ByteSize::mebibytes(64));
    assert_eq!(echo.limits.init, TABLE.init.default);
}

#[test]
fn every_fault_has_its_place() {
    let origin = format!("origin = \"{ORIGIN}\"\n");
    for (text, line, column, part) in [
        (String::new(), 1, 1, "version"),
        (
            "version = 2\nfuture = 1".to_owned(),
            1,
            11,
            "newer than this program reads (1)",
        ),
        ("version = 0".to_owned(), 1, 11, "does not exist"),
        (
            "version = 1\nversion = 1".to_owned(),
            2,
            1,
            "duplicate key `version`",
        ),
        (
            "version = 1\nroutes = []".to_owned(),
            2,
            1,
            "unknown field `routes`",
        ),
        (
            "version = 1\n[limits]\nmemory = 5".to_owned(),
            3,
            10,
            "expected a string",
        ),
        (
            "version = 1\n[limits]\nmemory = \"5\"".to_owned(),
            3,
            10,
            "`128MiB`",
        ),
        (
            "version = 1\n[limits]\nmessage-in = \"65MiB\"".to_owned(),
            3,
            14,
            "ceiling",
        ),
        (
            "version = 1\n[limits]\nmemroy = \"5MiB\"".to_owned(),
            3,
            1,
            "unknown field `memroy`",
        ),
        (
            "version = 1\n[[route]]\nplugin = \"a\"".to_owned(),
            2,
            1,
            "missing field `origin`",
        ),
        (
            "version = 1\n[[route]]\norigin = \"*\"\nplugin = \"a\"".to_owned(),
            3,
            10,
            "`*`",
        ),
        (
            format!("version = 1\n[[route]]\n{origin}plugin = \"A b\""),
            4,
            10,
            "`A`",
        ),
        (
            format!("version = 1\n[[route]]\n{origin}plugin = \"a\"\nwhen = {{ type = 1 }}"),
            5,
            10,
            "`/`",
        ),
        (
            format!("version = 1\n[[route]]\n{origin}plugin = \"a\"\nwhen = {{ \"/n\" = 1.5 }}"),
            5,
            17,
            "float",
        ),
        (
            format!("version = 1\n[[route]]\n{origin}plugin = \"a\"\nlifetime = \"day\""),
            5,
            12,
            "`day`",
        ),
        (
            format!("version = 1\n[[route]]\n{origin}plugin = \"a\"\nwhen = {{ \"/n\" = 1"),
            5,
            18,
            "",
        ),
    ] {
        let error = parse(&text).expect_err(&text);
        assert_eq!(
            (error.line, error.column),
            (line, column),
            "{text}\n{error}"
        );
        assert!(error.problem.contains(part), "{error}");
        assert!(
            error
                .to_string()
                .starts_with(&format!("policy.toml:{line}:{column}: "))
        );
    }
}

#[test]
fn the_narrowest_route_wins_whatever_the_order() {
    let mut routes = vec![
        ("", "any"),
        ("host-name = \"com.example.a\"", "by-name"),
        (
            "host-name = \"com.example.a\"\nwhen = { \"/type\" = \"note\" }",
            "by-both",
        ),
    ];
    for _ in 0..routes.len() {
        let policy = policy(&routes).expect("each is narrower than the one before");
        for (host_name, message, expected) in [
            (None, r#"{"type":"note"}"#, "any"),
            (Some("com.example.b"), r#"{"type":"note"}"#, "any"),
            (Some("com.example.a"), r#"{"type":"other"}"#, "by-name"),
            (Some("com.example.a"), r#"{"type":"note"}"#, "by-both"),
        ] {
            assert_eq!(
                chosen(&policy, host_name, message).as_deref(),
                Some(expected)
            );
        }
        routes.rotate_left(1);
    }
}

#[test]
fn routes_that_leave_a_choice_are_refused() {
    let when_a = "when = { \"/a\" = 1 }";
    for (routes, verdict) in [
        ([("", "x"), ("", "y")], Err("same conditions")),
        ([(when_a, "x"), (when_a, "y")], Err("same conditions")),
        (
            [(when_a, "x"), ("when = { \"/b\" = 1 }", "y")],
            Err("neither is narrower"),
        ),
        (
            [(when_a, "x"), ("host-name = \"com.example.a\"", "y")],
            Err("neither is narrower"),
        ),
        ([(when_a, "x"), ("when = { \"/a\" = 2 }", "y")], Ok(())),
        ([(when_a, "x"), ("when = { \"/a/b\" = 2 }", "y")], Ok(())),
        (
            [(when_a, "x"), ("when = { \"/a\" = 1, \"/b\" = 1 }", "y")],
            Ok(()),
        ),
        (
            [("host-name = \"a.b\"", "x"), ("host-name = \"a.c\"", "y")],
            Ok(()),
        ),
    ] {
        match (policy(&routes), verdict) {
            (Ok(_), Ok(())) => {}
            (Err(error), Err(part)) => {
                assert!(error.problem.contains(part), "{error}");
                assert!(error.problem.contains("line 2"), "{error}");
                assert!(error.line > 2, "{error}");
            }
            (found, expected) => panic!("{routes:?}: {found:?} instead of {expected:?}"),
        }
    }
}

#[test]
fn nothing_fits_another_origin_or_an_unknown_host_name() {
    let policy = policy(&[("host-name = \"com.example.a\"", "x")]).expect("one route");
    assert_eq!(chosen(&policy, None, "1"), None);
    assert_eq!(chosen(&policy, Some("com.example.b"), "1"), None);
    let other = policy.for_port(&OTHER.parse().expect("a valid id"), None);
    assert_eq!((other.as_slice().len(), other.message_limit()), (0, 0));
}

#[test]
fn a_message_is_read_only_where_a_route_looks_into_it() {
    let origin = ORIGIN.parse().expect("a valid origin");
    let blind = policy(&[("", "x")])
        .expect("one route")
        .for_port(&origin, None);
    assert_eq!(blind.select("not json"), Ok(Some(0)));
    let looking = policy(&[("when = { \"/a\" = 1 }", "x")]).expect("one route");
    let looking = looking.for_port(&origin, None);
    assert!(looking.select("not json").is_err());
    assert!(looking.select(r#"{"a":1,"a":2}"#).is_err());
    assert_eq!(looking.select(r#"{"b":1,"b":2}"#), Ok(None));
}

const README: &str = include_str!("../../../../README.md");

#[test]
fn secrets_are_in_the_keyring_unless_the_policy_says_otherwise() {
    let backend = |line: &str| {
        let policy = parse(&format!("version = 1\n{line}\n"))?;
        let origin = ORIGIN.parse().expect("a valid origin");
        let of_port = policy.for_port(&origin, None).secrets_backend();
        assert_eq!(of_port, policy.secrets_backend());
        Ok::<_, PolicyError>(of_port)
    };
    assert_eq!(backend(""), Ok(SecretsBackend::Keyring));
    let keyring = backend("secrets-backend = \"keyring\"");
    assert_eq!(keyring, Ok(SecretsBackend::Keyring));
    let file = backend("secrets-backend = \"file\"");
    assert_eq!(file, Ok(SecretsBackend::File));
    let error = backend("secrets-backend = \"File\"").expect_err("no such place");
    assert_eq!((error.line, error.column), (2, 19));
}

#[test]
fn the_policy_in_the_readme_is_valid() {
    let (_, sample) = README
        .split_once("```toml\n")
        .expect("the README shows a policy");
    let (sample, _) = sample.split_once("```").expect("the sample ends");
    let policy = parse(sample).expect("the sample is valid");
    assert_eq!(policy.routes().len(), 2);
}

#[test]
fn the_table_of_limits_in_the_readme_is_the_one_that_applies() {
    fn row<T: std::fmt::Display>(bound: &Bound<T>) -> String {
        let Bound {
            key,
            floor,
            default,
            ceiling,
        } = bound;
        format!("| `{key}` | {default} | {floor} | {ceiling} |")
    }
    for row in [
        row(&TABLE.memory),
        row(&TABLE.cpu_per_call),
        row(&TABLE.wall_per_call),
        row(&TABLE.init),
        row(&TABLE.message_in),
        row(&TABLE.log_rate),
        row(&TABLE.crashes),
        row(&TABLE.crash_window),
    ] {
        assert!(README.contains(&row), "the README lacks `{row}`");
    }
}
