//! `doctor --fix`: makes again what is ours.

use std::env;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};
use portcullis_core::names::PluginName;

use super::finding::Fix;
use super::launcher::launcher_fault;
use crate::browsers::record::Record;
use crate::browsers::registration::{self, Ground};
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
                let (machine, program) = (environment.machine(), host_program()?);
                let ground = Ground::of_user(home.root());
                let plan = registration::plan_again(&machine, &ground, &record, host, &program)?;
                let Some(plan) = plan else {
                    continue;
                };
                let had_launcher = launcher_fault(&plan.launcher, &program).is_none();
                let failures = plan.carry_out_for_user(&machine, &lock, &program)?;
                for step in plan.changed() {
                    if !failures
                        .iter()
                        .any(|(failed, _)| std::ptr::eq(*failed, step))
                    {
                        done.push(format!("`{}`", step.place));
                    }
                }
                if !had_launcher {
                    done.push(format!("the launcher `{}`", plan.launcher.display()));
                }
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
