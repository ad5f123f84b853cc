//! Every host of ours, as every browser on this machine sees it; and whether routes and manifests fit together.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use portcullis_core::caller::{Family, Origin};
use portcullis_core::home::{Home, launcher};
use portcullis_core::manifest::{self, HostManifest};
use portcullis_core::names::{HostName, escape};

use super::finding::{Finding, Findings, Fix, Severity};
use super::home::Examined;
use super::launcher::launcher_fault;
use super::routes;
use super::walk::{self, Reader, Walk};
use crate::browsers::policies::{self, Policies};
use crate::browsers::record::{Record, Registered};
use crate::browsers::registration::Ground;
use crate::browsers::{
    Browser, Machine, Owner, Place, Scope, owner_of, read_bounded, registration, sign_of,
};
use crate::environment::Environment;
use crate::hand_over::host_program;

/// What some browser uses for a host.
pub(super) struct Used {
    pub(super) host: HostName,
    pub(super) manifest: HostManifest,
}

/// Browsers that look in the same places under the same policies.
struct Group {
    browsers: Vec<&'static Browser>,
    family: Family,
    places: Vec<(Scope, Place)>,
    policies: Policies,
}

/// Everything that the checks of one host need.
struct Scene<'a> {
    machine: &'a Machine,
    ground: &'a Ground,
    /// Our own folders of launchers, this user's and the system's.
    hosts: Vec<PathBuf>,
    record: &'a Record,
    installed: &'a [&'static Browser],
    program: Option<PathBuf>,
}

/// Looks at every host of ours. Without a home there may still be hosts of the system's.
pub(super) fn check(
    environment: &Environment,
    examined: Option<&Examined>,
    findings: &mut Findings,
) -> Result<()> {
    let machine = environment.machine();
    let home = examined.map(|examined| &examined.home);
    let record = match registration::record_of(home) {
        Ok(record) => record,
        Err(error) => {
            findings.push(Finding::broken("hosts", format!("{error:#}")));
            Record::default()
        }
    };
    let ground = Ground::of_user(&environment.home_path()?);
    let mut hosts = ground.hosts.clone();
    hosts.extend(machine.surroundings.system_hosts());
    let installed: Vec<&'static Browser> = machine
        .browsers()
        .iter()
        .filter(|browser| sign_of(&machine, browser).is_some())
        .collect();
    let scene = Scene {
        machine: &machine,
        ground: &ground,
        hosts,
        record: &record,
        installed: &installed,
        program: host_program().ok(),
    };
    scene.name_browsers(findings);
    let mut used = Vec::new();
    for host in scene.host_names(home) {
        scene.check_host(&host, home, &mut used, findings);
    }
    if let Some(examined) = examined {
        routes::check_routes(&examined.policy, &used, &record, &installed, findings);
        routes::check_allowed(&examined.policy, &used, findings);
    }
    Ok(())
}

