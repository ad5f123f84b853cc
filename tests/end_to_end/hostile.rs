//! Plugins that no toolchain makes: each file of `tests/guests/hostile` is one attack on control, memory, tables,
//! handles, texts or the compiler, run through the real programs with real frames.
//!
//! The table below has the number of the case in the list of hostile plugins, the file, the limits and what must come
//! back; the file says in its first line what it does. Whatever comes back, it is asserted that it came in time, that
//! the host's peak of resident memory is within the plugin's limit and 48 MiB, that a message which was already waiting
//! behind the deed and one after it are served, that the log is bounded and safe to show, and (by the browser that the
//! tests have) that the channel holds only frames and that the host ends with 0. The deeds of guests that a toolchain
//! makes are in `misdeeds`, with the same measures.

mod assembly;
mod bombs;
mod channel;
mod listed;
pub(crate) mod measured;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use portcullis_tests::{Browser, Home, ORIGIN, PATIENCE, Port};
use rustix::process::Signal;

use crate::fixture::{guest, route};
use measured::{END, LATE, expect_goes_on, expect_small, receive_within};

/// What has to come back for the deed.
enum Expected {
    /// This reply: the host gave less than was asked for, or nothing was wrong with it.
    Reply(&'static str),
    /// The host's error with this code.
    Error(&'static str),
    /// The host's error with this code, to the deed and to every other message: it does not even start.
    NeverStarts(&'static str),
    /// Nothing, since `portcullis add` refuses it with these words.
    Refused(&'static str),
}

use Expected::{Error, NeverStarts, Refused, Reply};

/// One row of the table.
struct Case {
    file: &'static str,
    limits: &'static str,
    expected: Expected,
    /// What a message is answered with that is no deed.
    good: &'static str,
}

/// Small, so that what only a limit ends is over soon.
const SMALL: &str =
    "memory = \"32MiB\"\ncpu-per-call = \"300ms\"\nwall-per-call = \"2s\"\ninit = \"500ms\"";

/// The same with more processor time, for what has an end.
const PATIENT: &str =
    "memory = \"32MiB\"\ncpu-per-call = \"60s\"\nwall-per-call = \"60s\"\ninit = \"500ms\"";

/// The same with a wall that stands closer than the processor time.
const WALL: &str = "memory = \"32MiB\"\ncpu-per-call = \"60s\"\nwall-per-call = \"300ms\"";

/// The longest limit of time above, and what an answer may be late by.
const IN_TIME: Duration = Duration::from_millis(500).saturating_add(LATE);

/// The time for what is given [`PATIENT`].
const IN_PATIENT_TIME: Duration = Duration::from_secs(20);

/// The deed, and a message that is none.
const DO: &str = "\"do\"";
const GOOD: &str = "\"anything else\"";
const GOOD_REPLY: &str = "\"good\"";

/// A text with letters of one, two, three and four bytes of UTF-8.
const WIDE: &str = "\"é€😀\"";

macro_rules! table {
    ($($number:literal $file:ident, $limits:ident $(, good = $good:expr)? => $expected:expr;)*) => {
        /// The files that have an expectation.
        const EXPECTED: &[&str] = &[$(stringify!($file),)*];

        $(
            #[test]
            fn $file() {
                let good = [$($good,)? GOOD_REPLY][0];
                run(&Case { file: stringify!($file), limits: $limits, expected: $expected, good });
            }
        )*
    };
}

table! {
    // Control.
    2 start_loops, SMALL => NeverStarts("init-timeout");
    4 recursion, SMALL => Error("plugin-crashed");
    5 memory_fill, SMALL => Error("plugin-timeout");
    5 memory_copy, SMALL => Error("plugin-timeout");
    6 pollables_without_waiting, SMALL => Error("plugin-timeout");
    7 pollables_waits_for_ever, WALL => Error("plugin-timeout");
    10 start_traps, SMALL => NeverStarts("init-failed");
    10 start_writes_beyond_memory, SMALL => NeverStarts("init-failed");
    10 realloc_traps, SMALL => Error("plugin-crashed");
    10 realloc_loops, SMALL => Error("plugin-timeout");
    10 realloc_out_of_bounds, SMALL => Error("plugin-crashed");
    10 realloc_calls_out, SMALL => Error("plugin-crashed");
    10 post_return_traps, SMALL => Error("plugin-crashed");
    10 post_return_loops, SMALL => Error("plugin-timeout");
    12 trap, SMALL => Error("plugin-crashed");

    // Memory, tables and handles.
    14 memory_grow, SMALL => Reply(GOOD_REPLY);
    14 memory_grow_and_trap, SMALL => Error("plugin-out-of-memory");
    14 memory_at_the_limit, SMALL => Reply(GOOD_REPLY);
    14 memory_over_the_limit, SMALL => NeverStarts("plugin-out-of-memory");
    15 memories_grow, SMALL => Reply(GOOD_REPLY);
    15 memories_at_start, SMALL => NeverStarts("plugin-out-of-memory");
    15 memories_too_many, SMALL => Refused("17 memories, and a plugin may have 16");
    15 memories_too_many_at_last, SMALL => Refused("18 memories, and a plugin may have 16");
    16 table_grow, SMALL => Reply(GOOD_REPLY);
    16 table_at_start, SMALL => NeverStarts("plugin-out-of-memory");
    16 table_of_two_billion, SMALL => NeverStarts("plugin-out-of-memory");
    16 tables_too_many, SMALL => Refused("65 tables, and a plugin may have 64");
    16 tables_too_many_at_last, SMALL => Refused("66 tables, and a plugin may have 64");
    16 instances_too_many, SMALL => Refused("68 core instances, and a plugin may have 64");
    16 instances_too_many_at_last, SMALL => NeverStarts("incompatible-plugin");
    16 instances_ten_thousand, SMALL => Refused("not a valid component");
    17 pollables_leak, SMALL => Error("plugin-crashed");
    18 pollables_in_a_long_list, PATIENT => Error("plugin-crashed");
    19 random_bytes, SMALL => Error("plugin-crashed");
    19 random_bytes_insecure, SMALL => Error("plugin-crashed");
    19 stdin_read_all, SMALL => Reply(GOOD_REPLY);
    51 nothing_to_see, SMALL => Reply(GOOD_REPLY);

    // Texts.
    18 reply_out_of_bounds, SMALL => Error("plugin-crashed");
    18 reply_of_two_gibibytes, SMALL => Error("reply-too-large");
    18 reply_of_two_gibibytes_more, SMALL => Error("plugin-crashed");
    18 reply_of_four_gibibytes, SMALL => Error("reply-too-large");
    18 reply_address_out_of_bounds, SMALL => Error("plugin-crashed");
    18 reply_address_unaligned, SMALL => Error("plugin-crashed");
    18 reply_of_no_case, SMALL => Error("plugin-crashed");
    18 error_of_two_gibibytes, SMALL => Error("plugin-error");
    18 log_out_of_bounds, SMALL => Error("plugin-crashed");
    18 log_of_two_gibibytes, SMALL => Reply(GOOD_REPLY);
    18 log_of_no_level, SMALL => Error("plugin-crashed");
    18 post_out_of_bounds, SMALL => Error("plugin-crashed");
    18 post_of_two_gibibytes, SMALL => Reply(GOOD_REPLY);
    23 stdout_flood, PATIENT => Reply(GOOD_REPLY);
    23 stdout_zeroes, SMALL => Error("plugin-crashed");
    23 stdout_zeroes_one_gibibyte, SMALL => Error("plugin-crashed");
    23 stdout_zeroes_flushed, SMALL => Error("plugin-crashed");
    27 reply_not_utf8, SMALL => Error("plugin-crashed");
    27 error_not_utf8, SMALL => Error("plugin-crashed");
    27 utf16, SMALL, good = WIDE => Error("plugin-crashed");
    27 utf16_swapped_pair, SMALL, good = WIDE => Error("plugin-crashed");
    27 utf16_tagged, SMALL, good = WIDE => Error("plugin-crashed");
    27 utf16_odd_address, SMALL, good = WIDE => Error("plugin-crashed");
    27 latin1, SMALL, good = "\"é\"" => Error("plugin-crashed");
    27 latin1_tagged, SMALL, good = WIDE => Error("plugin-crashed");

    // What a component is made of.
    54 bomb_functions, SMALL => Refused("not a valid component");
    54 bomb_locals, SMALL => Refused("not a valid component");
    54 bomb_types, SMALL => Refused("not a valid component");
    54 bomb_deep_types, SMALL => Refused("not a valid component");
    59 names_with_escapes, SMALL => Error("plugin-crashed");
}

/// Not an attack: the table of `limits` has it.
const ELSEWHERE: &[&str] = &["start_takes_300_ms"];

#[test]
fn every_file_has_an_expectation_and_says_what_it_does() {
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(assembly::folder()).expect("the guests are there") {
        let path = entry.expect("the guests are there").path();
        if path.is_dir() {
            continue;
        }
        let name = path.file_stem().expect("a file has a name");
        files.insert(name.to_string_lossy().into_owned());
        let text = fs::read_to_string(&path).expect("a guest is text");
        let first = text.lines().next().unwrap_or_default();
        assert!(
            first.starts_with(";; ") && first.len() > 10,
            "`{}` does not say what it does",
            path.display()
        );
    }
    let expected: BTreeSet<String> = EXPECTED
        .iter()
        .chain(ELSEWHERE)
        .map(ToString::to_string)
        .collect();
    assert_eq!(files, expected, "files at the left, the table at the right");
}

/// Adds a hostile guest under the name `hostile`.
pub(crate) fn add(home: &Home, file: &str) {
    home.add("hostile", &assembly::assemble(file, home.beside()));
}

fn run(case: &Case) {
    let home = Home::new();
    let good = |port: &mut Port| {
        let frame = port.receive(PATIENCE);
        frame.expect_text(case.good);
    };
    let patience = if case.limits == PATIENT {
        IN_PATIENT_TIME
    } else {
        IN_TIME
    };
    if let Refused(words) = case.expected {
        let file = assembly::assemble(case.file, home.beside());
        return expect_refused(&home, &file, words);
    }
    add(&home, case.file);
    let never_starts = matches!(case.expected, NeverStarts(_));
    let to_another = if never_starts {
        home.add("echo", &guest("echo"));
        route(ORIGIN, "echo") + "when = { \"/to\" = \"echo\" }\n"
    } else {
        String::new()
    };
    let (limits, hostile) = (case.limits, route(ORIGIN, "hostile"));
    home.policy(&format!(
        "version = 1\n[limits]\n{limits}\n{to_another}{hostile}"
    ));

    let mut port = Browser::chromium(&home).start();
    let begun = Instant::now();
    // The second waits behind the first, in the host.
    port.send(DO).send(GOOD);
    let frame = receive_within(&mut port, begun, patience);
    match case.expected {
        Reply(reply) => {
            frame.expect_text(reply);
            good(&mut port);
        }
        Error(code) => {
            let error = frame.expect_error(code);
            assert_eq!(
                (error.request, error.plugin.as_deref()),
                (Some(1), Some("hostile"))
            );
            good(&mut port);
        }
        NeverStarts(code) => {
            frame.expect_error(code);
            port.receive(PATIENCE).expect_error(code);
            let to_echo = "{\"to\":\"echo\"}";
            return expect_goes_on(port, &home, case.file, (to_echo, to_echo));
        }
        Refused(_) => {}
    }
    expect_goes_on(port, &home, case.file, (GOOD, case.good));
}

/// What `portcullis add` may have of memory for a file that it refuses, in KiB: everything that it maps, itself included.
/// What goes beyond is not there for it, and it would end by a signal.
const MOST_MAPPED: u32 = 256 << 10;

/// Cases 52 to 54: `portcullis add` refuses a file in time, within its memory, with these words, and leaves nothing.
#[track_caller]
pub(crate) fn expect_refused(home: &Home, file: &Path, words: &str) {
    let plain = home.portcullis(["add", "--name", "hostile"]);
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            &format!("ulimit -v {MOST_MAPPED} && exec \"$@\""),
            "sh",
        ])
        .arg(plain.get_program())
        .args(plain.get_args())
        .env("PORTCULLIS_HOME", home.path())
        .stdin(Stdio::null());
    let begun = Instant::now();
    let output = command
        .arg(file)
        .output()
        .expect("the program was just built");
    let took = begun.elapsed();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains(words), "`{words}` is not in\n{stderr}");
    assert!(stderr.lines().all(|line| line.len() < 2000), "{stderr}");
    assert!(output.stdout.is_empty());
    assert!(took < IN_PATIENT_TIME, "the refusal took {took:?}");
    for folder in ["store", "cache"] {
        let left = fs::read_dir(home.path().join(folder)).map_or(0, Iterator::count);
        assert_eq!(left, 0, "something was left in `{folder}`");
    }
    assert!(!home.path().join("plugins.lock").exists());
}

/// Cases 14 to 16: the frame says what a person can do about it, and the log which limit it was and how far it was gone
/// over. What no setting can mend is said before anything is installed, where that can be told.
#[test]
fn the_log_says_which_limit_refused() {
    for (file, code, words) in [
        (
            "memory_over_the_limit",
            "plugin-out-of-memory",
            "a memory was not let grow: 33619968 bytes in all, and `memory` allows 33554432",
        ),
        (
            "table_of_two_billion",
            "plugin-out-of-memory",
            "a table was not let grow",
        ),
        (
            "instances_too_many_at_last",
            "incompatible-plugin",
            "has at least 65 core instances, and a plugin may have 64",
        ),
    ] {
        let home = Home::new();
        add(&home, file);
        home.policy(&format!(
            "version = 1\n[limits]\n{SMALL}\n{}",
            route(ORIGIN, "hostile")
        ));
        let mut port = Browser::chromium(&home).start();
        port.ask(GOOD).expect_error(code);
        port.end().expect_exit(0).expect_no_frames();
        assert!(home.log().contains(words), "`{words}`:\n{}", home.log());
    }
    let home = Home::new();
    let file = assembly::assemble("tables_too_many", home.beside());
    let output = home.portcullis(["inspect"]).arg(file).output();
    let output = output.expect("the program was just built");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("has at least 65 tables, and a plugin may have 64: build it with fewer"),
        "{text}"
    );
}

