//! Keys in the order of their bytes, a page at a time.

use rusqlite::Connection;

use crate::StorageError;

/// The most keys of one page: at their longest half a MiB.
pub const PAGE_LIMIT: u32 = 1000;

/// One page of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The keys, in the order of their bytes.
    pub keys: Vec<String>,
    /// What comes after which the next page begins; `None` at the end.
    pub next: Option<String>,
}

/// Above every byte of UTF-8.
const END: u8 = 0xff;

/// The keys that begin with `prefix` and come after `after`, at most `limit` of them.
pub(crate) fn page(
    connection: &Connection,
    prefix: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<Page, StorageError> {
    let limit = limit.clamp(1, PAGE_LIMIT);
    let (from, before) = bounds(prefix, after);
    let mut statement = connection.prepare_cached(
        "SELECT key FROM entry WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3",
    )?;
    // One more than asked for tells whether there is a next page.
    let rows = statement.query_map((from, before, limit + 1), |row| row.get::<_, Vec<u8>>(0))?;
    let mut keys = Vec::new();
    for row in rows {
        // Only keys that are UTF-8 are ever written.
        keys.push(String::from_utf8_lossy(&row?).into_owned());
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let next = (keys.len() > limit).then(|| {
        keys.truncate(limit);
        keys.last().cloned().unwrap_or_default()
    });
    Ok(Page { keys, next })
}

/// The first key that can be on the page and the first that cannot be any more, in the order of their bytes.
fn bounds(prefix: &str, after: Option<&str>) -> (Vec<u8>, Vec<u8>) {
    let mut from = prefix.as_bytes().to_vec();
    if let Some(after) = after {
        // Nothing lies between a text and the same text with a zero byte behind it.
        let behind = [after.as_bytes(), &[0]].concat();
        from = from.max(behind);
    }
    let mut before = prefix.as_bytes().to_vec();
    match before.last_mut() {
        // No byte of UTF-8 is so high that it would overflow.
        Some(last) => *last += 1,
        None => before.push(END),
    }
    (from, before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_hold_what_begins_with_the_prefix_and_comes_after() {
        let holds = |prefix, after, key: &str| {
            let (from, before) = bounds(prefix, after);
            from.as_slice() <= key.as_bytes() && key.as_bytes() < before.as_slice()
        };
        for (prefix, after, key, expected) in [
            ("", None, "a", true),
            ("", None, "\u{10ffff}", true),
            ("a", None, "a", true),
            ("a", None, "a\u{10ffff}", true),
            ("a", None, "b", false),
            ("a", None, "B", false),
            ("\u{10ffff}", None, "\u{10ffff}x", true),
            ("", Some("a"), "a", false),
            ("", Some("a"), "a\u{1}", true),
            ("b", Some("a"), "b", true),
            ("a", Some("b"), "ab", false),
            ("a%", None, "ab", false),
            ("a_", None, "ab", false),
        ] {
            assert_eq!(
                holds(prefix, after, key),
                expected,
                "{prefix} {after:?} {key}"
            );
        }
    }
}
