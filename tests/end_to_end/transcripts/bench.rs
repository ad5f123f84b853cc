//! `portcullis bench`: figures of round trips and of starts. How fast anything is, is for no test to say.

use std::fs;
use std::path::Path;

use portcullis_tests::{ADD_ON, Home, ORIGIN};
use serde_json::Value;

use super::Project;
use crate::cli::{Said, contents, finished, run, text};
use crate::fixture::{Verb, guest, home_with, limited_home, order, route};

#[track_caller]
fn figures(said: Said) -> Value {
    assert_eq!(said.code, 0, "{said:?}");
    serde_json::from_str(&said.stdout).expect("`--json` prints JSON")
}

#[track_caller]
fn hold_together(figures: &Value, count: u64) {
    assert_eq!(figures["count"], count, "{figures}");
    assert_eq!(figures["unit"], "nanoseconds");
    let named = ["min", "p50", "p90", "p99", "max"].map(|name| figures[name].as_u64());
    assert!(named[0] > Some(0) && named.is_sorted(), "{figures}");
    let bars = figures["histogram"].as_array().expect("an array");
    let counts = bars.iter().filter_map(|bar| bar["count"].as_u64());
    assert_eq!(counts.sum::<u64>(), count, "{figures}");
    let last = bars.last().and_then(|bar| bar["up-to"].as_u64());
    assert!(last >= named[4], "{figures}");
}

#[test]
fn an_installed_plugin_is_measured_by_its_route() {
    let home = home_with(
        &["echo", "unruly"],
        &(route(ORIGIN, "echo") + &route(ADD_ON, "unruly")),
    );
    let arguments = [
        "bench",
        "echo",
        "{\"a\": 1}",
        "--count",
        "50",
        "--starts",
        "3",
        "--json",
    ];
    let report = figures(run(&home, arguments));
    assert_eq!(report["plugin"], "echo");
    assert_eq!(report["origin"], ORIGIN);
    assert_eq!(
        (&report["message-bytes"], &report["reply-bytes"]),
        (&8.into(), &8.into())
    );
    hold_together(&report["round-trip"], 50);
    hold_together(&report["start-to-first-reply"], 3);

    let message = order(Verb::Peer, 0);
    let said = run(
        &home,
        [
            "bench", "unruly", &message, "--count", "20", "--starts", "1",
        ],
    )
    .succeeds();
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("`unruly` answered {"), "{said}");
    assert!(lines[0].contains(ADD_ON), "{said}");
    assert_eq!(lines[2], "from the start of the host to the first reply");
    assert!(lines[3].starts_with("  count 1   min "), "{said}");
    let second = lines
        .iter()
        .position(|line| *line == "from a message to its reply, on an open port");
    let second = second.expect("there are two parts");
    assert!(lines[second + 1].starts_with("  count 20   min "), "{said}");
    assert!(
        lines[second + 2].starts_with("  ≤ ")
            && lines[second + 2..].iter().any(|line| line.ends_with('#')),
        "{said}"
    );
}

#[test]
fn a_file_and_a_project_are_measured_in_homes_of_their_own() {
    let home = Home::new();
    let wasm = guest("echo");
    let before = contents(&home);
    let arguments = [
        "bench",
        text(&wasm),
        "1",
        "--count",
        "5",
        "--starts",
        "1",
        "--origin",
        ADD_ON,
        "--json",
    ];
    let report = figures(run(&home, arguments));
    assert_eq!(report["origin"], ADD_ON);
    assert_eq!(contents(&home), before);

    let project = Project::new("counter", "[grant]\nstorage = true\n");
    let said = project.run(&[
        "bench",
        ".",
        "{\"add\":1}",
        "--count",
        "5",
        "--starts",
        "1",
        "--json",
    ]);
    hold_together(&figures(said)["round-trip"], 5);
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let home = home_with(&["echo", "unruly"], &route(ORIGIN, "unruly"));
    let bench = |arguments: &[&str]| {
        run(
            &home,
            ["bench"].into_iter().chain(arguments.iter().copied()),
        )
    };
    bench(&["echo", "1"]).refuses_with(1, "no extension may use `echo`: add a route");
    bench(&["nothing", "1"]).refuses_with(1, "no plugin `nothing` is installed");
    bench(&["unruly", "1", "--origin", ADD_ON]).refuses_with(1, "no route leads this message");
    bench(&["unruly", "{"]).refuses_with(2, "the message is not JSON");
    bench(&["No Plugin", "1"]).refuses_with(2, "`No Plugin` is no plugin's name");
    bench(&["unruly", "1", "--count", "0"]).refuses_with(2, "--count");
    bench(&["unruly", &order(Verb::Trap, 0)]).refuses_with(1, "the host answered with an error: {");
    bench(&["unruly", &order(Verb::Refuse, 0)]).refuses_with(1, "plugin-error");
    // A name is a name, also where a project's folder has it.
    let folder = home.beside().join("here");
    fs::create_dir_all(folder.join("hello")).expect("a temporary folder takes a folder");
    fs::write(folder.join("hello/portcullis.toml"), "").expect("a temporary folder takes a file");
    let mut command = home.portcullis(["bench", "hello", "1"]);
    finished(&home, command.current_dir(&folder)).refuses(
        1,
        &format!(
            "no plugin `hello` is installed: the project in this folder is `{}`",
            Path::new(".").join("hello").display()
        ),
    );
    let silent = limited_home("unruly-session", "wall-per-call = \"200ms\"");
    run(
        &silent,
        ["bench", "unruly-session", &order(Verb::Silent, 0)],
    )
    .refuses_with(1, "no-reply");
}
