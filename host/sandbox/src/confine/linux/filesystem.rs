//! Landlock: no path can be opened any more, no TCP port reached, no process outside signalled.
//!
//! Descriptors that are open stay usable, so a process that has opened all that it needs needs no path at all. The one
//! exceptions are artifacts that will be mapped later, each allowed as the one file that it is, the folders of a grant,
//! and the TCP ports of one.

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, NetPort,
    PathBeneath, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetError, RulesetStatus,
    Scope,
};

use portcullis_core::policy::Access;

use super::Needs;

/// The rights that are known and taken away: those of ABI 6 (Linux 6.12), the first that also covers signals and
/// abstract sockets. An older kernel takes away what it knows.
const KNOWN: ABI = ABI::V6;

/// The least that counts as this layer: ABI 3 (Linux 6.2), the first that covers truncation, without which a file
/// that may be read could be emptied.
const LEAST: ABI = ABI::V3;

/// Restricts this thread, and so all that come from it.
pub(super) fn restrict(needs: &Needs<'_>) -> Result<(), String> {
    match try_restrict(needs) {
        Ok(RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced) => Ok(()),
        Ok(RulesetStatus::NotEnforced) => Err("the kernel does not offer it".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// What a granted folder allows: regular files and folders, and links between them. No device, socket or pipe can be
/// made, and nothing can be started from there.
fn rights(access: Access) -> BitFlags<AccessFs> {
    let reading = AccessFs::ReadFile | AccessFs::ReadDir;
    let writing = AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::MakeSym
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir
        | AccessFs::Refer;
    match access {
        Access::ReadOnly => reading,
        Access::ReadWrite => reading | writing,
    }
}

fn try_restrict(needs: &Needs<'_>) -> Result<RulesetStatus, RulesetError> {
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::SoftRequirement)
        .handle_access(AccessFs::from_all(LEAST))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(KNOWN))?
        .handle_access(AccessNet::from_all(KNOWN))?
        .scope(Scope::from_all(KNOWN))?
        .create()?;
    for file in &needs.code {
        ruleset = ruleset.add_rule(PathBeneath::new(file, AccessFs::ReadFile))?;
    }
    for (folder, access) in &needs.folders {
        ruleset = ruleset.add_rule(PathBeneath::new(folder, rights(*access)))?;
    }
    for port in &needs.ports {
        ruleset = ruleset.add_rule(NetPort::new(*port, AccessNet::ConnectTcp))?;
    }
    Ok(ruleset.restrict_self()?.ruleset)
}
