//! `route add|list|remove`: edits of a file that is a person's.

use std::fs;

use portcullis_tests::{ADD_ON, Home, ORIGIN, OTHER_ORIGIN, guests};
use serde_json::{Value, json};

use super::run;

fn home() -> Home {
    let home = Home::new();
    home.add("echo", &guests::echo())
        .add("ping-pong", &guests::ping_pong());
    home
}

fn policy(home: &Home) -> String {
    fs::read_to_string(home.path().join("policy.toml")).expect("our own file")
}

#[test]
fn routes_are_added_listed_and_removed() {
    let home = home();
    run(&home, ["route", "list"]).prints("there are no routes: no extension may use a plugin\n");
    run(&home, ["route", "add", ORIGIN, "echo"]).prints(&format!("routed `{ORIGIN}` to `echo`\n"));
    run(&home, ["route", "add", ORIGIN, "echo"])
        .prints(&format!("`{ORIGIN}` is already routed to `echo`\n"));
    let more = [
        "--host-name",
        "com.example.ping",
        "--when",
        "/type=ping",
        "--when",
        "/n=\"7\"",
    ];
    run(
        &home,
        ["route", "add", ORIGIN, "ping-pong"]
            .into_iter()
            .chain(more),
    )
    .prints(&format!("routed `{ORIGIN}` to `ping-pong`\n"));
    run(
        &home,
        [
            "route", "add", ADD_ON, "echo", "--when", "/on=true", "--when", "/n=7",
        ],
    )
    .prints(&format!("routed `{ADD_ON}` to `echo`\n"));
    run(&home, ["policy", "check"]).prints("policy is valid: 3 routes, 2 plugins\n");

    let list: Value =
        serde_json::from_str(&run(&home, ["route", "list", "--json"]).succeeds()).expect("JSON");
    assert_eq!(
        list,
        json!([
            { "origin": ORIGIN, "host-name": null, "when": {}, "plugin": "echo", "installed": true, "line": 4 },
            {
                "origin": ORIGIN, "host-name": "com.example.ping", "when": { "/n": "7", "/type": "ping" },
                "plugin": "ping-pong", "installed": true, "line": 8
            },
            {
                "origin": ADD_ON, "host-name": null, "when": { "/n": 7, "/on": true }, "plugin": "echo",
                "installed": true, "line": 14
            },
        ])
    );
    let table = run(&home, ["route", "list"]).succeeds();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(rows[0], ["ORIGIN", "HOST", "NAME", "WHEN", "PLUGIN"]);
    assert_eq!(rows[1], [ORIGIN, "any", "any", "echo"]);
    assert_eq!(
        rows[2],
        [
            ORIGIN,
            "com.example.ping",
            "/n=\"7\"",
            "/type=\"ping\"",
            "ping-pong"
        ]
    );

    run(&home, ["route", "remove", ORIGIN]).refuses(
        1,
        &format!(
            "2 routes fit: remove them all with `--all`, or one with\n  \
             portcullis route remove {ORIGIN} echo\n  \
             portcullis route remove {ORIGIN} ping-pong --host-name com.example.ping --when '/n=\"7\"' \
             --when '/type=\"ping\"'"
        ),
    );
    run(
        &home,
        [
            "route",
            "remove",
            ORIGIN,
            "ping-pong",
            "--host-name",
            "com.example.ping",
        ],
    )
    .prints(&format!("`{ORIGIN}` is no longer routed to `ping-pong`\n"));
    run(&home, ["route", "remove", OTHER_ORIGIN]).refuses(
        1,
        &format!("no route of `{OTHER_ORIGIN}` fits: `portcullis route list` shows what there is"),
    );
    run(&home, ["route", "remove", ADD_ON])
        .prints(&format!("`{ADD_ON}` is no longer routed to `echo`\n"));
    run(&home, ["policy", "check"]).prints("policy is valid: 1 route, 1 plugin\n");
}

#[test]
fn the_exact_route_can_be_removed_from_among_narrower_ones() {
    let home = home();
    for when in [None, Some("/type=a"), Some("/type=b")] {
        let condition = when.iter().flat_map(|when| ["--when", when]);
        run(
            &home,
            ["route", "add", ORIGIN, "echo"]
                .into_iter()
                .chain(condition),
        )
        .succeeds();
    }
    run(&home, ["route", "remove", ORIGIN]).refuses_with(1, "3 routes fit");
    run(&home, ["route", "remove", ORIGIN, "echo"]).succeeds();
    run(&home, ["route", "remove", ORIGIN, "echo"]).refuses_with(1, "2 routes fit");
    run(&home, ["route", "remove", ORIGIN, "--when", "/type=b"]).succeeds();
    assert!(
        policy(&home).contains("\"/type\" = \"a\"") && !policy(&home).contains("\"/type\" = \"b\"")
    );
}

#[test]
fn comments_and_order_survive() {
    let home = home();
    let written = format!(
        "# Mine, by hand.\nversion = 1 # the only one\n\n\
         [[route]] # the first\nplugin = \"echo\" # before the origin\norigin = '{ORIGIN}'\n\
         # Why dark: because.\n[route.grant]\nconfig = {{ theme = \"dark\" }}\n\n\
         [limits] # at the end, which is odd and legal\nmemory = \"64MiB\"\n# The last word.\n"
    );
    home.policy(&written);
    run(&home, ["route", "add", OTHER_ORIGIN, "ping-pong"]).succeeds();
    let after = policy(&home);
    let kept: Vec<&str> = after
        .lines()
        .filter(|line| written.lines().any(|old| old == *line))
        .collect();
    let old: Vec<&str> = written.lines().collect();
    for line in &old {
        assert!(kept.contains(line), "{line:?} is gone from\n{after}");
    }
    let comments = |text: &str| -> Vec<String> {
        text.lines()
            .filter(|line| line.contains('#'))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(comments(&after), comments(&written), "in their order");

    run(&home, ["route", "remove", OTHER_ORIGIN]).succeeds();
    assert_eq!(
        comments(&policy(&home)),
        comments(&written),
        "and back again"
    );
}

#[test]
fn a_route_that_would_not_hold_is_not_written() {
    let home = home();
    run(
        &home,
        ["route", "add", ORIGIN, "echo", "--host-name", "a.b"],
    )
    .succeeds();
    let before = policy(&home);
    // What is typed, the code, and words of the refusal.
    let cases: [(&[&str], i32, &str); 8] = [
        (
            &[ORIGIN, "nothing"],
            1,
            "no plugin `nothing` is installed, but `echo`, `ping-pong`",
        ),
        (
            &[ORIGIN, "ping-pong", "--host-name", "a.b"],
            1,
            "is already routed to `echo` (line 4 of `[HOME]/policy.toml`)",
        ),
        (
            &[ORIGIN, "echo", "--when", "/type=x"],
            1,
            "nothing was written",
        ),
        (
            &["http://example.org/", "echo"],
            2,
            "`http://example.org/` is not an extension",
        ),
        (&["chrome-extension://abc/", "echo"], 2, "32"),
        (
            &[ORIGIN, "echo", "--host-name", "a/b"],
            2,
            "this one has `/`",
        ),
        (&[ORIGIN, "echo", "--when", "type"], 2, "write `/type=note`"),
        (
            &[ORIGIN, "echo", "--when", "/a=1", "--when", "/a=2"],
            2,
            "names `/a` twice",
        ),
    ];
    for (arguments, code, words) in cases {
        let all = ["route", "add"]
            .into_iter()
            .chain(arguments.iter().copied());
        run(&home, all).refuses_with(code, words);
        assert_eq!(policy(&home), before, "{arguments:?}");
    }
}
