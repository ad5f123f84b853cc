//! What is billed, and what winds the clocks.

use super::*;

fn allowance(cpu: u64, wall: u64) -> Allowance {
    let (cpu, wall) = (Duration::from_millis(cpu), Duration::from_millis(wall));
    Allowance {
        cpu,
        wall,
        phase: Phase::Call,
    }
}

/// Uses the processor for a while.
fn burn(time: Duration) {
    let until = thread_cpu_time() + time;
    while thread_cpu_time() < until {
        std::hint::black_box(0);
    }
}

#[test]
fn only_time_in_the_guest_is_billed() {
    // Windows counts in steps of 10 to 16 ms.
    let unit = if cfg!(windows) { 10 } else { 1 };
    let burn = |milliseconds| burn(Duration::from_millis(unit * milliseconds));
    let clocks = Clocks::new();
    clocks.begin(allowance(unit * 20, 1000));
    clocks.turn_begins();
    burn(12);
    assert_eq!(clocks.tick(), Ok(()));
    clocks.turn_ends();
    // Another plugin's turn, or the host's own work, on the same thread.
    burn(30);
    clocks.turn_begins();
    assert_eq!(clocks.tick(), Ok(()));
    burn(12);
    assert_eq!(clocks.tick(), Err(Stopped::Cpu));
}

#[test]
fn waiting_for_the_browser_moves_the_deadline() {
    let clocks = Clocks::new();
    clocks.begin(allowance(20, 1000));
    let before = clocks.turn_ends().expect("the wall clock runs");
    let first = clocks.stand_still();
    let second = clocks.stand_still();
    assert_eq!(clocks.turn_ends(), None);
    std::thread::sleep(Duration::from_millis(5));
    drop(first);
    assert_eq!(clocks.turn_ends(), None);
    drop(second);
    let after = clocks.turn_ends().expect("the wall clock runs again");
    assert!(after >= before + Duration::from_millis(5));
}

#[test]
fn only_a_rest_that_outlasts_a_turn_winds_the_clocks() {
    let (start, call) = (allowance(20, 1000), allowance(20, 60_000));
    let clocks = Clocks::new();
    clocks.begin(start);
    let before = clocks.turn_ends().expect("the wall clock runs");
    // Asked whether there is input, and went on.
    drop(clocks.rest(call));
    assert_eq!(clocks.turn_ends(), Some(before));
    let rest = clocks.rest(call);
    assert!(clocks.is_resting());
    assert_eq!(clocks.turn_ends(), None);
    drop(rest);
    let after = clocks.turn_ends().expect("the wall clock runs again");
    assert!(!clocks.is_resting() && after > before + Duration::from_secs(50));
}
