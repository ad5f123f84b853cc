//! How late a stop comes and who is charged for waiting, measured.
//!
//! A loaded machine is no failure of the host: what must be exact is tried up to twenty times, and the best counts.

use std::fs;
use std::hint;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use portcullis_tests::{Browser, PATIENCE, Port};

use super::time_of_error;
use crate::fixture::{HELLO, Verb, alone, limited_home, order};

/// How often something is tried at the most: enough for one moment in which a machine that builds something leaves a
/// processor alone for a third of a second. The first try is mostly the last.
const TRIES: usize = 20;

/// The shortest of several stops of a deed, of tries that end with the first one that is short enough.
fn best_stop(limits: &str, deed: Verb, enough: Duration) -> Duration {
    let home = limited_home("unruly", limits);
    let mut best = Duration::MAX;
    for _ in 0..TRIES {
        let mut port = Browser::chromium(&home).start();
        port.ask(HELLO).expect_text(r#"{"length":18}"#);
        let took = time_of_error(&mut port, &order(deed, 3_600_000), "plugin-timeout");
        port.ask(HELLO).expect_text(r#"{"length":18}"#);
        port.end().expect_exit(0).expect_no_frames();
        best = best.min(took);
        if best <= enough {
            break;
        }
    }
    best
}

/// The processor time that a process has used, in steps of 10 ms.
fn processor_time(port: &Port) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{}/stat", port.id())).expect("it is running");
    // Behind the name, which may hold anything: the 12th and 13th are the time in the program and in the system.
    let (_, fields) = stat.rsplit_once(')').expect("the name stands in brackets");
    let fields = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = fields.filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(10 * ticks)
}

/// How long the first thread of a process, which is the one that runs plugins, was ready and had to wait for a processor.
fn held_up(port: &Port) -> Duration {
    let id = port.id();
    let stat = fs::read_to_string(format!("/proc/{id}/task/{id}/schedstat"));
    // Some kernels do not count it; there the clock on the wall has to do.
    let stat = stat.unwrap_or_default();
    let waited = stat.split_whitespace().nth(1);
    Duration::from_nanos(waited.and_then(|it| it.parse().ok()).unwrap_or_default())
}

/// In processor time, and by the clock on the wall less what others took of it; of a few tries one has to be in time.
#[test]
fn a_loop_is_stopped_within_50_ms_of_its_processor_time() {
    let _alone = alone();
    let home = limited_home("unruly", "cpu-per-call = \"300ms\"\ncrashes = 1000");
    let (least, most) = (Duration::from_millis(280), Duration::from_millis(350));
    for deed in [Verb::Loop, Verb::Spin] {
        let (mut used, mut took) = (Vec::new(), Vec::new());
        let is_in_time =
            |times: &[Duration]| times.iter().any(|time| (least..=most).contains(time));
        for _ in 0..TRIES {
            let mut port = Browser::chromium(&home).start();
            port.ask(HELLO).expect_text(r#"{"length":18}"#);
            let before = processor_time(&port);
            let waited = held_up(&port);
            let all = time_of_error(&mut port, &order(deed, 0), "plugin-timeout");
            took.push(all.saturating_sub(held_up(&port) - waited));
            used.push(processor_time(&port) - before);
            port.end().expect_exit(0).expect_no_frames();
            if is_in_time(&used) && is_in_time(&took) {
                break;
            }
        }
        let fewest = used.iter().min().expect("it was tried");
        assert!(
            (least..=most).contains(fewest),
            "{deed:?}: 300 ms ended after {used:?} of processor time"
        );
        assert!(
            is_in_time(&took),
            "{deed:?}: 300 ms ended after {took:?} by the clock"
        );
    }
}

#[test]
fn a_wait_is_stopped_within_100_ms_of_its_limit() {
    let _alone = alone();
    let limits = "wall-per-call = \"300ms\"\ncpu-per-call = \"60s\"\ncrashes = 1000";
    let limit = Duration::from_millis(300);
    for deed in [Verb::Sleep, Verb::Loop] {
        let enough = limit + Duration::from_millis(100);
        let best = best_stop(limits, deed, enough);
        assert!(
            best <= enough,
            "{deed:?}: a limit of {limit:?} ended after {best:?}"
        );
        assert!(
            best >= limit,
            "{deed:?}: a limit of {limit:?} ended after {best:?}"
        );
    }
}

#[test]
fn waiting_in_a_hundred_pieces_is_not_charged_on_a_loaded_machine() {
    let _alone = alone();
    let home = limited_home("unruly", "cpu-per-call = \"100ms\"");
    let busy = AtomicBool::new(true);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while busy.load(Ordering::Relaxed) {
                    hint::spin_loop();
                }
            });
        }
        let mut port = Browser::chromium(&home).start();
        let begun = Instant::now();
        let frame = port.send(&order(Verb::Doze, 3000)).receive(PATIENCE);
        busy.store(false, Ordering::Relaxed);
        frame.expect_text(r#"{"dozed":3000}"#);
        assert!(frame.at - begun >= Duration::from_secs(3));
        port.end().expect_exit(0).expect_no_frames().expect_quiet();
    });
}
