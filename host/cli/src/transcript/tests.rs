//! Transcripts, read and refused: each rule of the format with a text that keeps it and one that does not.

use super::*;

fn read(text: &str) -> Transcript {
    Transcript::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn frame(text: &str) -> Frame {
    Frame::read(text).expect("a test wrote JSON")
}

const ERROR: &str = r#"{"$portcullis":{"error":{"code":"plugin-error","request":1,"message":"the plugin answered with an error","plugin_code":"no-number","plugin_message":"send one"}}}"#;

#[test]
fn cases_ports_and_steps_are_where_they_stand() {
    let text = "# what it is\n> 1\n< 1\n\n--- second\n> {\"a\":\n   2}\n! no-reply\n---\n> 3\n.\n< \"…\"\n";
    let Transcript { cases } = read(text);
    let names: Vec<_> = cases.iter().map(|case| case.name.as_deref()).collect();
    assert_eq!(names, [None, Some("second")]);
    assert_eq!([cases[0].line, cases[1].line], [2, 5]);
    let lines = |case: usize, port: usize| -> Vec<Range<usize>> {
        let steps = cases[case].ports[port].steps.iter();
        steps.map(|step| step.lines.clone()).collect()
    };
    assert_eq!(lines(0, 0), [1..2, 2..3]);
    assert_eq!(lines(1, 0), [5..7, 7..8]);
    assert_eq!(lines(1, 1), [9..10, 10..11, 11..12]);
    let sent = &cases[1].ports[0].steps[0].deed;
    assert_eq!(*sent, Deed::Send("{\"a\":\n 2}".to_owned()));
    assert_eq!(cases[1].ports[1].steps[1].deed, Deed::Close);
}

#[test]
fn what_is_no_transcript_is_shown_where() {
    for (text, expected) in [
        ("", "1:1: there is no message in it"),
        ("# only a comment\n", "1:1: there is no message in it"),
        ("hello\n", "1:1: a line begins with"),
        ("> 1\n>2\n", "2:1: a line begins with"),
        ("  1\n", "1:1: this goes on with a message"),
        ("> 1\n\n  2\n", "3:1: this goes on with a message"),
        ("> \n", "1:3: the JSON text ends too early"),
        ("> 1 2\n", "1:5: there is more after the JSON value"),
        ("> {\"a\":\n  tru}\n", "2:3: this is no JSON value"),
        ("> {\"é\": x}\n", "1:9: this is no JSON value"),
        ("> [1, …]\n", "1:7: `…` stands for what varies"),
        ("< {\"a…\": 1}\n", "1:4: a key is compared as it stands"),
        ("< {\"…\": 1}\n", "1:4: the key `…` stands for any entries"),
        (
            "> 1\n! nothing\n",
            "2:3: this is no code of the host: unknown variant `nothing`, expected one of `no-route`",
        ),
        ("---\n> 1\n", "1:1: there is no port to close yet"),
        ("--- a\n--- b\n> 1\n", "1:1: nothing happens on a port"),
        ("--- a\n> 1\n---\n", "1:1: nothing happens on a port"),
        (
            "--- a\n> 1\n--- a\n> 1\n",
            "3:1: the case on line 1 has this name already",
        ),
        ("> 1\n.\n> 2\n", "3:1: the port was closed by the `.` above"),
        ("> 1\n.\n.\n", "3:1: the port was closed before"),
        (". x\n", "1:1: a line begins with"),
    ] {
        let error = Transcript::parse(text).expect_err(text).to_string();
        assert!(error.starts_with(expected), "{text:?}: {error}");
    }
}

#[test]
fn lines_may_end_as_windows_ends_them() {
    assert_eq!(
        read("> 1\r\n< {\"a\":\r\n  1}\r\n"),
        read("> 1\n< {\"a\":\n  1}\n")
    );
}

#[test]
fn an_error_of_the_host_is_told_by_its_code_and_message() {
    let expected = |line: &str| -> Expected {
        match &read(line).cases[0].ports[0].steps[0].deed {
            Deed::Expect(expected) => expected.clone(),
            other => panic!("{line}: {other:?}"),
        }
    };
    for (line, fits) in [
        ("! plugin-error", true),
        ("! plugin-error no-number: send one", true),
        ("! plugin-error no-number: …", true),
        ("! plugin-error too-many: …", false),
        ("! no-reply", false),
        ("< …", false),
        ("< {…}", false),
        ("< {\"$portcullis\": …}", true),
        (
            "< {\"$portcullis\": {\"error\": {\"request\": 1, …}}}",
            true,
        ),
    ] {
        let compared = expected(line).compare(&frame(ERROR));
        assert_eq!(compared.is_ok(), fits, "{line}: {compared:?}");
    }
    let plugin = frame("{\"code\": \"plugin-error\"}");
    assert!(expected("! plugin-error").compare(&plugin).is_err());
    assert_eq!(frame(ERROR).lines(), ["! plugin-error no-number: …"]);
    let other =
        frame(r#"{"$portcullis":{"error":{"code":"no-reply","message":"nothing: at all"}}}"#);
    assert_eq!(other.lines(), ["! no-reply"]);
}

fn came(at_steps: &[&[&str]], after: &[&str], at_end: &[&str]) -> Came {
    let all = |frames: &[&str]| frames.iter().map(|text| frame(text)).collect();
    Came {
        at_steps: at_steps.iter().map(|frames| all(frames)).collect(),
        after: all(after),
        at_end: all(at_end),
    }
}

#[test]
fn only_what_did_not_fit_is_rewritten() {
    let one = |text: &str, came: Came| {
        let transcript = read(text);
        let blessed = blessed(text, &[(&transcript.cases[0].ports[0], &came)]);
        read(&blessed);
        blessed
    };
    for (text, came, expected) in [
        // What fits stays as it is written.
        (
            "# c\n>  1\n<  {\"a\" : … }\n",
            came(&[&[], &["{\"a\": 1}"]], &[], &[]),
            "# c\n>  1\n<  {\"a\" : … }\n",
        ),
        (
            "> 1\n< 2\n\n# end\n",
            came(&[&[], &["3"]], &[], &[]),
            "> 1\n< 3\n\n# end\n",
        ),
        (
            "> 1\n< {\"id\": \"…\", \"n\": 1, \"old\": 0}\n",
            came(&[&[], &["{\"id\":\"x\",\"n\":2,\"new\":[1]}"]], &[], &[]),
            "> 1\n< {\"id\": …, \"n\": 2, \"new\": [1]}\n",
        ),
        (
            "> 1\n< {\"n\": 1, …}\n",
            came(&[&[], &["{\"x\":3,\"n\":2}"]], &[], &[]),
            "> 1\n< {\"n\": 2, …}\n",
        ),
        (
            "> 1\n< [\"…\", 1]\n",
            came(&[&[], &["[7, 2]"]], &[], &[]),
            "> 1\n< [\"…\", 2]\n",
        ),
        (
            "> 1\n< \"…\"\n",
            came(&[&[], &[ERROR]], &[], &[]),
            "> 1\n! plugin-error no-number: …\n",
        ),
        (
            "> 1\n! no-reply\n",
            came(&[&[], &["1"]], &[], &[]),
            "> 1\n< 1\n",
        ),
        (
            "> 1\n< {\"a\":\n  1}\n# c\n",
            came(&[&[], &[]], &[], &[]),
            "> 1\n# c\n",
        ),
        (
            "> 1\n> 2\n",
            came(&[&["10"], &["20", "21"]], &[], &[]),
            "> 1\n< 10\n> 2\n< 20\n< 21\n",
        ),
        (
            "> 1\n< 1\n",
            came(&[&[], &["1"]], &["2"], &["3"]),
            "> 1\n< 1\n< 2\n.\n< 3\n",
        ),
        (
            "> 1\r\n.\r\n",
            came(&[&[], &[]], &[], &["\"é…\""]),
            "> 1\r\n.\r\n< \"é\\u2026\"\r\n",
        ),
    ] {
        assert_eq!(one(text, came), expected, "{text}");
    }
}

#[test]
fn a_long_message_is_blessed_on_many_lines() {
    let long = format!("{{\"a\":[1,{{}}],\"b\":\"{}\"}}", "x".repeat(120));
    let text = "> 1\n";
    let transcript = read(text);
    let came = came(&[&[&long]], &[], &[]);
    let blessed = blessed(text, &[(&transcript.cases[0].ports[0], &came)]);
    let lines: Vec<&str> = blessed.lines().collect();
    assert_eq!(lines[..4], ["> 1", "< {", "    \"a\": [", "      1,"]);
    let Deed::Expect(expected) = &read(&blessed).cases[0].ports[0].steps[1].deed else {
        panic!("{blessed}");
    };
    assert_eq!(expected.compare(&frame(&long)), Ok(()));
}
