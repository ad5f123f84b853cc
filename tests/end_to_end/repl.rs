//! `repl`: messages one after another over one port, as a filter and on a terminal.

mod terminal;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use portcullis_tests::chromium::started_from;
use portcullis_tests::{ADD_ON, Home, ORIGIN, OTHER_ORIGIN};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::cli::{Said, run, said};
use crate::fixture::{Verb, home, home_with, order, route};
use terminal::{CTRL_C, CTRL_D, Terminal, UP};

/// Runs `portcullis repl` as a filter.
#[track_caller]
fn filtered(home: &Home, arguments: &[&str], input: &str) -> Said {
    let all = ["repl"].into_iter().chain(arguments.iter().copied());
    let mut command = home.portcullis(all);
    let mut child = command
        .stdin(Stdio::piped())
        .spawn()
        .expect("the program was just built");
    let mut stdin = child.stdin.take().expect("a pipe");
    // One that refuses at its start does not read.
    _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    said(home, &command, &output)
}

#[test]
fn as_a_filter_every_line_is_answered_in_its_turn() {
    let home = home("echo");
    filtered(&home, &[], "1\n\n  \n{\"a\": [1.50]}\r\n\"last\"")
        .prints("1\n{\"a\": [1.50]} \n\"last\"\n");
    filtered(&home, &[ORIGIN], "").prints("");
    let many: String = (0..200).map(|number| format!("{number}\n")).collect();
    filtered(&home, &[], &many).prints(&many);
}

#[test]
fn a_line_that_is_no_message_does_not_keep_the_others() {
    let home = home("echo");
    let said = filtered(&home, &[], "1\nping\n:help\n{\"a\":\n2\n");
    assert_eq!((said.code, &*said.stdout), (1, "1\n2\n"));
    assert_eq!(
        said.stderr,
        "line 2: the message is not JSON: unexpected character in JSON at byte 0: `ping`\n\
         line 3: the message is not JSON: unexpected character in JSON at byte 0: `:help`\n\
         line 4: the message is not JSON: the JSON text ends too early at byte 5: ``\n\
         error: 3 of the lines failed\n"
    );
}

/// As in `portcullis repl | head -1`: whoever read has seen enough, and no line has failed.
#[test]
fn a_reader_that_goes_away_ends_it() {
    let home = home("echo");
    let mut command = home.portcullis(["repl"]);
    let mut child = command
        .stdin(Stdio::piped())
        .spawn()
        .expect("the program was just built");
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().expect("a pipe");
    // It may have ended before the last line.
    _ = stdin.write_all(b"1\n2\n3\n");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    said(&home, &command, &output).prints("");
}

#[test]
fn an_error_of_the_host_is_printed_and_told_by_the_code() {
    let home = home("unruly");
    let [count, trap] = [Verb::Count, Verb::Trap].map(|verb| order(verb, 0));
    let said = filtered(&home, &[], &format!("{count}\n{trap}\n{count}\n"));
    let answers: Vec<Value> = said
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(said.code, 1, "{said:?}");
    assert_eq!(answers.len(), 3, "{said:?}");
    assert_eq!(answers[1]["$portcullis"]["error"]["code"], "plugin-crashed");
    // One port for all: the counter began again after the trap.
    assert_eq!(answers[0], answers[2]);
    assert!(
        said.stderr
            .ends_with("error: the host answered with an error to 1 of the lines\n"),
        "{said:?}"
    );
}

#[test]
fn messages_that_nobody_asked_for_are_listened_for() {
    let home = home("ping-pong");
    // Long enough for the slowest machine to send three messages.
    filtered(&home, &["--wait", "5s"], "{\"every\": 20, \"times\": 3}\n")
        .prints("{\"tick\":1}\n{\"tick\":2}\n{\"tick\":3}\n");
    filtered(&home, &["--wait", "soon"], "").refuses_with(2, "`soon` is not a span of time");
}

