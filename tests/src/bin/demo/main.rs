//! The main job, from nothing to a conversation: `cargo demo`. See `conversation.rs` for what it shows.
//!
//! It speaks through the tests' fake browser, which is written for Linux; on another system it says so.

#[cfg(target_os = "linux")]
mod conversation;

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    return conversation::show();
    #[cfg(not(target_os = "linux"))]
    {
        use std::io::Write as _;
        // With no stderr left there is nobody to tell, and the exit code still says it.
        let _ = writeln!(
            std::io::stderr().lock(),
            "the demonstration runs on Linux alone; here `cargo test -p portcullis-tests everywhere` shows the main job"
        );
        ExitCode::FAILURE
    }
}
