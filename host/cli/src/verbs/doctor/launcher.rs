//! Whether a launcher leads to the program that it should.
//!
//! A link leads to whatever is installed there now. A copy, which is what a launcher is on Windows, stays what it was
//! made from, so it is asked for its version.

use std::fs;
use std::path::Path;

use portcullis_core::home::launcher;
use portcullis_core::manifest::Program;
use portcullis_core::names::escape;
use portcullis_sandbox::PROGRAM_VERSION;

use super::finding::Severity;
use super::programs::version_of;
use super::walk;

/// What is wrong with a launcher that should lead to `program`.
pub(super) fn launcher_fault(launcher: &Path, program: &Path) -> Option<(Severity, String)> {
    match walk::program_at(launcher) {
        Program::Missing => {
            let detail = "there is no launcher, or it leads nowhere".to_owned();
            return Some((Severity::Broken, detail));
        }
        Program::NotExecutable => {
            return Some((
                Severity::Broken,
                "the launcher cannot be started".to_owned(),
            ));
        }
        Program::Executable => {}
    }
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let leads_to = launcher::folder_of_programs(launcher);
    if program.parent().map(real) == Some(real(&leads_to)) {
        return fault_of_copy(launcher);
    }
    let detail = format!(
        "the launcher leads to the programs in `{}`",
        leads_to.display()
    );
    Some((Severity::Warning, detail))
}

/// What is wrong with a launcher that is no link, as on Windows: it stays the version that it was made from, whatever is
/// installed beside this program since.
fn fault_of_copy(launcher: &Path) -> Option<(Severity, String)> {
    if launcher.is_symlink() {
        return None;
    }
    let detail = match version_of(launcher) {
        Ok(version) if version == PROGRAM_VERSION => return None,
        Ok(version) => format!(
            "the launcher has version {}, and this program {PROGRAM_VERSION}",
            escape(&version)
        ),
        Err(error) => format!("the launcher does not tell its version: {error:#}"),
    };
    Some((Severity::Broken, detail))
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::Command;

    use super::*;

    /// Made by another process: what is open for writing in this one, also in a child of a test beside us, cannot be
    /// started.
    fn write_program(path: &Path, script: &str) {
        let made = Command::new("/bin/sh")
            .args([
                "-c",
                "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$2\" && chmod 755 \"$2\"",
                "sh",
                script,
            ])
            .arg(path)
            .status();
        assert!(made.is_ok_and(|made| made.success()), "{}", path.display());
    }

    #[test]
    fn a_copy_of_another_version_is_no_launcher_for_this_one() {
        let folder = tempfile::tempdir().expect("the temporary folder can be written");
        let (launcher, program) = (folder.path().join("a.b"), folder.path().join("host"));
        for (script, fault) in [
            (format!("echo portcullis-host {PROGRAM_VERSION}"), None),
            (
                "echo portcullis-host 0.0.7".to_owned(),
                Some("the launcher has version 0.0.7, "),
            ),
            (
                "exit 2".to_owned(),
                Some("the launcher does not tell its version: "),
            ),
        ] {
            write_program(&launcher, &script);
            let found = launcher_fault(&launcher, &program);
            match fault {
                None => assert_eq!(found, None, "{script}"),
                Some(words) => {
                    let (severity, detail) = found.expect("something is wrong");
                    assert_eq!(severity, Severity::Broken);
                    assert!(detail.starts_with(words), "{detail}");
                }
            }
        }
    }
}
