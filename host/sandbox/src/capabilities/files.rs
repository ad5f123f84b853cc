//! `wasi:filesystem`: the folders that a plugin was granted, and nothing but regular files and folders in them.
//!
//! The deciding choice: wasmtime-wasi resolves every path, since that is where a mistake is an escape and where its
//! maintainers mend it; this view stands before it and decides what may be asked at all. It opens the last part of a
//! path itself, so that a pipe or a device is never waited for; it lists and streams without keeping what a guest does
//! not read; and it counts what is written, made and held open.
//!
//! Everything runs on the port's own thread. Only regular files and folders can be opened, which a local disk answers
//! in less time than handing the work to another thread takes, so there is no pool that a guest could fill and nothing
//! under way that could outlive its store. The price is paid on a network's file system that has gone: the system call
//! hangs, and the port with it, until the system gives up. Whoever grants a folder there takes that on; a thread that
//! hangs in its place could not be ended either.
//!
//! A guest that has no folder is not told so by an error: it finds none, as on an empty machine, and without a
//! descriptor there is nothing more that it could try. So that it looks is all there is to see of an attempt. The
//! runtimes of Rust, JavaScript and Python look when a file is opened, and what adapts a program of preview 1 at every
//! start. Whether a look was meant is known where the plugin says what it asks for: see `folders::Missing`.

mod descriptors;
mod folders;
mod listing;
mod names;
mod opening;
mod room;
mod streams;

use std::collections::BTreeMap;
use std::sync::Arc;

use portcullis_core::policy::Access;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::OpenMode;
use wasmtime_wasi::filesystem::{Descriptor, Dir, File, WasiFilesystemCtx, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::bindings::filesystem::{preopens, types};
use wasmtime_wasi::p2::{FsError, FsResult};

use crate::instance::State;
use crate::powers::{Kind, Powers};
use folders::Budget;
use room::Held;

pub use folders::{Folder, Folders};

/// Files, folders, listings and streams that one instance may have open at a time. A program that walks a tree holds
/// one for each level. All instances of a process together have [`room::OPENED`].
const MOST_OPEN: usize = 256;

/// Defines one interface of `wasi:filesystem`.
pub(super) fn link(linker: &mut Linker<State>, interface: &str) -> wasmtime::Result<()> {
    match interface {
        "wasi:filesystem/types" => types::add_to_linker::<State, Files>(linker, State::files),
        "wasi:filesystem/preopens" => preopens::add_to_linker::<State, Files>(linker, State::files),
        other => Err(wasmtime::format_err!(
            "`{other}` is offered, but nothing provides it"
        )),
    }
}

/// What an instance has open.
#[derive(Default)]
pub(crate) struct Opened {
    /// The descriptors, by the number that the guest's handle stands for.
    descriptors: BTreeMap<u32, Given>,
    /// Held once by each stream and listing, for as long as it is there.
    others: Arc<()>,
    /// What wasmtime-wasi asks for beside the table. Empty: no folder of its own.
    context: WasiFilesystemCtx,
}

/// A descriptor that the guest has.
struct Given {
    /// The folder of the grant in which it lies.
    place: usize,
    /// Its place among what the process has open. A folder of the grant itself needs none: it is open in any case.
    _held: Option<Held>,
}

/// A place among what is open, in the instance and in the process. It is given back when it is dropped.
struct Slot {
    _instance: Arc<()>,
    _held: Held,
}

impl Opened {
    fn count(&self) -> usize {
        self.descriptors.len() + Arc::strong_count(&self.others) - 1
    }
}

/// How wasmtime finds [`View`].
struct Files;

impl HasData for Files {
    type Data<'a> = View<'a>;
}

/// The files of one store, for one call.
pub(crate) struct View<'a> {
    pub(crate) table: &'a mut ResourceTable,
    pub(crate) opened: &'a mut Opened,
    pub(crate) powers: &'a Powers,
}

