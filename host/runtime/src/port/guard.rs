//! What the extension sees of a fault of the host's own: one frame, before the process ends.
//!
//! This is why a panic unwinds in this program. Unwinding costs two parts in a hundred of a start and nothing that can
//! be measured in a round trip; an abort would leave the extension with "Native host has exited" and the log with
//! nothing. The process still ends with 101, which is always a bug.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use portcullis_core::protocol::report::{ErrorCode, Report};

use super::Shared;

/// Runs a port. Where that panics, tells the extension and the log, and lets the panic go on.
pub(super) fn guarded<R>(shared: &Shared, run: impl FnOnce() -> R) -> R {
    // What the closure leaves behind is not looked at again, but for the output, whose lock is never held while
    // anything runs that could leave it half-changed.
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(result) => result,
        Err(panic) => {
            tracing::error!("the host panicked; what it was doing is lost");
            let sentence = "the host failed and has to end; this is a fault of the host";
            let mut output = shared.output();
            output.send_report(&Report::new(ErrorCode::Internal, sentence));
            output.flush();
            drop(output);
            resume_unwind(panic)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::sync::{Arc, Mutex};

    use portcullis_sandbox::alarms::Alarms;

    use super::*;
    use crate::channel::Output;
    use crate::crashes::Crashes;

    #[test]
    fn a_panic_reaches_the_extension_as_a_frame_and_goes_on() {
        let (mut reader, writer) = std::io::pipe().expect("a pipe can be made");
        let output = Arc::new(Mutex::new(Output::new(writer.into())));
        let shared = Shared {
            output,
            alarms: Alarms::default(),
            crashes: Crashes::none(),
        };
        let panicking = AssertUnwindSafe(|| guarded(&shared, || panic!("on purpose")));
        let panic = catch_unwind(panicking).expect_err("the panic goes on");
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"on purpose"));
        drop(shared);
        let mut all = Vec::new();
        reader.read_to_end(&mut all).expect("the pipe ends");
        let (length, text) = all.split_first_chunk::<4>().expect("there is a frame");
        assert_eq!(u32::from_ne_bytes(*length) as usize, text.len());
        let text = String::from_utf8_lossy(text);
        assert!(
            text.contains("\"internal\"") && !text.contains("on purpose"),
            "{text}"
        );
    }

    #[test]
    fn without_a_panic_nothing_is_sent() {
        let (_reader, writer) = std::io::pipe().expect("a pipe can be made");
        let output = Arc::new(Mutex::new(Output::new(writer.into())));
        let shared = Shared {
            output,
            alarms: Alarms::default(),
            crashes: Crashes::none(),
        };
        assert_eq!(guarded(&shared, || 7), 7);
        assert_eq!(shared.output().frames(), 0);
    }
}
