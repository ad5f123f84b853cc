//! Asks the linker for relocations in their short form, where the C library that is built against can read it.
//!
//! The program is loaded at an address by chance, so at each start some twenty thousand pointers in it are set right.
//! The list of them is half a megabyte long, or some kilobytes in the short form (RELR). glibc reads that one since
//! 2.36; an older one would start the program with pointers that lead nowhere, so in every doubt the list stays long.

use std::env;
use std::process::Command;

/// The first glibc that reads the short form, in a program that is linked statically, too.
const FIRST: (u32, u32) = (2, 36);

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |variable: &str, value: &str| env::var(variable).is_ok_and(|it| it == value);
    let here = env::var_os("HOST").is_some_and(|host| env::var_os("TARGET") == Some(host));
    let is_linux = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    if here && is_linux && glibc().is_some_and(|version| version >= FIRST) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of this machine's C library, as its own program tells it: `glibc 2.36`.
fn glibc() -> Option<(u32, u32)> {
    let output = Command::new("getconf")
        .arg("GNU_LIBC_VERSION")
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (major, minor) = text.trim().strip_prefix("glibc ")?.split_once('.')?;
    let minor = minor.split('.').next()?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
