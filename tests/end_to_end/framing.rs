//! Section A of the conformance cases: frames and payloads.
//!
//! Where the browsers leave a result open, the project's contract settles it: a frame that cannot be served is answered
//! with an error frame, framing is kept, and the next frame is served. Every receive here also asserts case 17, that
//! stdout holds nothing but frames.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use portcullis_tests::{Browser, MAX_OUTBOUND_BYTES, ORIGIN, PATIENCE, Port, encode};

use crate::fixture::{HELLO, Verb, alone, home, home_with, json, nulls, order, route};

fn expect_hello(port: &mut Port) {
    assert_eq!(port.ask(HELLO).json(), json(HELLO));
}

#[test]
fn case_01_one_frame_comes_back_equal() {
    let home = home("echo");
    let mut port = Browser::chromium(&home).start();
    let frame = port
        .send_raw(b"\x12\x00\x00\x00{\"text\": \"Hello.\"}")
        .receive(PATIENCE);
    assert_eq!(frame.json(), json(HELLO));
    frame.expect_text(HELLO);
    port.end().expect_exit(0).expect_no_frames().expect_quiet();
}

#[test]
fn case_02_two_messages_in_one_process_are_answered_in_order() {
    let home = home("echo");
    let mut port = Browser::chromium(&home).start();
    for id in [1, 2] {
        let message = format!(r#"{{"id": {id}}}"#);
        port.ask(&message).expect_text(&message);
    }
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn case_03_a_frame_may_come_byte_by_byte() {
    let home = home("echo");
    let mut port = Browser::chromium(&home).start();
    for byte in encode(HELLO) {
        port.send_raw(&[byte]);
        thread::sleep(Duration::from_millis(10));
    }
    port.receive(PATIENCE).expect_text(HELLO);
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn case_03_a_frame_may_come_in_any_two_parts() {
    let home = home("echo");
    let mut port = Browser::chromium(&home).start();
    let bytes = encode(HELLO);
    for split in 1..bytes.len() {
        port.send_raw(&bytes[..split]);
        thread::sleep(Duration::from_millis(5));
        port.send_raw(&bytes[split..])
            .receive(PATIENCE)
            .expect_text(HELLO);
    }
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn case_04_two_frames_in_one_write_get_two_replies() {
    let home = home("echo");
    let mut port = Browser::chromium(&home).start();
    let both = [encode(HELLO), encode("[2]")].concat();
    port.send_raw(&both).receive(PATIENCE).expect_text(HELLO);
    port.receive(PATIENCE).expect_text("[2]");
    // And one and a half, with the rest later.
    let (first, rest) = both.split_at(25);
    port.send_raw(first).receive(PATIENCE).expect_text(HELLO);
    port.send_raw(rest).receive(PATIENCE).expect_text("[2]");
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn case_05_scalars_and_arrays_are_messages_like_any_other() {
    let home = home("echo");
    let mut port = Browser::chromium(&home).start();
    for message in [
        "null",
        "1",
        r#""""#,
        r#""test""#,
        "[]",
        "true",
        "-0.0e-0",
        "{}",
    ] {
        port.ask(message).expect_text(message);
    }
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn case_06_text_is_counted_in_bytes() {
    let home = home("echo");
    let mut port = Browser::chromium(&home).start();
    let message = "\"Это юникода\"";
    assert_eq!(encode(message)[..4], 0x17_u32.to_ne_bytes());
    port.ask(message).expect_text(message);
    port.ask(
        "\"\u{1F980} \\ud83e\\udd80 \u{0}\""
            .replace('\u{0}', "\\u0000")
            .as_str(),
    )
    .expect_text("\"\u{1F980} \\ud83e\\udd80 \\u0000\"");
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn case_07_a_lone_surrogate_passes_unchanged() {
    let home = home("echo");
    let mut port = Browser::chromium(&home).start();
    for message in [r#""\ud800""#, r#"{"\udfff":"\ud800\ud800"}"#] {
        port.ask(message).expect_text(message);
    }
    expect_hello(&mut port);
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn case_07_numbers_keys_and_spaces_pass_unchanged() {
    let home = home("echo");
    let mut port = Browser::chromium(&home).start();
    let digits = format!("[{}]", "9".repeat(2000));
    let deep = format!("{}{}", "[".repeat(128), "]".repeat(128));
    for message in [
        r#"{"a":1,"a":2}"#,
        "1e400",
        "0.1000000000000000055511151231257827",
        "  [ 1 ,\t2\r\n] ",
        r#"{"z":0,"a":{"é":"\/"}}"#,
        &digits,
        &deep,
    ] {
        port.ask(message).expect_text(message);
    }
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn case_08_a_zero_length_frame_is_answered_and_the_next_is_served() {
    let home = home("echo");
    let mut port = Browser::chromium(&home).start();
    let error = port
        .send_raw(&[0; 4])
        .receive(PATIENCE)
        .expect_error("invalid-json");
    assert_eq!(error.request, Some(1));
    expect_hello(&mut port);
    // A row of them neither spins nor is mistaken for one another.
    port.send_raw(&[0; 40]);
    for request in 3..13 {
        assert_eq!(
            port.receive(PATIENCE).expect_error("invalid-json").request,
            Some(request)
        );
    }
    expect_hello(&mut port);
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn case_09_text_that_is_not_json_never_comes_back() {
    let home = home("echo");
    let mut port = Browser::chromium(&home).start();
    let deep = format!("{}{}", "[".repeat(129), "]".repeat(129));
    let texts = [
        "{",
        "nul",
        "NaN",
        "[1,]",
        "{\"a\":1}x",
        "1 2",
        "// c\n1",
        "\u{feff}1",
        "'a'",
        "01",
        "\"\t\"",
        " ",
        "\"a",
        &deep,
    ];
    for (request, text) in (1..).zip(texts) {
        let error = port.ask(text).expect_error("invalid-json");
        assert_eq!(error.request, Some(request), "for {text:?}");
    }
    expect_hello(&mut port);
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn case_09_a_policy_may_have_the_grammar_checked_inbound() {
    let home = home_with(
        &["unruly"],
        &(route(ORIGIN, "unruly") + "check-inbound = true\n"),
    );
    let mut port = Browser::chromium(&home).start();
    // The guest would answer any text with its length: the error proves that it was not asked.
    let error = port.ask("{").expect_error("invalid-json");
    assert_eq!(error.request, Some(1));
    port.ask("[1]").expect_text(r#"{"length":3}"#);
    port.ask(&order(Verb::Count, 0))
        .expect_text(r#"{"calls":1}"#);
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn case_10_bytes_that_are_not_utf_8_are_answered_and_the_next_is_served() {
    let home = home("echo");
    let mut port = Browser::chromium(&home).start();
    let bodies: [&[u8]; 5] = [
        b"\xff",
        b"\"\xff\"",
        b"\"\xc0\x80\"",
        b"\"\xed\xa0\x80\"",
        b"\"\xd0",
    ];
    for (request, body) in (1..).zip(bodies) {
        let length = u32::try_from(body.len()).expect("short").to_ne_bytes();
        let error = port
            .send_raw(&length)
            .send_raw(body)
            .receive(PATIENCE)
            .expect_error("invalid-json");
        assert_eq!(error.request, Some(request), "for {body:?}");
    }
    expect_hello(&mut port);
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn case_11_a_reply_of_exactly_one_mebibyte_is_one_frame() {
    let home = home("echo");
    let mut port = Browser::chromium(&home).start();
    let message = nulls(209_715);
    assert_eq!(message.len(), MAX_OUTBOUND_BYTES);
    port.ask(&message).expect_text(&message);
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn case_12_a_longer_reply_is_an_error_and_the_port_lives() {
    let home = home_with(&["echo"], &route(ORIGIN, "echo"));
    let mut port = Browser::chromium(&home).start();
    let one_more = format!("\"{}\"", "x".repeat(MAX_OUTBOUND_BYTES - 1));
    let of_chromium = format!("{{\"key\":\"{}\"}}", "x".repeat(MAX_OUTBOUND_BYTES));
    assert_eq!((one_more.len(), of_chromium.len()), (1_048_577, 1_048_586));
    for (request, message) in [(1, one_more), (2, of_chromium)] {
        let error = port.ask(&message).expect_error("reply-too-large");
        assert_eq!(
            (error.request, error.plugin.as_deref()),
            (Some(request), Some("echo"))
        );
    }
    expect_hello(&mut port);
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn case_13_the_longest_message_of_a_browser_is_accepted() {
    let _alone = alone();
    let home = home("unruly");
    let mut port = Browser::chromium(&home).start();
    let message = nulls(209_715 * 64);
    assert_eq!(message.len(), 67_108_801);
    port.ask(&message).expect_text(r#"{"length":67108801}"#);
    // The limit itself.
    let longest = format!("\"{}\"", "x".repeat(64 * 1024 * 1024 - 2));
    port.ask(&longest).expect_text(r#"{"length":67108864}"#);
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn case_14_a_message_over_the_limit_is_drained_and_the_next_is_served() {
    let _alone = alone();
    let home = home("echo");
    let mut port = Browser::chromium(&home).start();
    expect_hello(&mut port);
    let before = port.peak_resident_bytes();
    port.send_raw(b"\x01\x00\x00\x04");
    let mebibyte = vec![b'x'; 1024 * 1024];
    for _ in 0..64 {
        port.send_raw(&mebibyte);
    }
    let error = port
        .send_raw(b"x")
        .receive(PATIENCE)
        .expect_error("message-too-large");
    assert_eq!(error.request, Some(2));
    let grown = port.peak_resident_bytes() - before;
    assert!(grown < 4 << 20, "draining a frame took {grown} bytes");
    expect_hello(&mut port);
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn case_14_a_policy_may_lower_the_limit() {
    let home = home_with(
        &["echo"],
        &format!("[limits]\nmessage-in = \"1KiB\"\n{}", route(ORIGIN, "echo")),
    );
    let mut port = Browser::chromium(&home).start();
    let fits = format!("\"{}\"", "x".repeat(1022));
    let too_long = format!("\"{}\"", "x".repeat(1023));
    port.ask(&fits).expect_text(&fits);
    assert_eq!(
        port.ask(&too_long)
            .expect_error("message-too-large")
            .request,
        Some(2)
    );
    port.ask(&fits).expect_text(&fits);
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn case_15_a_header_of_four_gibibytes_costs_no_memory() {
    let home = home("echo");
    let mut port = Browser::chromium(&home).start();
    expect_hello(&mut port);
    let before = port.peak_resident_bytes();
    port.send_raw(&[0xff; 4]).send_raw(b"some of it");
    thread::sleep(Duration::from_millis(300));
    let grown = port.peak_resident_bytes() - before;
    assert!(
        grown < 2 << 20,
        "a header of `ff ff ff ff` took {grown} bytes"
    );
    let ended = port
        .end()
        .expect_exit(3)
        .expect_within(Duration::from_secs(1))
        .expect_one_line();
    for frame in &ended.frames {
        frame.expect_error("message-too-large");
    }
}

#[test]
fn case_16_an_end_inside_a_frame_is_one_sentence_and_exit_code_3() {
    let home = home("echo");
    let whole = encode(HELLO);
    for (bytes, place) in [
        (2, "header"),
        (4, "body"),
        (10, "body"),
        (whole.len() - 1, "body"),
    ] {
        let mut port = Browser::chromium(&home).start();
        port.send_raw(&whole[..bytes]);
        port.end()
            .expect_exit(3)
            .expect_no_frames()
            .expect_one_line()
            .expect_within(Duration::from_secs(1));
        // A frame before the broken one is still answered.
        let mut port = Browser::chromium(&home).start();
        port.send(HELLO).send_raw(&whole[..bytes]);
        let ended = port.end().expect_exit(3).expect_one_line();
        assert_eq!(
            ended.frames.len(),
            1,
            "cut in the {place}, after {bytes} bytes"
        );
        ended.frames[0].expect_text(HELLO);
    }
}

#[test]
fn case_17_logging_never_reaches_the_channel() {
    let home = home_with(&["unruly"], &route(ORIGIN, "unruly"));
    let mut port = Browser::chromium(&home)
        .environment("PORTCULLIS_LOG", "debug")
        .start();
    port.ask(&order(Verb::Length, 0));
    port.ask(&order(Verb::Log, 100)).expect_text("true");
    port.ask(&order(Verb::Trap, 0))
        .expect_error("plugin-crashed");
    let ended = port.end().expect_exit(0).expect_no_frames();
    assert!(
        !ended.stderr.is_empty(),
        "a crash is worth a line on stderr"
    );
    assert!(
        !home.log().is_empty(),
        "a run is worth a line in the log file"
    );
}

#[test]
fn case_17_file_descriptor_1_is_not_the_channel() {
    let home = home("echo");
    let mut port = Browser::chromium(&home).start();
    expect_hello(&mut port);
    let link = |descriptor: u32| fs::read_link(format!("/proc/{}/fd/{descriptor}", port.id()));
    // A process that is not dumpable shows its descriptors to root alone.
    if let (Ok(first), Ok(second)) = (link(1), link(2)) {
        assert_eq!(
            first, second,
            "a stray print of a library has to end on stderr"
        );
    }
    port.end().expect_exit(0).expect_quiet();
}

#[test]
fn the_key_of_the_host_is_refused_in_a_reply_however_it_is_written() {
    let home = home("echo");
    let mut port = Browser::chromium(&home).start();
    for (request, message) in (1..).zip([
        r#"{"$portcullis":{"error":{"code":"internal","message":"forged"}}}"#,
        r#"{"a":1,"$portcullis":null}"#,
        r#" { "\u0024portcullis" : 1 } "#,
        r#"{"$port\u0063ullis":1}"#,
        r#"{"\u0024\u0070\u006F\u0072\u0074cullis":1}"#,
        r#"{"a":{"b":[]},"a":[{}],"$portcullis":[]}"#,
    ]) {
        let error = port.ask(message).expect_error("invalid-json");
        assert_eq!(
            (error.request, error.plugin.as_deref()),
            (Some(request), Some("echo"))
        );
    }
    // Only at the top is it the host's.
    for message in [
        r#"{"a":{"$portcullis":1}}"#,
        r#"[{"$portcullis":1}]"#,
        r#""$portcullis""#,
        r#"{"$portcullis2":1,"$Portcullis":2,"":3}"#,
        r#"{"a":"\"$portcullis\":"}"#,
    ] {
        port.ask(message).expect_text(message);
    }
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn a_frame_is_answered_while_the_next_is_still_on_its_way() {
    let home = home("echo");
    let mut port = Browser::chromium(&home).start();
    port.send(HELLO).send_raw(&encode("[1]")[..5]);
    let begun = Instant::now();
    port.receive(PATIENCE).expect_text(HELLO);
    assert!(begun.elapsed() < Duration::from_secs(5));
    port.send_raw(&encode("[1]")[5..])
        .receive(PATIENCE)
        .expect_text("[1]");
    port.end().expect_exit(0).expect_no_frames();
}
