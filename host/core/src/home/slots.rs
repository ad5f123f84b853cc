//! A number of places, of which each process takes one, until it ends in whatever way.
//!
//! The deciding choice: a place is a lock on one byte far behind the end of a file that the process has open anyway, so
//! taking one opens nothing, nothing is written that a killed process would leave behind, and the system counts by
//! letting go.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fs::File;
use std::io;

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

/// Takes the first free one of `most` places for as long as `file` is open in this process. Returns which, from 0;
/// `None` where all are taken. Always the first, so that processes that count to different numbers agree.
///
/// # Errors
///
/// Where the system, or the file system, has no such locks.
pub fn take(file: &File, most: u32) -> io::Result<Option<u32>> {
    for place in 0..most {
        if platform::try_lock(file, place)? {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

#[cfg(all(test, any(target_os = "linux", windows)))]
mod tests {
    use super::*;

    #[test]
    fn each_opening_takes_one_place_until_it_is_closed() {
        let named = tempfile::NamedTempFile::new().expect("a file");
        let open = || {
            let mut options = File::options();
            options
                .read(true)
                .append(true)
                .open(named.path())
                .expect("ours")
        };
        let take = |file: &File, most| take(file, most).expect("locks");
        let (one, two, three) = (open(), open(), open());
        assert_eq!(take(&one, 2), Some(0));
        assert_eq!(take(&two, 2), Some(1));
        assert_eq!(take(&three, 2), None);
        assert_eq!(take(&three, 3), Some(2));
        drop(one);
        assert_eq!(take(&open(), 2), Some(0));
    }
}
