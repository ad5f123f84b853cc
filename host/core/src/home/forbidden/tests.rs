//! Folders that are granted, tried on a home made for the purpose.

use std::fs;
use std::os::unix::fs::symlink;

use super::*;
use crate::home::tests::private_folder;
use crate::policy::Access::{ReadOnly, ReadWrite};

/// A user's folder with a Portcullis home in it.
struct User {
    folder: tempfile::TempDir,
    forbidden: Forbidden,
}

impl User {
    fn new(prepare: impl FnOnce(&Path)) -> Self {
        let folder = private_folder();
        let root = folder.path().canonicalize().expect("a folder");
        prepare(&root);
        let home = Home::create(root.join(".local/share/portcullis")).expect("made");
        let surroundings = Surroundings {
            user_home: Some(root.clone()),
            config_home: Some(root.join("settings").into()),
            program: Some(root.join("programs/portcullis-host")),
            ..Surroundings::default()
        };
        let forbidden = Forbidden::of(&home, &surroundings);
        Self { folder, forbidden }
    }

    fn make(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(&path).expect("made");
        path
    }

    fn open(&self, host: &str, access: Access) -> Result<OpenFolder, FolderError> {
        self.forbidden.open(host, access)
    }
}

fn kind_of(result: Result<OpenFolder, FolderError>) -> Kind {
    match result {
        Err(FolderError::Forbidden { kind, .. }) => kind,
        other => panic!("not forbidden: {other:?}"),
    }
}

#[test]
fn an_ordinary_folder_is_opened_where_it_really_lies() {
    let user = User::new(|_| ());
    let notes = user.make("Notes/2024");
    symlink(
        user.folder.path().join("Notes"),
        user.folder.path().join("n"),
    )
    .expect("made");
    let whole = notes.to_string_lossy().into_owned();
    for host in ["~/Notes/2024", "~//Notes/2024/", "~/n/2024", &whole] {
        let opened = user.open(host, ReadWrite).expect(host);
        assert_eq!(opened.path, notes.canonicalize().expect("it exists"));
        assert_eq!(opened.access, ReadWrite);
        assert!(opened.handle.metadata().expect("open").is_dir());
    }
}

#[test]
fn what_is_no_folder_of_its_own_is_refused() {
    let user = User::new(|_| ());
    let notes = user.make("Notes");
    symlink(&notes, user.folder.path().join("link")).expect("made");
    fs::write(user.folder.path().join("file"), "").expect("written");
    let refused = |host: &str| user.open(host, ReadOnly).expect_err(host);
    assert!(matches!(refused("~/missing"), FolderError::Missing { .. }));
    for link in ["~/link", "~/link/", "~/link/."] {
        assert!(matches!(refused(link), FolderError::Link { .. }), "{link}");
    }
    for file in ["~/file", "~/file/"] {
        assert!(
            matches!(refused(file), FolderError::NotAFolder { .. }),
            "{file}"
        );
    }
    for part in ["Notes", "./Notes", "", "~other/Notes"] {
        assert!(
            matches!(refused(part), FolderError::NotWhole { .. }),
            "{part}"
        );
    }
    let sentence = refused("~/missing").to_string();
    assert!(sentence.starts_with("there is no folder `/"), "{sentence}");
}

#[test]
fn a_forbidden_place_is_refused_with_what_is_above_and_below() {
    let user = User::new(|_| ());
    for (name, kind) in [
        (".local/share/portcullis", Kind::Portcullis),
        (".local/share/portcullis/data/x", Kind::Portcullis),
        (".local/share", Kind::Portcullis),
        ("programs", Kind::Portcullis),
        (".ssh", Kind::Keys),
        (".ssh/keys", Kind::Keys),
        (".config/fish", Kind::StartUp),
        ("settings/autostart", Kind::StartUp),
    ] {
        user.make(name);
        for access in [ReadOnly, ReadWrite] {
            assert_eq!(
                kind_of(user.open(&format!("~/{name}"), access)),
                kind,
                "{name}"
            );
        }
    }
    let browser = if cfg!(target_os = "macos") {
        "Library/Application Support/Google/Chrome"
    } else {
        "settings/chromium/NativeMessagingHosts"
    };
    user.make(browser);
    assert_eq!(
        kind_of(user.open(&format!("~/{browser}"), ReadOnly)),
        Kind::Browser
    );
    // The user's whole folder holds start-up files, or would.
    for everything in ["~", "~/", "~/.", "~/Notes/.."] {
        user.make("Notes");
        assert!(user.open(everything, ReadOnly).is_err(), "{everything}");
    }
    // Names that only begin alike are other places.
    for other in [".ssh-notes", "programs-2", ".local/share/portcullis-notes"] {
        user.make(other);
        assert!(
            user.open(&format!("~/{other}"), ReadWrite).is_ok(),
            "{other}"
        );
    }
}

