//! What can be reached of the disk where folders are granted.
//!
//! Each of the three folders has a file called `file` and a folder called `sub`. The first is granted for writing, the
//! second for reading, the third not at all.

use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use portcullis_core::policy::{Access, Strictness};
use portcullis_sandbox::confine::{Needs, confine};
use rustix::fs::{CWD, FileType, Mode, OFlags};

/// Does each deed in each folder, and prints a line for it.
pub(super) fn probe(folders: [&Path; 3], strictness: Strictness) -> io::Result<()> {
    let [rw, ro, outside] = folders;
    let (writable, readable) = (File::open(rw)?, File::open(ro)?);
    let needs = Needs {
        folders: vec![
            (&writable, Access::ReadWrite),
            (&readable, Access::ReadOnly),
        ],
        ..Needs::default()
    };
    confine(strictness, &needs).map_err(io::Error::other)?;

    let above = rw.parent().unwrap_or(rw);
    let mut deeds = Vec::new();
    for (name, folder) in [("rw", rw), ("ro", ro), ("outside", outside)] {
        let mut deed = |what: &str, result| deeds.push((format!("{name}-{what}"), result));
        deed("read", fs::read(folder.join("file")).map(drop));
        deed("list", fs::read_dir(folder).map(drop));
        deed("write", write(&folder.join("file")));
        deed("truncate", truncate(&folder.join("file")));
        deed("make", File::create_new(folder.join("new")).map(drop));
        deed("make-folder", fs::create_dir(folder.join("folder")));
        deed("make-pipe", make(&folder.join("pipe"), FileType::Fifo));
        deed(
            "make-socket",
            make(&folder.join("socket"), FileType::Socket),
        );
        let (file, moved) = (folder.join("file"), folder.join("sub/moved"));
        deed("rename-across", fs::rename(&file, &moved));
        deed(
            "remove",
            fs::remove_file(&moved).or_else(|_| fs::remove_file(&file)),
        );
    }
    fs::write(rw.join("mine"), "x")?;
    let elsewhere = [
        ("above-list", fs::read_dir(above).map(drop)),
        (
            "link-in",
            fs::hard_link(outside.join("sub/../kept"), rw.join("linked")),
        ),
        (
            "rename-out",
            fs::rename(rw.join("mine"), outside.join("mine")),
        ),
        ("read-by-the-open-folder", open_at(&readable, "sub")),
        (
            "read-above-the-open-folder",
            open_at(&readable, "../outside/kept"),
        ),
    ];
    let deeds = deeds
        .into_iter()
        .chain(elsewhere.map(|(deed, result)| (deed.to_owned(), result)));
    let mut out = io::stdout().lock();
    for (deed, result) in deeds {
        match result {
            Ok(()) => writeln!(out, "{deed} done")?,
            Err(error) => writeln!(out, "{deed} refused: {error}")?,
        }
    }
    Ok(())
}

fn write(file: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(file)?;
    file.write_all(b"y")
}

/// By its path, which needs no right to write.
fn truncate(file: &Path) -> io::Result<()> {
    let path = CString::new(file.as_os_str().as_bytes())?;
    // SAFETY: the path ends with a zero and lives for the call.
    if unsafe { libc::truncate(path.as_ptr(), 0) } == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

fn make(path: &Path, kind: FileType) -> io::Result<()> {
    Ok(rustix::fs::mknodat(
        CWD,
        path,
        kind,
        Mode::RUSR | Mode::WUSR,
        0,
    )?)
}

fn open_at(folder: &File, path: &str) -> io::Result<()> {
    let opened = rustix::fs::openat(folder, path, OFlags::RDONLY, Mode::empty());
    Ok(opened.map(drop)?)
}
