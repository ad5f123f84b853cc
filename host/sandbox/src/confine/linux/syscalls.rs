//! Seccomp: the system calls that this program never makes and that an attacker would need.
//!
//! A list of what is refused, not of what is allowed: the set that a C library uses differs between libraries and
//! versions, and a host that dies on an update of the system would be switched off. What is refused fails with EPERM
//! instead of ending the process, so a refusal can be seen in a log; only `clone3` fails with ENOSYS, since its
//! arguments cannot be examined and C libraries then fall back to `clone`, whose can.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, sock_filter,
};

use portcullis_core::policy::Access;

use super::Needs;

/// Calls that `libc` does not number on every machine and with every C library; the numbers above 423 are the same
/// everywhere.
const FCHMODAT2: libc::c_long = 452;
const SETXATTRAT: libc::c_long = 463;
const REMOVEXATTRAT: libc::c_long = 466;
const FILE_SETATTR: libc::c_long = 469;

/// Refused whatever the arguments.
const REFUSED: &[libc::c_long] = &[
    // Another program.
    libc::SYS_execve,
    libc::SYS_execveat,
    // Other processes, and the memory of this one from outside its own rules.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_kcmp,
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_setpriority,
    // What is known of a file besides its contents, by its path: Landlock covers none of it.
    libc::SYS_fchmodat,
    FCHMODAT2,
    libc::SYS_fchownat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    SETXATTRAT,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    REMOVEXATTRAT,
    FILE_SETATTR,
    libc::SYS_userfaultfd,
    libc::SYS_memfd_create,
    libc::SYS_memfd_secret,
    // Large doors to the kernel.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_setup,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_fanotify_init,
    libc::SYS_personality,
    // The shape of the file system and of the system.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_reboot,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    // Being reached from outside, and reaching other programs here.
    libc::SYS_socketpair,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    // Message queues and shared memory of System V and POSIX, which outlive the process.
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_msgget,
    libc::SYS_semget,
    libc::SYS_mq_open,
];

/// Refused whatever the arguments, where nothing on the network is granted.
const NETWORK: &[libc::c_long] = &[libc::SYS_socket, libc::SYS_connect, libc::SYS_bind];

/// Refused whatever the arguments, with what only this machine has or numbers so.
#[cfg(target_arch = "x86_64")]
const REFUSED_HERE: &[libc::c_long] = &[
    libc::SYS_fork,
    libc::SYS_vfork,
    libc::SYS_iopl,
    libc::SYS_ioperm,
    libc::SYS_modify_ldt,
    libc::SYS_kexec_file_load,
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_futimesat,
];
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_HERE: &[libc::c_long] = &[
    // `kexec_file_load`, which not every C library numbers here.
    294,
];

#[cfg(target_arch = "x86_64")]
const MACHINE: TargetArch = TargetArch::x86_64;
#[cfg(target_arch = "aarch64")]
const MACHINE: TargetArch = TargetArch::aarch64;

