//! A guest's output, byte by byte and all at once, good and bad.

use std::io::{PipeReader, Read as _};
use std::task::Waker;

use portcullis_core::protocol::report::ErrorCode;
use portcullis_sandbox::alarms::Alarms;

use super::*;
use crate::channel::Output;
use crate::crashes::Crashes;

fn wire() -> (PipeReader, Wire) {
    let (reader, writer) = io::pipe().expect("a pipe can be made");
    let shared = Shared {
        output: Arc::new(Mutex::new(Output::new(writer.into()))),
        alarms: Alarms::default(),
        crashes: Crashes::none(),
    };
    let plugin = "program".parse().expect("a valid name");
    (reader, Wire::new(&shared, &plugin))
}

fn framed(text: &[u8]) -> Vec<u8> {
    let length = u32::try_from(text.len()).expect("a short text");
    [&length.to_le_bytes()[..], text].concat()
}

/// What comes out of the channel for `bytes` that are written in pieces of this length, and why the rest was refused.
fn written(bytes: &[u8], piece: usize) -> (Vec<u8>, Option<Report>) {
    let (mut reader, mut wire) = wire();
    for piece in bytes.chunks(piece) {
        if wire.write(piece).is_err() {
            break;
        }
    }
    let refused = wire.refused_at_end().map(|(_, report)| report);
    // On Windows a thread writes.
    while !wire.line().shared.output().is_empty() {
        wire.line().shared.output().flush();
    }
    drop(wire);
    let mut all = Vec::new();
    reader.read_to_end(&mut all).expect("the pipe ends");
    (all, refused)
}

#[test]
fn whole_frames_come_out_as_they_went_in_however_they_are_cut() {
    let good = [framed(b"1"), framed(br#"{"a":[1,2]}"#), framed(b" \"x\" ")].concat();
    for piece in [1, 3, 4, 7, 64 * 1024] {
        assert_eq!(
            written(&good, piece),
            (good.clone(), None),
            "pieces of {piece}"
        );
    }
}

#[test]
fn what_is_no_message_is_refused_with_a_code_and_its_beginning() {
    let long = u32::try_from(OUTBOUND_LIMIT + 1).expect("a short length");
    let cases: [(&[u8], ErrorCode, &str); 11] = [
        (b"Hello, world\n", ErrorCode::PluginError, "`Hell"),
        (b"ok\n", ErrorCode::PluginError, "`ok\\n`"),
        (&[0xff; 9], ErrorCode::PluginError, "`\\xff\\xff\\xff\\xff"),
        (b"\x05\0\0\0\"ab", ErrorCode::PluginError, "within a frame"),
        (&[0; 4], ErrorCode::InvalidJson, "refused"),
        (b"\x01\0\0\0{", ErrorCode::InvalidJson, "refused"),
        (b"\x03\0\0\0\"\xff\"", ErrorCode::InvalidJson, "not UTF-8"),
        (b"\x03\0\0\x001 2", ErrorCode::InvalidJson, "refused"),
        (
            b"\x12\0\0\0{\"$portcullis\":{}}",
            ErrorCode::InvalidJson,
            "the host's own",
        ),
        (&long.to_le_bytes(), ErrorCode::ReplyTooLarge, "1048577"),
        (&[0, 0, 0, 4], ErrorCode::ReplyTooLarge, "67108864"),
    ];
    let good = framed(b"1");
    for (bad, code, words) in cases {
        for piece in [1, 5, 64 * 1024] {
            let (sent, refused) = written(&[&good, bad].concat(), piece);
            assert_eq!(sent, good, "{words}: what came before it");
            let report = refused.expect("it is refused");
            assert_eq!(report.code, code, "{}", report.message);
            assert!(report.message.contains(words), "{}", report.message);
            assert!(report.message.is_ascii(), "{}", report.message);
        }
    }
}

#[test]
fn a_stray_print_is_shown_as_far_as_it_was_written_and_not_in_the_log() {
    let (_reader, mut wire) = wire();
    let words = format!("warning: {}\n", "x".repeat(100));
    let refused = wire.write(words.as_bytes()).expect_err("it is no frame");
    assert!(!refused.to_string().contains("warning"), "{refused}");
    let (_, report) = wire.refused().expect("it is refused");
    let shown = format!("`{}`", &words[..SHOWN]);
    assert!(report.message.contains(&shown), "{}", report.message);
}

#[test]
fn nothing_more_is_taken_apart_than_the_browser_reads() {
    let (mut reader, mut wire) = wire();
    let mut context = Context::from_waker(Waker::noop());
    let text = format!("\"{}\"", "x".repeat(60 * 1024));
    let frame = framed(text.as_bytes());
    let mut taken = 0;
    while wire.poll_ready(&mut context).is_ready() {
        wire.write(&frame).expect("it is good");
        taken += 1;
        assert!(taken < 100, "the browser does not read");
    }
    let reading = std::thread::spawn(move || {
        let mut all = Vec::new();
        reader.read_to_end(&mut all).expect("the pipe ends");
        all
    });
    while wire.poll_finish(&mut context).is_pending() || !wire.line().shared.output().is_empty() {
        wire.line().shared.output().flush();
    }
    assert_eq!(wire.frames(), taken);
    drop(wire);
    let all = reading.join().expect("the reader ends");
    assert_eq!(all.len() as u64, taken * frame.len() as u64);
}

#[test]
fn a_guest_that_writes_without_permission_is_refused() {
    let (_reader, mut wire) = wire();
    let frame = framed(format!("\"{}\"", "x".repeat(60 * 1024)).as_bytes());
    let written = (0..100).find_map(|_| wire.write(&frame).err());
    let refused = written.expect("it is refused at last");
    assert!(refused.to_string().contains("permitted"), "{refused}");
}
