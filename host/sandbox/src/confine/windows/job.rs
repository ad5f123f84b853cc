//! Job objects: what holds a process and those that it starts, with limits, and ends them with it.
//!
//! A process puts itself into a job and keeps the only handle to the end of its life. So whatever it starts is in the
//! job from the first moment, and is ended by the system when the process ends, however that happens.

use std::io;
use std::mem;
use std::os::windows::io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle};
use std::ptr;
use std::time::Duration;

use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_ACTIVE_PROCESS,
    JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOB_OBJECT_LIMIT_PROCESS_MEMORY, JOB_OBJECT_LIMIT_PROCESS_TIME, JOB_OBJECT_UILIMIT_DESKTOP,
    JOB_OBJECT_UILIMIT_DISPLAYSETTINGS, JOB_OBJECT_UILIMIT_EXITWINDOWS,
    JOB_OBJECT_UILIMIT_GLOBALATOMS, JOB_OBJECT_UILIMIT_HANDLES, JOB_OBJECT_UILIMIT_READCLIPBOARD,
    JOB_OBJECT_UILIMIT_SYSTEMPARAMETERS, JOB_OBJECT_UILIMIT_WRITECLIPBOARD,
    JOBOBJECT_BASIC_UI_RESTRICTIONS, JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JOBOBJECTINFOCLASS,
    JobObjectBasicUIRestrictions, JobObjectExtendedLimitInformation, SetInformationJobObject,
};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

/// Everything that a job can keep its processes from on the desktop.
const INTERFACE: u32 = JOB_OBJECT_UILIMIT_DESKTOP
    | JOB_OBJECT_UILIMIT_DISPLAYSETTINGS
    | JOB_OBJECT_UILIMIT_EXITWINDOWS
    | JOB_OBJECT_UILIMIT_GLOBALATOMS
    | JOB_OBJECT_UILIMIT_HANDLES
    | JOB_OBJECT_UILIMIT_READCLIPBOARD
    | JOB_OBJECT_UILIMIT_SYSTEMPARAMETERS
    | JOB_OBJECT_UILIMIT_WRITECLIPBOARD;

/// What each process of a job may take; `None` is without a limit.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// Processes at a time.
    pub processes: Option<u32>,
    /// Memory that is backed by RAM or the page file, in bytes. An allocation beyond it fails.
    pub memory: Option<usize>,
    /// Processor time in user mode. The system ends the process when it is over.
    pub time: Option<Duration>,
}

/// Whether the processes of a job have a share in the desktop: clipboard, windows of others, settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserInterface {
    /// They have.
    Allowed,
    /// They have not. A process that is in another job cannot enter such a one.
    Refused,
}

/// A job that nobody is in yet.
#[derive(Debug)]
pub struct Job(OwnedHandle);

impl Job {
    /// Makes a job. With any limit, its processes end at a fault that nobody handles instead of asking a person.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn new(limits: Limits, interface: UserInterface) -> io::Result<Self> {
        // SAFETY: a job without a name and with the common attributes, which nobody inherits.
        let handle = unsafe { CreateJobObjectW(ptr::null(), ptr::null()) };
        if handle.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the handle was just made and is nobody else's.
        let job = Self(unsafe { OwnedHandle::from_raw_handle(handle) });
        job.set(JobObjectExtendedLimitInformation, &information(limits))?;
        if interface == UserInterface::Refused {
            let restrictions = JOBOBJECT_BASIC_UI_RESTRICTIONS {
                UIRestrictionsClass: INTERFACE,
            };
            job.set(JobObjectBasicUIRestrictions, &restrictions)?;
        }
        Ok(job)
    }

    /// Puts this process into the job for the rest of its life.
    ///
    /// # Errors
    ///
    /// What the system says, for example where the process is in a job that allows no other.
    pub fn enter(self) -> io::Result<()> {
        // SAFETY: the job is open, and the pseudo-handle of this process is always valid.
        if unsafe { AssignProcessToJobObject(self.0.as_raw_handle(), GetCurrentProcess()) } == 0 {
            return Err(io::Error::last_os_error());
        }
        // Closing it would end this process.
        mem::forget(self.0);
        Ok(())
    }

    fn set<T>(&self, what: JOBOBJECTINFOCLASS, information: &T) -> io::Result<()> {
        let length = u32::try_from(size_of::<T>()).unwrap_or(0);
        // SAFETY: each caller passes the structure that belongs to `what`, and it lives for the call.
        let done = unsafe {
            let information = ptr::from_ref(information).cast();
            SetInformationJobObject(self.0.as_raw_handle(), what, information, length)
        };
        if done == 0 {
            Err(io::Error::last_os_error())
        } else {
            Ok(())
        }
    }
}

fn information(limits: Limits) -> JOBOBJECT_EXTENDED_LIMIT_INFORMATION {
    let Limits {
        processes,
        memory,
        time,
    } = limits;
    let mut information = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
    let mut flags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    if let Some(processes) = processes {
        flags |= JOB_OBJECT_LIMIT_ACTIVE_PROCESS;
        information.BasicLimitInformation.ActiveProcessLimit = processes;
    }
    if let Some(memory) = memory {
        flags |= JOB_OBJECT_LIMIT_PROCESS_MEMORY;
        information.ProcessMemoryLimit = memory;
    }
    if let Some(time) = time {
        flags |= JOB_OBJECT_LIMIT_PROCESS_TIME;
        // In units of 100 ns.
        let units = i64::try_from(time.as_nanos() / 100).unwrap_or(i64::MAX);
        information.BasicLimitInformation.PerProcessUserTimeLimit = units;
    }
    if processes.is_some() || memory.is_some() || time.is_some() {
        flags |= JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
    }
    information.BasicLimitInformation.LimitFlags = flags;
    information
}
