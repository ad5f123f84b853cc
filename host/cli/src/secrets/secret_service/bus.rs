//! Where the session's bus is: a browser does not always say.
//!
//! Chromium takes `DBUS_SESSION_BUS_ADDRESS` out of the environment of the hosts that it starts. The bus of a session is
//! at a usual place then: `bus` in the folder of the session's sockets, which systemd makes as `/run/user/<number>`.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::environment::SessionBus;

/// The address: the one that is told, or the usual place. Whether anybody listens there shows when it is used.
pub(super) fn address(told: &SessionBus) -> String {
    let user = rustix::process::getuid().as_raw();
    address_for(told, user, Path::exists)
}

fn address_for(told: &SessionBus, user: u32, exists: impl Fn(&Path) -> bool) -> String {
    if let Some(address) = &told.address {
        return address.clone();
    }
    let usual = PathBuf::from(format!("/run/user/{user}/bus"));
    let folder = told.runtime_folder.as_ref();
    let of_session = folder.map(|folder| folder.join("bus"));
    let socket = of_session.filter(|socket| exists(socket)).unwrap_or(usual);
    escaped(&socket)
}

/// A path in an address: the D-Bus specification has all but a few characters escaped ("Server Addresses").
fn escaped(socket: &Path) -> String {
    let mut address = "unix:path=".to_owned();
    for byte in socket.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-_/.\\*".contains(byte) {
            address.push(char::from(*byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(address, "%{byte:02x}");
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bus_is_where_it_is_told_or_where_it_usually_is() {
        let told = |address: Option<&str>, folder: Option<&str>| SessionBus {
            address: address.map(str::to_owned),
            runtime_folder: folder.map(PathBuf::from),
        };
        let there = |path: &Path| path.starts_with("/run/user/7") || path.starts_with("/s 1");
        for (told, expected) in [
            (told(Some("tcp:x"), Some("/s 1")), "tcp:x"),
            (told(None, Some("/s 1")), "unix:path=/s%201/bus"),
            (told(None, Some("/gone")), "unix:path=/run/user/7/bus"),
            (told(None, None), "unix:path=/run/user/7/bus"),
        ] {
            assert_eq!(address_for(&told, 7, there), expected);
        }
    }
}
