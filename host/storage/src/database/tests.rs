//! The whole of a storage through its own door, with files on a disk.

use std::fs;

use tempfile::TempDir;

use super::*;

const QUOTA: Quota = Quota {
    bytes: 4 << 20,
    keys: 5000,
};

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// The path without links, as the caller has to give it.
fn file_in(folder: &TempDir) -> PathBuf {
    let folder = folder.path().canonicalize().expect("the folder is there");
    folder.join("storage.sqlite")
}

fn open(folder: &TempDir) -> Storage {
    Storage::open(&file_in(folder), QUOTA).expect("opened")
}

fn key(text: &str) -> Key {
    text.parse().expect("a key")
}

#[test]
fn values_come_back_byte_for_byte_from_another_opening() {
    let folder = folder();
    let cases: [(&str, &[u8]); 4] = [
        ("empty", b""),
        ("bytes", b"\0\xff\n"),
        ("'; DROP TABLE entry; --", b"sql"),
        ("../../other", b"path"),
    ];
    let mut storage = open(&folder);
    for (name, value) in cases {
        storage.set(&key(name), value).expect("kept");
    }
    storage.set(&key("bytes"), b"again").expect("kept");
    drop(storage);
    let mut storage = open(&folder);
    assert_eq!(
        storage.get(&key("bytes")).expect("read"),
        Some(b"again".to_vec())
    );
    assert_eq!(storage.get(&key("empty")).expect("read"), Some(Vec::new()));
    assert_eq!(storage.get(&key("none")).expect("read"), None);
    assert!(storage.delete(&key("empty")).expect("deleted"));
    assert!(!storage.delete(&key("empty")).expect("nothing to delete"));
    assert_eq!(storage.usage().expect("read").keys, 3);
}

/// Each finds the file missing, empty, half made or made.
#[test]
fn many_may_make_the_file_at_once() {
    for _ in 0..20 {
        let folder = folder();
        let file = file_in(&folder);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let opened = loop {
                        match Storage::open(&file, QUOTA) {
                            Err(StorageError::Busy) => std::thread::yield_now(),
                            opened => break opened,
                        }
                    };
                    assert_eq!(opened.expect("opened").usage().expect("read").keys, 0);
                });
            }
        });
    }
}

#[test]
fn what_is_counted_is_what_is_there() {
    let folder = folder();
    let mut storage = open(&folder);
    storage.set(&key("a"), &[0; 10]).expect("kept");
    storage.set(&key("a"), &[0; 4]).expect("kept");
    storage.set(&key("bb"), &[0; 8]).expect("kept");
    assert_eq!(storage.usage().expect("read"), Usage { bytes: 15, keys: 2 });
    storage.delete(&key("a")).expect("deleted");
    assert_eq!(storage.usage().expect("read"), Usage { bytes: 10, keys: 1 });
    let swapped = storage.compare_and_swap(&key("bb"), Some(&[0; 8]), None);
    assert!(swapped.expect("swapped"));
    assert_eq!(storage.usage().expect("read"), Usage::default());
}

#[test]
fn a_swap_needs_the_very_value() {
    let folder = folder();
    let mut storage = open(&folder);
    let one = key("one");
    let mut swap = |expected: Option<&[u8]>, value: Option<&[u8]>| {
        let swapped = storage.compare_and_swap(&one, expected, value);
        swapped.expect("no other process")
    };
    assert!(!swap(Some(b""), Some(b"x")));
    assert!(swap(None, Some(b"")));
    assert!(!swap(None, Some(b"x")));
    assert!(swap(Some(b""), Some(b"x")));
    assert!(!swap(Some(b"y"), None));
    assert!(swap(Some(b"x"), None));
    assert!(swap(None, None));
}

