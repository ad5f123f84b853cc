//! What a plugin can take of the disk, of the host's memory and of its descriptors.

use std::fs::{self, File};
use std::time::Duration;

use portcullis_tests::PATIENCE;
use serde_json::json;

use super::{Ground, IN_TIME};
use crate::fixture::alone;
use crate::hostile::measured::{ask_within, expect_goes_on};

/// What a guest of these takes that is not the folder's size.
const SMALL: &str = "memory = \"16MiB\"\ncpu-per-call = \"30s\"\nwall-per-call = \"30s\"";

#[test]
fn case_38_what_is_written_has_an_end() {
    let ground = Ground::new("files");
    ground.usual("files-written = \"64KiB\"");
    let open = json!({ "do": "open", "at": "/rw", "path": "file", "how": "crw", "name": "f" });
    let line = "x".repeat(4096);
    let stream = json!({ "do": "write-stream", "at": "f", "text": line, "n": 100 });
    let append = json!({ "do": "write-stream", "at": "f", "how": "a", "text": line, "n": 100 });
    // One port, whatever instance and whatever way.
    ground.attack(
        "a stream",
        &json!([open, stream, append, { "do": "write", "at": "f", "text": "x" }, { "do": "size", "at": "f" }]),
        &json!(["ok", [16, "quota"], [0, "quota"], "quota", 65_536]),
    );
    ground.attack(
        "growing without writing",
        &json!([
            open,
            { "do": "set-size", "at": "f", "n": 65_536 },
            { "do": "set-size", "at": "f", "n": 1_u64 << 40 },
            { "do": "write", "at": "f", "text": "x", "offset": 1_u64 << 40 },
            { "do": "write-stream", "at": "f", "text": "x", "offset": 1_u64 << 40, "n": 1 },
            { "do": "write", "at": "f", "text": "x", "offset": u64::MAX },
            { "do": "set-size", "at": "f", "n": u64::MAX },
            { "do": "size", "at": "f" },
        ]),
        &json!([
            "ok",
            "ok",
            "quota",
            "quota",
            [0, "quota"],
            "quota",
            "quota",
            65_536
        ]),
    );
    let log = ground.home.log();
    assert!(log.contains("`files-written` sets the limit"), "{log}");
    // The log, and with it the home, is written to as before, and so is the disk by a new port.
    ground.attack(
        "a new port",
        &json!([open, { "do": "write", "at": "f", "text": "x" }]),
        &json!(["ok", 1]),
    );
}

#[test]
fn case_38_what_is_made_has_an_end() {
    let ground = Ground::new("files");
    ground.usual("files-made = 100");
    ground.attack(
        "a million empty files",
        &json!([
            { "do": "make-many", "at": "/rw", "path": "n", "how": "cw", "n": 1_000_000 },
            { "do": "make-folder", "at": "/rw", "path": "folder" },
            { "do": "symlink", "at": "/rw", "path": "link", "text": "n0" },
            { "do": "link", "at": "/rw", "path": "n0", "to-path": "second" },
            // What is there already costs nothing, and removing gives nothing back.
            { "do": "open", "at": "/rw", "path": "n0", "how": "cw", "name": "x" },
            { "do": "remove", "at": "/rw", "path": "n0" },
            { "do": "open", "at": "/rw", "path": "n0", "how": "cw", "name": "x" },
        ]),
        &json!([
            [100, "quota"],
            "quota",
            "quota",
            "quota",
            "ok",
            "ok",
            "quota"
        ]),
    );
    assert_eq!(fs::read_dir(ground.path("rw")).expect("there").count(), 99);
    let log = ground.home.log();
    assert!(log.contains("`files-made` sets the limit"), "{log}");
    // What fails is not counted.
    ground.attack(
        "failures",
        &json!([
            { "do": "make-folder", "at": "/rw", "path": "n1" },
            { "do": "make-many", "at": "/rw", "path": "m", "how": "cw", "n": 101 },
        ]),
        &json!(["exist", [100, "quota"]]),
    );
}

/// A file of a user's may be longer than anything that the host writes itself, and a system's own limit would end the
/// process.
#[test]
fn a_large_file_can_be_changed_in_its_place() {
    let ground = Ground::new("files");
    let file = File::create(ground.path("rw/large")).expect("made");
    file.set_len(200 << 20).expect("sparse");
    ground.usual("");
    ground.attack(
        "a large file",
        &json!([
            { "do": "open", "at": "/rw", "path": "large", "how": "rw", "name": "f" },
            { "do": "write", "at": "f", "text": "here", "offset": 150 << 20 },
            { "do": "write-stream", "at": "f", "how": "a", "text": "end", "n": 1 },
            { "do": "read", "at": "f", "n": 4, "offset": 150 << 20 },
            { "do": "size", "at": "f" },
        ]),
        &json!(["ok", 4, [1, "ok"], "here", (200 << 20) + 3]),
    );
}

