//! Carrying a plan out: the note, the launcher, the manifests.

use std::io;
use std::path::Path;

use anyhow::{Result, anyhow, bail};
use portcullis_core::home::{HomeLock, launcher};

use super::super::manifest_file::{self, Owner, owner_of};
use super::super::place::{Place, Scope, There};
use super::super::record::{Record, Registered};
use super::super::{Browser, Machine, system_launcher};
use super::{Ground, Plan, State, Step, withdrawal};

impl Step {
    fn write(&self, machine: &Machine, scope: Scope) -> io::Result<()> {
        if let (Scope::System, Some(folder)) = (scope, self.file.parent()) {
            manifest_file::make_folder_for_everybody(folder)?;
        }
        manifest_file::write(&self.file, &self.text)?;
        match &self.place {
            Place::File(_) => Ok(()),
            Place::Key(key) => {
                let file = self.file.to_str().ok_or(io::ErrorKind::InvalidInput)?;
                machine.registry.set_default_value(key, file)
            }
        }
    }
}

impl Plan {
    /// The places that hold something which is not ours.
    pub(crate) fn foreign(&self) -> impl Iterator<Item = (&Step, &str)> {
        self.steps.iter().filter_map(|step| match &step.state {
            State::Foreign { what } => Some((step, what.as_str())),
            _ => None,
        })
    }

    /// Drops the places that hold something which is not ours.
    pub(crate) fn leave_foreign(&mut self) {
        self.steps
            .retain(|step| !matches!(step.state, State::Foreign { .. }));
    }

    /// The places that will be, or were, written to.
    pub(crate) fn changed(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.state != State::Same)
    }

    /// Makes the launcher, notes the registration and writes what is not there yet, also over what is not ours: whoever
    /// does not want that looks at [`Self::foreign`] first. What could not be written is returned with its place.
    pub(crate) fn carry_out_for_user(
        &self,
        machine: &Machine,
        lock: &HomeLock,
        program: &Path,
    ) -> Result<Vec<(&Step, io::Error)>> {
        let mut record = Record::load(lock.home())?;
        record.put(self.registered(record.find(&self.wish.host)));
        // First what was wanted, so that `doctor` can finish what is interrupted from here on.
        record.save(lock)?;
        launcher::make(lock, &self.wish.host, program)?;
        Ok(self.write(machine))
    }

    /// The same for every user of the machine. Nothing is noted: the launcher itself shows what is registered.
    pub(crate) fn carry_out_for_system(
        &self,
        machine: &Machine,
        program: &Path,
    ) -> Result<Vec<(&Step, io::Error)>> {
        if let Some(closed) = system_launcher::closed_to_others(program) {
            bail!(
                "other users cannot start `{}`, since `{}` is closed to them: install the programs where everybody \
                 can start them, for example in `/usr/local/bin`",
                program.display(),
                closed.display()
            );
        }
        system_launcher::make(machine, &self.launcher, program).map_err(|error| {
            let launcher = self.launcher.display();
            anyhow!(
                "cannot make the launcher `{launcher}` ({error}): `--system` takes an administrator"
            )
        })?;
        Ok(self.write(machine))
    }

    fn write(&self, machine: &Machine) -> Vec<(&Step, io::Error)> {
        let mut failures = Vec::new();
        for step in &self.steps {
            let done = match step.state {
                State::Same => Ok(()),
                State::Obsolete => withdrawal::clear(machine, &step.place),
                _ => step.write(machine, self.wish.scope),
            };
            if let Err(error) = done {
                failures.push((step, error));
            }
        }
        failures
    }

    /// Takes our manifests away from a browser, none of whose extensions may connect any more.
    pub(super) fn retire(
        &mut self,
        machine: &Machine,
        ground: &Ground,
        browser: &'static Browser,
        places: Vec<Place>,
    ) {
        for place in places {
            let There::Manifest { file, text } = machine.look(&place) else {
                continue;
            };
            if let Some(step) = self.steps.iter_mut().find(|step| step.place == place) {
                step.browsers.push(browser);
            } else if owner_of(&text, &ground.hosts) == Owner::Us {
                self.steps.push(Step {
                    place,
                    family: browser.family,
                    browsers: vec![browser],
                    state: State::Obsolete,
                    file,
                    text: String::new(),
                });
            }
        }
    }

    /// What to note, where `known` is what was noted before. Browsers that were named once stay registered until they
    /// are unregistered, also where they are not named again.
    fn registered(&self, known: Option<&Registered>) -> Registered {
        let known = known.map_or(&[][..], |known| &known.browsers);
        let mut browsers: Vec<String> = known.to_vec();
        for browser in self.steps.iter().flat_map(|step| &step.browsers) {
            // Those of a family without extensions stay noted: they get a manifest again when there is one.
            if !browsers.iter().any(|id| id == browser.id) {
                browsers.push(browser.id.to_owned());
            }
        }
        Registered {
            name: self.wish.host.clone(),
            allowed: self.wish.allowed.clone(),
            browsers,
        }
    }
}