#[test]
fn a_quota_is_kept_to_the_byte_and_refusal_changes_nothing() {
    let folder = folder();
    let quota = Quota {
        bytes: 100,
        keys: 2,
    };
    let mut storage = Storage::open(&file_in(&folder), quota).expect("opened");
    storage.set(&key("a"), &[1; 99]).expect("just fits");
    let error = storage.set(&key("b"), b"").expect_err("a byte too much");
    assert!(matches!(
        error,
        StorageError::TooManyBytes {
            wanted: 101,
            limit: 100
        }
    ));
    let error = storage
        .set(&key("a"), &[1; 100])
        .expect_err("a byte too much");
    assert!(matches!(
        error,
        StorageError::TooManyBytes { wanted: 101, .. }
    ));
    storage.set(&key("a"), b"").expect("less is always allowed");
    storage.set(&key("b"), b"").expect("fits");
    let error = storage.set(&key("c"), b"").expect_err("a key too many");
    assert!(matches!(error, StorageError::TooManyKeys { limit: 2 }));
    let error = storage.compare_and_swap(&key("c"), None, Some(b""));
    assert!(matches!(error, Err(StorageError::TooManyKeys { limit: 2 })));
    let long = vec![0; VALUE_LIMIT + 1];
    let error = storage.set(&key("a"), &long).expect_err("too long");
    assert!(matches!(error, StorageError::ValueTooLong { .. }));
    assert_eq!(storage.usage().expect("read"), Usage { bytes: 2, keys: 2 });
}

#[test]
fn keys_come_in_pages_without_a_gap() {
    let folder = folder();
    let mut storage = open(&folder);
    for number in 0..25 {
        storage
            .set(&key(&format!("a{number:02}")), b"")
            .expect("kept");
        storage
            .set(&key(&format!("b{number:02}")), b"")
            .expect("kept");
    }
    storage.set(&key("a%"), b"").expect("kept");
    let mut found = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = storage.keys("a", after.as_deref(), 10).expect("read");
        assert!(page.keys.len() <= 10);
        found.extend(page.keys);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found.len(), 26);
    assert!(found.is_sorted() && found.iter().all(|key| key.starts_with('a')));
    assert_eq!(storage.keys("a%", None, 9).expect("read").keys, ["a%"]);
    assert_eq!(storage.keys("", None, 0).expect("read").keys.len(), 1);
    let whole = storage.keys("", None, u32::MAX).expect("read");
    assert_eq!((whole.keys.len(), whole.next), (51, None));
    let exact = storage.keys("b", None, 25).expect("read");
    assert_eq!((exact.keys.len(), exact.next), (25, None));
}

#[test]
fn a_held_lock_is_said_at_once_and_readers_go_on() {
    let folder = folder();
    let (mut one, mut two) = (open(&folder), open(&folder));
    one.set(&key("a"), b"1").expect("kept");
    let writing = one.begin().expect("the lock is free");
    writing.put(&key("a"), b"2").expect("written");
    let error = two.set(&key("b"), b"").expect_err("the lock is held");
    assert!(matches!(error, StorageError::Busy));
    assert_eq!(two.get(&key("a")).expect("read"), Some(b"1".to_vec()));
    writing.commit().expect("written");
    assert_eq!(two.get(&key("a")).expect("read"), Some(b"2".to_vec()));
    two.set(&key("b"), b"").expect("the lock is free again");
}

#[test]
fn everything_is_forgotten_at_once_and_the_room_given_back() {
    let folder = folder();
    let mut storage = open(&folder);
    for number in 0..100 {
        storage
            .set(&key(&number.to_string()), &[b'x'; 20_000])
            .expect("kept");
    }
    let was = storage.clear().expect("cleared");
    assert_eq!(was.keys, 100);
    assert_eq!(storage.usage().expect("read"), Usage::default());
    assert_eq!(storage.keys("", None, 9).expect("read").keys, [""; 0]);
    drop(storage);
    let bytes = fs::read(file_in(&folder)).expect("the file is there");
    assert!(bytes.len() < 100_000, "{} bytes are left", bytes.len());
    assert!(!bytes.windows(8).any(|window| window == b"xxxxxxxx"));
}

