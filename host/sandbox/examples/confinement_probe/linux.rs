//! Tries from inside what the second line refuses, for the tests.
//!
//! `confinement_probe free|confined FOLDER` does each deed and prints a line for it: `<deed> done` or
//! `<deed> refused: <why>`. Confined, it first puts on the very confinement that the host puts on; free, it does not,
//! which shows that the deeds are possible at all.
//!
//! `confinement_probe folders-free|folders-confined FOLDER FOLDER FOLDER` does the same with what can be reached of the
//! disk where the first folder is granted for writing and the second for reading.
//!
//! `confinement_probe network-free|network-confined` does the same with what can be reached of the network where one TCP
//! port is granted.
//!
//! `confinement_probe abort-confined FOLDER` aborts behind it, as a panic in a panic does.
//!
//! `confinement_probe without-landlock PROGRAM ARGUMENT…` becomes another program on a system without Landlock, for
//! tests of what happens where a layer is absent. `with-blocked-signals` does the same with the signals blocked that the
//! host lives by, as a careless parent may leave them.

mod folders;
mod network;
mod reaching;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitCode};

use portcullis_core::policy::Strictness;
use portcullis_sandbox::confine::{Needs, confine};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

/// Does what the command line asks for.
pub(crate) fn run() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match &arguments[1..] {
        ["free", folder] => probe(Path::new(folder), Strictness::Off),
        ["confined", folder] => probe(Path::new(folder), Strictness::Required),
        ["folders-free", a, b, c] => folders::probe([a, b, c].map(Path::new), Strictness::Off),
        ["folders-confined", a, b, c] => {
            folders::probe([a, b, c].map(Path::new), Strictness::Required)
        }
        ["abort-confined", _] => abort(),
        ["network-free"] => network::probe(Strictness::Off),
        ["network-confined"] => network::probe(Strictness::Required),
        ["without-landlock", program, rest @ ..] => become_without_landlock(program, rest),
        ["with-blocked-signals", program, rest @ ..] => become_with_blocked_signals(program, rest),
        _ => Err(io::Error::other(
            "free|confined|abort-confined FOLDER, network-free|network-confined, folders-free|folders-confined FOLDER FOLDER FOLDER, or without-landlock|with-blocked-signals PROGRAM ARGUMENT…",
        )),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is nobody else to tell.
            let _ = writeln!(io::stderr(), "confinement_probe: {error}");
            ExitCode::FAILURE
        }
    }
}

fn probe(folder: &Path, strictness: Strictness) -> io::Result<()> {
    // What an attacker could have got hold of before: a socket that is not connected, and something to connect to.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    let socket = open_socket()?;
    let mut kept = File::create(folder.join("open-before"))?;
    let target = reaching::Target::make(folder)?;
    confine(strictness, &Needs::default()).map_err(io::Error::other)?;

    // Before anything else: it signals itself, at which a process that is traced stops.
    reaching::own_work()?;
    let elsewhere = target.reach(&socket);
    let deeds: [(&str, io::Result<()>); 14] = [
        ("read-a-file", File::open("/etc/passwd").map(drop)),
        ("list-a-folder", std::fs::read_dir("/").map(drop)),
        (
            "write-in-the-home",
            std::fs::write(folder.join("written"), "x"),
        ),
        (
            "remove-in-the-home",
            std::fs::remove_file(folder.join("open-before")),
        ),
        (
            "start-a-program",
            Command::new("/bin/true")
                .spawn()
                .and_then(|mut child| child.wait())
                .map(drop),
        ),
        ("fork", fork()),
        ("open-a-socket", open_socket().map(drop)),
        ("connect", connect(&socket, port)),
        ("make-memory-executable", map_executable()),
        (
            "make-a-file-in-memory",
            system_call(libc::SYS_memfd_create, [c"x".as_ptr().addr(), 0, 0]),
        ),
        (
            "call-by-a-foreign-number",
            foreign_call(libc::SYS_getpid, [0; 3]),
        ),
        (
            "open-a-socket-by-a-foreign-number",
            foreign_call(
                libc::SYS_socket,
                [libc::AF_INET as usize, libc::SOCK_STREAM as usize, 0],
            ),
        ),
        ("signal-the-parent", signal_parent()),
        // The last, and with no child left: a process that is traced stops at its next signal.
        ("be-traced", system_call(libc::SYS_ptrace, [0, 0, 0])),
    ];
    let mut out = io::stdout().lock();
    for (deed, result) in elsewhere.into_iter().chain(deeds) {
        match result {
            Ok(()) => writeln!(out, "{deed} done")?,
            Err(error) => writeln!(out, "{deed} refused: {error}")?,
        }
    }
    // What the host itself needs afterwards must still be possible in either case.
    kept.write_all(b"still writable")?;
    std::thread::spawn(|| ())
        .join()
        .map_err(|_| io::Error::other("a thread cannot be started"))?;
    writeln!(out, "own-work done")
}

