//! What can be reached of the network where one TCP port is granted.
//!
//! `connect-where-granted`, `send-a-datagram` and `start-a-thread` have to stay possible, since HTTP and name servers
//! are reached that way; all else has to be refused.

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};

use portcullis_core::policy::Strictness;
use portcullis_sandbox::confine::{Needs, confine};

/// Does each deed and prints a line for it.
pub(super) fn probe(strictness: Strictness) -> io::Result<()> {
    let here = Ipv4Addr::LOCALHOST;
    let granted = TcpListener::bind((here, 0))?;
    let other = TcpListener::bind((here, 0))?;
    let datagrams = UdpSocket::bind((here, 0))?;
    let [granted_port, other_port] = [&granted, &other].map(|it| it.local_addr());
    let (granted_port, other_port) = (granted_port?.port(), other_port?.port());
    let needs = Needs {
        ports: [granted_port].into(),
        ..Needs::default()
    };
    confine(strictness, &needs).map_err(io::Error::other)?;

    let (stream, datagram) = (libc::SOCK_STREAM, libc::SOCK_DGRAM);
    let deeds: [(&str, io::Result<()>); 13] = [
        (
            "connect-where-granted",
            TcpStream::connect((here, granted_port)).map(drop),
        ),
        ("send-a-datagram", send_datagram(&datagrams)),
        (
            "start-a-thread",
            std::thread::spawn(|| ())
                .join()
                .map_err(|_| io::Error::other("it panicked")),
        ),
        (
            "connect-elsewhere",
            TcpStream::connect((here, other_port)).map(drop),
        ),
        (
            "connect-elsewhere-by-sending",
            looked(connect_by_sending(other_port)),
        ),
        ("bind-a-stream", bind_stream()),
        ("listen", listen()),
        (
            "open-a-local-socket",
            open(libc::AF_UNIX, stream, 0).map(drop),
        ),
        (
            "open-a-socket-to-the-kernel",
            open(libc::AF_NETLINK, datagram, 0).map(drop),
        ),
        (
            "open-a-pair-of-sockets",
            std::os::unix::net::UnixStream::pair().map(drop),
        ),
        (
            "open-a-socket-of-many-paths",
            looked(open(libc::AF_INET, stream, libc::IPPROTO_MPTCP).map(drop)),
        ),
        (
            "open-a-socket-of-another-kind",
            looked(open(libc::AF_INET, libc::SOCK_SEQPACKET, 0).map(drop)),
        ),
        (
            "open-a-socket-of-another-protocol",
            looked(open(libc::AF_INET, stream, libc::IPPROTO_SCTP).map(drop)),
        ),
    ];
    let mut out = io::stdout().lock();
    for (deed, result) in deeds {
        match result {
            Ok(()) => writeln!(out, "{deed} done")?,
            Err(error) => writeln!(out, "{deed} refused: {error}")?,
        }
    }
    Ok(())
}

/// Not every kernel offers everything, and saying so is no refusal: what matters is whether it was let look.
fn looked(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::PermissionDenied => Ok(()),
        result => result,
    }
}

fn open(family: libc::c_int, kind: libc::c_int, protocol: libc::c_int) -> io::Result<OwnedFd> {
    // SAFETY: takes numbers only.
    let socket = unsafe { libc::socket(family, kind, protocol) };
    if socket < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made it, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(socket) })
}

fn send_datagram(to: &UdpSocket) -> io::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.connect(to.local_addr()?)?;
    socket.send(b"x")?;
    to.recv(&mut [0; 1]).map(drop)
}

/// The address of a port of this machine, as the system has it.
fn address(port: u16) -> io::Result<libc::sockaddr_in> {
    // SAFETY: all-zero is a valid address.
    let mut address: libc::sockaddr_in = unsafe { std::mem::zeroed() };
    address.sin_family = libc::sa_family_t::try_from(libc::AF_INET).map_err(io::Error::other)?;
    address.sin_port = port.to_be();
    address.sin_addr.s_addr = u32::from(Ipv4Addr::LOCALHOST).to_be();
    Ok(address)
}

fn size() -> io::Result<libc::socklen_t> {
    libc::socklen_t::try_from(size_of::<libc::sockaddr_in>()).map_err(io::Error::other)
}

fn connect_by_sending(port: u16) -> io::Result<()> {
    let socket = open(libc::AF_INET, libc::SOCK_STREAM, 0)?;
    let (address, size) = (address(port)?, size()?);
    // SAFETY: the byte and the address live for the call, and the sizes are their own.
    let sent = unsafe {
        libc::sendto(
            socket.as_raw_fd(),
            b"x".as_ptr().cast(),
            1,
            libc::MSG_FASTOPEN,
            (&raw const address).cast(),
            size,
        )
    };
    if sent < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

fn bind_stream() -> io::Result<()> {
    let socket = open(libc::AF_INET, libc::SOCK_STREAM, 0)?;
    let (address, size) = (address(0)?, size()?);
    // SAFETY: the address lives for the call, and the size is its own.
    let bound = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), size) };
    if bound < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

fn listen() -> io::Result<()> {
    let socket = open(libc::AF_INET, libc::SOCK_STREAM, 0)?;
    // SAFETY: takes numbers only. The system binds it to some port first.
    if unsafe { libc::listen(socket.as_raw_fd(), 1) } < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
