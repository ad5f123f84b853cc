//! Each way in which a case can fail, and what is shown of it.

use super::{Project, about_cases, cases};

const TRANSCRIPT: &str = r#"--- goes well
> {"do": "count"}
< {"calls": 0}
--- says something else
> {"do": "count"}
< {"calls": 7}
> {"do": "count"}
< {"calls": 1}
--- says something of another form
> {"do": "silent"}
> {"do": "count"}
< [1, …]
--- says nothing in time
> {"do": "silent"}
< {"calls": 1}
> {"do": "count"}
--- says more
> {"do": "post", "n": 2}
< {"post": 0}
--- ends too early
> {"do": "close"}
< …
< {"calls": 1}
--- traps
> {"do": "log", "n": 10}
< true
> {"do": "trap"}
< {"do": …}
--- is not refused
> {"do": "count"}
! plugin-error
--- is refused otherwise
> {"do": "refuse"}
! plugin-error other: …
--- was refused
> {"do": "refuse"}
< …
"#;

#[test]
fn each_way_to_fail_is_told() {
    let project = Project::with("unruly-session", "", TRANSCRIPT);
    let (said, report) = project.report(&["--wait", "2s"]);
    assert_eq!(said.code, 1);
    let error = said.stderr.lines().last();
    assert_eq!(
        error,
        Some("error: 9 of 10 cases failed"),
        "{}",
        said.stderr
    );
    assert_eq!(
        (&report["passed"], &report["failed"]),
        (&1.into(), &9.into())
    );
    let told: Vec<String> = cases(&report)
        .iter()
        .map(|case| {
            let failures = case["failures"].as_array().expect("an array");
            let failures = failures.iter().map(|failure| {
                format!(
                    "{} {} {}",
                    failure["line"],
                    failure["kind"].as_str().unwrap_or_default(),
                    failure["at"].as_str().unwrap_or_default()
                )
            });
            let failures: Vec<_> = failures.collect();
            assert_eq!(case["passed"], failures.is_empty(), "{case}");
            format!(
                "{}: {}",
                case["name"].as_str().unwrap_or_default(),
                failures.join(", ")
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "goes well: ",
            "says something else: 6 differs /calls",
            "says something of another form: 12 differs ",
            "says nothing in time: 15 missing ",
            "says more: 19 differs /post, 19 unexpected , 19 unexpected ",
            "ends too early: 23 missing ",
            "traps: 28 differs ",
            "is not refused: 31 differs ",
            "is refused otherwise: 34 differs ",
            "was refused: 37 differs ",
        ]
    );
    let ended = |name: &str| {
        let mut all = cases(&report).iter();
        let case = all.find(|case| case["name"] == name).expect("it is there");
        case["failures"][0]["ended"].clone()
    };
    assert_eq!(ended("says nothing in time"), false);
    assert_eq!(ended("ends too early"), true);
}

#[test]
fn a_failure_shows_what_was_sent_expected_and_came_and_what_the_log_says() {
    let project = Project::with("unruly-session", "", TRANSCRIPT);
    let said = project.run(&["test", "--wait", "2s"]);
    assert_eq!(said.code, 1);
    let lines = about_cases(&said.stdout);
    let of = |name: &str| -> Vec<&str> {
        let begin = lines.iter().position(|line| line.ends_with(name));
        let begin = begin.unwrap_or_else(|| panic!("no `{name}` in\n{}", said.stdout));
        let rest = lines[begin + 1..].iter();
        rest.map(|line| line.trim_start_matches("        "))
            .take_while(|line| !line.starts_with("  ok ") && !line.starts_with("  FAIL"))
            .collect()
    };
    assert_eq!(of("ok    goes well"), [""; 0]);
    assert_eq!(
        of("FAIL  says something else"),
        [
            "line 6: another message came, which differs at `/calls`",
            "  > {\"do\": \"count\"}",
            "  < {\"calls\": 0}",
            "  - 7",
            "  + 0",
        ]
    );
    assert_eq!(
        of("FAIL  says something of another form"),
        [
            "line 12: another message came",
            "  > {\"do\": \"count\"}",
            "  - [1, …]",
            "  + {\"calls\": 1}",
        ]
    );
    assert_eq!(
        of("FAIL  says nothing in time"),
        [
            "line 15: no message came within 2.0 s",
            "  > {\"do\": \"silent\"}",
            "  - {\"calls\": 1}",
        ]
    );
    assert_eq!(
        of("FAIL  says more")[5..8],
        [
            "line 19: a message came that is not expected",
            "  > {\"do\": \"post\", \"n\": 2}",
            "  + {\"post\": 2}",
        ]
    );
    assert_eq!(
        of("FAIL  ends too early")[0],
        "line 23: no message came before the port ended"
    );
    let traps = of("FAIL  traps");
    assert_eq!(
        traps[..2],
        ["line 28: another message came", "  > {\"do\": \"trap\"}"]
    );
    assert_eq!(traps[2], "  - {\"do\": …}");
    assert!(
        traps[3].starts_with("  + the host's error `plugin-crashed`: "),
        "{traps:?}"
    );
    // The host's private detail, and the guest's own words.
    let log = traps[4..].join("\n");
    assert!(
        log.contains("log: WARN (log) escape \\u{1b}]0;title"),
        "{log}"
    );
    assert!(log.contains("log: INFO (log) \"xxxxxxxx\""), "{log}");
    assert!(log.contains("log: WARN (Crashed) "), "{log}");
    assert!(log.contains("unreachable"), "{log}");
    assert!(!said.stdout.contains('\u{1b}'), "{}", said.stdout);
    let refused = of("FAIL  is refused otherwise");
    assert_eq!(refused[2], "  - the host's error `plugin-error`: other: …");
    assert_eq!(
        refused[3],
        "  + the host's error `plugin-error`: refused: as it was told"
    );
}

#[test]
fn what_the_host_makes_of_a_plugin_is_told() {
    // A plugin that never comes back from its end is given up by the host after a second, which is no failure of its.
    let transcript = "> {\"do\": \"loop-at-end\"}\n< …\n";
    let project = Project::with("unruly-session", "", transcript);
    let (said, report) = project.report(&[]);
    assert_eq!(said.code, 0, "{report}");
    let project = Project::with("unruly", "[limits]\nmemory = \"1MiB\"\n", "> 1\n< …\n");
    let (said, report) = project.report(&[]);
    assert_eq!(said.code, 1, "{report}");
    let failure = &cases(&report)[0]["failures"][0];
    assert_eq!(failure["kind"], "differs", "{report}");
    let came = failure["came"].as_str().expect("a frame came");
    assert!(came.contains("`plugin-out-of-memory`"), "{came}");
}
