//! What is measured and asserted of every hostile deed, in one place: the time of the answer, the peak of resident memory
//! of the process, the next good request, the end, the log.
//!
//! What must come back for the deed itself is each table's own business.

use std::time::{Duration, Instant};

use portcullis_tests::{Frame, Home, PATIENCE, Port};

/// The largest `memory` of the tables, and what the host may take beside it.
pub(crate) const MOST_RESIDENT: usize = (32 + 48) << 20;

/// What an answer may be late by on a machine that builds something meanwhile.
pub(crate) const LATE: Duration = Duration::from_millis(2500);

/// Chromium kills a host two seconds after the port is gone.
pub(crate) const END: Duration = Duration::from_millis(1900);

/// Sends a deed and returns the first frame that comes back.
///
/// # Panics
///
/// When it comes later than `limit`.
#[track_caller]
pub(crate) fn ask_within(port: &mut Port, deed: &str, limit: Duration) -> Frame {
    let begun = Instant::now();
    port.send(deed);
    receive_within(port, begun, limit)
}

/// The next frame, which must have come within `limit` of `begun`.
#[track_caller]
pub(crate) fn receive_within(port: &mut Port, begun: Instant, limit: Duration) -> Frame {
    let frame = port.receive(PATIENCE.max(limit));
    let took = frame.at - begun;
    assert!(
        took <= limit,
        "the answer took {took:?}, more than {limit:?}: {}",
        frame.shortened()
    );
    frame
}

/// Fails where the process has ever had more in memory than its plugin's limit and what the host may take.
#[track_caller]
pub(crate) fn expect_small(port: &Port, what: &str) {
    let peak = port.peak_resident_bytes();
    assert!(
        peak <= MOST_RESIDENT,
        "{what}: the host took {} MiB",
        peak >> 20
    );
}

/// What follows every deed that leaves the port open: the next good request is answered, the process has stayed small,
/// the port ends in time with 0, nothing but the frames that were asked for has come, and the log is safe to show.
#[track_caller]
pub(crate) fn expect_goes_on(port: Port, home: &Home, what: &str, good: (&str, &str)) {
    expect_goes_on_until(port, home, what, good, &[]);
}

/// The same of a port that has these last words.
#[track_caller]
pub(crate) fn expect_goes_on_until(
    mut port: Port,
    home: &Home,
    what: &str,
    good: (&str, &str),
    last: &[&str],
) {
    let (request, reply) = good;
    port.ask(request).expect_text(reply);
    expect_small(&port, what);
    let ended = port.end().expect_exit(0).expect_within(END);
    let texts: Vec<&str> = ended
        .frames
        .iter()
        .map(|frame| frame.text.as_str())
        .collect();
    assert_eq!(texts, last, "{what}: the last words");
    expect_log_is_safe(home);
}

/// No control character and no mark of direction, no line over 9 KiB, no more than a quarter of a MiB in all.
#[track_caller]
pub(crate) fn expect_log_is_safe(home: &Home) {
    let log = home.log();
    assert!(log.len() <= 256 << 10, "the log has {} bytes", log.len());
    let longest = log.lines().map(str::len).max().unwrap_or(0);
    assert!(longest < 9 << 10, "a line of the log has {longest} bytes");
    let raw = log.chars().find(|&character| {
        (character.is_control() && character != '\n')
            || ('\u{202a}'..='\u{202e}').contains(&character)
            || ('\u{2066}'..='\u{2069}').contains(&character)
    });
    assert_eq!(raw, None, "{log}");
}