/// Restricts this thread, and so all that come from it.
pub(super) fn restrict(needs: &Needs<'_>) -> Result<(), String> {
    let permission = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let absent = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let refused = program(
        refusals(needs).map_err(|error| error.to_string())?,
        permission,
    )?;
    let unexaminable = program(BTreeMap::from([(libc::SYS_clone3, Vec::new())]), absent)?;
    for program in [&foreign_numbers(), &unexaminable, &refused] {
        seccompiler::apply_filter(program).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Refuses what the lists cannot name: on x86-64 every call has a second number, bit 30 set, for programs with short
/// pointers, and a kernel that offers those would let all of them pass.
fn foreign_numbers() -> BpfProgram {
    const LOAD_NUMBER: u16 = 0x20;
    const JUMP_IF_AT_LEAST: u16 = 0x35;
    const RETURN: u16 = 0x06;
    const SHORT_POINTERS: u32 = 0x4000_0000;
    let refuse = libc::SECCOMP_RET_ERRNO | libc::EPERM.unsigned_abs();
    // On other machines no number is that high.
    let step = |code, jt, jf, k| sock_filter { code, jt, jf, k };
    vec![
        step(LOAD_NUMBER, 0, 0, 0),
        step(JUMP_IF_AT_LEAST, 0, 1, SHORT_POINTERS),
        step(RETURN, 0, 0, refuse),
        step(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
    ]
}

type Rules = BTreeMap<libc::c_long, Vec<SeccompRule>>;

fn program(rules: Rules, action: SeccompAction) -> Result<BpfProgram, String> {
    SeccompFilter::new(rules, SeccompAction::Allow, action, MACHINE)
        .and_then(BpfProgram::try_from)
        .map_err(|error| error.to_string())
}

fn refusals(needs: &Needs<'_>) -> Result<Rules, seccompiler::BackendError> {
    let always = REFUSED
        .iter()
        .chain(REFUSED_HERE)
        .map(|call| (*call, Vec::new()));
    let mut rules: Rules = always.collect();
    if needs.ports.is_empty() {
        rules.extend(NETWORK.iter().map(|call| (*call, Vec::new())));
    } else {
        rules.insert(libc::SYS_socket, foreign_sockets()?);
        rules.extend(connecting_sends()?);
    }
    // A thread is made with CLONE_THREAD; without it, it is a process.
    let thread = u64::from(libc::CLONE_THREAD.unsigned_abs());
    rules.insert(
        libc::SYS_clone,
        vec![argument(0, SeccompCmpOp::MaskedEq(thread), 0)?],
    );
    rules.extend(other_processes()?);
    let is_writable = |(_, access): &(_, Access)| *access == Access::ReadWrite;
    if !needs.folders.iter().any(is_writable) {
        // Landlock does not cover times either, but a plugin may set them where it may write.
        rules.insert(libc::SYS_utimensat, Vec::new());
    }
    if needs.code.is_empty() {
        // All native code is mapped by now.
        let executable = u64::from(libc::PROT_EXEC.unsigned_abs());
        for call in [libc::SYS_mmap, libc::SYS_mprotect, libc::SYS_pkey_mprotect] {
            let rule = argument(2, SeccompCmpOp::MaskedEq(executable), executable)?;
            rules.insert(call, vec![rule]);
        }
    }
    Ok(rules)
}

/// What reaches another process, or does not, by its arguments.
fn other_processes() -> Result<Rules, seccompiler::BackendError> {
    // A descriptor's owner gets its signals.
    const FIOSETOWN: u64 = 0x8901;
    const SIOCSPGRP: u64 = 0x8902;
    const F_SETOWN: u64 = 8;
    const F_SETOWN_EX: u64 = 15;
    // C libraries end a process that aborts by a signal to one of its own threads.
    let own = u64::from(std::process::id());
    Ok(BTreeMap::from([
        (libc::SYS_tgkill, vec![argument(0, SeccompCmpOp::Ne, own)?]),
        // Its own limits are named by 0, and C libraries set and read them that way.
        (libc::SYS_prlimit64, vec![argument(0, SeccompCmpOp::Ne, 0)?]),
        (
            libc::SYS_fcntl,
            vec![
                argument(1, SeccompCmpOp::Eq, F_SETOWN)?,
                argument(1, SeccompCmpOp::Eq, F_SETOWN_EX)?,
            ],
        ),
        (
            libc::SYS_ioctl,
            vec![
                // The terminal's input queue: characters that a shell would read as typed.
                argument(1, SeccompCmpOp::Eq, libc::TIOCSTI)?,
                argument(1, SeccompCmpOp::Eq, FIOSETOWN)?,
                argument(1, SeccompCmpOp::Eq, SIOCSPGRP)?,
            ],
        ),
    ]))
}

/// Sockets of every kind but those of TCP and UDP. What a socket of TCP may be connected to is Landlock's to say, and
/// only of plain TCP: one of multipath TCP looks the same to a program and is another to Landlock.
fn foreign_sockets() -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    let none_of = |place, values: &[libc::c_int]| {
        let each = values.iter().map(|value| {
            let value = u64::from(value.unsigned_abs());
            SeccompCondition::new(place, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, value)
        });
        SeccompRule::new(each.collect::<Result<Vec<_>, _>>()?)
    };
    // A type has four bits, and flags above them. Streams are 1 and datagrams 2; every other type has both of these bits,
    // or a higher one.
    let other_types = [0b0011, 0b0100, 0b1000];
    let mut rules = vec![
        none_of(0, &[libc::AF_INET, libc::AF_INET6])?,
        none_of(2, &[0, libc::IPPROTO_TCP, libc::IPPROTO_UDP])?,
    ];
    for bits in other_types {
        rules.push(argument(1, SeccompCmpOp::MaskedEq(bits), bits)?);
    }
    Ok(rules)
}

/// Sending that connects on the way (TCP Fast Open), which Landlock does not see.
fn connecting_sends() -> Result<Rules, seccompiler::BackendError> {
    let flag = u64::from(libc::MSG_FASTOPEN.unsigned_abs());
    let flags_at = [
        (libc::SYS_sendto, 3),
        (libc::SYS_sendmsg, 2),
        (libc::SYS_sendmmsg, 3),
    ];
    let rules = flags_at.map(|(call, place)| {
        let rule = argument(place, SeccompCmpOp::MaskedEq(flag), flag)?;
        Ok((call, vec![rule]))
    });
    rules.into_iter().collect()
}

/// A rule about the lower half of one argument.
fn argument(
    place: u8,
    compare: SeccompCmpOp,
    value: u64,
) -> Result<SeccompRule, seccompiler::BackendError> {
    let length = SeccompCmpArgLen::Dword;
    SeccompRule::new(vec![SeccompCondition::new(place, length, compare, value)?])
}