fn abort() -> io::Result<()> {
    confine(Strictness::Required, &Needs::default()).map_err(io::Error::other)?;
    std::process::abort()
}

/// A system call whose further arguments are 0.
fn system_call<const COUNT: usize>(
    number: libc::c_long,
    arguments: [usize; COUNT],
) -> io::Result<()> {
    let mut all = arguments.into_iter().chain([0; 6]);
    let mut next = || all.next().unwrap_or_default();
    let [a, b, c, d, e, f] = [(); 6].map(|()| next());
    // SAFETY: none of the calls that are made this way lets the kernel write to memory of this program, and what they let
    // it read lives for the call.
    let result = unsafe { libc::syscall(number, a, b, c, d, e, f) };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// A system call by the number that it has for programs with short pointers, where the machine is an x86-64: every call
/// has a second one there. Most kernels do not offer those, nor does any other machine, and then say so, which is no
/// refusal: what matters is whether the kernel was let look.
fn foreign_call(number: libc::c_long, arguments: [usize; 3]) -> io::Result<()> {
    const SHORT_POINTERS: libc::c_long = 0x4000_0000;
    match system_call(SHORT_POINTERS | number, arguments) {
        Err(error) if error.raw_os_error() == Some(libc::ENOSYS) => Ok(()),
        result => result,
    }
}

fn fork() -> io::Result<()> {
    // SAFETY: the child does nothing but end.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        // SAFETY: as above; no destructor of the parent's may run in the child.
        0 => unsafe { libc::_exit(0) },
        child => {
            // SAFETY: asks for nothing to be written.
            unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
            Ok(())
        }
    }
}

fn open_socket() -> io::Result<OwnedFd> {
    // SAFETY: takes numbers only.
    let socket = unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0) };
    if socket < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made it, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(socket) })
}

fn connect(socket: &OwnedFd, port: u16) -> io::Result<()> {
    let size =
        libc::socklen_t::try_from(size_of::<libc::sockaddr_in>()).map_err(io::Error::other)?;
    // SAFETY: all-zero is a valid address; it lives for the call, and its size is its own.
    let result = unsafe {
        let mut address: libc::sockaddr_in = std::mem::zeroed();
        address.sin_family =
            libc::sa_family_t::try_from(libc::AF_INET).map_err(io::Error::other)?;
        address.sin_port = port.to_be();
        address.sin_addr.s_addr = u32::from(Ipv4Addr::LOCALHOST).to_be();
        libc::connect(socket.as_raw_fd(), (&raw const address).cast(), size)
    };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

fn map_executable() -> io::Result<()> {
    let access = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
    let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a new anonymous map touches no memory of this program.
    let map = unsafe { libc::mmap(std::ptr::null_mut(), 4096, access, kind, -1, 0) };
    if map == libc::MAP_FAILED {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

fn signal_parent() -> io::Result<()> {
    // SAFETY: signal 0 is only a question.
    let result = unsafe { libc::kill(libc::getppid(), 0) };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

fn become_with_blocked_signals(program: &str, arguments: &[&str]) -> io::Result<()> {
    // SAFETY: an all-zero set is valid memory for `sigemptyset`, and each pointer lives for its call.
    let blocked = unsafe {
        let mut signals: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut signals);
        for signal in [libc::SIGALRM, libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
            libc::sigaddset(&mut signals, signal);
        }
        libc::sigprocmask(libc::SIG_BLOCK, &signals, std::ptr::null_mut())
    };
    if blocked != 0 {
        return Err(io::Error::last_os_error());
    }
    let mut command = Command::new(program);
    Err(command.args(arguments).exec())
}

fn become_without_landlock(program: &str, arguments: &[&str]) -> io::Result<()> {
    let rules = BTreeMap::from([(libc::SYS_landlock_create_ruleset, Vec::new())]);
    let absent = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let machine = std::env::consts::ARCH
        .try_into()
        .map_err(io::Error::other)?;
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, absent, machine);
    let filter = filter
        .and_then(BpfProgram::try_from)
        .map_err(io::Error::other)?;
    seccompiler::apply_filter(&filter).map_err(io::Error::other)?;
    let mut command = Command::new(program);
    Err(command.args(arguments).exec())
}