#[test]
fn what_is_not_ours_is_left_as_it_is() {
    let folder = folder();
    let file = file_in(&folder);
    let foreign = Connection::open(&file).expect("opened");
    foreign
        .execute_batch("CREATE TABLE t (x); PRAGMA user_version = 1")
        .expect("made");
    drop(foreign);
    let before = fs::read(&file).expect("read");
    assert!(matches!(
        Storage::open(&file, QUOTA),
        Err(StorageError::Foreign)
    ));
    assert_eq!(fs::read(&file).expect("read"), before);

    fs::remove_file(&file).expect("ours");
    drop(open(&folder));
    let newer = Connection::open(&file).expect("opened");
    newer
        .execute_batch("PRAGMA user_version = 2")
        .expect("made");
    drop(newer);
    let error = Storage::open(&file, QUOTA).expect_err("newer");
    assert!(matches!(error, StorageError::Newer { found: 2, known: 1 }));
}

#[test]
fn damage_is_named_and_nothing_is_thrown_away() {
    let folder = folder();
    let file = file_in(&folder);
    let mut storage = open(&folder);
    for number in 0..200 {
        storage
            .set(&key(&number.to_string()), &[b'x'; 2000])
            .expect("kept");
    }
    drop(storage);
    let whole = fs::read(&file).expect("read");
    let no_header = [b"not a database".as_slice(), &whole[14..]].concat();
    let no_tables = [&whole[..100], &[0xee; 20_000], &whole[20_100..]].concat();
    for damaged in [no_header, no_tables, whole[..whole.len() / 2].to_vec()] {
        fs::write(&file, &damaged).expect("ours");
        let all = |storage: Storage| -> Result<(), StorageError> {
            for number in 0..200 {
                storage.get(&key(&number.to_string()))?;
            }
            Ok(())
        };
        let error = Storage::open(&file, QUOTA)
            .and_then(all)
            .expect_err("damaged");
        assert!(matches!(error, StorageError::Damaged(_)), "{error:?}");
        assert_eq!(fs::read(&file).expect("read"), damaged);
    }
}

#[test]
fn a_schema_of_another_kind_does_nothing() {
    let folder = folder();
    drop(open(&folder));
    let made_up = Connection::open(file_in(&folder)).expect("opened");
    made_up
        .execute_batch(
            "CREATE TRIGGER t AFTER INSERT ON entry BEGIN DELETE FROM entry; END;
             ALTER TABLE usage RENAME TO u; CREATE VIEW usage AS SELECT 0 AS bytes, 0 AS keys",
        )
        .expect("made");
    drop(made_up);
    let error = Storage::open(&file_in(&folder), QUOTA).expect_err("no table");
    assert!(matches!(error, StorageError::Damaged(_)), "{error:?}");
}

#[test]
fn no_extension_can_be_loaded() {
    let folder = folder();
    let storage = open(&folder);
    let loaded = storage
        .connection
        .query_row("SELECT load_extension('x')", (), |_| Ok(()));
    let error = loaded.expect_err("switched off").to_string();
    assert!(
        error.contains("not authorized") || error.contains("no such function"),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn the_files_are_for_this_user_alone_and_no_link_is_followed() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = folder();
    let mut storage = open(&folder);
    storage.set(&key("a"), b"").expect("kept");
    for ending in COMPANIONS {
        let metadata = fs::metadata(companion(&file_in(&folder), ending)).expect("it is there");
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{ending}");
    }
    drop(storage);
    let other = self::folder();
    symlink(file_in(&folder), file_in(&other)).expect("a link");
    assert!(Storage::open(&file_in(&other), QUOTA).is_err());
}

#[test]
fn settings_are_what_they_are_said_to_be() {
    let folder = folder();
    let storage = open(&folder);
    for (name, expected) in [
        ("synchronous", "2"),
        ("journal_mode", "wal"),
        ("trusted_schema", "0"),
        ("busy_timeout", "0"),
        ("auto_vacuum", "2"),
        ("temp_store", "2"),
        ("mmap_size", "0"),
    ] {
        let found = storage
            .connection
            .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0));
        let found = match found.expect("a setting") {
            rusqlite::types::Value::Integer(number) => number.to_string(),
            rusqlite::types::Value::Text(text) => text,
            other => panic!("{name} is {other:?}"),
        };
        assert_eq!(found, expected, "{name}");
    }
}
