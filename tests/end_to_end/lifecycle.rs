//! Section C of the conformance cases: how a port lives and ends.
//!
//! Case 38 (`cmd /d /s /c "host.exe …"`, binary mode of the pipes) is of Windows alone and has no test here.

use std::time::{Duration, Instant};

use portcullis_tests::{Browser, Output, PATIENCE, encode};
use rustix::process::Signal;

use crate::arguments::children;
use crate::fixture::{HELLO, Verb, alone, home, limited_home, order};

/// Chromium kills after two seconds; everything has to be over before.
const CHROMIUM: Duration = Duration::from_millis(1900);

/// The signals that mean the same as the end of input.
const ENDING: [Signal; 3] = [Signal::TERM, Signal::INT, Signal::HUP];

#[test]
fn case_28_an_idle_port_ends_at_once() {
    for plugin in ["echo", "ping-pong"] {
        let home = home(plugin);
        let port = Browser::chromium(&home).start();
        port.end()
            .expect_exit(0)
            .expect_no_frames()
            .expect_quiet()
            .expect_within(Duration::from_secs(1));
    }
    let home = home("echo");
    let mut port = Browser::chromium(&home).start();
    port.ask(HELLO).expect_text(HELLO);
    port.end()
        .expect_exit(0)
        .expect_no_frames()
        .expect_quiet()
        .expect_within(Duration::from_millis(500));
}

