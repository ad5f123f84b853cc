//! Landlock: no path can be opened any more, no TCP port reached, no process outside signalled.
//!
//! The last is a bonus of newer kernels: the filter of system calls refuses signals everywhere.
//!
//! Descriptors that are open stay usable, so a process that has opened all that it needs needs no path at all. The one
//! exceptions are artifacts that will be mapped later, each allowed as the one file that it is, the folders of a grant,
//! and the TCP ports of one.

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, LandlockStatus,
    NetPort, PathBeneath, RestrictionStatus, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _,
    RulesetError, RulesetStatus, Scope,
};

use portcullis_core::policy::Access;

use super::Needs;

/// The rights that are known and taken away: those of ABI 6 (Linux 6.12), the first that also covers signals and
/// abstract sockets. An older kernel takes away what it knows; what has to be taken away is said by [`judge`].
const KNOWN: ABI = ABI::V6;

/// The least that counts as this layer: ABI 3 (Linux 6.2), the first that covers truncation, without which a file
/// that may be read could be emptied.
const LEAST: ABI = ABI::V3;

/// The least where a TCP port is granted: ABI 4 (Linux 6.7), the first that limits ports. Without a granted port no
/// socket can be made, and nothing has to be limited.
const LEAST_WITH_PORTS: ABI = ABI::V4;

/// Restricts this thread, and so all that come from it.
///
/// # Errors
///
/// Why the layer is not complete for these needs. The process is then restricted as far as the kernel goes.
pub(super) fn restrict(needs: &Needs<'_>) -> Result<(), String> {
    let status = try_restrict(needs).map_err(|error| error.to_string())?;
    match status.landlock {
        LandlockStatus::Available { effective_abi, .. } => judge(effective_abi, needs)?,
        LandlockStatus::NotEnabled | LandlockStatus::NotImplemented => return Err(absent()),
    }
    match status.ruleset {
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
        RulesetStatus::NotEnforced => Err(absent()),
    }
}

fn absent() -> String {
    "the kernel does not offer it".to_owned()
}

/// Whether a kernel with this ABI takes away all that these needs leave to Landlock alone, or why not.
fn judge(kernel: ABI, needs: &Needs<'_>) -> Result<(), String> {
    if kernel < LEAST {
        let reason = "the kernel's own lets files be emptied: Linux 6.2 or newer is needed";
        return Err(reason.to_owned());
    }
    if !needs.ports.is_empty() && kernel < LEAST_WITH_PORTS {
        let reason = "the kernel's own limits no TCP ports: Linux 6.7 or newer is needed for HTTP";
        return Err(reason.to_owned());
    }
    Ok(())
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

fn try_restrict(needs: &Needs<'_>) -> Result<RestrictionStatus, RulesetError> {
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
    ruleset.restrict_self()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_kernel_counts_only_where_it_takes_away_what_the_needs_leave_to_it() {
        let without_ports = Needs::default();
        let with_ports = Needs {
            ports: [443].into(),
            ..Needs::default()
        };
        for (kernel, needs, reason) in [
            (ABI::V1, &without_ports, Some("Linux 6.2")),
            (ABI::V2, &without_ports, Some("Linux 6.2")),
            (ABI::V2, &with_ports, Some("Linux 6.2")),
            (ABI::V3, &without_ports, None),
            (ABI::V3, &with_ports, Some("Linux 6.7")),
            (ABI::V4, &without_ports, None),
            (ABI::V4, &with_ports, None),
            (ABI::V6, &with_ports, None),
        ] {
            let judged = judge(kernel, needs);
            let as_expected = match (&judged, reason) {
                (Ok(()), None) => true,
                (Err(given), Some(reason)) => given.contains(reason),
                _ => false,
            };
            assert!(as_expected, "{kernel:?} with {needs:?}: {judged:?}");
        }
    }
}
