//! Reading a log as it grows, also over the moment when it is full and another file takes its place.
//!
//! The file is looked at five times a second. To be told by the system would take another interface on each of them, and
//! a person reads no faster.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Seek as _};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use portcullis_core::home::artifact::Stamp;

const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The longest line that is shown whole, in bytes: twice what a plugin may write in one.
const LONGEST: u64 = 16 * 1024;

/// A file that is read line by line.
pub(super) struct Follower {
    path: PathBuf,
    open: Option<BufReader<File>>,
    /// The beginning of a line whose end is not written yet.
    begun: Vec<u8>,
}

impl Follower {
    /// From the beginning of the file, which need not exist yet.
    pub(super) fn at(path: PathBuf) -> Self {
        Self {
            path,
            open: None,
            begun: Vec::new(),
        }
    }

    /// The next line that is there, without its end.
    pub(super) fn next_line(&mut self) -> Result<Option<String>> {
        self.next_line_if_any()
            .with_context(|| format!("cannot read the log `{}`", self.path.display()))
    }

    /// The next line, which may have to be written first.
    pub(super) fn wait_for_line(&mut self) -> Result<String> {
        loop {
            if let Some(line) = self.next_line()? {
                return Ok(line);
            }
            if self.is_replaced().unwrap_or(false) {
                // What was written between the last look and the change is still in the old one.
                if let Some(line) = self.next_line()? {
                    return Ok(line);
                }
                self.open = None;
                self.begun.clear();
            } else {
                thread::sleep(LOOK_EVERY);
            }
        }
    }

    fn next_line_if_any(&mut self) -> io::Result<Option<String>> {
        let reader = match &mut self.open {
            Some(reader) => reader,
            None => match File::open(&self.path) {
                Ok(file) => self.open.insert(BufReader::new(file)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            },
        };
        let room = LONGEST.saturating_sub(self.begun.len() as u64);
        io::Read::take(&mut *reader, room).read_until(b'\n', &mut self.begun)?;
        let is_whole = self.begun.last() == Some(&b'\n') || self.begun.len() as u64 >= LONGEST;
        if !is_whole {
            return Ok(None);
        }
        let bytes = std::mem::take(&mut self.begun);
        Ok(Some(
            String::from_utf8_lossy(&bytes)
                .trim_end_matches(['\n', '\r'])
                .to_owned(),
        ))
    }

    /// Whether another file has the name now, or this one was emptied.
    fn is_replaced(&mut self) -> io::Result<bool> {
        let Some(reader) = &mut self.open else {
            return Ok(false);
        };
        let read_to = reader.stream_position()?;
        let file = reader.get_ref();
        let metadata = file.metadata()?;
        if metadata.len() < read_to {
            return Ok(true);
        }
        let there = match fs::OpenOptions::new().read(true).open(&self.path) {
            Ok(there) => there,
            // It is being replaced.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        let number = |file: &File| Ok::<_, io::Error>(Stamp::of(file, &file.metadata()?)?.inode);
        Ok(number(&there)? != number(file)?)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn lines_are_read_when_they_are_whole_and_over_a_change_of_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("portcullis.log");
        let append = |text: &str| {
            let mut options = fs::OpenOptions::new();
            let mut file = options
                .create(true)
                .append(true)
                .open(&path)
                .expect("it opens");
            file.write_all(text.as_bytes()).expect("it takes it");
        };
        let mut follower = Follower::at(path.clone());
        assert_eq!(follower.next_line().expect("read"), None);
        append("one\ntw");
        assert_eq!(follower.next_line().expect("read").as_deref(), Some("one"));
        assert_eq!(follower.next_line().expect("read"), None);
        append("o\r\nthree\n");
        assert_eq!(follower.next_line().expect("read").as_deref(), Some("two"));
        append("last of the old\n");
        fs::rename(&path, folder.path().join("portcullis.log.1")).expect("it moves");
        append("first of the new\n");
        for expected in ["three", "last of the old", "first of the new"] {
            assert_eq!(follower.wait_for_line().expect("read"), expected);
        }
        // Emptied in its place.
        fs::write(&path, "short\n").expect("it takes it");
        assert_eq!(follower.wait_for_line().expect("read"), "short");
        append(&format!("{}\nnext\n", "x".repeat(40_000)));
        let lengths: Vec<_> = (0..4)
            .map(|_| follower.wait_for_line().expect("read").len())
            .collect();
        assert_eq!(lengths, [16 * 1024, 16 * 1024, 40_000 - 32 * 1024, 4]);
    }
}
