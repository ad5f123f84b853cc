//! Asks the linker for what makes a start cheap, each where it can be had.
//!
//! * *Relocations in their short form* (RELR). The program is loaded at an address by chance, so at each start some
//!   twenty thousand pointers in it are set right. The list of them is half a megabyte long, or some kilobytes in the
//!   short form. glibc reads that one since 2.36; an older one would start the program with pointers that lead nowhere,
//!   so in every doubt the list stays long.
//! * *The functions of a start side by side* (`start.order`, which `cargo start-order` measures and writes). Only lld
//!   takes such a list; other linkers refuse the option, so rustc is asked which one it would call.
//! * *The entry* that has the pages of those pointers at hand before they are set right (`src/pages.rs`).

use std::env;
use std::path::PathBuf;
use std::process::Command;

/// The first glibc that reads the short form, in a program that is linked statically, too.
const FIRST: (u32, u32) = (2, 36);

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=start.order");
    let is = |variable: &str, value: &str| env::var(variable).is_ok_and(|it| it == value);
    let here = env::var_os("HOST").is_some_and(|host| env::var_os("TARGET") == Some(host));
    let is_linux = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    if here && is_linux && glibc().is_some_and(|version| version >= FIRST) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    if !is_linux || !is("CARGO_CFG_TARGET_ARCH", "x86_64") {
        return;
    }
    println!("cargo::rustc-link-arg-bins=-Wl,--entry=portcullis_entry");
    // In a debug build the functions have other names.
    if is("PROFILE", "release") && here && rustc_calls_lld().unwrap_or(false) {
        let folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
        let list = folder.join("start.order");
        println!(
            "cargo::rustc-link-arg-bins=-Wl,--symbol-ordering-file={}",
            list.display()
        );
        // The list is as old as the crates that it was measured with.
        println!("cargo::rustc-link-arg-bins=-Wl,--no-warn-symbol-ordering");
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

/// Whether a program that rustc links with the flags of this build is linked by lld: most builds of rustc bring it and
/// use it, those of some distributions do not.
fn rustc_calls_lld() -> Option<bool> {
    let folder = PathBuf::from(env::var_os("OUT_DIR")?);
    let source = folder.join("linked.rs");
    std::fs::write(&source, "fn main() {}").ok()?;
    let mut command = Command::new(env::var_os("RUSTC")?);
    if let Ok(linker) = env::var("RUSTC_LINKER") {
        command.args(["-C", &format!("linker={linker}")]);
    }
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let output = command
        .args(flags.split('\x1f').filter(|flag| !flag.is_empty()))
        .args(["--print", "link-args", "-o"])
        .arg(folder.join("linked"))
        .arg(&source)
        .output()
        .ok()?;
    let arguments = String::from_utf8_lossy(&output.stdout);
    Some(output.status.success() && arguments.contains("-fuse-ld=lld"))
}
