//! The main job in a real browser: an extension talks to plugins through the real host, from its page and from its
//! service worker.
//!
//! What should happen is one table, [`cases`], and one function, [`check`], holds it against what did happen. The same
//! function is then shown hosts that are known to be wrong, and has to object to each: a test of a browser that cannot
//! fail is worth nothing, and a browser gives many reasons to pass for the wrong one.
//!
//! It leaves to the fake browser everything that Chromium cannot be made to do: broken frames, other browsers' argv,
//! exit codes.

mod cases;
mod stage;

use std::fmt::{Debug, Write as _};
use std::thread;
use std::time::{Duration, Instant};

use portcullis_tests::chromium::{Chromium, Outcome, Place, Step};

use cases::{
    Expected::{Ended, Text},
    Line, ask, cases, hear, post,
};
use stage::{ECHO, GONE_WITHIN, Stage};

/// How long a step waits for the host. It covers 64 MiB through a debug build on a machine that is busy otherwise.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a step waits for a host that is known to be wrong: one of them never answers.
const LITTLE_PATIENCE: Duration = Duration::from_secs(2);

#[test]
fn every_case_in_a_real_browser() {
    let mut stage = Stage::new();
    let page = stage.browser.page().expect("the extension's page opens");
    let worker = stage
        .browser
        .worker()
        .expect("the extension's worker starts");
    let mut objections = Vec::new();
    for case in cases() {
        for (place, at) in [("page", &page), ("worker", &worker)] {
            if let Err(objection) = check(&mut stage, at, case.host, &case.lines, PATIENCE) {
                objections.push(format!("{} ({place}): {objection}", case.name));
            }
        }
    }
    objections.extend(two_ports_are_two_processes(&mut stage, &page).err());
    objections.extend(the_host_ends_with_its_page(&mut stage, page).err());
    objections.extend(the_host_ends_with_the_browser(&mut stage, &worker, Chromium::quit).err());
    stage.verdict(&objections);
}

