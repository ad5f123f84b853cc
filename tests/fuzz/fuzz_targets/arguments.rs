//! Any arguments: who is taken for a caller is one by the letter, and nothing secret of theirs is kept.
//!
//! Input: a line for each argument, after a line with the name of the launcher (empty: none).

#![no_main]

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use portcullis_core::caller::{Caller, Family, Origin};
use portcullis_core::names::HostName;

fuzz_target!(|data: &[u8]| {
    let mut lines = data.split(|byte| *byte == b'\n');
    let launcher = lines
        .next()
        .and_then(|line| str::from_utf8(line).ok())
        .and_then(|name| name.parse::<HostName>().ok());
    let arguments: Vec<OsString> = lines
        .map(|line| OsString::from_vec(line.to_vec()))
        .collect();

    let Ok(caller) = Caller::from_arguments(&arguments, launcher.clone()) else {
        return;
    };
    assert!(
        Caller::looks_like_a_browser(&arguments),
        "the other program would not hand it over"
    );
    let origin = caller.origin.as_str();
    assert_eq!(origin.parse::<Origin>().as_ref(), Ok(&caller.origin));
    let said_by = match caller.origin.family() {
        Family::Chromium => &arguments[0],
        Family::Mozilla => &arguments[1],
    };
    assert_eq!(
        said_by.as_bytes(),
        origin.as_bytes(),
        "an origin is what one argument says"
    );
    assert!(origin.is_ascii() && !origin.contains(char::is_control));

    if let Some(name) = &caller.host_name {
        // It becomes the name of a file.
        assert!(!name.as_str().contains(['/', '\\', '\0']) && !name.as_str().starts_with('.'));
        let of_manifest = caller.origin.family() == Family::Mozilla
            && Path::new(&arguments[0]).file_stem() == Some(name.as_str().as_ref());
        assert!(of_manifest || caller.host_name == launcher);
    }
    assert_ne!(caller.parent_window, Some(0));
    if let Some(fault) = caller.launch_fault {
        assert!(arguments.iter().any(|argument| argument == fault));
    }
    // What the caller is shown as ends in the log.
    assert!(
        !format!("{caller:?}").contains("reconnect"),
        "the user's profile path is in it"
    );
});
