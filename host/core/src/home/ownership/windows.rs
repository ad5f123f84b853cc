//! Windows: the owner and the access list of the open file.
//!
//! The owner must be this user or the administrators' group, which owns whatever an elevated process of the same user
//! makes. The list must let nobody write but this user, the administrators and the system, who can take any file anyway.
//! An entry of a kind that is not judged here counts against the file: fail closed.
//!
//! Not looked at: mandatory labels, and the rights on the folders above, with which somebody could move the whole home
//! away. (On Unix the folders above are not looked at either.)

use std::ffi::c_void;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt as _;
use std::os::windows::io::AsRawHandle as _;
use std::path::Path;
use std::ptr;

use windows_sys::Win32::Foundation::{
    CloseHandle, ERROR_SUCCESS, GENERIC_ALL, GENERIC_WRITE, HANDLE, LocalFree,
};
use windows_sys::Win32::Security::Authorization::{
    ConvertSidToStringSidW, GetSecurityInfo, SE_FILE_OBJECT,
};
use windows_sys::Win32::Security::{
    ACCESS_ALLOWED_ACE, ACE_HEADER, ACL, DACL_SECURITY_INFORMATION, EqualSid, GetAce,
    GetTokenInformation, INHERIT_ONLY_ACE, IsWellKnownSid, OWNER_SECURITY_INFORMATION,
    PSECURITY_DESCRIPTOR, PSID, TOKEN_QUERY, TOKEN_USER, TokenUser, WinBuiltinAdministratorsSid,
    WinCreatorOwnerRightsSid, WinLocalSystemSid,
};
use windows_sys::Win32::Storage::FileSystem::{
    DELETE, FILE_APPEND_DATA, FILE_DELETE_CHILD, FILE_FLAG_BACKUP_SEMANTICS, FILE_READ_ATTRIBUTES,
    FILE_WRITE_ATTRIBUTES, FILE_WRITE_DATA, FILE_WRITE_EA, READ_CONTROL, WRITE_DAC, WRITE_OWNER,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

use super::Trouble;

/// Who owns something: a security identifier as text (`S-1-5-…`).
pub type Account = String;

/// What lets others write to something: who they are, as text.
pub type Openness = String;

/// Rights with which a file or what is in a folder can be changed, its times (which tell whether it was changed) and
/// its access list among them.
const WRITING: u32 = FILE_WRITE_DATA
    | FILE_APPEND_DATA
    | FILE_WRITE_EA
    | FILE_WRITE_ATTRIBUTES
    | FILE_DELETE_CHILD
    | DELETE
    | WRITE_DAC
    | WRITE_OWNER
    | GENERIC_WRITE
    | GENERIC_ALL;

/// The kinds of an entry (`winnt.h`): the plain one that allows, and those that only deny.
const ALLOWS: u8 = 0;
const DENIES: [u8; 4] = [1, 6, 10, 12];

/// What speaks against trusting an open file, if anything does.
pub(crate) fn of_file(file: &File, _metadata: &Metadata) -> io::Result<Option<Trouble>> {
    trouble(file)
}

/// The same for a folder.
pub(crate) fn of_folder(path: &Path, _metadata: &Metadata) -> io::Result<Option<Trouble>> {
    trouble(&open_folder(path)?)
}

/// What speaks against trusting an open file that only administrators may change.
pub(crate) fn of_administrators_file(
    file: &File,
    _metadata: &Metadata,
) -> io::Result<Option<Trouble>> {
    trouble_of_administrators(file)
}

/// The same for a folder.
pub(crate) fn of_administrators_folder(
    path: &Path,
    _metadata: &Metadata,
) -> io::Result<Option<Trouble>> {
    trouble_of_administrators(&open_folder(path)?)
}

/// Whether a folder belongs to this user.
pub(crate) fn is_ours(folder: &Path) -> bool {
    let owned = || -> io::Result<bool> {
        let (descriptor, user) = (Descriptor::of(&open_folder(folder)?)?, User::current()?);
        Ok(user.may_own(&descriptor))
    };
    owned().unwrap_or(false)
}

/// What lets others write, for a person.
pub(crate) fn shown(who: &Openness) -> String {
    who.clone()
}

/// The command that gives a folder and what is in it to this user.
pub(crate) fn command_to_own_folder(path: &Path, _user: &Account) -> String {
    format!("takeown /r /f \"{}\"", path.display())
}

/// The command that gives a file to this user.
pub(crate) fn command_to_own_file(path: &Path, _user: &Account) -> String {
    format!("takeown /f \"{}\"", path.display())
}

/// The command that shuts others out of a folder.
pub(crate) fn command_to_close_folder(path: &Path) -> String {
    format!(
        "icacls \"{}\" /inheritance:r /grant:r \"%USERNAME%:(OI)(CI)F\"",
        path.display()
    )
}

/// The command that keeps others from writing to a file.
pub(crate) fn command_to_close_file(path: &Path) -> String {
    format!(
        "icacls \"{}\" /inheritance:r /grant:r \"%USERNAME%:F\"",
        path.display()
    )
}

fn open_folder(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .access_mode(READ_CONTROL | FILE_READ_ATTRIBUTES)
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS)
        .open(path)
}