#[test]
fn the_same_exchange_objects_to_a_wrong_host() {
    let mut stage = Stage::new();
    let page = stage.browser.page().expect("the extension's page opens");
    let worker = stage
        .browser
        .worker()
        .expect("the extension's worker starts");
    let through_a_port = [post(r#"{"a":1}"#), hear(Text(r#"{"a":1}"#))];
    let in_one_shot = [ask(r#"{"a":1}"#, Text(r#"{"a":1}"#))];
    let mut objections = Vec::new();
    for (host, either) in stage.wrong_hosts() {
        for lines in [&through_a_port[..], &in_one_shot] {
            match check(&mut stage, &page, host, lines, LITTLE_PATIENCE) {
                Err(objection) if either.iter().any(|one| objection.contains(one)) => {}
                Err(objection) => objections.push(format!(
                    "{host}: expected an objection with {either:?}: {objection}"
                )),
                Ok(()) => objections.push(format!(
                    "{host}: nothing was objected to, expected {either:?}"
                )),
            }
        }
    }
    for lines in [&through_a_port[..], &in_one_shot] {
        objections.extend(check(&mut stage, &page, ECHO, lines, PATIENCE).err());
    }
    objections.extend(the_host_ends_with_the_browser(&mut stage, &worker, Chromium::kill).err());
    stage.verdict(&objections);
}

/// Holds one conversation and compares every outcome with what was expected; then, that its host was running where it
/// should, and is gone within a second of the port's end. The error says what was otherwise.
fn check(
    stage: &mut Stage,
    place: &Place,
    host: &str,
    lines: &[Line],
    patience: Duration,
) -> Result<(), String> {
    let steps: Vec<Step> = lines.iter().map(|line| line.step.clone()).collect();
    let outcomes = exchange(stage, place, "case", host, &steps, patience);
    let running = stage.processes(host);
    let since = Instant::now();
    exchange(stage, place, "case", host, &[Step::Disconnect], patience);

    let mut transcript = String::new();
    let mut wrong = lines.len() != outcomes.len();
    for (line, outcome) in lines.iter().zip(&outcomes) {
        let verdict = if line.expected.matches(outcome) {
            ""
        } else {
            "    <-- not as expected"
        };
        wrong |= !verdict.is_empty();
        let _ = write!(
            transcript,
            "\n  {:?}\n    expected {:?}\n    came     {outcome:?}{verdict}",
            line.step, line.expected
        );
    }
    if wrong {
        return Err(transcript);
    }
    let holds_a_port = lines
        .iter()
        .any(|line| matches!(line.step, Step::Post { .. }));
    let loses_it = lines.iter().any(|line| matches!(line.expected, Ended(_)));
    if holds_a_port && !loses_it && running.len() != 1 {
        return Err(format!(
            "one process should have been running, there were: {running:?}"
        ));
    }
    stage.gone(host, since)
}

/// One process is one port: closing one leaves the other alone.
fn two_ports_are_two_processes(stage: &mut Stage, place: &Place) -> Result<(), String> {
    let talk = [Step::post("1"), Step::Hear];
    let answered = [
        Outcome::Done,
        Outcome::Heard {
            text: "1".to_owned(),
        },
    ];
    for port in ["one", "other"] {
        let outcomes = exchange(stage, place, port, ECHO, &talk, PATIENCE);
        expect_equal("two ports", &outcomes[..], &answered)?;
    }
    expect_equal("processes of two ports", &stage.processes(ECHO).len(), &2)?;
    exchange(stage, place, "one", ECHO, &[Step::Disconnect], PATIENCE);
    thread::sleep(GONE_WITHIN / 2);
    expect_equal(
        "processes when one port is closed",
        &stage.processes(ECHO).len(),
        &1,
    )?;
    let outcomes = exchange(stage, place, "other", ECHO, &talk, PATIENCE);
    expect_equal("the port that was left", &outcomes[..], &answered)?;
    let since = Instant::now();
    exchange(stage, place, "other", ECHO, &[Step::Disconnect], PATIENCE);
    stage.gone(ECHO, since)
}

/// A page that is closed ends its port without a word.
fn the_host_ends_with_its_page(stage: &mut Stage, page: Place) -> Result<(), String> {
    leave_open(stage, &page)?;
    let since = Instant::now();
    stage
        .browser
        .close(page)
        .unwrap_or_else(|error| panic!("{error:#}"));
    stage
        .gone(ECHO, since)
        .map_err(|error| format!("after the page was closed: {error}"))
}

/// So does a browser, however it ends.
fn the_host_ends_with_the_browser(
    stage: &mut Stage,
    place: &Place,
    end: impl FnOnce(&mut Chromium) -> anyhow::Result<()>,
) -> Result<(), String> {
    leave_open(stage, place)?;
    end(&mut stage.browser).unwrap_or_else(|error| panic!("{error:#}"));
    let since = Instant::now();
    stage
        .gone(ECHO, since)
        .map_err(|error| format!("after the browser had ended: {error}"))
}

/// Opens a port to `echo` that nobody closes, and sees that its process runs.
fn leave_open(stage: &mut Stage, place: &Place) -> Result<(), String> {
    let talk = [Step::post("1"), Step::Hear];
    let outcomes = exchange(stage, place, "left open", ECHO, &talk, PATIENCE);
    expect_equal(
        "a port to leave open",
        &outcomes[1],
        &Outcome::Heard {
            text: "1".to_owned(),
        },
    )?;
    expect_equal(
        "processes of the port to leave open",
        &stage.processes(ECHO).len(),
        &1,
    )
}

/// Panics where the browser itself fails, since nothing can be said of a host after that.
fn exchange(
    stage: &mut Stage,
    place: &Place,
    conversation: &str,
    host: &str,
    steps: &[Step],
    patience: Duration,
) -> Vec<Outcome> {
    stage
        .browser
        .exchange(place, conversation, host, steps, patience)
        .unwrap_or_else(|error| panic!("{error:#}"))
}

fn expect_equal<T: PartialEq + Debug + ?Sized>(
    what: &str,
    came: &T,
    expected: &T,
) -> Result<(), String> {
    if came == expected {
        Ok(())
    } else {
        Err(format!("{what}: expected {expected:?}, came {came:?}"))
    }
}
