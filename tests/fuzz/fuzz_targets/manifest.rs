//! Any host manifest, as both families on both kinds of system read it.
//!
//! Input: a line with the name that the extension asks for, the bytes of the file.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_core::caller::Family;
use portcullis_core::manifest::{self, Fault, HostManifest, Program, System};

fuzz_target!(|data: &[u8]| {
    let end = data
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(data.len());
    let Ok(name) = str::from_utf8(&data[..end]) else {
        return;
    };
    let file = data.get(end + 1..).unwrap_or_default();

    for family in [Family::Chromium, Family::Mozilla] {
        let posix = manifest::read_on(System::Posix, family, file, name);
        let windows = manifest::read_on(System::Windows, family, file, name);
        match (&posix, &windows) {
            (Ok(posix), Ok(windows)) => assert_eq!(posix, windows),
            // The one difference is the path.
            (Err(_), Ok(windows)) => assert!(!windows.path().starts_with('/')),
            (_, Err(fault)) => assert_eq!(posix.as_ref(), Err(fault)),
        }
        match &posix {
            Ok(manifest) => check_manifest(manifest, name),
            Err(fault) => check_fault(fault, file),
        }
        let marked = [b"\xef\xbb\xbf", file].concat();
        if !file.starts_with(b"\xef\xbb\xbf") {
            assert_eq!(
                manifest::read_on(System::Posix, family, &marked, name),
                posix
            );
        }
        if family == Family::Chromium && file.first() == Some(&b'{') {
            let commented = [b"// {\n/* \" */{/**/", &file[1..]].concat();
            let commented = manifest::read_on(System::Posix, family, &commented, name);
            let without_place = |verdict: Result<HostManifest, Fault>| {
                verdict.map_err(|fault| Fault {
                    position: None,
                    ..fault
                })
            };
            assert_eq!(without_place(commented), without_place(posix));
        }
    }
});

fn check_manifest(manifest: &HostManifest, name: &str) {
    assert_eq!(manifest.name().as_str(), name);
    assert!(manifest.path().starts_with('/'));
    for allowed in manifest.allowed() {
        if let Some(origin) = &allowed.origin {
            assert_eq!(origin.family(), manifest.family());
            assert_eq!(manifest.check_caller(origin), Ok(()));
        }
    }
    match manifest.family() {
        Family::Chromium => assert!(!manifest.description().is_empty()),
        Family::Mozilla => assert!(!manifest.allowed().is_empty()),
    }
    for program in [Program::Missing, Program::NotExecutable] {
        let fault = manifest
            .check_program(program)
            .expect_err("it cannot be started");
        check_fault(&fault, b"");
    }
}

fn check_fault(fault: &Fault, file: &[u8]) {
    let texts = [&fault.shown, &fault.detail, &fault.mend];
    for text in texts.into_iter().chain(&fault.logged) {
        assert!(
            !text.is_empty() && !text.contains(char::is_control),
            "{fault:?}"
        );
    }
    if let Some(position) = fault.position {
        let lines = String::from_utf8_lossy(file);
        let line = lines
            .split('\n')
            .nth(position.line - 1)
            .expect("the line is there");
        assert!(
            (1..=line.chars().count() + 1).contains(&position.column),
            "{fault:?}"
        );
    }
}