#[test]
fn case_29_the_end_of_input_interrupts_a_plugin_that_does_not_come_back() {
    for plugin in ["unruly", "unruly-session"] {
        let home = home(plugin);
        for deed in [Verb::Loop, Verb::Spin, Verb::Sleep] {
            let mut port = Browser::chromium(&home).start();
            port.ask(HELLO).expect_text(r#"{"length":18}"#);
            port.send(&order(deed, 3_600_000));
            std::thread::sleep(Duration::from_millis(200));
            let ended = port.end().expect_exit(0).expect_within(CHROMIUM);
            for frame in &ended.frames {
                assert!(
                    frame.error().is_some(),
                    "{plugin} {deed:?}: {}",
                    frame.shortened()
                );
            }
        }
    }
}

#[test]
fn case_29_a_call_that_the_end_of_input_interrupts_is_no_crash_of_the_plugin() {
    // A browser that reloads an extension five times while it waits must not put its plugin away.
    for plugin in ["unruly", "unruly-session"] {
        let home = limited_home(plugin, "crashes = 1");
        for deed in [Verb::Sleep, Verb::Loop] {
            let mut port = Browser::chromium(&home).start();
            port.ask(HELLO).expect_text(r#"{"length":18}"#);
            port.send(&order(deed, 3_600_000));
            std::thread::sleep(Duration::from_millis(100));
            port.end().expect_exit(0);
        }
        let mut port = Browser::chromium(&home).start();
        port.ask(HELLO).expect_text(r#"{"length":18}"#);
        port.end().expect_exit(0).expect_no_frames();
    }
}

#[test]
fn case_29_the_end_of_input_ends_a_plugin_that_does_not_come_back_from_disconnect() {
    let home = home("unruly-session");
    for deed in [Verb::LoopAtEnd, Verb::TrapAtEnd] {
        let mut port = Browser::chromium(&home).start();
        port.ask(&order(deed, 0)).expect_text("true");
        port.end()
            .expect_exit(0)
            .expect_no_frames()
            .expect_within(CHROMIUM);
    }
}

#[test]
fn case_29_the_end_of_input_interrupts_a_plugin_that_does_not_even_start() {
    let home = home("loops-at-start");
    let mut port = Browser::chromium(&home).start();
    port.send(HELLO);
    std::thread::sleep(Duration::from_millis(200));
    port.end().expect_exit(0).expect_within(CHROMIUM);
}

#[test]
fn case_30_fifty_requests_followed_at_once_by_the_end_of_input_get_every_reply() {
    for plugin in ["echo", "unruly-session"] {
        let home = home(plugin);
        for _ in 0..5 {
            let mut port = Browser::chromium(&home).start();
            let message = |id: usize| format!(r#"{{"id":{id},"text":"{}"}}"#, "x".repeat(id * 20));
            let all: Vec<u8> = (0..50).flat_map(|id| encode(&message(id))).collect();
            port.send_raw(&all);
            let ended = port.end().expect_exit(0).expect_quiet();
            assert_eq!(ended.frames.len(), 50, "every request has its reply");
            for (id, frame) in ended.frames.iter().enumerate() {
                match plugin {
                    "echo" => frame.expect_text(&message(id)),
                    _ => frame.expect_text(&format!(r#"{{"length":{}}}"#, message(id).len())),
                };
            }
        }
    }
}

#[test]
fn case_30_a_message_followed_at_once_by_the_end_of_input_keeps_its_reply_in_200_runs_of_200() {
    let home = home("echo");
    let mut kept = 0;
    for _ in 0..200 {
        let mut port = Browser::chromium(&home).start();
        port.send(HELLO);
        let ended = port.end().expect_exit(0).expect_quiet();
        kept += usize::from(ended.frames.len() == 1 && ended.frames[0].text == HELLO);
    }
    assert_eq!(kept, 200);
}

#[test]
fn case_30_a_session_keeps_its_reply_and_its_last_words() {
    let home = home("unruly-session");
    for _ in 0..20 {
        let mut port = Browser::chromium(&home).start();
        port.send(&order(Verb::PostAtEnd, 0));
        let ended = port.end().expect_exit(0).expect_quiet();
        let texts: Vec<_> = ended
            .frames
            .iter()
            .map(|frame| frame.text.as_str())
            .collect();
        assert_eq!(texts, ["true", r#"{"last":true}"#]);
    }
}

#[test]
fn case_31_a_browser_that_closes_the_output_ends_the_port_quietly() {
    let home = home("echo");
    let mut port = Browser::chromium(&home).start();
    port.ask(HELLO).expect_text(HELLO);
    port.close_output();
    // The input is still open: the failing write alone has to end the host.
    let _ = port.try_send_raw(&encode(HELLO), PATIENCE);
    port.wait()
        .expect_exit(0)
        .expect_quiet()
        .expect_within(CHROMIUM);
}

#[test]
fn case_31_a_browser_that_goes_while_the_host_writes_ends_the_port_quietly() {
    let home = home("unruly-session");
    let mut port = Browser::chromium(&home).output(Output::Unread).start();
    port.send(&order(Verb::Flood, 0));
    std::thread::sleep(Duration::from_millis(300));
    port.close_output().close_input();
    port.wait().expect_exit(0).expect_within(CHROMIUM);
}

#[test]
fn case_31_a_broken_stderr_does_no_harm() {
    let home = home("unruly");
    let mut port = Browser::chromium(&home)
        .stderr(portcullis_tests::Stderr::Broken)
        .start();
    port.ask(&order(Verb::Trap, 0))
        .expect_error("plugin-crashed");
    port.ask(HELLO).expect_text(r#"{"length":18}"#);
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn case_32_a_signal_ends_an_idle_port_as_the_end_of_input_does() {
    for plugin in ["echo", "ping-pong"] {
        let home = home(plugin);
        for signal in ENDING {
            let mut port = Browser::chromium(&home).start();
            if plugin == "echo" {
                port.ask(HELLO).expect_text(HELLO);
            } else {
                port.ask("\"ping\"").expect_text("\"pong\"");
            }
            port.signal(signal);
            port.wait()
                .expect_exit(0)
                .expect_no_frames()
                .expect_within(Duration::from_secs(1));
        }
    }
}

#[test]
fn case_32_a_signal_before_anything_was_read_ends_the_port() {
    let home = home("echo");
    for delay in [30, 60, 120, 240] {
        let mut port = Browser::chromium(&home).start();
        std::thread::sleep(Duration::from_millis(delay));
        // Earlier than the handler the signal's own way to end a program is as good.
        port.signal(Signal::TERM);
        let ended = port.wait();
        let ended = if ended.status.code().is_some() {
            ended.expect_exit(0)
        } else {
            ended.expect_killed(Signal::TERM)
        };
        ended.expect_no_frames().expect_within(CHROMIUM);
    }
}

#[test]
fn case_32_a_signal_interrupts_a_plugin_that_does_not_come_back() {
    let home = home("unruly");
    for deed in [Verb::Loop, Verb::Sleep] {
        for signal in ENDING {
            let mut port = Browser::chromium(&home).start();
            port.ask(HELLO).expect_text(r#"{"length":18}"#);
            port.send(&order(deed, 3_600_000));
            std::thread::sleep(Duration::from_millis(200));
            port.signal(signal);
            port.wait().expect_exit(0).expect_within(CHROMIUM);
        }
    }
}

#[test]
fn case_32_a_message_that_a_signal_follows_keeps_its_reply() {
    let home = home("echo");
    for _ in 0..20 {
        let mut port = Browser::chromium(&home).start();
        port.ask("[1]").expect_text("[1]");
        port.send(HELLO).signal(Signal::TERM);
        let ended = port.wait().expect_exit(0).expect_quiet();
        assert_eq!(
            ended.frames.len(),
            1,
            "what had come before the signal is served"
        );
        ended.frames[0].expect_text(HELLO);
    }
}

#[test]
fn case_32_a_signal_inside_a_frame_is_an_ordinary_end() {
    let home = home("echo");
    let mut port = Browser::chromium(&home).start();
    port.ask("[1]").expect_text("[1]");
    port.send_raw(&encode(HELLO)[..10]);
    std::thread::sleep(Duration::from_millis(50));
    port.signal(Signal::TERM);
    port.wait()
        .expect_exit(0)
        .expect_no_frames()
        .expect_within(CHROMIUM);
}

#[test]
fn case_32_a_burst_for_a_slow_plugin_does_not_hold_up_the_end() {
    // A thousand messages that have arrived at once, each served within one turn of the plugin: five seconds of work in
    // which nothing but the loop's own turns looks at signals and at the second that an ending port has.
    for plugin in ["unruly", "unruly-session"] {
        let home = home(plugin);
        for signal in [None, Some(Signal::TERM)] {
            let mut port = Browser::chromium(&home).start();
            port.ask(HELLO).expect_text(r#"{"length":18}"#);
            port.send_raw(&encode(&order(Verb::Burn, 5)).repeat(1000));
            port.receive(PATIENCE).expect_text(r#"{"burnt":5}"#);
            match signal {
                None => port.close_input(),
                Some(signal) => port.signal(signal),
            };
            let ended = port.wait().expect_exit(0).expect_within(CHROMIUM);
            assert!(ended.frames.len() < 900, "the burst took no time");
            for frame in &ended.frames {
                frame.expect_text(r#"{"burnt":5}"#);
            }
        }
    }
}

#[test]
fn case_33_a_serving_host_has_no_children() {
    // No capability starts a helper yet; what is not there cannot be orphaned.
    let home = home("unruly");
    let mut port = Browser::chromium(&home).start();
    port.ask(HELLO);
    port.ask(&order(Verb::Trap, 0))
        .expect_error("plugin-crashed");
    assert_eq!(children(port.id()), Vec::<u32>::new());
    port.end().expect_exit(0);
}

#[test]
fn case_34_a_one_shot_gets_its_reply_as_the_first_frame() {
    for (plugin, message, reply) in [
        ("echo", HELLO, HELLO),
        ("ping-pong", "\"ping\"", "\"pong\""),
    ] {
        let home = home(plugin);
        let mut port = Browser::chromium(&home).start();
        assert!(
            port.try_receive(Duration::from_millis(300)).is_none(),
            "no greeting before the reply"
        );
        port.ask(message).expect_text(reply);
        port.end().expect_exit(0).expect_no_frames().expect_quiet();
    }
}

#[test]
fn case_35_a_session_that_says_nothing_is_spoken_for_once_when_its_time_is_over() {
    let home = limited_home("unruly-session", "wall-per-call = \"600ms\"");
    let mut port = Browser::chromium(&home).start();
    let begun = Instant::now();
    port.send(&order(Verb::Silent, 0))
        .send(&order(Verb::Silent, 0));
    let frame = port.receive(PATIENCE);
    frame.expect_error("no-reply");
    let took = frame.at - begun;
    assert!(
        took >= Duration::from_millis(600) && took < Duration::from_secs(3),
        "it took {took:?}"
    );
    assert!(
        port.try_receive(Duration::from_secs(1)).is_none(),
        "once is enough"
    );
    port.ask("[1]").expect_text(r#"{"length":3}"#);
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn case_35_a_session_that_says_nothing_is_spoken_for_at_the_end_of_input() {
    let home = home("unruly-session");
    let mut port = Browser::chromium(&home).start();
    port.send(&order(Verb::Silent, 0));
    let ended = port.end().expect_exit(0);
    assert_eq!(
        ended.frames.len(),
        1,
        "`sendNativeMessage` must not be left with \"native host has exited\""
    );
    ended.frames[0].expect_error("no-reply");
}

#[test]
fn case_35_a_session_that_has_said_something_may_be_silent() {
    let home = limited_home("unruly-session", "wall-per-call = \"300ms\"");
    let mut port = Browser::chromium(&home).start();
    port.ask("[1]").expect_text(r#"{"length":3}"#);
    port.send(&order(Verb::Silent, 0));
    assert!(port.try_receive(Duration::from_secs(1)).is_none());
    port.end().expect_exit(0).expect_no_frames();
    // And one that was never asked owes nothing.
    let port = Browser::chromium(&home).start();
    port.end().expect_exit(0).expect_no_frames().expect_quiet();
}

#[test]
fn case_36_a_failing_plugin_costs_one_error_frame_and_the_next_request_is_served() {
    let home = limited_home("unruly", "memory = \"16MiB\"");
    let mut port = Browser::chromium(&home).start();
    let failures = [
        (Verb::Trap, "plugin-crashed"),
        (Verb::Panic, "plugin-crashed"),
        (Verb::Recurse, "plugin-crashed"),
        (Verb::Exhaust, "plugin-out-of-memory"),
    ];
    for (request, (deed, code)) in (1..).step_by(2).zip(failures) {
        let error = port.ask(&order(deed, 0)).expect_error(code);
        assert_eq!(
            (error.request, error.plugin.as_deref()),
            (Some(request), Some("unruly")),
            "{deed:?}"
        );
        // A fresh instance: it has never been called.
        port.ask(&order(Verb::Count, 0))
            .expect_text(r#"{"calls":0}"#);
    }
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn case_37_a_thousand_round_trips_stay_in_order_and_take_less_than_30_ms_each() {
    let home = home("echo");
    let mut port = Browser::chromium(&home).start();
    let begun = Instant::now();
    for id in 0..1000 {
        let message = format!(r#"{{"id":{id}}}"#);
        port.ask(&message).expect_text(&message);
    }
    let mean = begun.elapsed() / 1000;
    assert!(
        mean <= Duration::from_millis(30),
        "a round trip takes {mean:?}"
    );
    port.end().expect_exit(0).expect_no_frames().expect_quiet();
}

#[test]
fn case_37_a_thousand_messages_at_once_are_answered_in_order() {
    let _alone = alone();
    for plugin in ["echo", "unruly-session"] {
        let home = home(plugin);
        let mut port = Browser::chromium(&home).start();
        // Larger than both pipes together: a host that only reads or only writes would stand still.
        let message = |id: usize| format!(r#"{{"id":{id},"text":"{}"}}"#, "x".repeat(1000 + id));
        let all: Vec<u8> = (0..1000).flat_map(|id| encode(&message(id))).collect();
        port.send_raw(&all);
        for id in 0..1000 {
            let frame = port.receive(PATIENCE);
            match plugin {
                "echo" => frame.expect_text(&message(id)),
                _ => frame.expect_text(&format!(r#"{{"length":{}}}"#, message(id).len())),
            };
        }
        port.end().expect_exit(0).expect_no_frames().expect_quiet();
    }
}