impl View<'_> {
    /// wasmtime-wasi's own view of the same table.
    fn inner(&mut self) -> WasiFilesystemCtxView<'_> {
        WasiFilesystemCtxView {
            ctx: &mut self.opened.context,
            table: self.table,
        }
    }

    fn budget(&self) -> &Arc<Budget> {
        self.powers.folders.budget()
    }

    /// The folder of the grant in which a descriptor lies, by its place.
    fn place_of(&self, descriptor: &Resource<Descriptor>) -> FsResult<usize> {
        let place = self.opened.descriptors.get(&descriptor.rep());
        place.map(|given| given.place).ok_or_else(|| {
            FsError::trap(wasmtime::format_err!("a descriptor that was never given"))
        })
    }

    fn folder_of(&self, descriptor: &Resource<Descriptor>) -> FsResult<&Folder> {
        let place = self.place_of(descriptor)?;
        Ok(&self.powers.folders.as_slice()[place])
    }

    /// Refuses a change where the grant is for reading, and tells the log which one would allow it.
    fn check_writable(&self, descriptor: &Resource<Descriptor>) -> FsResult<()> {
        let folder = self.folder_of(descriptor)?;
        if folder.access() == Access::ReadWrite {
            return Ok(());
        }
        folder.tell_read_only(&self.powers.denials);
        Err(ErrorCode::ReadOnly.into())
    }

    /// Refuses a path that no file of the folder has.
    fn check_path(&self, descriptor: &Resource<Descriptor>, path: &str) -> FsResult<()> {
        match names::check(path) {
            Ok(()) => Ok(()),
            Err(names::Fault::Outside) => Err(self.outside(descriptor)?.into()),
            Err(names::Fault::NoName(code)) => Err(code.into()),
        }
    }

    /// Tells the log of a path that leads out of its folder.
    fn outside(&self, descriptor: &Resource<Descriptor>) -> FsResult<ErrorCode> {
        let guest = self.folder_of(descriptor)?.guest();
        let attempted = format!("a path that leads out of `{guest}`");
        self.powers.denials.tell_final(Kind::Files, &attempted);
        Ok(ErrorCode::NotPermitted)
    }

    /// Room for one more open file, unless the instance or the process has enough of them.
    fn room(&self) -> FsResult<Held> {
        let held = if self.opened.count() < MOST_OPEN {
            room::OPENED.take()
        } else {
            None
        };
        // The nearest of WASI's codes: it has none for too many open files.
        held.ok_or_else(|| ErrorCode::InsufficientMemory.into())
    }

    /// A place for a stream or a listing.
    fn slot(&self) -> FsResult<Slot> {
        Ok(Slot {
            _held: self.room()?,
            _instance: Arc::clone(&self.opened.others),
        })
    }

    /// Gives the guest a descriptor in the folder of the grant at `place`.
    fn give(
        &mut self,
        descriptor: Descriptor,
        place: usize,
        held: Held,
    ) -> FsResult<Resource<Descriptor>> {
        let resource = self.table.push(descriptor)?;
        let given = Given {
            place,
            _held: Some(held),
        };
        self.opened.descriptors.insert(resource.rep(), given);
        Ok(resource)
    }

    /// A descriptor of a file or folder that has been opened below that of `place`, with the rights of its grant.
    fn descriptor(
        &self,
        file: std::fs::File,
        mode: OpenMode,
        place: usize,
    ) -> FsResult<Descriptor> {
        let permissions = self.powers.folders.as_slice()[place].permissions();
        Ok(if file.metadata()?.is_dir() {
            Descriptor::Dir(Dir::new(file, permissions, mode, ON_THIS_THREAD))
        } else {
            Descriptor::File(File::new(file, permissions, mode, ON_THIS_THREAD))
        })
    }

    /// The open folder behind a descriptor.
    fn open_folder(&self, descriptor: &Resource<Descriptor>) -> FsResult<&Dir> {
        match self.table.get(descriptor)? {
            Descriptor::Dir(folder) => Ok(folder),
            Descriptor::File(_) => Err(ErrorCode::NotDirectory.into()),
        }
    }

    /// The open file behind a descriptor.
    fn open_file(&self, descriptor: &Resource<Descriptor>) -> FsResult<&File> {
        match self.table.get(descriptor)? {
            Descriptor::File(file) => Ok(file),
            Descriptor::Dir(_) => Err(ErrorCode::IsDirectory.into()),
        }
    }

    /// Counts one thing that is about to be made, and takes it back where it was not.
    fn making<R>(&self, made: FsResult<R>) -> FsResult<R> {
        if made.is_err() {
            self.budget().unmake();
        }
        made
    }
}

/// wasmtime-wasi would otherwise start threads of tokio's for each operation.
const ON_THIS_THREAD: bool = true;

impl preopens::Host for View<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let folders = &self.powers.folders;
        folders.tell_missing(&self.powers.denials);
        let mut given = Vec::with_capacity(folders.as_slice().len());
        for (place, folder) in folders.as_slice().iter().enumerate() {
            let descriptor = Descriptor::Dir(folder.open().clone());
            let resource = self.table.push(descriptor)?;
            let descriptor = Given { place, _held: None };
            self.opened.descriptors.insert(resource.rep(), descriptor);
            given.push((resource, folder.guest().to_owned()));
        }
        Ok(given)
    }
}