fn trouble(file: &File) -> io::Result<Option<Trouble>> {
    let (descriptor, user) = (Descriptor::of(file)?, User::current()?);
    if !user.may_own(&descriptor) {
        return Ok(Some(Trouble::ForeignOwner {
            owner: text_of(descriptor.owner)?,
            user: text_of(user.identifier())?,
        }));
    }
    Ok(descriptor
        .stranger_who_writes(|who| user.trusts(who))?
        .map(|mode| Trouble::WritableByOthers { mode }))
}

fn trouble_of_administrators(file: &File) -> io::Result<Option<Trouble>> {
    let descriptor = Descriptor::of(file)?;
    if !may_change_the_machine(descriptor.owner) {
        return Ok(Some(Trouble::ForeignOwner {
            owner: text_of(descriptor.owner)?,
            user: ADMINISTRATORS.to_owned(),
        }));
    }
    Ok(descriptor
        .stranger_who_writes(may_change_the_machine)?
        .map(|mode| Trouble::WritableByOthers { mode }))
}

/// The administrators' group.
const ADMINISTRATORS: &str = "S-1-5-32-544";

/// The service that owns what the system installs in the folder of programs. It has no well-known number, only this
/// identifier, which is the same on every machine.
const TRUSTED_INSTALLER: &str = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464";

/// Whether an account is the administrators', the system's or its installer's.
fn may_change_the_machine(who: PSID) -> bool {
    let known = [
        WinBuiltinAdministratorsSid,
        WinLocalSystemSid,
        // Whoever owns the file, which has been judged.
        WinCreatorOwnerRightsSid,
    ];
    // SAFETY: `who` is null, which is asked for first, or an identifier that the system has made.
    let is_known = |kind: &i32| unsafe { IsWellKnownSid(who, *kind) } != 0;
    !who.is_null()
        && (known.iter().any(is_known) || text_of(who).is_ok_and(|text| text == TRUSTED_INSTALLER))
}

/// The owner and the access list of a file, in memory of the system's that is given back at the end.
struct Descriptor {
    memory: PSECURITY_DESCRIPTOR,
    owner: PSID,
    list: *const ACL,
}

impl Descriptor {
    fn of(file: &File) -> io::Result<Self> {
        let (mut memory, mut owner) = (ptr::null_mut(), ptr::null_mut());
        let mut list = ptr::null_mut();
        // SAFETY: the handle is open for the call and has the right to read its descriptor, and every pointer is to a
        // variable that lives for the call. `owner` and `list` point into `memory`, which lives as long as the value.
        let code = unsafe {
            GetSecurityInfo(
                file.as_raw_handle(),
                SE_FILE_OBJECT,
                OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
                &mut owner,
                ptr::null_mut(),
                &mut list,
                ptr::null_mut(),
                &mut memory,
            )
        };
        if code != ERROR_SUCCESS {
            return Err(io::Error::from_raw_os_error(code.cast_signed()));
        }
        Ok(Self {
            memory,
            owner,
            list,
        })
    }

