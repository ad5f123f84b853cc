//! Memory that is about to be written for the first time.
//!
//! The system gives memory page by page, each at the first write to it, and each time the processor has to stop for that.
//! Where it is known that a mebibyte will be written at once, asking for its pages in one call takes a fifth of the time
//! off. Larger pages would take nearly all of it, but make the first such message of a machine wait for several times as
//! long, so they are not asked for.

/// Asks for the pages of the room that `bytes` has left, up to `limit` bytes of it. It is only a hint: where the system
/// does not know it, nothing happens.
pub fn ask_for_room(bytes: &mut Vec<u8>, limit: usize) {
    let room = bytes.spare_capacity_mut();
    let length = room.len().min(limit);
    ask_for_pages(room.as_mut_ptr().cast(), length);
}

/// Asks for the pages of `bytes`, which keep what is in them.
pub fn ask_for(bytes: &mut [u8]) {
    ask_for_pages(bytes.as_mut_ptr(), bytes.len());
}

/// Asks for the pages that lie within so many bytes.
#[cfg(target_os = "linux")]
fn ask_for_pages(from: *mut u8, length: usize) {
    /// The smallest pages that there are. Where they are larger, the system refuses what does not begin with one.
    const PAGE: usize = 4096;

    let before = from.align_offset(PAGE);
    let length = length.saturating_sub(before) / PAGE * PAGE;
    if length > 0 {
        let pages = from.wrapping_add(before);
        // SAFETY: gives pages that are not there yet, with zeroes in them, and changes nothing in those that are; for an
        // address that is none of this process it does nothing.
        unsafe { libc::madvise(pages.cast(), length, libc::MADV_POPULATE_WRITE) };
    }
}

#[cfg(not(target_os = "linux"))]
fn ask_for_pages(_from: *mut u8, _length: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_stays() {
        let mut bytes: Vec<_> = (0..100_000_u32)
            .map(|number| number.to_le_bytes()[0])
            .collect();
        let before = bytes.clone();
        bytes.reserve_exact(1 << 20);
        ask_for_room(&mut bytes, 1 << 20);
        ask_for_room(&mut bytes, 10);
        ask_for(&mut bytes[1..]);
        ask_for(&mut bytes[..10]);
        ask_for(&mut []);
        assert_eq!(bytes, before);
        assert!(bytes.capacity() >= before.len() + (1 << 20));
    }
}
