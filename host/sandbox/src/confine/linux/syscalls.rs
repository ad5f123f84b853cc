//! Seccomp: the system calls that this program never makes and that an attacker would need.
//!
//! A list of what is refused, not of what is allowed: the set that a C library uses differs between libraries and
//! versions, and a host that dies on an update of the system would be switched off. What is refused fails with EPERM
//! instead of ending the process, so a refusal can be seen in a log; only `clone3` fails with ENOSYS, since its
//! arguments cannot be examined and C libraries then fall back to `clone`, whose can.

use portcullis_core::policy::Access;

use super::Needs;
use program::{Compare, Errno, Refusal, Rules};

mod program;

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

/// Restricts this thread, and so all that come from it.
pub(super) fn restrict(needs: &Needs<'_>) -> Result<(), String> {
    let program = program::program(&rules(needs));
    seccompiler::apply_filter(&program).map_err(|error| error.to_string())
}

fn rules(needs: &Needs<'_>) -> Rules {
    let always = REFUSED.iter().chain(REFUSED_HERE);
    let mut rules = Rules::new();
    let mut refuse = |call: libc::c_long, refusal: Refusal| {
        let number = u32::try_from(call).expect("numbers of system calls are small and positive");
        rules.insert(number, (refusal, Errno::Permission));
    };
    for call in always {
        refuse(*call, Vec::new());
    }
    if needs.ports.is_empty() {
        for call in NETWORK {
            refuse(*call, Vec::new());
        }
    } else {
        refuse(libc::SYS_socket, foreign_sockets());
        // Sending that connects on the way (TCP Fast Open), which Landlock does not see.
        let flag = libc::MSG_FASTOPEN.unsigned_abs();
        for (call, flags_at) in [
            (libc::SYS_sendto, 3),
            (libc::SYS_sendmsg, 2),
            (libc::SYS_sendmmsg, 3),
        ] {
            refuse(call, vec![vec![(flags_at, all_of(flag))]]);
        }
    }
    // A thread is made with CLONE_THREAD; without it, it is a process.
    let thread = Compare::Bits {
        mask: libc::CLONE_THREAD.unsigned_abs(),
        set: 0,
    };
    refuse(libc::SYS_clone, vec![vec![(0, thread)]]);
    for (call, refusal) in other_processes() {
        refuse(call, refusal);
    }
    let is_writable = |(_, access): &(_, Access)| *access == Access::ReadWrite;
    if !needs.folders.iter().any(is_writable) {
        // Landlock does not cover times either, but a plugin may set them where it may write.
        refuse(libc::SYS_utimensat, Vec::new());
    }
    if needs.code.is_empty() {
        // All native code is mapped by now.
        let executable = all_of(libc::PROT_EXEC.unsigned_abs());
        for call in [libc::SYS_mmap, libc::SYS_mprotect, libc::SYS_pkey_mprotect] {
            refuse(call, vec![vec![(2, executable)]]);
        }
    }
    let clone3 = u32::try_from(libc::SYS_clone3).expect("small and positive");
    rules.insert(clone3, (Vec::new(), Errno::Absent));
    rules
}

/// What reaches another process, or does not, by its arguments.
fn other_processes() -> [(libc::c_long, Refusal); 4] {
    // A descriptor's owner gets its signals.
    const FIOSETOWN: u32 = 0x8901;
    const SIOCSPGRP: u32 = 0x8902;
    const F_SETOWN: u32 = 8;
    const F_SETOWN_EX: u32 = 15;
    // The terminal's input queue: characters that a shell would read as typed.
    const TIOCSTI: u32 = 0x5412;
    // C libraries end a process that aborts by a signal to one of its own threads.
    let own = std::process::id();
    let any_of = |place, values: &[u32]| {
        let each = values
            .iter()
            .map(|value| vec![(place, Compare::Equal(*value))]);
        each.collect::<Refusal>()
    };
    [
        (libc::SYS_tgkill, vec![vec![(0, Compare::NotEqual(own))]]),
        // Its own limits are named by 0, and C libraries set and read them that way.
        (libc::SYS_prlimit64, vec![vec![(0, Compare::NotEqual(0))]]),
        (libc::SYS_fcntl, any_of(1, &[F_SETOWN, F_SETOWN_EX])),
        (libc::SYS_ioctl, any_of(1, &[TIOCSTI, FIOSETOWN, SIOCSPGRP])),
    ]
}

/// Sockets of every kind but those of TCP and UDP. What a socket of TCP may be connected to is Landlock's to say, and
/// only of plain TCP: one of multipath TCP looks the same to a program and is another to Landlock.
fn foreign_sockets() -> Refusal {
    let none_of = |place, values: &[libc::c_int]| {
        let each = values.iter();
        each.map(|value| (place, Compare::NotEqual(value.unsigned_abs())))
            .collect()
    };
    // A type has four bits, and flags above them. Streams are 1 and datagrams 2; every other type has both of these bits,
    // or a higher one.
    let other_types = [0b0011, 0b0100, 0b1000];
    let mut refusal = vec![
        none_of(0, &[libc::AF_INET, libc::AF_INET6]),
        none_of(2, &[0, libc::IPPROTO_TCP, libc::IPPROTO_UDP]),
    ];
    refusal.extend(other_types.map(|bits| vec![(1, all_of(bits))]));
    refusal
}

/// All of these bits are set.
fn all_of(bits: u32) -> Compare {
    Compare::Bits {
        mask: bits,
        set: bits,
    }
}