/// There is no pool of threads to fill: each operation is done when it is answered. What can be piled up is what stays
/// open.
#[test]
fn case_09_ten_thousand_at_once() {
    let ground = Ground::new("files");
    fs::write(ground.path("ro/file"), "x").expect("written");
    ground.usual(SMALL);
    let hold = json!({ "do": "hold", "at": "/ro", "path": "file", "how": "r", "n": 10_000 });
    let list = json!({ "do": "list-often", "at": "/ro", "n": 10_000 });
    let mut port = ground.start();
    let frame = ask_within(&mut port, &json!([list, hold, list]).to_string(), IN_TIME);
    // Two folders of the grant are open in each call, and the names of steps.
    assert_eq!(
        frame.json(),
        json!([
            [254, "insufficient-memory"],
            [254, "insufficient-memory"],
            [0, "insufficient-memory"]
        ])
    );
    let threads = fs::read_dir(format!("/proc/{}/task", port.id()))
        .expect("it runs")
        .count();
    assert_eq!(threads, 1, "no thread is started for a file");
    let open = fs::read_dir(format!("/proc/{}/fd", port.id())).map(Iterator::count);
    if let Ok(open) = open {
        assert!(open < 300, "{open} descriptors are open");
    }
    let often =
        json!([{ "do": "open-often", "at": "/ro", "path": "file", "how": "r", "n": 10_000 }]);
    let mut fresh = ground.start();
    let frame = ask_within(&mut fresh, &often.to_string(), PATIENCE);
    assert_eq!(frame.json(), json!([{ "x": 10_000 }]));
    expect_goes_on(fresh, &ground.home, "opened often", ("[]", "[]"));
    expect_goes_on(port, &ground.home, "held", ("[]", "[]"));
}

/// The names together take more than the host may grow by, so that one which kept them would be seen to.
#[test]
fn case_20_a_folder_with_a_million_names() {
    const MANY: usize = 1_000_000;
    const MOST_GROWTH: usize = 8 << 20;
    let _alone = alone();
    let ground = Ground::new("files");
    let mut first = ground.path("ro/first");
    File::create(&first).expect("made");
    for number in 1..MANY {
        // A second name is made faster than a second file. Where a file has as many as it may, the next one begins.
        let name = ground.path(&format!("ro/{number:0>40}"));
        if fs::hard_link(&first, &name).is_err() {
            File::create(&name).expect("made");
            first = name;
        }
    }
    // The plugin asks for each name by itself; here it may take its time.
    ground.usual("memory = \"16MiB\"\ncpu-per-call = \"600s\"\nwall-per-call = \"600s\"");
    let mut port = ground.start();
    port.ask("[]").expect_text("[]");
    let before = port.peak_resident_bytes();
    let begin = json!([{ "do": "list-often", "at": "/ro", "n": 100 }]);
    let frame = ask_within(&mut port, &begin.to_string(), IN_TIME);
    assert_eq!(
        frame.json(),
        json!([[100, "ok"]]),
        "a hundred listings that nobody reads"
    );
    let grown = port.peak_resident_bytes() - before;
    assert!(
        grown < MOST_GROWTH,
        "beginning to list took {} KiB",
        grown >> 10
    );
    let frame = ask_within(
        &mut port,
        &json!([{ "do": "list", "at": "/ro" }]).to_string(),
        Duration::from_secs(600),
    );
    assert_eq!(frame.json()[0][0], json!(MANY));
    let grown = port.peak_resident_bytes() - before;
    assert!(grown < MOST_GROWTH, "listing took {} KiB", grown >> 10);
    expect_goes_on(port, &ground.home, "a long listing", ("[]", "[]"));
}

/// A read of everything at once is cut, and neither side allocates what was asked for.
#[test]
fn case_19_reads_of_more_than_there_is_memory() {
    let ground = Ground::new("files");
    File::create(ground.path("ro/large"))
        .and_then(|file| file.set_len(1 << 30))
        .expect("sparse");
    ground.usual(SMALL);
    ground.attack(
        "long reads",
        &json!([
            { "do": "open", "at": "/ro", "path": "large", "how": "r", "name": "f" },
            { "do": "read", "at": "f", "n": u64::MAX },
            { "do": "read", "at": "f", "n": 1_u64 << 31, "offset": 1 },
            { "do": "read", "at": "f", "n": 1, "offset": u64::MAX },
            { "do": "read-stream", "at": "f", "n": u64::MAX, "offset": (1 << 30) - 70_000 },
        ]),
        &json!(["ok", 65_536, 65_536, "invalid", 70_000]),
    );
}
