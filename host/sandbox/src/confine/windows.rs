//! Windows: a job object, then what a process can refuse itself.
//!
//! None of it keeps the process from files or from the network: that takes a token or an app container that another
//! process gives it at its start, and nobody does. So this is less than on Linux, and each part of it is a layer of its
//! own, so that it is seen what there is.

pub mod job;

use std::io;

use windows_sys::Win32::System::Threading::{
    PROCESS_MITIGATION_POLICY, ProcessChildProcessPolicy, ProcessDynamicCodePolicy,
    ProcessExtensionPointDisablePolicy, ProcessSystemCallDisablePolicy, SetProcessMitigationPolicy,
};

use super::{Layers, Needs};
use job::{Job, Limits, UserInterface};

pub(super) fn confine(needs: &Needs<'_>, layers: &mut Layers) {
    enter_jobs(needs, layers);
    layers.record("no-child-processes", refuse(ProcessChildProcessPolicy));
    // Libraries that others put into every process: input methods, hooks, old shims.
    layers.record(
        "no-extension-points",
        refuse(ProcessExtensionPointDisablePolicy),
    );
    // The part of the kernel that draws windows, from which most ways out of a sandbox have led.
    layers.record("no-win32k", refuse(ProcessSystemCallDisablePolicy));
    let dynamic_code = if needs.code.is_empty() {
        refuse(ProcessDynamicCodePolicy)
    } else {
        Err("plugins are still to be loaded in this port".to_owned())
    };
    layers.record("no-dynamic-code", dynamic_code);
}

/// One process, ended at a fault that nobody handles, and without a share in the desktop. A process that is in a job
/// already, such as Firefox's, may not enter one that is kept from the desktop: then it enters one without that.
fn enter_jobs(needs: &Needs<'_>, layers: &mut Layers) {
    let limits = Limits {
        processes: Some(1),
        memory: needs
            .memory
            .map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX)),
        ..Limits::default()
    };
    let enter = |interface| Job::new(limits, interface).and_then(Job::enter);
    let (job, interface) = match enter(UserInterface::Refused) {
        Ok(()) => (Ok(()), Ok(())),
        Err(refused) => (enter(UserInterface::Allowed), Err(refused)),
    };
    layers.record("job", job.map_err(said));
    layers.record("no-user-interface", interface.map_err(said));
}

/// Turns on what is the first bit of a policy: that it refuses.
fn refuse(policy: PROCESS_MITIGATION_POLICY) -> Result<(), String> {
    let refused: u32 = 1;
    // SAFETY: each of the policies that are asked for is a structure of 32 bits, and `refused` lives for the call.
    let done = unsafe {
        SetProcessMitigationPolicy(policy, (&raw const refused).cast(), size_of_val(&refused))
    };
    if done == 0 {
        Err(said(io::Error::last_os_error()))
    } else {
        Ok(())
    }
}

fn said(error: io::Error) -> String {
    error.to_string()
}
