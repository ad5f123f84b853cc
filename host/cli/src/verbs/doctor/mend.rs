//! `doctor --fix`: makes again what is ours.

use std::env;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};
use portcullis_core::names::PluginName;

use super::finding::Fix;
use crate::browsers::Scope;
use crate::browsers::record::Record;
use crate::browsers::registration::{self, Ground, Wish};
use crate::environment::Environment;
use crate::hand_over::host_program;
use crate::installation;

/// Does all of it, and returns a line for each thing that was done. What is not ours stays as it is, and is found again.
pub(super) fn all(fixes: &[Fix], environment: &Environment) -> Result<Vec<String>> {
    let mut done = Vec::new();
    for fix in fixes {
        match fix {
            Fix::Register(host) => {
                let home = environment.home()?;
                let lock = installation::lock(&home, "doctor")?;
                let record = Record::load(&home)?;
                let Some(known) = record.find(host).cloned() else {
                    continue;
                };
                let machine = environment.machine();
                let known_browsers = machine.browsers().iter();
                let wish = Wish {
                    host: host.clone(),
                    allowed: known.allowed,
                    browsers: known_browsers
                        .filter(|browser| known.browsers.iter().any(|id| id == browser.id))
                        .collect(),
                    scope: Scope::User,
                };
                let program = host_program()?;
                let ground = Ground::of_user(home.root());
                let mut plan = registration::plan(&machine, &ground, &record, wish, &program)?;
                plan.leave_foreign_alone();
                let failures = plan.carry_out_for_user(&machine, &lock, &program)?;
                for step in plan.changed() {
                    if !failures
                        .iter()
                        .any(|(failed, _)| std::ptr::eq(*failed, step))
                    {
                        done.push(format!("`{}`", step.place));
                    }
                }
                done.push(format!("the launcher `{}`", plan.launcher.display()));
            }
            Fix::Rebuild(plugin) => {
                rebuild(plugin)?;
                done.push(format!("the native code of `{plugin}`"));
            }
        }
    }
    Ok(done)
}

/// Through this program's own verb, whose words must not get into what `doctor` prints.
fn rebuild(plugin: &PluginName) -> Result<()> {
    let output = Command::new(env::current_exe()?)
        .args(["rebuild", plugin.as_str()])
        .stdin(Stdio::null())
        .output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "cannot make the native code of `{plugin}` again: {}",
            said.trim_end()
        );
    }
    Ok(())
}