impl Scene<'_> {
    fn name_browsers(&self, findings: &mut Findings) {
        let names: Vec<_> = self.installed.iter().map(|browser| browser.name).collect();
        findings.push(if names.is_empty() {
            Finding::note("browsers", "none was found")
        } else {
            Finding::good("browsers", names.join(", "))
        });
    }

    /// The hosts that were registered, that have a launcher, or whose manifest leads to one of ours.
    fn host_names(&self, home: Option<&Home>) -> Vec<HostName> {
        let mut names: Vec<HostName> = self
            .record
            .hosts()
            .iter()
            .map(|host| host.name.clone())
            .collect();
        let system = self.machine.surroundings.system_hosts();
        let folders = home
            .map(Home::hosts)
            .into_iter()
            .chain(system.map(|hosts| self.machine.surroundings.below_root(&hosts)));
        for file in folders.flat_map(files_in) {
            let name = file
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            let name = name
                .strip_suffix(std::env::consts::EXE_SUFFIX)
                .unwrap_or(name);
            names.extend(name.parse::<HostName>());
        }
        for browser in self.installed {
            for file in self
                .machine
                .folders_read_by(browser)
                .into_iter()
                .flat_map(files_in)
            {
                let is_ours =
                    read_bounded(&file).is_ok_and(|text| owner_of(&text, &self.hosts) == Owner::Us);
                let stem = file
                    .file_stem()
                    .and_then(|stem| stem.to_str())
                    .unwrap_or_default();
                if is_ours {
                    names.extend(stem.parse::<HostName>());
                }
            }
        }
        names.sort();
        names.dedup();
        names
    }

    fn check_host(
        &self,
        host: &HostName,
        home: Option<&Home>,
        used: &mut Vec<Used>,
        findings: &mut Findings,
    ) {
        let known = self.record.find(host);
        self.check_launcher(host, home, known, findings);
        let fix = self
            .can_be_mended(host)
            .then(|| Fix::Register(host.clone()));
        let mut is_anywhere = false;
        for group in self.groups(host, known) {
            let wanted: Vec<Origin> = known
                .into_iter()
                .flat_map(|known| &known.allowed)
                .filter(|origin| origin.family() == group.family)
                .cloned()
                .collect();
            let about = crate::verbs::register::names(&group.browsers);
            let reader = Reader {
                about: &about,
                family: group.family,
                places: &group.places,
                policies: &group.policies,
            };
            let Walk {
                manifest,
                findings: found,
            } = walk::walk(self.machine, &reader, host, &wanted);
            let is_expected = known.is_some_and(|known| {
                !wanted.is_empty()
                    && group
                        .browsers
                        .iter()
                        .any(|one| known.browsers.iter().any(|id| id == one.id))
            });
            let is_broken = found.iter().any(|one| one.severity == Severity::Broken);
            for finding in found {
                findings.push(Finding {
                    fix: fix.clone(),
                    ..finding
                });
            }
            match manifest {
                Some((file, manifest)) => {
                    is_anywhere = true;
                    let verdict = self.judge(&group, host, &file, &manifest);
                    if verdict.severity == Severity::Broken || !is_broken {
                        findings.push(verdict);
                    }
                    used.push(Used {
                        host: host.clone(),
                        manifest,
                    });
                }
                None if is_broken => {}
                None if is_expected => {
                    let finding = Finding::fault(&about, manifest::not_found(group.family, host));
                    findings.push(
                        Finding {
                            fix: fix.clone(),
                            ..finding
                        }
                        .of_host(host),
                    );
                }
                // Nobody wanted it there.
                None if wanted.is_empty() => {}
                None => findings.push(
                    Finding::note(&about, "it was not registered there")
                        .of_host(host)
                        .mended_by(format!(
                            "`portcullis register {host}` does, if it should be"
                        )),
                ),
            }
        }
        if !is_anywhere && known.is_none() {
            findings.push(
                Finding::note(
                    "hosts",
                    "it has a launcher, and no browser has a manifest that leads to it",
                )
                .of_host(host)
                .mended_by(format!("`portcullis unregister {host}` removes it")),
            );
        }
    }

    /// Whether registering the host again, as it was, would change something.
    fn can_be_mended(&self, host: &HostName) -> bool {
        let Some(program) = &self.program else {
            return false;
        };
        let plan = registration::plan_again(self.machine, self.ground, self.record, host, program);
        let Ok(Some(plan)) = plan else {
            return false;
        };
        plan.changed().next().is_some() || launcher_fault(&plan.launcher, program).is_some()
    }

    /// A manifest that a browser uses: whose it is, and whether it can be followed.
    fn judge(
        &self,
        group: &Group,
        host: &HostName,
        file: &Path,
        manifest: &HostManifest,
    ) -> Finding {
        let about = crate::verbs::register::names(&group.browsers);
        let program = manifest.program(file);
        let is_ours = program
            .parent()
            .is_some_and(|folder| self.hosts.iter().any(|hosts| hosts == folder));
        if !is_ours {
            let detail = format!(
                "its manifest starts `{}`, which is not ours",
                escape(manifest.path())
            );
            let mend = format!(
                "`portcullis register {host} --force` takes the name over; or use another one"
            );
            return Finding::broken(about, detail)
                .of_host(host)
                .in_file(file)
                .mended_by(mend);
        }
        let out_of_reach = group.browsers.iter().find_map(|browser| {
            let program = self.program.as_ref()?;
            registration::out_of_reach(self.machine, browser, self.ground.root(), program)
        });
        if let Some(sentence) = out_of_reach {
            return Finding::broken(about, sentence).of_host(host).in_file(file);
        }
        let count = manifest
            .allowed()
            .iter()
            .filter(|allowed| allowed.origin.is_some())
            .count();
        let extensions = if count == 1 {
            "extension"
        } else {
            "extensions"
        };
        Finding::good(about, format!("{count} {extensions} may connect"))
            .of_host(host)
            .in_file(file)
    }

    /// Whether the launcher of this user's leads to the program beside this one.
    fn check_launcher(
        &self,
        host: &HostName,
        home: Option<&Home>,
        known: Option<&Registered>,
        findings: &mut Findings,
    ) {
        let (Some(home), Some(program)) = (home, &self.program) else {
            return;
        };
        let launcher = launcher::path(home.root(), host);
        if known.is_none() && fs::symlink_metadata(&launcher).is_err() {
            // A host of the system's.
            return;
        }
        let Some((severity, detail)) = launcher_fault(&launcher, program) else {
            return;
        };
        let finding = match severity {
            Severity::Broken => Finding::broken("launcher", detail),
            _ => Finding::warning("launcher", detail),
        };
        findings.push(Finding {
            fix: known.map(|_| Fix::Register(host.clone())),
            ..finding
                .of_host(host)
                .in_file(launcher)
                .mended_by(format!("`portcullis register {host}` makes it again"))
        });
    }

    /// The browsers that matter for a host: those on this machine, and those that it was registered with.
    fn groups(&self, host: &HostName, known: Option<&Registered>) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for browser in self.machine.browsers() {
            let is_recorded =
                known.is_some_and(|known| known.browsers.iter().any(|id| id == browser.id));
            let is_installed = self.installed.iter().any(|one| one.id == browser.id);
            if !is_installed && !is_recorded {
                continue;
            }
            let places = self.machine.read_by(browser, host);
            let policies = policies::of(self.machine, browser);
            let same = |group: &&mut Group| {
                group.family == browser.family
                    && group.places == places
                    && group.policies == policies
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.browsers.push(browser),
                None => groups.push(Group {
                    browsers: vec![browser],
                    family: browser.family,
                    places,
                    policies,
                }),
            }
        }
        groups
    }
}

fn files_in(folder: PathBuf) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}
