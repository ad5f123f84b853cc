//! The report of what was used of each limit.

use serde_json::Value;

use super::{Project, cases};

const TRANSCRIPT: &str = r#"--- allocates
> {"do": "allocate", "n": 10485760}
< {"given": true}
--- is refused memory
> {"do": "allocate", "n": 104857600}
< {"given": false}
--- burns
> {"do": "burn", "n": 300}
< …
--- sleeps
> {"do": "sleep", "n": 200}
< …
--- logs
> {"do": "log", "n": 5000}
< …
--- sets timers
> {"do": "timers", "n": 3}
< …
--- replies
> {"do": "reply", "n": 3000}
< "…"
--- uses too much time
> {"do": "loop"}
! plugin-timeout
"#;

#[track_caller]
fn used(case: &Value, key: &str) -> u64 {
    case["used"][key]["used"]
        .as_u64()
        .unwrap_or_else(|| panic!("no `{key}` in {case}"))
}

#[test]
fn what_a_case_has_used_is_told() {
    let limits = "[limits]\nmemory = \"64MiB\"\ncpu-per-call = \"2s\"\nlog-rate = \"16KiB/s\"\n";
    let project = Project::with("unruly-session", limits, TRANSCRIPT);
    let (said, report) = project.report(&[]);
    assert_eq!(said.code, 0, "{report}");
    let case = |name: &str| -> &Value {
        let mut all = cases(&report).iter();
        all.find(|case| case["name"] == name).expect("it is there")
    };
    let idle = case("sets timers");
    let limit = |key: &str| idle["used"][key]["limit"].clone();
    assert_eq!(limit("memory"), 64 << 20);
    assert_eq!(limit("cpu-per-call"), 2_000_000);
    assert_eq!(limit("wall-per-call"), 30_000_000);
    assert_eq!(limit("log-rate"), 16 << 10);
    assert_eq!(limit("storage"), 16 << 20);
    assert_eq!(limit("message-out"), 1 << 20);
    assert_eq!(limit("timers"), Value::Null);

    assert!(used(case("allocates"), "memory") >= 10 << 20, "{report}");
    for case in cases(&report) {
        // A Rust component has a stack and a heap, and none has more than it may.
        let memory = used(case, "memory");
        assert!((64 << 10..=64 << 20).contains(&memory), "{case}");
        assert!(used(case, "init") > 0, "{case}");
        assert!(case["microseconds"].as_u64() > Some(0), "{case}");
        assert_eq!(
            used(case, "storage") + used(case, "storage-keys"),
            0,
            "{case}"
        );
    }
    assert!(used(idle, "memory") < 10 << 20, "{report}");
    assert!(
        used(case("is refused memory"), "memory") < 64 << 20,
        "{report}"
    );
    // It looks at the clock on the wall, so how much of the processor it is given depends on who else wants it.
    let burns = case("burns");
    assert!(used(burns, "wall-per-call") >= 300_000, "{burns}");
    let cpu = used(burns, "cpu-per-call");
    assert!(cpu > 0 && cpu <= used(burns, "wall-per-call"), "{burns}");
    let sleeps = case("sleeps");
    assert!(used(sleeps, "wall-per-call") >= 200_000, "{sleeps}");
    assert!(
        used(sleeps, "cpu-per-call") < used(sleeps, "wall-per-call"),
        "{sleeps}"
    );
    let logs = used(case("logs"), "log-rate");
    assert!((5_000..=16 << 10).contains(&logs), "{report}");
    assert_eq!(used(idle, "log-rate"), 0);
    assert_eq!(used(idle, "timers"), 3);
    assert_eq!(used(case("replies"), "message-out"), 3_000);
    assert_eq!(used(case("replies"), "message-in"), 26);
    // The call that was ended is counted, too, and was ended where it should be, a tick and a busy machine later.
    assert!(
        used(case("uses too much time"), "cpu-per-call") >= 2_000_000,
        "{report}"
    );
}

#[test]
fn what_is_kept_and_what_the_log_did_not_take_is_told() {
    let transcript = "> {\"add\": 12345}\n< …\n";
    let project = Project::with("counter", "[grant]\nstorage = true\n", transcript);
    let (_, report) = project.report(&[]);
    let case = &cases(&report)[0];
    assert_eq!(used(case, "storage"), "value12345".len() as u64, "{report}");
    assert_eq!(used(case, "storage-keys"), 1);
    assert_eq!(case["used"]["log-lines-dropped"], 0);

    let transcript = "> {\"do\": \"log\", \"n\": 900}\n< …\n".repeat(8);
    let project = Project::with("unruly", "[limits]\nlog-rate = \"1KiB/s\"\n", &transcript);
    let (_, report) = project.report(&[]);
    let dropped = cases(&report)[0]["used"]["log-lines-dropped"].as_u64();
    assert!(dropped > Some(0), "{report}");
}

#[test]
fn a_program_that_reads_its_input_is_measured_message_by_message() {
    let transcript =
        "> {\"do\": \"sleep\", \"n\": 150}\n< …\n> {\"do\": \"sleep\", \"n\": 150}\n< …\n";
    let project = Project::with("stdio", "", transcript);
    let (said, report) = project.report(&[]);
    assert_eq!(said.code, 0, "{report}");
    let case = &cases(&report)[0];
    assert!(used(case, "wall-per-call") >= 150_000, "{report}");
    assert!(used(case, "memory") >= 64 << 10, "{report}");
    assert!(used(case, "init") > 0, "{report}");
}

#[test]
fn the_table_has_a_row_for_each_case_and_one_for_the_limits() {
    let transcript = "--- one\n> {\"do\": \"count\"}\n< …\n--- two\n> {\"do\": \"allocate\", \"n\": 1048576}\n< …\n";
    let project = Project::with("unruly", "", transcript);
    let said = project.run(&["test"]);
    assert_eq!(said.code, 0, "{said:?}");
    let table: Vec<&str> = said
        .stdout
        .split("\n\n")
        .nth(1)
        .expect("a table")
        .lines()
        .collect();
    let words = |line: usize| table[line].split_whitespace().collect::<Vec<_>>();
    assert_eq!(
        words(0),
        [
            "case",
            "time",
            "init",
            "cpu-per-call",
            "wall-per-call",
            "memory",
            "storage",
            "storage-keys",
            "log-rate"
        ]
    );
    assert_eq!([words(1)[0], words(2)[0]], ["one", "two"]);
    assert_eq!(
        table[3].split_whitespace().collect::<Vec<_>>().join(" "),
        "of 10.0 s 5.0 s 30.0 s 128.0 MiB 16.0 MiB 10000 64.0 KiB"
    );
    assert_eq!(table.len(), 4, "{table:?}");
}
