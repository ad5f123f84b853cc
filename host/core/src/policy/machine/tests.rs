//! What a machine-wide policy leaves, power by power.

use super::*;
use crate::caller::Origin;
use crate::policy::{Access, SecretAccess, Strictness, Target};

const ORIGIN: &str = "chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/";

fn route(conditions: &str, rest: &str) -> String {
    format!("[[route]]\norigin = \"{ORIGIN}\"\nplugin = \"notes\"\n{conditions}\n{rest}\n")
}

fn policy(text: &str) -> Policy {
    let text = format!("version = 1\n{text}");
    Policy::parse(&text, Path::new("policy.toml")).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn machine(text: &str) -> MachinePolicy {
    let text = format!("version = 1\n{text}");
    let file = Path::new("/etc/portcullis/policy.toml");
    MachinePolicy::parse(&text, file).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// `/link` leads to `/etc`, `~` is `/home/u`, and `/missing` does not exist.
fn real(host: &str) -> Option<PathBuf> {
    let host = host
        .replacen('~', "/home/u", 1)
        .replacen("/link", "/etc", 1);
    (!host.starts_with("/missing")).then(|| PathBuf::from(host))
}

/// What the machine's grant leaves of the user's.
fn left(user: &str, allowed: &str) -> Grant {
    let user = policy(&route("", &format!("[route.grant]\n{user}")));
    let allowed = machine(&route("", &format!("[route.grant]\n{allowed}")));
    let narrowed = user.narrowed_by(&allowed, &real);
    let [route] = narrowed.routes() else {
        panic!("the route is left: {narrowed:?}")
    };
    route.grant.clone()
}

#[test]
fn without_a_machine_wide_policy_nothing_changes() {
    let user = policy(&route(
        "",
        "[route.grant]\nstorage = true\n[route.limits]\nmemory = \"1GiB\"",
    ));
    assert_eq!(user.narrowed_by(&MachinePolicy::default(), &real), user);
    // One that mentions nothing but the route and its powers takes away nothing else.
    let allowed = machine(&route("", "[route.grant]\nstorage = true"));
    assert_eq!(user.narrowed_by(&allowed, &real), user);
}

#[test]
fn an_extension_that_is_not_mentioned_is_the_users_matter_unless_it_is_denied() {
    let user = policy(&route("", ""));
    let other = route("", "").replace(ORIGIN, "other@example.org");
    assert_eq!(user.narrowed_by(&machine(&other), &real), user);
    let denied = machine(&format!("unmentioned = \"deny\"\n{other}"));
    assert!(user.narrowed_by(&denied, &real).routes().is_empty());
    let empty = machine("unmentioned = \"deny\"\n");
    assert!(user.narrowed_by(&empty, &real).routes().is_empty());
}

#[test]
fn only_the_machine_wide_policy_says_what_becomes_of_the_unmentioned() {
    let text = "version = 1\nunmentioned = \"deny\"\n";
    let error = Policy::parse(text, Path::new("policy.toml")).expect_err("not in the user's");
    assert_eq!((error.line, error.column), (2, 15), "{error}");
}

#[test]
fn a_route_is_left_where_the_machines_conditions_are_among_its_own() {
    let note = "when = { \"/type\" = \"note\" }";
    let task = "when = { \"/type\" = \"task\" }";
    let named = "host-name = \"com.example.notes\"";
    let both = format!("{note}\n{named}");
    // The user's conditions, the machine's, and whether the route is left.
    for (user, allowed, expected) in [
        ("", "", true),
        (note, "", true),
        (note, note, true),
        (&both, note, true),
        (&both, named, true),
        ("", note, false),
        (task, note, false),
        (named, note, false),
    ] {
        let narrowed = policy(&route(user, "")).narrowed_by(&machine(&route(allowed, "")), &real);
        assert_eq!(
            !narrowed.routes().is_empty(),
            expected,
            "{user} in {allowed}"
        );
    }
    let other_plugin = machine(&route("", "").replace("\"notes\"", "\"other\""));
    assert!(
        policy(&route("", ""))
            .narrowed_by(&other_plugin, &real)
            .routes()
            .is_empty()
    );
}

#[test]
fn what_a_narrower_machine_route_takes_is_taken_from_a_wider_one_of_the_user() {
    let note = "when = { \"/type\" = \"note\" }";
    let with_storage = "[route.grant]\nstorage = true";
    let allowed = machine(&format!("{}{}", route("", with_storage), route(note, "")));
    let wide = policy(&route("", with_storage)).narrowed_by(&allowed, &real);
    assert!(
        wide.routes()[0].grant.storage.is_none(),
        "a note would come through it"
    );

    let allowed = machine(&format!("{}{}", route("", ""), route(note, with_storage)));
    let narrow = policy(&route(note, with_storage)).narrowed_by(&allowed, &real);
    assert!(
        narrow.routes()[0].grant.storage.is_some(),
        "the narrowest that fits decides"
    );
}

#[test]
fn a_folder_is_left_within_a_folder_of_the_machines() {
    let fs = |host: &str, access: &str| {
        format!("fs = [{{ host = \"{host}\", guest = \"/x\", access = \"{access}\" }}]")
    };
    // The user's folder, the machine's, and what is left.
    for (user, user_access, allowed, allowed_access, expected) in [
        (
            "~/Notes",
            "read-write",
            "~/Notes",
            "read-write",
            Some(Access::ReadWrite),
        ),
        (
            "~/Notes/a",
            "read-only",
            "/home/u/Notes",
            "read-write",
            Some(Access::ReadOnly),
        ),
        (
            "~/Notes",
            "read-write",
            "~",
            "read-only",
            Some(Access::ReadOnly),
        ),
        ("~/Notes-2", "read-only", "~/Notes", "read-only", None),
        ("~", "read-only", "~/Notes", "read-only", None),
        (
            "/link/x",
            "read-only",
            "/link",
            "read-only",
            Some(Access::ReadOnly),
        ),
        (
            "/link/x",
            "read-only",
            "/etc",
            "read-only",
            Some(Access::ReadOnly),
        ),
        ("/missing", "read-only", "/", "read-only", None),
        ("/a", "read-only", "/missing", "read-only", None),
    ] {
        let grant = left(&fs(user, user_access), &fs(allowed, allowed_access));
        let access = grant.folders.first().map(|folder| folder.access);
        assert_eq!(access, expected, "{user} in {allowed}");
    }
    assert!(left(&fs("~/Notes", "read-only"), "").folders.is_empty());
}

#[test]
fn destinations_are_intersected() {
    let reaches = |user: &str, allowed: &str, url: &str| {
        let grant = left(&format!("http = [{user}]"), &format!("http = [{allowed}]"));
        grant
            .http_to(&Target::of_url(url).expect("a URL"))
            .is_some()
    };
    let (wide, narrow) = ("\"https://*.example.com\"", "\"https://api.example.com\"");
    for (user, allowed, url, expected) in [
        (narrow, narrow, "https://api.example.com/x", true),
        (narrow, wide, "https://api.example.com/x", true),
        (wide, narrow, "https://api.example.com/x", true),
        (wide, narrow, "https://www.example.com/x", false),
        (narrow, "", "https://api.example.com/x", false),
        ("", narrow, "https://api.example.com/x", false),
        (
            narrow,
            "\"http://api.example.com\"",
            "https://api.example.com/",
            false,
        ),
    ] {
        assert_eq!(
            reaches(user, allowed, url),
            expected,
            "{user} and {allowed}"
        );
    }
    assert!(!left("http-private = true", "").http_private);
    assert!(!left("", "http-private = true").http_private);
    assert!(left("http-private = true", "http-private = true").http_private);
}

#[test]
fn secrets_storage_and_settings() {
    let grant = left(
        "secrets = [\"a\", { name = \"b\", write = true }, \"c\"]\nstorage = true",
        "secrets = [{ name = \"a\", write = true }, \"b\"]",
    );
    let secrets: Vec<_> = grant
        .secrets
        .iter()
        .map(|one| (one.name.as_str(), one.access))
        .collect();
    assert_eq!(
        secrets,
        [("a", SecretAccess::Read), ("b", SecretAccess::Read)]
    );
    assert!(grant.storage.is_none());
    assert!(left("storage = true", "storage = true").storage.is_some());

    let grant = left(
        "config = { theme = \"dark\", mine = \"1\" }\nenv = { TZ = \"UTC\" }",
        "config = { theme = \"light\", added = \"2\" }",
    );
    let config: Vec<_> = grant
        .config
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    assert_eq!(config, ["added=2", "mine=1", "theme=light"]);
    assert_eq!(grant.environment.len(), 1);
}

#[test]
fn limits_and_confinement_are_the_stricter_ones() {
    let user = policy(&route(
        "check-inbound = false",
        "[route.limits]\nmemory = \"1GiB\"\ncrashes = 3\ncrash-window = \"5m\"\n[route.sandbox]\nos = \"off\"",
    ));
    let allowed = machine(&format!(
        "[limits]\nmemory = \"64MiB\"\n{}",
        route(
            "check-inbound = true",
            "[route.limits]\ncrashes = 9\ncrash-window = \"9m\""
        )
    ));
    let narrowed = user.narrowed_by(&allowed, &real);
    let [left] = narrowed.routes() else {
        panic!("the route is left")
    };
    assert_eq!(left.limits.memory.to_string(), "64MiB");
    assert_eq!(left.limits.crashes, 3);
    assert_eq!(left.limits.crash_window.to_string(), "9m");
    assert_eq!(
        left.confinement,
        Strictness::Off,
        "not mentioned, so not narrowed"
    );
    assert!(left.check_inbound);

    let strict = machine(&format!(
        "{}[route.sandbox]\nos = \"required\"\n",
        route("", "")
    ));
    assert_eq!(
        user.narrowed_by(&strict, &real).routes()[0].confinement,
        Strictness::Required
    );
    let origin: Origin = ORIGIN.parse().expect("an origin");
    assert_eq!(
        user.narrowed_by(&strict, &real)
            .for_port(&origin, None)
            .as_slice()
            .len(),
        1
    );
}
