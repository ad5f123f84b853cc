//! `verify` and `rebuild`: hostile-plugins cases 56 and 57, files of the home that are not what was installed.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Stdio;
use std::thread;

use portcullis_tests::{Home, ORIGIN, guests};

use super::{contents, files, run};

/// A home with two plugins, so that there is another valid file to mix up with.
fn home() -> Home {
    let home = Home::new();
    home.add("echo", &guests::echo())
        .add("other", &guests::ping_pong());
    home.route(ORIGIN, "echo");
    home
}

/// The file of `echo` and the file of `other` in a folder.
fn pair(home: &Home, folder: &str) -> [std::path::PathBuf; 2] {
    let echo = super::listed(home)[0]["sha256"]
        .as_str()
        .expect("a digest")
        .to_owned();
    let (of_echo, of_other): (Vec<_>, Vec<_>) = files(home, folder).into_iter().partition(|path| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(&echo))
    });
    [of_echo, of_other].map(|mut files| files.pop().expect("one of each"))
}

fn flip_a_bit(path: &Path) {
    let mut bytes = fs::read(path).expect("our own file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).expect("our own file");
}

fn cut(path: &Path) {
    let bytes = fs::read(path).expect("our own file");
    fs::write(path, &bytes[..bytes.len() - 1]).expect("our own file");
}

fn remove(path: &Path) {
    fs::remove_file(path).expect("our own file");
}

fn link_to_itself_elsewhere(path: &Path) {
    let elsewhere = path.with_extension("moved");
    fs::rename(path, &elsewhere).expect("our own file");
    symlink(elsewhere, path).expect("our own folder");
}

fn open_to_all(path: &Path) {
    fs::set_permissions(path, PermissionsExt::from_mode(0o666)).expect("our own file");
}

/// Something that happens to a file, and words of the sentences that name it afterwards.
struct Damage {
    happens: fn(&Path),
    to_plugin: &'static str,
    to_artifact: &'static str,
}

const fn damage(happens: fn(&Path), to_plugin: &'static str, to_artifact: &'static str) -> Damage {
    Damage {
        happens,
        to_plugin,
        to_artifact,
    }
}

const DAMAGES: [Damage; 5] = [
    damage(
        flip_a_bit,
        "is damaged, its sha256 is",
        "was changed: its sha256 is",
    ),
    damage(cut, "is damaged, its sha256 is", "bytes where"),
    damage(remove, "is missing", "is missing"),
    damage(
        link_to_itself_elsewhere,
        "is a symbolic link",
        "is a symbolic link",
    ),
    damage(
        open_to_all,
        "is writable by others",
        "is writable by others",
    ),
];

#[test]
fn damage_to_an_artifact_is_named_and_mended() {
    for Damage {
        happens,
        to_artifact: words,
        ..
    } in DAMAGES
    {
        let home = home();
        let [artifact, other] = pair(&home, "cache");
        let other_before = fs::read(&other).expect("our own file");
        happens(&artifact);
        let said = run(&home, ["verify"]);
        assert_eq!(
            (said.code, &*said.stderr),
            (1, "error: 1 file is not what was installed\n"),
            "{said:?}"
        );
        let [line] = said.stdout.lines().collect::<Vec<_>>()[..] else {
            panic!("one line: {said:?}")
        };
        assert!(
            line.starts_with("`echo`: ") && line.contains(words),
            "{line}"
        );
        assert!(
            line.ends_with("; it is made again when the plugin is used next"),
            "{line}"
        );

        let rebuilt = run(&home, ["rebuild", "echo"]);
        let said = "made the native code of `echo` again\n";
        assert_eq!((rebuilt.code, &*rebuilt.stdout), (0, said), "{rebuilt:?}");
        // Where there is nothing to do, it is silent: a host that waited for another one's rebuild knows by that.
        let rebuilt = run(&home, ["rebuild", "echo"]);
        assert_eq!((rebuilt.code, &*rebuilt.stdout), (0, ""), "{rebuilt:?}");
        run(&home, ["verify"]).prints("2 plugins are whole\n");
        assert_eq!(
            fs::read(&other).expect("our own file"),
            other_before,
            "only the bad one was made"
        );
    }
}

#[test]
fn damage_to_a_stored_plugin_is_named_and_never_compiled() {
    for Damage {
        happens,
        to_plugin: words,
        ..
    } in DAMAGES
    {
        let home = home();
        let [plugin, _] = pair(&home, "store");
        let [artifact, _] = pair(&home, "cache");
        happens(&plugin);
        let said = run(&home, ["verify"]);
        assert_eq!(said.code, 1, "{said:?}");
        assert!(
            said.stdout.starts_with("`echo`: ") && said.stdout.contains(words),
            "{said:?}"
        );

        // Its native code is still what it was, until that has to be made again.
        remove(&artifact);
        let before = contents(&home);
        run(&home, ["rebuild", "echo"]).refuses_with(1, words);
        assert_eq!(contents(&home), before);

        // The same file again mends it, as the sentences say.
        let added = run(&home, ["add", super::text(&guests::echo())]);
        assert_eq!(added.code, 0, "{added:?}");
        run(&home, ["verify"]).prints("2 plugins are whole\n");
    }
}

#[test]
fn an_artifact_of_another_plugin_is_found_out() {
    let home = home();
    let [artifact, other] = pair(&home, "cache");
    fs::copy(other, artifact).expect("our own files");
    let said = run(&home, ["verify"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(
        said.stdout.starts_with("`echo`: ") && said.stdout.contains("bytes where"),
        "{said:?}"
    );
}

#[test]
fn what_was_only_touched_is_noted_once() {
    let home = home();
    let [artifact, _] = pair(&home, "cache");
    let copy = artifact.with_extension("copy");
    fs::copy(&artifact, &copy).expect("our own files");
    fs::rename(&copy, &artifact).expect("our own files");
    run(&home, ["verify"]).prints(
        "`echo`: the native code was touched and is unchanged; noted\n2 plugins are whole\n",
    );
    run(&home, ["verify"]).prints("2 plugins are whole\n");
}

#[test]
fn code_of_another_version_is_stale_and_no_damage() {
    let home = home();
    let [artifact, _] = pair(&home, "cache");
    let lock = home.path().join("plugins.lock");
    let text = fs::read_to_string(&lock).expect("our own file");
    let program = text
        .lines()
        .find(|line| line.starts_with("program = "))
        .expect("a version");
    let version = program.trim_start_matches("program = ").trim_matches('"');
    let name = artifact
        .file_name()
        .expect("a name")
        .to_string_lossy()
        .into_owned();
    let old_name = name.replace(&format!("-{version}-"), "-0.0.1-");
    let text = text
        .replacen(program, "program = \"0.0.1\"", 1)
        .replace(&name, &old_name);
    home.write("plugins.lock", text.as_bytes());
    fs::rename(&artifact, artifact.with_file_name(old_name)).expect("our own file");

    let said = run(&home, ["verify"]).succeeds();
    assert!(
        said.starts_with("`echo`: the native code was made by version `0.0.1` for "),
        "{said}"
    );
    assert_eq!(run(&home, ["rebuild", "echo"]).code, 0);
    run(&home, ["verify"]).prints("2 plugins are whole\n");
    assert_eq!(files(&home, "cache").len(), 2, "the old code is gone");
}

#[test]
fn an_artifact_is_made_once_however_many_ask() {
    let home = home();
    let [artifact, _] = pair(&home, "cache");
    remove(&artifact);
    let compilations: usize = thread::scope(|scope| {
        let runs: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut command = home.portcullis(["rebuild", "echo"]);
                    let output = command
                        .stdin(Stdio::null())
                        .output()
                        .expect("it was just built");
                    let said = super::said(&home, &command, &output);
                    assert_eq!(said.code, 0, "{said:?}");
                    let compilations = said.stderr.matches("compiling").count();
                    // Only the one that has made it says so.
                    let made = said.stdout.matches("made the native code").count();
                    assert_eq!(made, compilations, "{said:?}");
                    compilations
                })
            })
            .collect();
        runs.into_iter()
            .map(|run| run.join().expect("no panic"))
            .sum()
    });
    assert_eq!(compilations, 1);
    run(&home, ["rebuild", "nothing"])
        .refuses(1, "no plugin `nothing` is installed, but `echo`, `other`");
}
