//! The README's table of languages, measured: `cargo run -p portcullis-tests --bin languages`. See `table.rs`.
//!
//! It speaks through the tests' fake browser, which is written for Linux; on another system it says so.

#[cfg(target_os = "linux")]
mod table;

use std::io;

fn main() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    return table::print();
    #[cfg(not(target_os = "linux"))]
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "the languages are measured on Linux alone",
    ))
}
