//! Case 49, and 38 as far as data is concerned: keys that are statements or paths, a million of them, values of a
//! hundred megabytes. With the measures of the other hostile plugins.

use std::time::{Duration, Instant};

use portcullis_tests::{Browser, Home};

use super::{ask, error, get, json, keys, set, storing_home};
use crate::fixture::alone;
use crate::hostile::measured::{END, LATE, ask_within, expect_goes_on, expect_log_is_safe};

/// What a good request is, and its reply.
const GOOD: (&str, &str) = (r#"{"do":"set","key":"good","text":"x"}"#, "\"set\"");

/// Small, as for the other hostile plugins.
const SMALL: &str = "memory = \"32MiB\"\ncpu-per-call = \"300ms\"\nwall-per-call = \"2s\"";

#[test]
fn case_49_keys_that_mean_something_elsewhere_are_only_keys() {
    let home = storing_home("storage", SMALL);
    let mut port = Browser::chromium(&home).start();
    let names = [
        "'; DROP TABLE entry; --",
        "\"; DELETE FROM entry; --",
        "x' OR '1'='1",
        "?1",
        "%",
        "_",
        "../../other",
        "/etc/passwd",
        "..\\..\\other",
        "storage.sqlite",
        "sqlite_schema",
        "\u{1b}[2J\n\u{202e}",
        " ",
        "😀",
    ];
    for name in names {
        set(&mut port, name, name);
    }
    for name in names {
        assert_eq!(get(&mut port, name), name);
    }
    let mut sorted = names.map(str::to_owned).to_vec();
    sorted.sort();
    assert_eq!(keys(&mut port, "", 5), sorted);
    assert_eq!(
        ask(&mut port, json!({ "do": "delete", "key": "%" })),
        "deleted"
    );
    assert_eq!(keys(&mut port, "", 100).len(), names.len() - 1);
    let outside = home.path().join("other");
    assert!(!outside.exists());
    expect_goes_on(port, &home, "keys", GOOD);
}

#[test]
fn case_49_what_is_no_key_is_refused_by_its_kind() {
    let home = storing_home("storage", SMALL);
    let mut port = Browser::chromium(&home).start();
    for (order, expected) in [
        (json!({ "do": "set", "key": "" }), error("invalid-key")),
        (json!({ "do": "get", "key": "" }), error("invalid-key")),
        (json!({ "do": "set", "key": "a\0b" }), error("invalid-key")),
        (json!({ "do": "set-long-key", "bytes": 512 }), json!("set")),
        (
            json!({ "do": "set-long-key", "bytes": 513 }),
            error("too-large"),
        ),
        (
            json!({ "do": "set-long-key", "bytes": 20_000_000 }),
            error("too-large"),
        ),
        (
            json!({ "do": "set", "key": "v", "bytes": 1 << 20 }),
            json!("set"),
        ),
        (
            json!({ "do": "set", "key": "v", "bytes": (1 << 20) + 1 }),
            error("too-large"),
        ),
        (
            json!({ "do": "swap-long", "key": "v", "bytes": (1 << 20) + 1 }),
            json!(false),
        ),
        (
            json!({ "do": "swap-long", "key": "v", "bytes": 1 << 20 }),
            json!(true),
        ),
        (json!({ "do": "get", "key": "v" }), json!(null)),
        (
            json!({ "do": "keys", "prefix": "k".repeat(513) }),
            error("too-large"),
        ),
        (
            json!({ "do": "keys", "after": "k".repeat(513) }),
            error("too-large"),
        ),
        (
            json!({ "do": "keys", "prefix": "\0", "limit": u32::MAX }),
            json!({ "keys": [], "next": null }),
        ),
    ] {
        assert_eq!(ask(&mut port, order.clone()), expected, "{order}");
    }
    expect_goes_on(port, &home, "no keys", GOOD);
}

/// The plugin may have the memory for it, and the host does not take it a second time.
#[test]
fn case_49_a_value_of_a_hundred_megabytes_is_not_copied() {
    let _alone = alone();
    let home = storing_home("storage", "memory = \"128MiB\"");
    let mut port = Browser::chromium(&home).start();
    let deed = json!({ "do": "set", "key": "v", "bytes": 100_000_000 }).to_string();
    let frame = ask_within(&mut port, &deed, LATE);
    assert_eq!(frame.json(), error("too-large"));
    let peak = port.peak_resident_bytes();
    assert!(peak <= (128 + 48) << 20, "the host took {} MiB", peak >> 20);
    port.ask(GOOD.0).expect_text(GOOD.1);
    port.end()
        .expect_exit(0)
        .expect_no_frames()
        .expect_within(END);
    expect_log_is_safe(&home);
}

/// In as many calls as it takes, with time for a disk that is slow: what ends it is the quota.
fn expect_full(home: &Home, keys: u32, bytes: usize, most: u64) {
    let mut port = Browser::chromium(home).start();
    let deed = json!({ "do": "fill", "prefix": "k", "keys": keys, "bytes": bytes }).to_string();
    let begun = Instant::now();
    port.send(&deed);
    let filled = port.receive(Duration::from_secs(200)).json();
    assert_eq!(
        filled,
        json!({ "kept": most, "error": "quota" }),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(super::keys(&mut port, "", 1000).len() as u64, most);
    let delete = json!({ "do": "delete", "key": "k0" });
    assert_eq!(ask(&mut port, delete), "deleted");
    expect_goes_on(port, home, "full", GOOD);
}

#[test]
fn case_49_a_million_keys_end_at_the_quota() {
    let _alone = alone();
    let limits = "memory = \"32MiB\"\nstorage-keys = 2000\ncpu-per-call = \"120s\"\nwall-per-call = \"180s\"";
    expect_full(&storing_home("storage", limits), 1_000_000, 1, 2000);
}

#[test]
fn case_38_storage_ends_at_the_quota_and_the_log_goes_on() {
    let _alone = alone();
    let limits =
        "memory = \"32MiB\"\nstorage = \"4MiB\"\ncpu-per-call = \"120s\"\nwall-per-call = \"180s\"";
    let home = storing_home("storage", limits);
    // Each takes its value and a key of two bytes.
    expect_full(&home, 1000, 1 << 19, 7);
    assert!(home.log().contains("port closed"), "{}", home.log());
    let bytes = data_size(&home);
    assert!(bytes < 16 << 20, "{bytes} bytes are on the disk");
}

/// The bytes of all files below `data/`.
fn data_size(home: &Home) -> u64 {
    fn size(path: &std::path::Path) -> u64 {
        let metadata = path.symlink_metadata().expect("it is there");
        if !metadata.is_dir() {
            return metadata.len();
        }
        let entries = std::fs::read_dir(path).expect("a folder");
        entries
            .map(|entry| size(&entry.expect("an entry").path()))
            .sum()
    }
    size(&home.path().join("data"))
}