    /// The first account in the list that may write and is not trusted to.
    fn stranger_who_writes(&self, trusts: impl Fn(PSID) -> bool) -> io::Result<Option<String>> {
        if self.list.is_null() {
            return Ok(Some("everybody: it has no access list".to_owned()));
        }
        // SAFETY: the list is not null and lies in `memory`.
        let entries = unsafe { (*self.list).AceCount };
        for place in 0..u32::from(entries) {
            let mut entry = ptr::null_mut::<c_void>();
            // SAFETY: the list is valid, and the system checks `place` against it.
            if unsafe { GetAce(self.list, place, &mut entry) } == 0 {
                return Err(io::Error::last_os_error());
            }
            // SAFETY: every entry begins with a header, and `GetAce` has given a pointer to one in the list.
            let header = unsafe { ptr::read_unaligned(entry.cast::<ACE_HEADER>()) };
            let only_for_children = u32::from(header.AceFlags) & INHERIT_ONLY_ACE != 0;
            if DENIES.contains(&header.AceType) || only_for_children {
                continue;
            }
            if header.AceType != ALLOWS {
                let kind = header.AceType;
                return Ok(Some(format!("an access rule of the kind {kind}")));
            }
            let allowed = entry.cast::<ACCESS_ALLOWED_ACE>();
            // SAFETY: an entry of this kind is an `ACCESS_ALLOWED_ACE`, whose identifier begins at `SidStart`. The
            // pointers stay inside the list, and the fields are read without asking for an alignment.
            let (mask, who) = unsafe {
                (
                    ptr::read_unaligned(&raw const (*allowed).Mask),
                    (&raw mut (*allowed).SidStart).cast::<c_void>(),
                )
            };
            if mask & WRITING != 0 && !trusts(who) {
                return text_of(who).map(Some);
            }
        }
        Ok(None)
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: the system has allocated it for `of`, and nobody else frees it.
        unsafe { LocalFree(self.memory) };
    }
}

/// Whose rights this process has.
struct User {
    /// A `TOKEN_USER` and the identifier that it points to.
    token: Vec<u64>,
}

impl User {
    fn current() -> io::Result<Self> {
        let mut handle: HANDLE = ptr::null_mut();
        // SAFETY: the pseudo-handle of this process is always valid, and `handle` lives for the call.
        if unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &mut handle) } == 0 {
            return Err(io::Error::last_os_error());
        }
        let mut length = 0;
        // A token's user is at most a pointer, some flags and the longest identifier (68 bytes); eight-byte units give
        // it its alignment.
        let mut token = vec![0u64; 32];
        let room = u32::try_from(size_of_val(token.as_slice())).unwrap_or(0);
        // SAFETY: the buffer has `room` bytes and lives for the call; the handle is closed once, afterwards.
        let result = unsafe {
            let read = GetTokenInformation(
                handle,
                TokenUser,
                token.as_mut_ptr().cast(),
                room,
                &mut length,
            );
            let result = if read == 0 {
                Err(io::Error::last_os_error())
            } else {
                Ok(())
            };
            CloseHandle(handle);
            result
        };
        result.map(|()| Self { token })
    }

    fn identifier(&self) -> PSID {
        // SAFETY: `current` has had a `TOKEN_USER` written there, and the buffer is aligned for one.
        unsafe { (*self.token.as_ptr().cast::<TOKEN_USER>()).User.Sid }
    }

    fn is(&self, who: PSID) -> bool {
        // SAFETY: both point to identifiers that the system has made.
        unsafe { EqualSid(self.identifier(), who) != 0 }
    }

    fn may_own(&self, descriptor: &Descriptor) -> bool {
        let owner = descriptor.owner;
        // SAFETY: the owner is in the descriptor; a missing one is null, which is asked for first.
        !owner.is_null()
            && (self.is(owner)
                || unsafe { IsWellKnownSid(owner, WinBuiltinAdministratorsSid) } != 0)
    }

    fn trusts(&self, who: PSID) -> bool {
        let known = [
            WinBuiltinAdministratorsSid,
            WinLocalSystemSid,
            // Whoever owns the file, which has been judged.
            WinCreatorOwnerRightsSid,
        ];
        // SAFETY: `who` is an identifier in an access list that the system has made.
        let is_known = known
            .iter()
            .any(|kind| unsafe { IsWellKnownSid(who, *kind) } != 0);
        is_known || self.is(who)
    }
}

fn text_of(who: PSID) -> io::Result<String> {
    if who.is_null() {
        return Ok("nobody".to_owned());
    }
    let mut text = ptr::null_mut();
    // SAFETY: `who` is an identifier that the system has made, and `text` lives for the call.
    if unsafe { ConvertSidToStringSidW(who, &mut text) } == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the system has written a text that ends with a zero; it is freed once, when it has been copied.
    unsafe {
        let length = (0..).take_while(|place| *text.add(*place) != 0).count();
        let owned = String::from_utf16_lossy(std::slice::from_raw_parts(text, length));
        LocalFree(text.cast());
        Ok(owned)
    }
}
