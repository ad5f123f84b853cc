//! What only a port that stays open shows: timers, unsolicited messages, several plugins behind one extension.

use std::time::{Duration, Instant};

use portcullis_tests::{Browser, Home, ORIGIN, Output, PATIENCE};

use crate::fixture::{HELLO, Verb, home, home_with, order, order_to, route};
use crate::hostile::measured::{END, expect_goes_on, expect_small};

/// One extension, two plugins, told apart by `/to`.
fn two_plugins(limits: &str) -> Home {
    let conditional = |to: &str, plugin: &str| {
        format!("{}when = {{ \"/to\" = \"{to}\" }}\n", route(ORIGIN, plugin))
    };
    let policy = format!(
        "[limits]\n{limits}\n{}{}",
        conditional("unruly", "unruly"),
        conditional("echo", "echo")
    );
    home_with(&["unruly", "echo"], &policy)
}

#[test]
fn the_example_of_the_browsers_pages_works() {
    let home = home("ping-pong");
    let mut port = Browser::chromium(&home).start();
    port.ask("\"ping\"").expect_text("\"pong\"");
    port.ask(" \"p\\u0069ng\" ").expect_text("\"pong\"");
    let error = port.ask("\"pong\"").expect_error("plugin-error");
    assert_eq!(error.all["plugin_code"], "unknown-request");
    assert_eq!(error.request, Some(3));
    assert!(
        error.all["plugin_message"]
            .as_str()
            .is_some_and(|message| message.contains("ping"))
    );
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn ticks_come_unsolicited_in_order_and_not_too_early() {
    let home = home("ping-pong");
    let mut port = Browser::chromium(&home).start();
    let mut before = Instant::now();
    port.send(r#"{"every":100,"times":3}"#);
    for tick in 1..=3 {
        let frame = port.receive(PATIENCE);
        frame.expect_text(&format!(r#"{{"tick":{tick}}}"#));
        let waited = frame.at - before;
        // Each is set when the one before was posted, so a frame may be seen a little late and the next not.
        assert!(
            waited >= Duration::from_millis(80),
            "tick {tick} came after {waited:?}"
        );
        assert!(
            waited < Duration::from_secs(3),
            "tick {tick} came after {waited:?}"
        );
        before = frame.at;
    }
    assert!(port.try_receive(Duration::from_millis(300)).is_none());
    port.end().expect_exit(0).expect_no_frames().expect_quiet();
}

#[test]
fn messages_are_served_between_ticks() {
    let home = home("ping-pong");
    let mut port = Browser::chromium(&home).start();
    port.send(r#"{"every":30,"times":20}"#);
    let (mut ticks, mut pongs) = (0, 0);
    while ticks < 20 {
        if pongs < 10 {
            port.send("\"ping\"");
        }
        for _ in 0..2 {
            match port.receive(PATIENCE).text.as_str() {
                "\"pong\"" => pongs += 1,
                text => {
                    ticks += 1;
                    assert_eq!(text, format!(r#"{{"tick":{ticks}}}"#));
                }
            }
            if ticks == 20 {
                break;
            }
        }
    }
    port.end().expect_exit(0);
}

#[test]
fn the_end_of_input_forgets_the_timers_that_still_wait() {
    let home = home("ping-pong");
    let mut port = Browser::chromium(&home).start();
    port.send(r#"{"every":60000,"times":1}"#);
    port.ask("\"ping\"").expect_text("\"pong\"");
    port.end()
        .expect_exit(0)
        .expect_no_frames()
        .expect_within(Duration::from_secs(1));
}

#[test]
fn a_timer_is_moved_when_its_token_is_set_again_and_gone_when_cancelled() {
    let home = home("unruly-session");
    let mut port = Browser::chromium(&home).start();
    // The same token, as `n` is the same: one timer, counted from the second order.
    port.send(&order(Verb::TimerPosts, 400));
    std::thread::sleep(Duration::from_millis(200));
    let begun = Instant::now();
    port.send(&order(Verb::TimerPosts, 400));
    let frame = port.receive(PATIENCE);
    frame.expect_text(r#"{"timer":400}"#);
    assert!(
        frame.at - begun >= Duration::from_millis(390),
        "it came after {:?}",
        frame.at - begun
    );
    port.ask(&order(Verb::TimerCancelled, 50))
        .expect_text("true");
    assert!(port.try_receive(Duration::from_millis(600)).is_none());
    port.end().expect_exit(0).expect_no_frames().expect_quiet();
}

#[test]
fn timers_come_in_the_order_of_their_time() {
    let home = home("unruly-session");
    let mut port = Browser::chromium(&home).start();
    for delay in [300, 100, 200] {
        port.send(&order(Verb::TimerPosts, delay));
    }
    for delay in [100, 200, 300] {
        port.receive(PATIENCE)
            .expect_text(&format!(r#"{{"timer":{delay}}}"#));
    }
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn a_timer_that_fails_answers_no_request_and_a_fresh_instance_serves_the_next() {
    let home = home("unruly-session");
    let mut port = Browser::chromium(&home).start();
    port.ask(&order(Verb::Count, 0))
        .expect_text(r#"{"calls":0}"#);
    port.send(&order(Verb::TimerPosts, 700))
        .send(&order(Verb::TimerTraps, 50));
    let error = port.receive(PATIENCE).expect_error("plugin-crashed");
    assert_eq!(
        (error.request, error.plugin.as_deref()),
        (None, Some("unruly-session"))
    );
    port.ask(&order(Verb::Count, 0))
        .expect_text(r#"{"calls":0}"#);
    // The timers of the instance are gone with it.
    assert!(port.try_receive(Duration::from_secs(1)).is_none());
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn timers_without_end_hold_up_neither_messages_nor_the_end() {
    let home = home("unruly-session");
    for delay in [0, 1] {
        let mut port = Browser::chromium(&home).start();
        port.ask(&order(Verb::TimerStorm, delay))
            .expect_text("true");
        for _ in 0..20 {
            let begun = Instant::now();
            let frame = port.ask("[1]");
            frame.expect_text(r#"{"length":3}"#);
            let waited = frame.at - begun;
            assert!(
                waited < Duration::from_secs(1),
                "a message waited {waited:?}"
            );
        }
        let ended = port.end().expect_exit(0).expect_no_frames().expect_quiet();
        ended.expect_within(Duration::from_secs(1));
    }
}

#[test]
fn timers_without_end_of_one_plugin_do_not_hold_up_the_other() {
    let when = |to: &str, plugin: &str| {
        format!("{}when = {{ \"/to\" = \"{to}\" }}\n", route(ORIGIN, plugin))
    };
    let policy = when("session", "unruly-session") + &when("echo", "echo");
    let home = home_with(&["unruly-session", "echo"], &policy);
    let mut port = Browser::chromium(&home).start();
    port.ask(&order_to("session", Verb::TimerStorm, 0))
        .expect_text("true");
    let to_echo = r#"{"to":"echo"}"#;
    for _ in 0..20 {
        let begun = Instant::now();
        let frame = port.ask(to_echo);
        frame.expect_text(to_echo);
        let waited = frame.at - begun;
        assert!(waited < Duration::from_secs(1), "echo waited {waited:?}");
    }
    port.end()
        .expect_exit(0)
        .expect_no_frames()
        .expect_within(Duration::from_secs(1));
}

#[test]
fn the_wall_clock_of_a_message_begins_when_its_turn_has_come() {
    let policy = format!(
        "[limits]\nwall-per-call = \"1s\"\n{}",
        route(ORIGIN, "unruly-session")
    );
    let home = home_with(&["unruly-session"], &policy);
    let mut port = Browser::chromium(&home).start();
    for _ in 0..5 {
        port.send(&order(Verb::Sleep, 400));
    }
    for _ in 0..5 {
        port.receive(PATIENCE).expect_text(r#"{"slept":400}"#);
    }
    port.end().expect_exit(0).expect_no_frames().expect_quiet();
}

#[test]
fn a_session_with_an_unconditional_route_may_speak_first() {
    let grant = "[route.grant]\nconfig = { on-connect = \"post\" }\n";
    let home = home_with(
        &["unruly-session"],
        &(route(ORIGIN, "unruly-session") + grant),
    );
    let mut port = Browser::chromium(&home).start();
    port.receive(PATIENCE).expect_text(r#"{"connected":true}"#);
    port.ask("[1]").expect_text(r#"{"length":3}"#);
    // A fresh instance has had its `connect` before the next message.
    port.ask(&order(Verb::Trap, 0))
        .expect_error("plugin-crashed");
    port.send("[1]");
    port.receive(PATIENCE).expect_text(r#"{"connected":true}"#);
    port.receive(PATIENCE).expect_text(r#"{"length":3}"#);
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn a_session_with_a_condition_is_connected_by_its_first_message() {
    let extra =
        "when = { \"/to\" = \"session\" }\n[route.grant]\nconfig = { on-connect = \"post\" }\n";
    let home = home_with(
        &["unruly-session"],
        &(route(ORIGIN, "unruly-session") + extra),
    );
    let mut port = Browser::chromium(&home).start();
    assert!(port.try_receive(Duration::from_millis(300)).is_none());
    port.send(r#"{"to":"session"}"#)
        .receive(PATIENCE)
        .expect_text(r#"{"connected":true}"#);
    port.receive(PATIENCE).expect_text(r#"{"length":16}"#);
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn a_connect_that_fails_is_an_error_and_never_a_silence() {
    for (deed, codes) in [
        ("refuse", ["plugin-error", "init-failed"]),
        ("trap", ["plugin-crashed", "init-failed"]),
    ] {
        let grant = format!("[route.grant]\nconfig = {{ on-connect = \"{deed}\" }}\n");
        let home = home_with(
            &["unruly-session"],
            &(route(ORIGIN, "unruly-session") + &grant),
        );
        let mut port = Browser::chromium(&home).start();
        let error = port
            .ask("[1]")
            .error()
            .expect("a plugin that cannot connect is an error");
        assert!(
            codes.contains(&error.code.as_str()),
            "{deed}: {}",
            error.code
        );
        port.end().expect_exit(0);
    }
}

#[test]
fn a_port_that_a_plugin_closes_ends_by_itself() {
    let home = home("unruly-session");
    let mut port = Browser::chromium(&home).start();
    port.ask(&order(Verb::Close, 0)).expect_text("true");
    let begun = Instant::now();
    port.wait().expect_exit(0).expect_no_frames();
    assert!(begun.elapsed() < Duration::from_millis(1900));
}

#[test]
fn a_condition_chooses_the_plugin() {
    let home = two_plugins("");
    let mut port = Browser::chromium(&home).start();
    let to_echo = r#"{"to":"echo","n":1}"#;
    port.ask(to_echo).expect_text(to_echo);
    port.ask(&order_to("unruly", Verb::Count, 0))
        .expect_text(r#"{"calls":0}"#);
    for message in [
        r#"{"to":"other"}"#,
        r#"{"TO":"echo"}"#,
        r#"{"to":["echo"]}"#,
        "\"echo\"",
        "null",
    ] {
        port.ask(message).expect_error("no-route");
    }
    // One reader of the message must not see another message than the plugin does.
    let error = port
        .ask(r#"{"to":"echo","to":"unruly"}"#)
        .expect_error("invalid-json");
    assert_eq!(error.request, Some(8));
    port.ask(r#"{"to":"echo""#).expect_error("invalid-json");
    port.ask(r#"{"t\u006f":"\u0065cho","a":{"a":1,"a":2}}"#)
        .expect_text(r#"{"t\u006f":"\u0065cho","a":{"a":1,"a":2}}"#);
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn a_condition_may_compare_text_numbers_and_truth() {
    let when = |condition: &str, plugin: &str| {
        format!("{}when = {{ {condition} }}\n", route(ORIGIN, plugin))
    };
    let policy = when("\"/a/0/b~1c\" = 7", "unruly") + &when("\"/a/0/b~1c\" = true", "echo");
    let home = home_with(&["unruly", "echo"], &policy);
    let mut port = Browser::chromium(&home).start();
    port.ask(r#"{"a":[{"b/c":7}]}"#)
        .expect_text(r#"{"length":17}"#);
    let truth = r#"{"a":[{"b/c":true}]}"#;
    port.ask(truth).expect_text(truth);
    for value in [
        "\"7\"", "8", "7.5", "\"true\"", "false", "null", "1", "[7]", "{}",
    ] {
        let message = format!(r#"{{"a":[{{"b/c":{value}}}]}}"#);
        port.ask(&message).expect_error("no-route");
    }
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn conditions_that_one_message_can_meet_both_are_an_error_in_the_policy() {
    let when = |condition: &str, plugin: &str| {
        format!("{}when = {{ {condition} }}\n", route(ORIGIN, plugin))
    };
    let policy = when("\"/a\" = 1", "unruly") + &when("\"/b\" = 1", "echo");
    let home = home_with(&["unruly", "echo"], &policy);
    let mut port = Browser::chromium(&home).start();
    port.ask(r#"{"a":1}"#).expect_error("policy-invalid");
    port.end()
        .expect_exit(1)
        .expect_stderr_contains("policy.toml");
}

#[test]
fn a_conditional_route_wins_over_an_unconditional_one() {
    let policy =
        route(ORIGIN, "echo") + &route(ORIGIN, "unruly") + "when = { \"/to\" = \"unruly\" }\n";
    let home = home_with(&["echo", "unruly"], &policy);
    let mut port = Browser::chromium(&home).start();
    port.ask(HELLO).expect_text(HELLO);
    port.ask(&order_to("unruly", Verb::Count, 0))
        .expect_text(r#"{"calls":0}"#);
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn one_plugin_that_does_not_come_back_does_not_hold_up_the_other() {
    let home = two_plugins("cpu-per-call = \"2s\"\nwall-per-call = \"2s\"");
    let mut port = Browser::chromium(&home).start();
    let to_echo = r#"{"to":"echo"}"#;
    port.ask(to_echo).expect_text(to_echo);
    port.ask(&order_to("unruly", Verb::Length, 0));
    for deed in [Verb::Loop, Verb::Sleep] {
        let begun = Instant::now();
        port.send(&order_to("unruly", deed, 3_600_000));
        for _ in 0..5 {
            let frame = port.ask(to_echo);
            frame.expect_text(to_echo);
            assert!(
                frame.at - begun < Duration::from_millis(1500),
                "echo had to wait {:?}",
                frame.at - begun
            );
        }
        port.receive(PATIENCE).expect_error("plugin-timeout");
    }
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn an_error_says_which_request_it_answers() {
    let home = two_plugins("cpu-per-call = \"500ms\"");
    let mut port = Browser::chromium(&home).start();
    let to_echo = r#"{"to":"echo"}"#;
    port.send(to_echo)
        .send(&order_to("unruly", Verb::Loop, 0))
        .send(to_echo)
        .send("null");
    let frames: Vec<_> = (0..4).map(|_| port.receive(PATIENCE)).collect();
    let mut errors: Vec<_> = frames
        .iter()
        .filter_map(portcullis_tests::Frame::error)
        .map(|error| (error.request, error.code))
        .collect();
    errors.sort();
    assert_eq!(
        errors,
        [
            (Some(2), "plugin-timeout".to_owned()),
            (Some(4), "no-route".to_owned())
        ]
    );
    port.end().expect_exit(0).expect_no_frames();
}

/// How often the log says that a guest was told this of a post from there.
fn told(home: &Home, from: &str, code: &str) -> usize {
    let note = format!("posting from {from}: {code}");
    let log = home.log();
    log.lines().filter(|line| line.contains(&note)).count()
}

/// The next port of the same extension is served, and both have stayed small.
#[track_caller]
fn expect_next_port(home: &Home, what: &str) {
    let port = Browser::chromium(home).start();
    expect_goes_on(port, home, what, ("[1]", r#"{"length":3}"#));
}

/// The line that says how many messages the browser did not wait for: the number, where there is one such line.
#[track_caller]
fn dropped(home: &Home) -> u64 {
    let log = home.log();
    let number = |line: &str| {
        let (_, rest) = line.split_once("the browser had closed its end: dropped ")?;
        rest.split(' ').next()?.parse().ok()
    };
    let found: Vec<u64> = log.lines().filter_map(number).collect();
    assert_eq!(found.len(), 1, "one line says it:\n{log}");
    found[0]
}

/// Case 29 of the hostile plugins.
#[test]
fn posts_after_the_output_has_closed_are_told_so() {
    let home = home("unruly-session");
    // One that waits for the browser when it goes.
    let mut port = Browser::chromium(&home).output(Output::Unread).start();
    port.send(&order(Verb::Flood, 0));
    std::thread::sleep(Duration::from_millis(300));
    expect_small(&port, "case 29");
    port.close_output();
    port.wait().expect_exit(0).expect_within(END);
    assert_eq!(told(&home, "message", "closed"), 1, "{}", home.log());
    assert!(dropped(&home) > 1, "what waited, and the one that it met");
    expect_next_port(&home, "case 29");
}

/// Case 29 of the hostile plugins.
#[test]
fn a_post_from_disconnect_is_told_whether_anybody_reads() {
    for (closes_output, code) in [(true, "closed"), (false, "none")] {
        let home = home("unruly-session");
        let mut port = Browser::chromium(&home).start();
        port.ask(&order(Verb::PostAtEnd, 0)).expect_text("true");
        expect_small(&port, "case 29");
        if closes_output {
            port.close_output();
        }
        port.close_input();
        let ended = port.wait().expect_exit(0).expect_quiet();
        let ended = ended.expect_within(END);
        assert_eq!(ended.frames.len(), usize::from(!closes_output));
        assert_eq!(told(&home, "disconnect", code), 1, "{}", home.log());
        if closes_output {
            assert_eq!(dropped(&home), 1);
        } else {
            assert!(!home.log().contains("dropped"), "{}", home.log());
        }
        expect_next_port(&home, "case 29");
    }
}

/// Case 32 of the hostile plugins. `sendNativeMessage`: the browser writes one message, takes one frame and closes both ends, while the plugin has more
/// to say. What comes then is dropped, with one line, and is no fault of anybody.
#[test]
fn what_a_plugin_posts_after_the_answer_to_a_one_shot_is_dropped_with_one_line() {
    let home = home("unruly-session");
    let mut port = Browser::chromium(&home).start();
    port.send(&order(Verb::PostSlowly, 3));
    port.receive(PATIENCE).expect_text(r#"{"post":1}"#);
    expect_small(&port, "case 32");
    port.close_output().close_input();
    port.wait().expect_exit(0).expect_quiet().expect_within(END);
    // Two posts and the reply; a test that was held up may have let one or two of them into the pipe.
    let dropped = dropped(&home);
    assert!((1..=3).contains(&dropped), "{dropped}: {}", home.log());
    let told = told(&home, "message", "closed");
    assert!(told as u64 + 1 == dropped, "{}", home.log());
    expect_next_port(&home, "case 32");
}
