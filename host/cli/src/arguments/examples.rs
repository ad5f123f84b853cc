//! An example for every verb, under its help and in its man page.
//!
//! The deciding choice: one table, and a test that gives each line in it to the parser, so that no example can show
//! what is no longer taken. A verb without a line fails that test, too.

use clap::Command;

/// The verb, and command lines that somebody might type.
const EXAMPLES: &[(&[&str], &[&str])] = &[
    (
        &["install"],
        &[
            "portcullis install notes.wasm --dry-run",
            "portcullis install notes.wasm",
        ],
    ),
    (&["uninstall"], &["portcullis uninstall notes --purge"]),
    (
        &["new"],
        &[
            "portcullis new greeter --lang js",
            "portcullis new ticker --lang rust --mode session",
        ],
    ),
    (&["build"], &["portcullis build greeter"]),
    (
        &["add"],
        &["portcullis add target/wasm32-wasip2/release/notes.wasm --name notes --replace"],
    ),
    (&["list"], &["portcullis list --json"]),
    (&["remove"], &["portcullis remove notes"]),
    (
        &["test"],
        &[
            "portcullis test",
            "portcullis test tests/counting.transcript --bless",
            "portcullis test notes.wasm notes.transcript --json",
        ],
    ),
    (
        &["bench"],
        &[
            "portcullis bench notes '{\"type\":\"list\"}'",
            "portcullis bench target/wasm32-wasip2/release/notes.wasm '{\"type\":\"list\"}' --count 10000 --json",
        ],
    ),
    (&["verify"], &["portcullis verify"]),
    (
        &["route", "add"],
        &[
            "portcullis route add notes@example.com notes",
            "portcullis route add notes@example.com notes --host-name com.example.notes --when /type=note --limit memory=64MiB",
        ],
    ),
    (&["route", "list"], &["portcullis route list"]),
    (
        &["route", "set"],
        &["portcullis route set notes@example.com notes --limit cpu-per-call=1s"],
    ),
    (
        &["route", "remove"],
        &["portcullis route remove notes@example.com notes"],
    ),
    (
        &["grant"],
        &[
            "portcullis grant notes@example.com notes storage fs=~/Notes:/notes:rw",
            "portcullis grant notes@example.com notes http=https://api.example.com secret=api-token",
        ],
    ),
    (
        &["revoke"],
        &[
            "portcullis revoke notes@example.com notes fs=/notes",
            "portcullis revoke notes@example.com notes --all",
        ],
    ),
    (
        &["permissions", "show"],
        &["portcullis permissions show notes@example.com"],
    ),
    (
        &["permissions", "reset"],
        &["portcullis permissions reset notes@example.com notes"],
    ),
    (
        &["pack"],
        &["portcullis pack notes.wasm --manifest plugin.toml"],
    ),
    (&["schema"], &["portcullis schema"]),
    (&["inspect"], &["portcullis inspect notes.wasm"]),
    (
        &["send"],
        &[
            r#"portcullis send '{"type":"note"}'"#,
            "portcullis send --origin notes@example.com --wait 2s -",
        ],
    ),
    (
        &["repl"],
        &[
            "portcullis repl",
            "portcullis repl notes@example.com --host-name com.example.notes",
        ],
    ),
    (
        &["storage", "get"],
        &["portcullis storage get notes@example.com notes last-opened"],
    ),
    (
        &["storage", "set"],
        &["portcullis storage set notes@example.com notes last-opened today"],
    ),
    (
        &["storage", "list"],
        &["portcullis storage list notes@example.com notes"],
    ),
    (
        &["storage", "delete"],
        &["portcullis storage delete notes@example.com notes last-opened"],
    ),
    (
        &["storage", "clear"],
        &["portcullis storage clear notes@example.com notes"],
    ),
    (&["policy", "check"], &["portcullis policy check"]),
    (
        &["policy", "explain"],
        &[
            "portcullis policy explain notes@example.com http https://api.example.com/items",
            "portcullis policy explain notes@example.com fs /notes/a.txt --write",
        ],
    ),
    (&["enable"], &["portcullis enable notes@example.com notes"]),
    (
        &["register"],
        &[
            "portcullis register com.example.notes --allow notes@example.com",
            "portcullis register com.example.notes --allow knldjmfmopnpolahpmmgbagdohdnhkik --browser chromium --dry-run",
        ],
    ),
    (
        &["unregister"],
        &["portcullis unregister com.example.notes"],
    ),
    (
        &["doctor"],
        &["portcullis doctor", "portcullis doctor --fix"],
    ),
    (&["logs"], &["portcullis logs -f --plugin notes"]),
    (
        &["secret", "set"],
        &["portcullis secret set notes@example.com notes api-token"],
    ),
    (
        &["secret", "list"],
        &["portcullis secret list notes@example.com notes"],
    ),
    (
        &["secret", "delete"],
        &["portcullis secret delete notes@example.com notes api-token"],
    ),
    (
        &["completions"],
        &["portcullis completions bash > ~/.local/share/bash-completion/completions/portcullis"],
    ),
    (
        &["man"],
        &[
            "portcullis man --out ~/.local/share/man/man1",
            "portcullis man | man -l -",
        ],
    ),
];

