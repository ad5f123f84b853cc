//! What was typed.

use std::ffi::OsString;
use std::path::PathBuf;

/// How the program is used.
pub(crate) const USAGE: &str = "\
usage: portcullis-c --world handler-plugin|session-plugin [--bindings FOLDER] -o FILE.wasm SOURCE.c …
       portcullis-c --program -o FILE.wasm SOURCE.c …

--world     a plugin that answers requests, or one that holds a port; the sources include its header
            (`handler_plugin.h`, `session_plugin.h`) and define the functions that it declares
--bindings  where that header and its source are written; `target/bindings` unless given
--program   a program with `main` that reads and writes native messaging frames on its standard input and output";

/// What to make of which sources.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) kind: Kind,
    pub(crate) bindings: PathBuf,
    pub(crate) output: PathBuf,
    pub(crate) sources: Vec<PathBuf>,
}

/// What the component is to be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One of the worlds of the contract, by name.
    World(String),
    /// A program with `main`.
    Program,
}

impl Arguments {
    /// Reads the arguments after the program's own name.
    ///
    /// # Errors
    ///
    /// A sentence about the first thing that is wrong.
    pub(crate) fn read(mut arguments: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let (mut kind, mut bindings, mut output, mut sources) = (None, None, None, Vec::new());
        while let Some(argument) = arguments.next() {
            let mut value = || {
                let problem = || format!("`{}` needs a value after it", argument.display());
                arguments.next().ok_or_else(problem)
            };
            match argument.to_str() {
                Some("--world") => {
                    kind = Some(Kind::World(value()?.to_string_lossy().into_owned()))
                }
                Some("--program") => kind = Some(Kind::Program),
                Some("--bindings") => bindings = Some(PathBuf::from(value()?)),
                Some("-o") => output = Some(PathBuf::from(value()?)),
                Some(option) if option.starts_with('-') => {
                    return Err(format!("there is no option `{option}`"));
                }
                _ => sources.push(PathBuf::from(argument)),
            }
        }
        if sources.is_empty() {
            return Err("there is no source to compile".to_owned());
        }
        Ok(Self {
            kind: kind.ok_or("say what to make: `--world` or `--program`")?,
            bindings: bindings.unwrap_or_else(|| PathBuf::from("target/bindings")),
            output: output.ok_or("say where to write it: `-o`")?,
            sources,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Arguments, String> {
        Arguments::read(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn what_is_right_is_understood() {
        let arguments = read("--world handler-plugin -o a.wasm a.c b.c").expect("all is there");
        assert_eq!(arguments.kind, Kind::World("handler-plugin".to_owned()));
        assert_eq!(arguments.bindings, PathBuf::from("target/bindings"));
        assert_eq!(
            arguments.sources,
            [PathBuf::from("a.c"), PathBuf::from("b.c")]
        );
        let arguments = read("a.c --program -o a.wasm --bindings x").expect("all is there");
        assert_eq!(
            (arguments.kind, arguments.bindings),
            (Kind::Program, PathBuf::from("x"))
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            ("", "no source"),
            ("a.c", "`--world` or `--program`"),
            ("--program a.c", "`-o`"),
            ("a.c -o", "`-o` needs a value"),
            ("--fast a.c", "no option `--fast`"),
        ];
        for (line, expected) in cases {
            let problem = read(line).expect_err("something is missing");
            assert!(problem.contains(expected), "{line}: {problem}");
        }
    }
}