#[test]
fn links_neither_hide_a_forbidden_place_nor_make_one() {
    let user = User::new(|root| {
        fs::create_dir_all(root.join("dotfiles/ssh")).expect("made");
        fs::write(root.join("dotfiles/bashrc"), "").expect("written");
        symlink(root.join("dotfiles/bashrc"), root.join(".bashrc")).expect("made");
        symlink(root.join("dotfiles/ssh"), root.join(".ssh")).expect("made");
        fs::create_dir_all(root.join("way")).expect("made");
        symlink(root.join(".local"), root.join("way/local")).expect("made");
    });
    // What the links lead to is what they stand for.
    assert_eq!(kind_of(user.open("~/dotfiles/ssh", ReadOnly)), Kind::Keys);
    assert!(user.open("~/dotfiles", ReadOnly).is_err());
    // A link on the way is resolved before anything is judged.
    assert_eq!(
        kind_of(user.open("~/way/local/share/portcullis", ReadOnly)),
        Kind::Portcullis
    );
    assert!(
        user.open("~/way", ReadWrite).is_ok(),
        "links inside are judged when they are followed"
    );
}

#[test]
fn the_systems_own_folders_are_refused_but_for_one_class_of_devices() {
    let user = User::new(|_| ());
    assert_eq!(kind_of(user.open("/", ReadOnly)), Kind::System);
    assert_eq!(kind_of(user.open("/dev", ReadOnly)), Kind::System);
    if !cfg!(target_os = "linux") {
        return;
    }
    for refused in [
        "/proc",
        "/proc/self",
        "/proc/self/fd",
        "/sys",
        "/sys/class",
        "/sys/kernel",
    ] {
        let error = user.open(refused, ReadOnly).expect_err(refused);
        // `/proc/self` is a link, whose end is forbidden as well.
        let is_right = matches!(
            error,
            FolderError::Forbidden { .. } | FolderError::Link { .. }
        );
        assert!(is_right, "{refused}: {error}");
    }
    let lo = "/sys/devices/virtual/net/lo";
    assert_eq!(kind_of(user.open(lo, ReadOnly)), Kind::System);
    assert!(matches!(
        user.open("/sys/class/net/lo", ReadOnly),
        Err(FolderError::Link { .. })
    ));
    let net = user.open("/sys/class/net", ReadOnly).expect("readable");
    assert_eq!(net.path, Path::new("/sys/class/net"));
    let error = user
        .open("/sys/class/net", ReadWrite)
        .expect_err("not for writing");
    assert!(
        matches!(error, FolderError::ReadOnlyPlace { .. }),
        "{error}"
    );
}

#[test]
fn a_folder_to_read_cannot_lie_in_one_to_write() {
    let user = User::new(|_| ());
    user.make("a/b");
    user.make("c");
    let both = |first: (&str, Access), second: (&str, Access)| {
        let open = |(name, access): (&str, Access)| user.open(&format!("~/{name}"), access);
        check_together(&[open(first).expect("there"), open(second).expect("there")]).is_ok()
    };
    for (first, second, expected) in [
        (("a", ReadWrite), ("a/b", ReadOnly), false),
        (("a/b", ReadOnly), ("a", ReadWrite), false),
        (("a", ReadWrite), ("a", ReadOnly), false),
        (("a", ReadOnly), ("a/b", ReadWrite), true),
        (("a", ReadWrite), ("a/b", ReadWrite), true),
        (("a", ReadWrite), ("c", ReadOnly), true),
    ] {
        assert_eq!(both(first, second), expected, "{first:?} {second:?}");
    }
}
