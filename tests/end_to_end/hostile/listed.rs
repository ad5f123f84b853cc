//! That no case about powers is left out of the list of hostile plugins, and that none is done without being measured.
//!
//! What only computes is a row of `hostile` or of `misdeeds`, which the compiler and a test of the folder keep complete.
//! The cases about powers need more than a row: each is a test called by its number, beside the power that it attacks.
//! Their names and what they call are read from the sources here.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use portcullis_tests::cargo;

/// Where the tests of the powers are: a file and a folder of each name.
const POWERS: &[&str] = &["files", "http", "secrets", "storage"];

/// What asks how large the process has become. The first asks for the next good request, the end and the log as well.
const MEASURES: &[&str] = &["expect_goes_on", "expect_small", "peak_resident_bytes"];

/// The cases of the list that attack a power.
fn cases() -> impl Iterator<Item = u32> {
    [8, 9, 20].into_iter().chain(33..=50).chain([60])
}

/// A function of a test's source.
struct Function {
    name: String,
    body: String,
}

impl Function {
    /// Whether its text has a call of a function of this name.
    fn calls(&self, name: &str) -> bool {
        let call = format!("{name}(");
        let is_of_a_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let mut found = self.body.match_indices(&call);
        found.any(|(at, _)| !self.body[..at].ends_with(is_of_a_name))
    }

    /// The number of the case that it is called by.
    fn case(&self) -> Option<u32> {
        let number = self.name.strip_prefix("case_")?.split('_').next()?;
        number.parse().ok()
    }
}

/// The functions of all tests of powers.
fn functions() -> Vec<Function> {
    let tests = cargo::root().join("tests/end_to_end");
    let mut found = Vec::new();
    for power in POWERS {
        found.extend(functions_of(tests.join(power).with_extension("rs")));
        for entry in fs::read_dir(tests.join(power)).expect("each has a folder") {
            found.extend(functions_of(entry.expect("it can be listed").path()));
        }
    }
    found
}

/// The functions of one file, which is formatted: each ends with a brace that stands as far in as its first line.
fn functions_of(file: PathBuf) -> Vec<Function> {
    let text = fs::read_to_string(file).expect("a source is text");
    let lines: Vec<&str> = text.lines().collect();
    let function = |(number, line): (usize, &&str)| {
        let (before, rest) = line.split_once("fn ")?;
        let indent = &line[..line.len() - line.trim_start().len()];
        let is_declared = ["", "pub(super) ", "pub(crate) "].contains(&before.trim_start());
        let (name, _) = rest.split_once('(').filter(|_| is_declared)?;
        let end = format!("{indent}}}");
        let body = lines[number + 1..].iter().take_while(|line| ***line != end);
        Some(Function {
            name: name.to_owned(),
            body: body.copied().collect::<Vec<_>>().join("\n"),
        })
    };
    lines.iter().enumerate().filter_map(function).collect()
}

#[test]
fn every_case_about_powers_has_a_test_and_every_such_test_measures() {
    let functions = functions();
    // Whoever calls what measures, measures.
    let mut measuring: BTreeSet<&str> = MEASURES.iter().copied().collect();
    loop {
        let calls = |function: &&Function| measuring.iter().any(|name| function.calls(name));
        let more: BTreeSet<&str> = functions
            .iter()
            .filter(calls)
            .map(|function| function.name.as_str())
            .collect();
        if more.is_subset(&measuring) {
            break;
        }
        measuring.extend(more);
    }
    for case in cases() {
        let tests = functions.iter().filter(|one| one.case() == Some(case));
        assert!(tests.count() > 0, "no test is called `case_{case:02}_…`");
    }
    for test in functions.iter().filter(|one| one.case().is_some()) {
        let name = test.name.as_str();
        assert!(measuring.contains(name), "`{name}` measures nothing");
    }
}
