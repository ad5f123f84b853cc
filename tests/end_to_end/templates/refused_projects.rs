//! What `new` does not make, and that it then leaves nothing behind.

use std::fs;

use portcullis_tests::Home;

use crate::cli::finished;

#[test]
fn what_cannot_be_made_is_refused() {
    let cases: [(&[&str], i32, &str); 7] = [
        (
            &["there", "--lang", "c"],
            1,
            "the folder `there` is not empty: choose another name, or remove it",
        ),
        (
            &["file", "--lang", "c"],
            1,
            "`file` is there and is no folder",
        ),
        (&["Notes", "--lang", "c"], 2, "a plugin's name holds only"),
        (
            &["../notes", "--lang", "c"],
            2,
            "a plugin's name holds only",
        ),
        (
            &["notes", "--lang", "go"],
            2,
            "[possible values: rust, js, ts, python, c]",
        ),
        (
            &["notes", "--lang", "c", "--mode", "daemon"],
            2,
            "[possible values: handler, session, stdio]",
        ),
        (
            &["notes", "--lang", "python", "--mode", "stdio"],
            2,
            "there is no stdio template for `python`, because its toolchain makes no program for WASI of a plain \
             `main`: use `--lang rust` or `--lang c`, or `--mode handler` or `--mode session`",
        ),
    ];
    let home = Home::new();
    let folder = home.beside().join("projects");
    fs::create_dir_all(folder.join("there")).expect("the folder is ours");
    fs::write(folder.join("there/mine.txt"), "mine").expect("the folder is ours");
    fs::write(folder.join("file"), "mine").expect("the folder is ours");
    for (arguments, code, words) in cases {
        let mut command = home.portcullis(["new"]);
        finished(&home, command.args(arguments).current_dir(&folder)).refuses_with(code, words);
        let mut left: Vec<_> = fs::read_dir(&folder)
            .expect("the folder is ours")
            .map(|entry| entry.expect("the folder is ours").file_name())
            .collect();
        left.sort();
        assert_eq!(left, ["file", "there"], "{arguments:?}");
    }
    let kept = fs::read_to_string(folder.join("there/mine.txt"));
    assert_eq!(kept.expect("it was there"), "mine");
}

#[test]
fn an_empty_folder_is_filled() {
    let home = Home::new();
    fs::create_dir(home.beside().join("notes")).expect("the folder is ours");
    let mut command = home.portcullis(["new", "notes", "--lang", "rust"]);
    finished(&home, command.current_dir(home.beside())).prints(
        "made `notes/`: a handler in Rust; the plugin is `notes/src/lib.rs`\n\
         next: `cd notes`, `portcullis build`, `portcullis test`\n",
    );
    let manifest = fs::read_to_string(home.beside().join("notes/Cargo.toml"));
    let manifest = manifest.expect("it is part of the project");
    assert!(manifest.contains("name = \"plugin-notes\""), "{manifest}");
}

/// Nothing of a text of ours that is to be replaced is left in a project.
#[test]
fn every_word_of_a_template_is_filled_in() {
    fn walk(folder: &std::path::Path, check: &mut impl FnMut(&std::path::Path)) {
        for entry in fs::read_dir(folder).expect("the project is ours") {
            let path = entry.expect("the project is ours").path();
            if path.is_dir() {
                walk(&path, check);
            } else {
                check(&path);
            }
        }
    }
    for (language, mode) in portcullis_tests::languages::TEMPLATES {
        let home = Home::new();
        let name = format!("{language}-{mode}");
        let mut command = home.portcullis(["new", &name, "--lang", language, "--mode", mode]);
        finished(&home, command.current_dir(home.beside())).succeeds();
        let mut names_the_plugin = 0;
        walk(&home.beside().join(&name), &mut |path| {
            let text = fs::read_to_string(path).expect("templates are texts");
            let left = text
                .match_indices("{{")
                .find(|(at, _)| is_to_be_filled(&text[*at..]));
            assert_eq!(left, None, "{}", path.display());
            assert!(!text.contains("../ping-pong"), "{}", path.display());
            names_the_plugin += usize::from(text.contains(&name));
        });
        assert!(names_the_plugin >= 3, "{name}: {names_the_plugin} files");
    }
}

/// Whether a text begins with a word in two pairs of braces. Sources may have such braces round other things.
fn is_to_be_filled(text: &str) -> bool {
    let word = text
        .strip_prefix("{{")
        .and_then(|rest| rest.split_once("}}"));
    word.is_some_and(|(word, _)| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase())
    })
}
