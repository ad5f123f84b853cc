//! Landlock mirrors the grant: what an attacker who has broken out of the sandbox can reach of the disk.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use portcullis_tests::programs;

use super::Ground;

/// What the probe prints: each deed, and whether it was done.
fn probe(ground: &Ground, mode: &str) -> BTreeMap<String, bool> {
    let output = Command::new(programs::confinement_probe())
        .args([
            mode,
            &ground.host("rw"),
            &ground.host("ro"),
            &ground.host("outside"),
        ])
        .output()
        .expect("the probe starts");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("it prints text");
    let line = |line: &str| {
        let (deed, result) = line.split_once(' ').expect("a deed and its result");
        (deed.to_owned(), result == "done")
    };
    text.lines().map(line).collect()
}

#[test]
fn only_the_granted_folders_can_be_reached_and_only_as_granted() {
    // Where nothing is confined everything works, so that a refusal below is the confinement's.
    for mode in ["folders-free", "folders-confined"] {
        let ground = Ground::new("files");
        fs::create_dir(ground.path("outside")).expect("made");
        for folder in ["rw", "ro", "outside"] {
            fs::create_dir(ground.path(&format!("{folder}/sub"))).expect("made");
            fs::write(ground.path(&format!("{folder}/file")), "x").expect("written");
        }
        fs::write(ground.path("outside/kept"), "x").expect("written");
        let done = probe(&ground, mode);
        let is_free = mode == "folders-free";
        for (deed, allowed) in [
            ("rw-read", true),
            ("rw-list", true),
            ("rw-write", true),
            ("rw-truncate", true),
            ("rw-make", true),
            ("rw-make-folder", true),
            ("rw-rename-across", true),
            ("rw-remove", true),
            ("rw-make-pipe", is_free),
            ("rw-make-socket", is_free),
            ("ro-read", true),
            ("ro-list", true),
            ("ro-write", is_free),
            ("ro-truncate", is_free),
            ("ro-make", is_free),
            ("ro-make-folder", is_free),
            ("ro-rename-across", is_free),
            ("ro-remove", is_free),
            ("outside-read", is_free),
            ("outside-list", is_free),
            ("outside-write", is_free),
            ("outside-make", is_free),
            ("above-list", is_free),
            ("rename-out", is_free),
            ("link-in", is_free),
            ("read-by-the-open-folder", true),
            ("read-above-the-open-folder", is_free),
        ] {
            assert_eq!(done.get(deed), Some(&allowed), "{mode}: {deed}: {done:?}");
        }
    }
}