/// Case 6: while the guest asks the host without end, the host still hears the browser and the system.
#[test]
fn a_guest_that_polls_without_waiting_does_not_hold_up_the_end() {
    let home = Home::new();
    add(&home, "pollables_without_waiting");
    home.route(ORIGIN, "hostile");
    for signal in [None, Some(Signal::TERM)] {
        let mut port = Browser::chromium(&home).start();
        port.ask(GOOD).expect_text(GOOD_REPLY);
        port.send(DO);
        std::thread::sleep(Duration::from_millis(200));
        expect_small(&port, "pollables_without_waiting");
        match signal {
            None => port.close_input(),
            Some(signal) => port.signal(signal),
        };
        port.wait().expect_exit(0).expect_within(END);
    }
}

/// Case 7: neither is the end of a port held up by a guest that waits for ever.
#[test]
fn a_guest_that_waits_for_ever_does_not_hold_up_the_end() {
    let home = Home::new();
    add(&home, "pollables_waits_for_ever");
    home.route(ORIGIN, "hostile");
    let mut port = Browser::chromium(&home).start();
    port.ask(GOOD).expect_text(GOOD_REPLY);
    port.send(DO);
    std::thread::sleep(Duration::from_millis(200));
    expect_small(&port, "pollables_waits_for_ever");
    port.end().expect_exit(0).expect_within(END);
}