#[test]
fn the_caller_is_the_only_routed_one_or_the_one_that_is_named() {
    let home = home_with(
        &["unruly"],
        &(route(ORIGIN, "unruly") + &route(ADD_ON, "unruly")),
    );
    let peer = order(Verb::Peer, 0) + "\n";
    for (arguments, origin, host_name) in [
        (&[ORIGIN][..], ORIGIN, Value::Null),
        (&[ADD_ON], ADD_ON, "portcullis".into()),
        (
            &[ORIGIN, "--host-name", "com.example.echo"],
            ORIGIN,
            "com.example.echo".into(),
        ),
    ] {
        let answer = filtered(&home, arguments, &peer).succeeds();
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!(
            (&answer["origin"], &answer["host-name"]),
            (&origin.into(), &host_name)
        );
    }
    run(&home, ["repl"]).refuses(
        1,
        &format!(
            "the policy has routes for 2 origins: choose one with `ORIGIN`\n  {ORIGIN}\n  {ADD_ON}"
        ),
    );
    home.policy("version = 1\n");
    run(&home, ["repl"]).refuses(
        1,
        "the policy has no route: add one with `portcullis route add`, or name an `ORIGIN`",
    );
}

#[test]
fn on_a_terminal_lines_are_edited_and_answered() {
    let home = home("ping-pong");
    let mut terminal = Terminal::open(&home, &[], &[]);
    terminal.sees(&format!("connecting as {ORIGIN}"));
    terminal.prompt();
    // Edited: what was typed wrongly is taken back.
    terminal.types("\"pinx\x7fg\"\r").sees("\"pong\"");
    // Cleared: nothing of it is sent, or the answer would be an error.
    terminal
        .prompt()
        .types("{\"never sent\"")
        .sees("never sent");
    terminal
        .types(CTRL_C)
        .prompt()
        .types("\"ping\"\r")
        .sees("\"pong\"");
    terminal
        .prompt()
        .types("ping\r")
        .sees("the message is not JSON");
    terminal
        .prompt()
        .types(":nonsense\r")
        .sees("there is no command `:nonsense`");
    terminal.prompt().types(":help\r").sees(":restart");
    terminal.sees("not recorded").prompt();
    terminal.types(":time\r").sees("times are shown").prompt();
    terminal
        .types("\"ping\"\r")
        .sees("\"pong\"")
        .sees(" ms")
        .prompt();
    terminal.types(":time\r").sees("no longer shown").prompt();
    terminal.types(":quit\r").ends();
    assert!(home.log().contains("port closed"), "{}", home.log());
}

#[test]
fn a_message_goes_on_until_its_brackets_are_closed() {
    let home = home("echo");
    let mut terminal = Terminal::open(&home, &[], &[]);
    terminal.prompt().types("{\r\"a\": [1,\r2]\r}\r");
    terminal.sees("{ \"a\": [1, 2] }").prompt();
    // What a plugin says cannot turn the text round.
    terminal
        .types("\"a\u{202e}b\"\r")
        .sees("\"a\\u202eb\"")
        .prompt();
    terminal.types(CTRL_D).ends();
}

#[test]
fn messages_come_above_the_line_that_is_being_typed() {
    let home = home("ping-pong");
    let mut terminal = Terminal::open(&home, &[], &[]);
    terminal
        .prompt()
        .types("{\"every\": 100, \"times\": 100000}\r");
    terminal.sees("{\"tick\":1}").prompt();
    terminal.types("\"pi").sees("\"pi").sees("{\"tick\":");
    // It is drawn again under the message, and goes on where it was.
    terminal.sees("> \"pi").types("ng\"\r").sees("\"pong\"");
    // Neither is the end kept waiting by more of them.
    terminal.prompt().types(CTRL_D).ends();
}

