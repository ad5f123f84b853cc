//! From a file of `tests/guests/hostile` to a component on disk.
//!
//! The files are text, since what most of them do no toolchain would write. Each holds only what is its own; the frame
//! around it (`frame/*.wat`) has the contract's types, an allocator and a good reply. No `.wasm` is committed.

use std::fs;
use std::path::{Path, PathBuf};

use portcullis_tests::cargo;

/// The folder of the guests.
pub(super) fn folder() -> PathBuf {
    cargo::root().join("tests/guests/hostile")
}

/// Makes the component of `<name>.wat` in the folder `into`.
///
/// # Panics
///
/// With the place, where the text is no component.
#[track_caller]
pub(super) fn assemble(name: &str, into: &Path) -> PathBuf {
    let part = |name: &str| {
        let path = folder().join(name).with_extension("wat");
        fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("could not read `{}`: {error}", path.display()))
    };
    let own = repeated(&part(name));
    let lift = if own.contains("(canon lift") {
        String::new()
    } else {
        part("frame/lift")
    };
    let (begin, end) = (part("frame/begin"), part("frame/end"));
    let text = format!("(component\n{begin}{own}{lift}{end})\n");
    let bytes = wat::parse_str(text)
        .unwrap_or_else(|error| panic!("`{name}.wat` is no component: {error}"));
    let file = into.join(name).with_extension("wasm");
    fs::write(&file, bytes).expect("a temporary folder takes a file");
    file
}

/// Writes out lines like `;;repeat 65 (table 0 funcref)`. In such a line `{this}` is the number of the repetition, from
/// 0, and `{next}` the one after.
fn repeated(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    for line in text.lines() {
        let directive = line.trim_start().strip_prefix(";;repeat ");
        match directive.and_then(|directive| directive.split_once(' ')) {
            None => whole.push_str(line),
            Some((times, repeated)) => {
                let times: usize = times.parse().expect("a number follows `;;repeat`");
                for this in 0..times {
                    if repeated.contains('{') {
                        let next = (this + 1).to_string();
                        let once = repeated.replace("{this}", &this.to_string());
                        whole.push_str(&once.replace("{next}", &next));
                    } else {
                        whole.push_str(repeated);
                    }
                    whole.push('\n');
                }
            }
        }
        whole.push('\n');
    }
    whole
}
