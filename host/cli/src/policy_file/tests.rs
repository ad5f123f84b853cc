//! Edits of the policy: what changes, and above all what does not.

use std::path::Path;

use super::*;

const ORIGIN: &str = "chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/";

const COMMENTED: &str = r#"# My policy.
version = 1   # the only one

[limits]
memory = "64MiB" # less than the default

# The first route: notes.
[[route]]
origin = "chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/"
plugin = "notes"   # mine
when = { "/type" = "note" }

[route.grant]
config = { theme = "dark" }

# A word about everything below.

# The second route: an add-on.
[[route]]
plugin = "echo"
origin = "native@tests.mozilla.org"
# The end.
"#;

fn route(origin: &str, plugin: &str) -> NewRoute {
    NewRoute {
        origin: origin.parse().expect("an origin"),
        host_name: None,
        when: BTreeMap::new(),
        plugin: plugin.parse().expect("a name"),
    }
}

fn policy(text: &str) -> Policy {
    Policy::parse(text, Path::new("policy.toml")).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn plugins(text: &str) -> Vec<String> {
    policy(text)
        .routes()
        .iter()
        .map(|route| route.plugin.to_string())
        .collect()
}

#[test]
fn a_first_route_makes_a_policy() {
    let text = with_route("", &route(ORIGIN, "echo")).expect("an edit");
    assert_eq!(
        text,
        format!("{NEW}\n[[route]]\norigin = \"{ORIGIN}\"\nplugin = \"echo\"\n")
    );
    assert_eq!(plugins(&text), ["echo"]);
}

#[test]
fn every_condition_is_written() {
    let mut new = route("{b9db16a4-6edc-47ec-a1f4-b86292ed211d}", "echo");
    new.host_name = Some("com.example.echo".parse().expect("a host name"));
    let scalars = [
        ("/flag", Scalar::Flag(true)),
        ("/number", Scalar::Integer(-7)),
        ("/type \"x\"", Scalar::Text("a \"note\"\n".to_owned())),
    ];
    for (pointer, scalar) in scalars {
        new.when
            .insert(Pointer::parse(pointer).expect("a pointer"), scalar);
    }
    let text = with_route("", &new).expect("an edit");
    let policy = policy(&text);
    let [read] = policy.routes() else {
        panic!("one route:\n{text}")
    };
    assert!(new.has_conditions_of(read), "{text}");
}

#[test]
fn adding_keeps_every_line_that_was_there() {
    let text = with_route(COMMENTED, &route(ORIGIN, "other")).expect("an edit");
    let rest: Vec<&str> = COMMENTED.lines().collect();
    let kept: Vec<&str> = text.lines().filter(|line| rest.contains(line)).collect();
    for line in &rest {
        assert!(text.contains(line), "{line:?} is gone:\n{text}");
    }
    assert!(kept.len() >= rest.len());
    assert_eq!(plugins(&text), ["notes", "echo", "other"]);
}

#[test]
fn removing_takes_the_route_and_its_own_comment_only() {
    let first = without_route(COMMENTED, 0).expect("an edit");
    assert_eq!(plugins(&first), ["echo"]);
    for gone in ["first route", "notes", "theme"] {
        assert!(!first.contains(gone), "{first}");
    }
    for kept in [
        "My policy",
        "less than the default",
        "everything below",
        "second route",
        "The end",
    ] {
        assert!(first.contains(kept), "{kept:?} is gone:\n{first}");
    }

    let second = without_route(COMMENTED, 1).expect("an edit");
    assert_eq!(plugins(&second), ["notes"]);
    for gone in ["second route", "native@tests"] {
        assert!(!second.contains(gone), "{second}");
    }
    for kept in ["# mine", "theme", "everything below", "The end"] {
        assert!(second.contains(kept), "{kept:?} is gone:\n{second}");
    }

    let none = without_route(&second, 0).expect("an edit");
    assert_eq!(plugins(&none), [""; 0]);
    let again = with_route(&none, &route(ORIGIN, "echo")).expect("an edit");
    assert_eq!(plugins(&again), ["echo"]);
}

#[test]
fn routes_in_one_array_are_edited_too() {
    let text =
        format!("version = 1\nroute = [{{ origin = \"{ORIGIN}\", plugin = \"echo\" }}] # short\n");
    let more = with_route(&text, &route("native@tests.mozilla.org", "notes")).expect("an edit");
    assert_eq!(plugins(&more), ["echo", "notes"]);
    assert!(more.contains("# short"));
    let less = without_route(&more, 0).expect("an edit");
    assert_eq!(plugins(&less), ["notes"]);
}

#[test]
fn the_command_that_removes_a_route_is_ready_to_paste() {
    let text = format!(
        "version = 1\n[[route]]\norigin = \"{ORIGIN}\"\nplugin = \"echo\"\nhost-name = \"a.b\"\n\
         when = {{ \"/type\" = \"note\", \"/n\" = 1 }}\n"
    );
    let policy = policy(&text);
    assert_eq!(
        removal_command(&policy.routes()[0]),
        format!(
            "portcullis route remove {ORIGIN} echo --host-name a.b --when /n=1 --when '/type=\"note\"'"
        )
    );
}
