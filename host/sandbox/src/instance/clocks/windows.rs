//! The system counts a thread's time in its own ticks of up to 15.6 ms, so a call is billed that coarsely: what the
//! thread does at the moment of a tick is billed a whole one. Over a budget of some ticks it evens out.

use std::time::Duration;

use windows_sys::Win32::Foundation::FILETIME;
use windows_sys::Win32::System::Threading::{GetCurrentThread, GetThreadTimes};

/// The processor time of this thread.
pub(super) fn thread_cpu_time() -> Duration {
    let [mut created, mut ended, mut kernel, mut user] = [FILETIME::default(); 4];
    // SAFETY: the pseudo-handle of this thread is always valid, and the four times live for the call. It has no way to
    // fail then; if it did, no time would be billed and the wall clock would end the call.
    unsafe {
        GetThreadTimes(
            GetCurrentThread(),
            &mut created,
            &mut ended,
            &mut kernel,
            &mut user,
        );
    }
    // In units of 100 ns.
    let units =
        |time: FILETIME| (u64::from(time.dwHighDateTime) << 32) | u64::from(time.dwLowDateTime);
    Duration::from_nanos(
        units(kernel)
            .saturating_add(units(user))
            .saturating_mul(100),
    )
}
