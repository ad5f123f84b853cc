//! What makes a start longer: routes and plugins in the home that are for other extensions, the size of the component,
//! and plugins that the port itself uses.

use std::fmt::Write as _;
use std::fs;
use std::rc::Rc;

use anyhow::{Context as _, Result};
use portcullis_tests::{Home, ORIGIN};

use crate::components::Component;
use crate::modes::{Mode, start};
use crate::peers::Company;
use crate::row::{self, Row, Unit};
use crate::setup::{self, OURS, Setup};
use crate::subject::Subject;

const STARTS: usize = 100;

/// Routes and plugins in a home.
const ROUTES: &[usize] = &[1, 10, 100, 1000];

/// Plugins that one port uses.
const PLUGINS: &[usize] = &[1, 2, 5, 10];

/// Starts with homes of more and more routes, each of another extension to another plugin.
pub(crate) fn by_routes(setup: &Setup) -> Result<Vec<Row>> {
    let mut subjects = Vec::new();
    for &count in ROUTES {
        let home = Home::new();
        install(&home, count)?;
        let mut policy = format!(
            "version = 1\n[[route]]\norigin = \"{ORIGIN}\"\nplugin = \"{}\"\n",
            plugin(0)
        );
        for number in 1..count {
            let (origin, plugin) = (stranger(number), plugin(number));
            // Writing to a string cannot fail.
            let _ = write!(
                policy,
                "[[route]]\norigin = \"{origin}\"\nplugin = \"{plugin}\"\n"
            );
        }
        home.policy(&policy);
        setup::settle(&home)?;
        subjects.push(Subject::portcullis(&routes_of_home(count), Rc::new(home)));
    }
    compare(setup, Mode::Routes, &subjects, &routes_of_home(1))
}

/// Starts of components of all sizes.
pub(crate) fn by_size(setup: &Setup) -> Result<Vec<Row>> {
    let mut components = vec![Component::Echo, Component::Rust];
    if setup.company() >= Company::Targets {
        components.push(Component::QuickJs);
    }
    if setup.company() >= Company::All {
        components.push(Component::SpiderMonkey);
    }
    if setup.company() >= Company::Targets {
        components.push(Component::Python);
    }
    let mut subjects = Vec::new();
    let mut reference = String::new();
    for component in components {
        let size = fs::metadata(component.file()?)?.len();
        let mut subject = setup.portcullis(component)?;
        subject.name = format!("{}, {}", subject.name, shown(size));
        if component == Component::Echo {
            reference.clone_from(&subject.name);
        }
        subjects.push(subject);
    }
    compare(setup, Mode::Size, &subjects, &reference)
}

/// Starts of ports that use several plugins: the first for every message without a `type`, each other one for a type
/// of its own. All are the same plugin by different names, so what grows is their number.
pub(crate) fn by_plugins(setup: &Setup) -> Result<Vec<Row>> {
    let mut subjects = Vec::new();
    for &count in PLUGINS {
        let home = Home::new();
        install(&home, count)?;
        let mut policy = format!(
            "version = 1\n[[route]]\norigin = \"{ORIGIN}\"\nplugin = \"{}\"\n",
            plugin(0)
        );
        for number in 1..count {
            let plugin = plugin(number);
            // Writing to a string cannot fail.
            let _ = write!(
                policy,
                "[[route]]\norigin = \"{ORIGIN}\"\nplugin = \"{plugin}\"\nwhen = {{ \"/type\" = {number} }}\n"
            );
        }
        home.policy(&policy);
        setup::settle(&home)?;
        subjects.push(Subject::portcullis(&plugins_of_port(count), Rc::new(home)));
    }
    compare(setup, Mode::Plugins, &subjects, &plugins_of_port(1))
}

/// A size for people: `15 KB`, `1.0 MB`.
fn shown(bytes: u64) -> String {
    if bytes < 100_000 {
        format!("{} KB", bytes.div_ceil(1000))
    } else {
        format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
    }
}

/// The subject with so many routes.
pub(crate) fn routes_of_home(count: usize) -> String {
    format!("{OURS}, {count} in the home")
}

/// The subject with so many plugins.
pub(crate) fn plugins_of_port(count: usize) -> String {
    format!("{OURS}, {count} in the port")
}

fn compare(setup: &Setup, mode: Mode, subjects: &[Subject], reference: &str) -> Result<Vec<Row>> {
    let measured = start::starts(subjects, setup.rounds(STARTS))?;
    let named = start::names(subjects).zip(&measured);
    Ok(row::rows(
        mode,
        start::CASE,
        Unit::Microseconds,
        reference,
        named,
    ))
}

/// So many plugins in the home. The real `portcullis add` puts the first and the last; those between are entries of the
/// lock like the first but for name and number, since a thousand of its runs would take longer than all else.
fn install(home: &Home, count: usize) -> Result<()> {
    const ENTRY: &str = "[[plugin]]\n";
    home.add(&plugin(0), &Component::Echo.file()?);
    if count > 2 {
        let lock = fs::read_to_string(home.path().join("plugins.lock"))?;
        let (head, first) = lock.split_once(ENTRY).context("the lock has an entry")?;
        let mut all = head.replace("next-number = 2", &format!("next-number = {count}"));
        for number in 0..count - 1 {
            let entry = first
                .replace(
                    &format!("name = \"{}\"", plugin(0)),
                    &format!("name = \"{}\"", plugin(number)),
                )
                .replace("number = 1\n", &format!("number = {}\n", number + 1));
            all += &format!("{ENTRY}{}\n", entry.trim_end());
        }
        home.write("plugins.lock", all.as_bytes());
    }
    if count > 1 {
        home.add(&plugin(count - 1), &Component::Echo.file()?);
    }
    Ok(())
}

fn plugin(number: usize) -> String {
    format!("echo-{number}")
}

/// The address of another extension: 32 letters from `a` to `p`, the last of them the digits of the number.
fn stranger(number: usize) -> String {
    let digits = format!("{number:032x}");
    let letters: String = digits.chars().map(letter).collect();
    format!("chrome-extension://{letters}/")
}

fn letter(digit: char) -> char {
    let place = digit.to_digit(16).unwrap_or(0);
    char::from_digit(place + 10, 26).unwrap_or('a')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, expected) in [
            (14_821, "15 KB"),
            (999_493, "0.9 MB"),
            (18_430_580, "18.4 MB"),
        ] {
            assert_eq!(shown(bytes), expected);
        }
    }

    #[test]
    fn strangers_have_addresses_of_extensions() {
        let a = "a".repeat(30);
        assert_eq!(stranger(1), format!("chrome-extension://{a}ab/"));
        assert_eq!(stranger(255), format!("chrome-extension://{a}pp/"));
        assert_ne!(stranger(999), stranger(998));
    }
}