/// The heading over the examples.
pub(crate) const HEADING: &str = "Examples:";

/// The command with the examples of its verbs. What a verb says at the end of its help itself is left as it is.
pub(super) fn add_to(command: Command) -> Command {
    EXAMPLES.iter().fold(command, |command, (path, lines)| {
        let text = format!("{HEADING}\n  {}", lines.join("\n  "));
        add(command, path, text)
    })
}

fn add(command: Command, path: &[&str], text: String) -> Command {
    let Some((name, rest)) = path.split_first() else {
        return if command.get_after_help().is_some() {
            command
        } else {
            command.after_help(text)
        };
    };
    command.mut_subcommand(*name, |verb| add(verb, rest, text))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::arguments::Arguments;

    /// The words of a line as a shell would hand them over; what follows a pipe or a `>` is the shell's.
    fn words(line: &str) -> Vec<String> {
        line.split_whitespace()
            .take_while(|word| !["|", ">"].contains(word))
            .map(|word| word.trim_matches('\'').to_owned())
            .collect()
    }

    #[test]
    fn every_example_is_taken_and_is_of_its_verb() {
        for (path, lines) in EXAMPLES {
            for line in *lines {
                let words = words(line);
                let parsed = add_to(Arguments::command()).try_get_matches_from(&words);
                if let Err(error) = parsed {
                    panic!("`{line}` is not taken: {error}");
                }
                let expected: Vec<&str> = ["portcullis"].iter().chain(*path).copied().collect();
                assert!(
                    words.iter().zip(&expected).all(|(one, other)| one == other),
                    "`{line}` is no example of `{}`",
                    path.join(" ")
                );
            }
        }
    }

    #[test]
    fn every_verb_says_what_it_does_and_has_an_example() {
        let mut seen = 0;
        walk(&add_to(Arguments::command()), "portcullis", &mut seen);
        assert!(seen > 30, "{seen} verbs were looked at");
    }

    fn walk(command: &Command, path: &str, seen: &mut u32) {
        for verb in command
            .get_subcommands()
            .filter(|verb| !verb.is_hide_set() && verb.get_name() != "help")
        {
            let path = format!("{path} {}", verb.get_name());
            assert!(
                verb.get_about().is_some(),
                "`{path}` does not say what it does"
            );
            // The verbs below `policy explain` are what is asked for, and its own examples show them.
            if verb.has_subcommands() && !path.ends_with(" explain") {
                walk(verb, &path, seen);
                continue;
            }
            *seen += 1;
            let after = verb.get_after_help().map(ToString::to_string);
            assert!(
                after.is_some_and(|text| text.contains("portcullis ")),
                "`{path}` has no example: add a line to `EXAMPLES` in {}",
                file!()
            );
        }
    }
}
