//! One host to measure: a program, what it is started with, and the home that it is started in.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use portcullis_tests::{Home, programs};

/// A host, ready to be started any number of times.
#[derive(Clone)]
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) program: PathBuf,
    /// Before the origin.
    pub(crate) arguments: Vec<OsString>,
    home: Option<Rc<Home>>,
}

impl Subject {
    /// A host that is not ours.
    pub(crate) fn peer(name: &str, program: &Path, arguments: Vec<OsString>) -> Self {
        Self {
            name: name.to_owned(),
            program: program.to_owned(),
            arguments,
            home: None,
        }
    }

    /// `portcullis-host` with this home.
    pub(crate) fn portcullis(name: &str, home: Rc<Home>) -> Self {
        Self {
            name: name.to_owned(),
            program: programs::host().to_owned(),
            arguments: Vec::new(),
            home: Some(home),
        }
    }

    /// The home; for a host that is not ours a folder that it does not look into, with a name as long.
    pub(crate) fn home(&self) -> &Path {
        let elsewhere = Path::new("/nonexistent/portcullis-test-/home");
        self.home.as_ref().map_or(elsewhere, |home| home.path())
    }
}
