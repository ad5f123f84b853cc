//! What a run measures with: the peers that were asked for, homes with plugins, and how many rounds.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use anyhow::{Context as _, Result};
use portcullis_tests::{Home, ORIGIN};

use crate::components::Component;
use crate::peers::{self, Company};
use crate::subject::Subject;

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    Quick,
    Full,
}

/// Everything that the modes share; built once.
pub(crate) struct Setup {
    effort: Effort,
    company: Company,
    peers: Vec<Subject>,
    homes: RefCell<BTreeMap<(Component, Confinement), Rc<Home>>>,
}

/// Whether the operating system's second line is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Confinement {
    On,
    Off,
}

/// The name of the reference among the subjects.
pub(crate) const REFERENCE: &str = "rust-echo";

/// The name of our host with the plugin `echo`.
pub(crate) const OURS: &str = "portcullis";

impl Setup {
    /// Builds the peers.
    pub(crate) fn new(company: Company, effort: Effort) -> Result<Self> {
        Ok(Self {
            effort,
            company,
            peers: peers::build(company)?,
            homes: RefCell::default(),
        })
    }

    /// A number of rounds: as many as given, or a fifth of them in a quick run, but two at least, for a warm-up and
    /// one that counts.
    pub(crate) fn rounds(&self, full: usize) -> usize {
        match self.effort {
            Effort::Full => full,
            Effort::Quick => full.div_ceil(5).max(2),
        }
    }

    pub(crate) fn company(&self) -> Company {
        self.company
    }

    /// Every host that is not ours.
    pub(crate) fn peers(&self) -> impl Iterator<Item = &Subject> {
        self.peers.iter()
    }

    /// Our host with one plugin and one route, confined as far as this system can.
    pub(crate) fn portcullis(&self, component: Component) -> Result<Subject> {
        let home = self.home(component, Confinement::On)?;
        Ok(Subject::portcullis(component.subject(), home))
    }

    /// A home with one plugin and one route; made once.
    pub(crate) fn home(&self, component: Component, confinement: Confinement) -> Result<Rc<Home>> {
        if let Some(home) = self.homes.borrow().get(&(component, confinement)) {
            return Ok(Rc::clone(home));
        }
        let home = Home::new();
        home.add(component.plugin(), &component.file()?);
        let limits = "[limits]\nports = 1024\n";
        let os = match confinement {
            Confinement::On => "best-effort",
            Confinement::Off => "off",
        };
        home.policy(&format!(
            "version = 1\n{limits}[[route]]\norigin = \"{ORIGIN}\"\nplugin = \"{}\"\n[route.sandbox]\nos = \"{os}\"\n",
            component.plugin()
        ));
        settle(&home)?;
        let home = Rc::new(home);
        self.homes
            .borrow_mut()
            .insert((component, confinement), Rc::clone(&home));
        Ok(home)
    }
}

/// Ends the making of a home with a change by the real program, so that whatever that keeps beside the policy is of the
/// policy that is measured.
pub(crate) fn settle(home: &Home) -> Result<()> {
    const STRANGER: &str = "chrome-extension://ponmlkjihgfedcbaponmlkjihgfedcba/";
    let name = "settle.example";
    let listed = home.portcullis(["list", "--json"]).output()?;
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout)?;
    let plugin = listed[0]["name"]
        .as_str()
        .context("the home has a plugin")?;
    for arguments in [
        vec!["route", "add", STRANGER, plugin, "--host-name", name],
        vec!["route", "remove", STRANGER, plugin],
    ] {
        let output = home.portcullis(arguments.iter().copied()).output()?;
        anyhow::ensure!(
            output.status.success(),
            "`portcullis {}` failed: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}