#[test]
fn a_host_that_dies_is_told_and_the_next_line_starts_one_other() {
    const NAME: &str = "com.example.repl";
    let home = home("ping-pong");
    let launcher = home.path().join("hosts").join(NAME);
    let running = || started_from(&launcher).expect("`/proc` can be read");
    let mut terminal = Terminal::open(&home, &[ORIGIN, "--host-name", NAME], &[]);
    terminal
        .prompt()
        .types("\"ping\"\r")
        .sees("\"pong\"")
        .prompt();
    let [first] = running()[..] else {
        panic!("one host was started, not {:?}", running());
    };
    let pid = i32::try_from(first).ok().and_then(Pid::from_raw);
    kill_process(pid.expect("a process number"), Signal::KILL).expect("it is ours");
    terminal
        .sees("portcullis-host ended with signal: 9")
        .sees("the next message starts another one")
        .prompt();
    assert_eq!(running(), [0; 0], "none is started before it is needed");
    terminal.types("\"ping\"\r").sees("\"pong\"").prompt();
    let [second] = running()[..] else {
        panic!("one other was started, not {:?}", running());
    };
    assert_ne!(first, second);
    terminal
        .types(":restart\r")
        .sees("another host was started")
        .prompt();
    terminal.types("\"ping\"\r").sees("\"pong\"").prompt();
    terminal.types(CTRL_D).ends();
    assert_eq!(running(), [0; 0], "the host's end is awaited");
}

#[test]
fn errors_come_with_their_hints_and_in_colours_unless_unwanted() {
    const RED: &str = "\u{1b}[31m";
    let home = home("echo");
    for (variables, has_colours) in [
        (&[][..], true),
        (&[("NO_COLOR", "1")], false),
        (&[("NO_COLOR", "")], true),
    ] {
        let mut terminal = Terminal::open(&home, &[OTHER_ORIGIN], variables);
        terminal
            .prompt()
            .types("1\r")
            .sees("error no-route: no route for origin");
        terminal.sees("hint: portcullis route add").prompt();
        // The host's own words come when they come.
        terminal.has_shown("host: ");
        let shown = terminal.types(CTRL_D).ends();
        assert_eq!(shown.contains(RED), has_colours, "{variables:?}: {shown:?}");
    }
}

#[test]
fn what_was_typed_is_remembered_where_that_is_wanted() {
    let home = home("ping-pong");
    let file = home.path().join("repl-history");
    let mut terminal = Terminal::open(&home, &["--no-history"], &[]);
    terminal
        .prompt()
        .types("\"ping\"\r")
        .sees("\"pong\"")
        .prompt();
    terminal.types(CTRL_D).ends();
    assert!(!file.exists());

    let mut terminal = Terminal::open(&home, &[], &[]);
    terminal
        .prompt()
        .types("\"ping\"\r")
        .sees("\"pong\"")
        .prompt();
    terminal
        .types(" \"secret\"\r")
        .sees("unknown-request")
        .prompt();
    terminal.types(":time\r").sees("times are shown").prompt();
    terminal.types(CTRL_D).ends();
    assert_eq!(
        fs::read_to_string(&file).expect("it was written"),
        "\"ping\"\n:time\n"
    );
    let mode = fs::metadata(&file)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);

    // The line before the last is found again.
    let mut terminal = Terminal::open(&home, &[], &[]);
    terminal.prompt().types(UP).types(UP).sees("> \"ping\"");
    terminal
        .types("\r")
        .sees("\"pong\"")
        .prompt()
        .types(CTRL_D)
        .ends();

    // One that others could write to is left alone, and the session goes on.
    fs::set_permissions(&file, PermissionsExt::from_mode(0o666)).expect("it is ours");
    let before = fs::read(&file).expect("it is there");
    let mut terminal = Terminal::open(&home, &[], &[]);
    terminal.sees("nothing is recorded").prompt();
    terminal
        .types("\"ping\"\r")
        .sees("\"pong\"")
        .prompt()
        .types(CTRL_D)
        .ends();
    assert_eq!(fs::read(&file).expect("it is there"), before);
}

#[test]
fn a_terminal_that_cannot_edit_will_do() {
    let home = home("ping-pong");
    let mut terminal = Terminal::open(&home, &[], &[("TERM", "dumb")]);
    terminal
        .prompt()
        .types("\"ping\"\n")
        .sees("\"pong\"")
        .prompt();
    let shown = terminal.types(CTRL_D).ends();
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
    let mut terminal = Terminal::open(&home, &["--wait", "1s"], &[]);
    terminal
        .sees("on a terminal, `--wait` has no meaning")
        .ends_with(2);
}
