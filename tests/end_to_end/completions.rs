//! What is generated from the definitions of the arguments: completions for shells, and the manual.
//!
//! The verbs are read from `--help`, as a person finds them, so a verb that is added and not generated is seen.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use portcullis_tests::Home;

use crate::cli::run;

/// What `portcullis completions` takes, and how the shell checks a script that it reads on standard input.
const SHELLS: &[(&str, &[&str])] = &[
    ("bash", &["bash", "-n"]),
    ("zsh", &["zsh", "-n"]),
    ("fish", &["fish", "--no-execute"]),
    ("elvish", &[]),
    ("powershell", &[]),
];

/// Verbs that only programs use.
const HIDDEN: &[&str] = &["secret-broker", "compile-artifact", "rebuild"];

/// The verbs of a help text, each with what it says of itself.
fn verbs(home: &Home, path: &[&str]) -> Vec<String> {
    let help = run(home, path.iter().copied().chain(["--help"])).succeeds();
    let Some((_, listed)) = help.split_once("\nCommands:\n") else {
        return Vec::new();
    };
    listed
        .lines()
        .take_while(|line| !line.is_empty())
        // A line that goes on is indented further.
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|verb| *verb != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_shell_is_given_every_verb() {
    let home = Home::new();
    let verbs = verbs(&home, &[]);
    assert!(verbs.len() > 20, "{verbs:?}");
    for (shell, check) in SHELLS {
        let script = run(&home, ["completions", shell]).succeeds();
        for verb in &verbs {
            assert!(script.contains(verb.as_str()), "{shell}: no `{verb}`");
        }
        for hidden in HIDDEN {
            assert!(!script.contains(hidden), "{shell}: `{hidden}` is nobody's");
        }
        parses(shell, check, &script);
    }
    run(&home, ["completions", "sh"]).refuses_with(2, "invalid value 'sh'");
}

/// Lets the shell read the script, where there is one on this machine. There is always a bash.
#[track_caller]
fn parses(shell: &str, check: &[&str], script: &str) {
    let Some((program, arguments)) = check.split_first() else {
        return;
    };
    let started = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) if shell != "bash" => {
            assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{shell}");
            return;
        }
        Err(error) => {
            panic!("could not start bash: {error}: run `apt-get install -y bash` as root")
        }
    };
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin
        .write_all(script.as_bytes())
        .expect("the shell reads all of it");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.is_empty(),
        "{shell}: {said}"
    );
}

/// Completed by bash itself: what a person gets who types a word and presses Tab.
#[test]
fn bash_completes_verbs_and_options() {
    let home = Home::new();
    let script = run(&home, ["completions", "bash"]).succeeds();
    for (typed, expected) in [
        (&["portcullis", "rou"][..], "route"),
        (&["portcullis", "route", "a"], "add"),
        (&["portcullis", "repl", "--no"], "--no-history"),
        (&["portcullis", "completions", "z"], "zsh"),
    ] {
        let words: Vec<String> = typed.iter().map(|word| format!("'{word}'")).collect();
        let last = typed.len() - 1;
        let ask = format!(
            "{script}\nCOMP_WORDS=({})\nCOMP_CWORD={last}\n_portcullis portcullis {} {}\n\
             printf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
            words.join(" "),
            words[last],
            words[last - 1],
        );
        let output = Command::new("bash")
            .args(["--noprofile", "--norc", "-c", &ask])
            .output()
            .expect("bash is there");
        let offered = String::from_utf8_lossy(&output.stdout);
        assert_eq!(
            offered.trim(),
            expected,
            "{typed:?}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn the_manual_has_a_page_for_every_verb() {
    let home = Home::new();
    let folder = home.beside().join("man/man1");
    let folder_text = folder.to_str().expect("temporary folders have plain names");
    let printed = run(&home, ["man", "--out", folder_text]).succeeds();
    let mut pages = vec![("portcullis".to_owned(), verbs(&home, &[]))];
    for verb in verbs(&home, &[]) {
        let below = verbs(&home, &[&verb]);
        pages.extend(
            below
                .iter()
                .map(|one| (format!("portcullis-{verb}-{one}"), Vec::new())),
        );
        pages.push((format!("portcullis-{verb}"), below));
    }
    for (page, below) in &pages {
        let path = folder.join(format!("{page}.1"));
        let text = read(&path);
        assert!(
            printed
                .lines()
                .any(|line| Path::new(line).file_name() == path.file_name()),
            "{page} was not told:\n{printed}"
        );
        assert!(text.contains(&format!(".TH {page} 1")), "{page}:\n{text}");
        for heading in [".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION", ".SH OPTIONS"] {
            assert!(text.contains(heading), "{page} has no `{heading}`:\n{text}");
        }
        for verb in below {
            // A hyphen is escaped in a page.
            let name = format!("{page}-{verb}").replace('-', "\\-");
            assert!(
                text.contains(&name),
                "{page} does not lead to `{name}`:\n{text}"
            );
        }
        if below.is_empty() && !page.starts_with("portcullis-policy-explain-") {
            assert!(text.contains(".SH EXAMPLES"), "{page}:\n{text}");
        }
        for hidden in HIDDEN {
            assert!(
                !text.contains(&hidden.replace('-', "\\-")),
                "{page}: {hidden}"
            );
        }
    }
    let first = run(&home, ["man"]).succeeds();
    assert_eq!(first, read(&folder.join("portcullis.1")));

    let blocked = home.beside().join("file");
    fs::write(&blocked, "").expect("a temporary folder takes a file");
    let below = blocked.join("man1");
    run(
        &home,
        ["man", "--out", below.to_str().expect("a plain name")],
    )
    .refuses_with(1, "cannot make the folder `[BESIDE]/file/man1`");
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
