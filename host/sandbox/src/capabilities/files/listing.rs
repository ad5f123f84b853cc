//! The names in a folder, one at a time.
//!
//! wasmtime-wasi reads a whole folder, and looks at every file in it, before it gives the guest the first name. A
//! folder with a million files would be tens of megabytes that no budget counts, and seconds in which nobody is served.
//! Here the system's own reading goes on as the guest asks, so what is held is one buffer.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fs::File;
use std::io;

use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DirectoryEntry, ErrorCode, HostDirectoryEntryStream,
};
use wasmtime_wasi::p2::{FsResult, ReaddirIterator};

use super::{Slot, View};

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

/// A listing under way.
pub(super) struct Listing {
    names: platform::Names,
    _slot: Slot,
}

impl Listing {
    /// Begins to list an open folder.
    pub(super) fn of(folder: &File, slot: Slot) -> io::Result<Self> {
        Ok(Self {
            names: platform::Names::of(folder)?,
            _slot: slot,
        })
    }

    /// Puts it where the guest's handle for a stream of names finds it. The bindings name wasmtime-wasi's own type for
    /// that handle; every function that takes one is in this file, and knows what is there.
    pub(super) fn give(self, view: &mut View<'_>) -> FsResult<Resource<ReaddirIterator>> {
        let given = view.table.push(self)?;
        Ok(Resource::new_own(given.rep()))
    }
}

impl HostDirectoryEntryStream for View<'_> {
    async fn read_directory_entry(
        &mut self,
        stream: Resource<ReaddirIterator>,
    ) -> FsResult<Option<DirectoryEntry>> {
        let listing = Resource::<Listing>::new_borrow(stream.rep());
        let Some(entry) = self.table.get_mut(&listing)?.names.next_entry() else {
            return Ok(None);
        };
        let (name, type_) = entry?;
        // A name that a guest could not pass back is an error in its place, and the next one can still be read.
        let name = name
            .into_string()
            .map_err(|_| ErrorCode::IllegalByteSequence)?;
        Ok(Some(DirectoryEntry { type_, name }))
    }

    fn drop(&mut self, stream: Resource<ReaddirIterator>) -> wasmtime::Result<()> {
        self.table
            .delete(Resource::<Listing>::new_own(stream.rep()))?;
        Ok(())
    }
}
