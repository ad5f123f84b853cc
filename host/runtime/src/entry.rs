//! How the program is entered on Linux: by the C library itself, without what the standard library does before a
//! `main`.
//!
//! The decision that shaped it: before the first line of an ordinary `main` the standard library reads the list of
//! this process's memory from `/proc`, to find the end of its stack, and gives signals of a stack overflow a handler
//! and a stack. That is a thirtieth of a start, for a sentence before the same end: the guard of the stack is the
//! kernel's, and wasmtime has a handler of its own, in which a guest's overflow ends. What else is done there is done
//! here: no descriptor of the three is left closed, a pipe that nobody reads is an error and no signal, and a panic ends
//! the process with 101. Arguments are found as ever; the C library hands them out before.

use std::ffi::{c_char, c_int};
use std::panic::catch_unwind;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::time::Timespec;

/// What a panic ends with, as everywhere.
const PANICKED: c_int = 101;

// SAFETY: there is no other symbol of this name, since this program has no `main` of Rust's, and this is the type that
// the C library calls it by. No panic leaves it.
#[unsafe(no_mangle)]
extern "C" fn main(_count: c_int, _arguments: *const *const c_char) -> c_int {
    // SAFETY: nothing else runs yet, and to ignore a signal calls nothing.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    open_standard_descriptors();
    catch_unwind(crate::run).map_or(PANICKED, |exit| exit.code().into())
}

/// Puts `/dev/null` in the place of each of the three that whoever started this has closed: the next file to be opened
/// would otherwise be taken for it.
fn open_standard_descriptors() {
    let (input, output, error) = (
        rustix::stdio::stdin(),
        rustix::stdio::stdout(),
        rustix::stdio::stderr(),
    );
    let mut each = [&input, &output, &error].map(|it| PollFd::new(it, PollFlags::empty()));
    let at_once = Timespec::default();
    // An answer is only given for what is wrong.
    if !matches!(poll(&mut each, Some(&at_once)), Ok(1..) | Err(_)) {
        return;
    }
    for one in each {
        if one.revents().contains(PollFlags::NVAL) {
            // The lowest that is closed is what is opened, and these are looked at from the lowest on. It must stay
            // open.
            if let Ok(null) = rustix::fs::open("/dev/null", OFlags::RDWR, Mode::empty()) {
                std::mem::forget(null);
            }
        }
    }
}
