//! `wasi:filesystem/types`: what a guest asks of one file or folder.
//!
//! Each function first decides whether it may be asked (the grant, the path, the budgets), and then lets wasmtime-wasi
//! do it, whose rights say the same once more. What is not delegated is what would wait, collect or go uncounted.

use std::fs::FileTimes;
use std::time::{Duration, SystemTime};

use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    self, Advice, DescriptorFlags, DescriptorStat, DescriptorType, ErrorCode, Filesize,
    HostDescriptor, MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{FsError, FsResult, ReaddirIterator};
use wasmtime_wasi_io::streams::{DynInputStream, DynOutputStream};

use super::View;
use super::folders::Spent;
use super::listing::Listing;
use super::names;
use super::opening::{self, Wanted};
use super::streams::{Place, Reader, Writer};

impl types::Host for View<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }

    fn filesystem_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        if self.table.get(&error)?.is::<Spent>() {
            return Ok(Some(ErrorCode::Quota));
        }
        self.inner().filesystem_error_code(error)
    }
}

type Fd = Resource<Descriptor>;

impl HostDescriptor for View<'_> {
    fn read_via_stream(&mut self, fd: Fd, offset: Filesize) -> FsResult<Resource<DynInputStream>> {
        let reader: DynInputStream = Box::new(Reader::new(
            &self.open_file(&fd)?.file,
            offset,
            self.slot()?,
        ));
        Ok(self.table.push(reader)?)
    }

    fn write_via_stream(
        &mut self,
        fd: Fd,
        offset: Filesize,
    ) -> FsResult<Resource<DynOutputStream>> {
        self.writer(&fd, Place::At(offset))
    }

    fn append_via_stream(&mut self, fd: Fd) -> FsResult<Resource<DynOutputStream>> {
        self.writer(&fd, Place::End)
    }

    async fn advise(
        &mut self,
        fd: Fd,
        offset: Filesize,
        length: Filesize,
        advice: Advice,
    ) -> FsResult<()> {
        self.inner().advise(fd, offset, length, advice).await
    }

    async fn sync_data(&mut self, fd: Fd) -> FsResult<()> {
        self.inner().sync_data(fd).await
    }

    async fn sync(&mut self, fd: Fd) -> FsResult<()> {
        self.inner().sync(fd).await
    }

    async fn get_flags(&mut self, fd: Fd) -> FsResult<DescriptorFlags> {
        self.inner().get_flags(fd).await
    }

    async fn get_type(&mut self, fd: Fd) -> FsResult<DescriptorType> {
        self.inner().get_type(fd).await
    }

    async fn set_size(&mut self, fd: Fd, size: Filesize) -> FsResult<()> {
        self.check_writable(&fd)?;
        let now = self.open_file(&fd)?.file.metadata()?.len();
        self.budget().write(size.saturating_sub(now))?;
        self.inner().set_size(fd, size).await
    }

    async fn set_times(
        &mut self,
        fd: Fd,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        self.check_writable(&fd)?;
        self.inner().set_times(fd, accessed, modified).await
    }

    async fn read(
        &mut self,
        fd: Fd,
        length: Filesize,
        offset: Filesize,
    ) -> FsResult<(Vec<u8>, bool)> {
        // At most 64 KiB, whatever is asked for.
        self.inner().read(fd, length, offset).await
    }

    async fn write(&mut self, fd: Fd, bytes: Vec<u8>, offset: Filesize) -> FsResult<Filesize> {
        self.check_writable(&fd)?;
        let file = &self.open_file(&fd)?.file;
        Place::At(offset).pay(file, bytes.len(), self.budget())??;
        self.inner().write(fd, bytes, offset).await
    }

    async fn read_directory(&mut self, fd: Fd) -> FsResult<Resource<ReaddirIterator>> {
        let listing = Listing::of(&self.open_folder(&fd)?.dir, self.slot()?)?;
        listing.give(self)
    }

    async fn create_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        self.check_change(&fd, &path)?;
        self.budget().make()?;
        let made = self.inner().create_directory_at(fd, path).await;
        self.making(made)
    }

    async fn stat(&mut self, fd: Fd) -> FsResult<DescriptorStat> {
        self.inner().stat(fd).await
    }

    async fn stat_at(
        &mut self,
        fd: Fd,
        links: PathFlags,
        path: String,
    ) -> FsResult<DescriptorStat> {
        self.check_path(&fd, &path)?;
        self.inner().stat_at(fd, links, path).await
    }

    async fn set_times_at(
        &mut self,
        fd: Fd,
        links: PathFlags,
        path: String,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        self.check_change(&fd, &path)?;
        if !links.contains(PathFlags::SYMLINK_FOLLOW) {
            let mut inner = self.inner();
            return inner
                .set_times_at(fd, links, path, accessed, modified)
                .await;
        }
        // wasmtime-wasi opens what is there for writing, and would wait for a pipe.
        let mut times = FileTimes::new();
        if let Some(time) = time_of(accessed)? {
            times = times.set_accessed(time);
        }
        if let Some(time) = time_of(modified)? {
            times = times.set_modified(time);
        }
        let _held = self.room()?;
        let file = opening::open(self, &fd, &path, Wanted::to_look_at()).await?;
        Ok(file.set_times(times)?)
    }

    async fn link_at(
        &mut self,
        old: Fd,
        links: PathFlags,
        old_path: String,
        new: Fd,
        new_path: String,
    ) -> FsResult<()> {
        self.check_change(&old, &old_path)?;
        self.check_change(&new, &new_path)?;
        // A second name in another folder would give the file the rights of that one, and of both.
        if self.place_of(&old)? != self.place_of(&new)? {
            return Err(ErrorCode::CrossDevice.into());
        }
        self.budget().make()?;
        let mut inner = self.inner();
        let made = inner.link_at(old, links, old_path, new, new_path).await;
        self.making(made)
    }

    async fn open_at(
        &mut self,
        fd: Fd,
        links: PathFlags,
        path: String,
        how: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Fd> {
        let wanted = Wanted::new(links, how, flags)?;
        if wanted.is_change() {
            self.check_writable(&fd)?;
        }
        self.check_path(&fd, &path)?;
        let held = self.room()?;
        let place = self.place_of(&fd)?;
        let file = opening::open(self, &fd, &path, wanted).await?;
        let descriptor = self.descriptor(file, wanted.mode(), place)?;
        self.give(descriptor, place, held)
    }

    async fn readlink_at(&mut self, fd: Fd, path: String) -> FsResult<String> {
        self.check_path(&fd, &path)?;
        self.inner().readlink_at(fd, path).await
    }

    async fn remove_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        self.check_change(&fd, &path)?;
        self.inner().remove_directory_at(fd, path).await
    }

    async fn rename_at(
        &mut self,
        old: Fd,
        old_path: String,
        new: Fd,
        new_path: String,
    ) -> FsResult<()> {
        self.check_change(&old, &old_path)?;
        self.check_change(&new, &new_path)?;
        self.inner().rename_at(old, old_path, new, new_path).await
    }

    async fn symlink_at(&mut self, fd: Fd, target: String, path: String) -> FsResult<()> {
        self.check_change(&fd, &path)?;
        if !names::stays_below(&target) {
            return Err(self.outside(&fd)?.into());
        }
        self.budget().make()?;
        let made = self.inner().symlink_at(fd, target, path).await;
        self.making(made)
    }

    async fn unlink_file_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        self.check_change(&fd, &path)?;
        self.inner().unlink_file_at(fd, path).await
    }

    async fn is_same_object(&mut self, one: Fd, other: Fd) -> wasmtime::Result<bool> {
        self.inner().is_same_object(one, other).await
    }

    async fn metadata_hash(&mut self, fd: Fd) -> FsResult<MetadataHashValue> {
        self.inner().metadata_hash(fd).await
    }

    async fn metadata_hash_at(
        &mut self,
        fd: Fd,
        links: PathFlags,
        path: String,
    ) -> FsResult<MetadataHashValue> {
        self.check_path(&fd, &path)?;
        self.inner().metadata_hash_at(fd, links, path).await
    }

    fn drop(&mut self, fd: Fd) -> wasmtime::Result<()> {
        self.opened.descriptors.remove(&fd.rep());
        self.table.delete(fd)?;
        Ok(())
    }
}

impl View<'_> {
    /// What every change of a name has to pass.
    fn check_change(&self, fd: &Fd, path: &str) -> FsResult<()> {
        self.check_writable(fd)?;
        self.check_path(fd, path)
    }

    fn writer(&mut self, fd: &Fd, place: Place) -> FsResult<Resource<DynOutputStream>> {
        self.check_writable(fd)?;
        let writer: DynOutputStream = Box::new(Writer::new(
            &self.open_file(fd)?.file,
            place,
            self.budget(),
            self.slot()?,
        ));
        Ok(self.table.push(writer)?)
    }
}

/// The system's time for a guest's; nothing where it is to stay.
fn time_of(time: NewTimestamp) -> Result<Option<SystemTime>, ErrorCode> {
    let time = match time {
        NewTimestamp::NoChange => return Ok(None),
        NewTimestamp::Now => return Ok(Some(SystemTime::now())),
        NewTimestamp::Timestamp(time) => time,
    };
    // A guest may give more nanoseconds than a second has.
    let since = Duration::from_secs(time.seconds)
        .checked_add(Duration::from_nanos(time.nanoseconds.into()))
        .and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since));
    since.map(Some).ok_or(ErrorCode::Overflow)
}
