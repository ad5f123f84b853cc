//! Finds out in which order the functions of `portcullis-host` are first needed by a port that answers one message, and
//! writes that down for the linker: `cargo start-order`.
//!
//! The decision that shaped it: the order is measured, not reasoned about. The program is run one instruction at a time,
//! as it ships but with its names left in, confined as ever. What comes out is a list of symbols; the build gives it to
//! the linker (`host/runtime/build.rs`), which puts these functions side by side, so that a start touches a tenth of the
//! pages that it would touch where they lie scattered over eight megabytes.
//!
//! The names hold hashes of the compiler and of each crate's version, so the list ages with every update. A name that no
//! longer exists is passed over by the linker, and the program only starts a little more slowly; `cargo bench-report`
//! shows it. Written for Linux on x86-64, as the list is.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod measured;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod steps;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod symbols;

fn main() -> anyhow::Result<()> {
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    return measured::write();
    #[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
    anyhow::bail!("the order of a start is measured on Linux on x86-64 alone");
}
