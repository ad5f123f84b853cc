//! Any bytes as a component: never a panic, and what is said of them is safe to print and bounded.
//!
//! Time and memory are bounded by libFuzzer's own flags, see `run`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sandbox::{inspect, offered, parts};

// The sources and not the crate: the inspector knows nothing of wasmtime, which is most of what the crate brings along
// and would be built with instruments that nothing reads.
#[path = "../../../host/sandbox/src"]
#[expect(
    dead_code,
    unused_imports,
    reason = "what only the rest of the crate uses"
)]
mod sandbox {
    pub mod inspect;
    pub mod offered;
    pub mod parts;
}

/// The longest sentence about a file, in bytes: three names of 256 characters, each of which may be written with ten.
const LONGEST_SENTENCE: usize = 16 * 1024;

/// The most bytes of names of functions. They belong to types, which a component can use many times over.
const MOST_FUNCTION_NAMES: usize = 1024 * 1024;

fuzz_target!(|data: &[u8]| {
    match inspect::inspect(data) {
        Ok(inspection) => {
            assert_eq!(inspection.size, data.len() as u64);
            let items = || inspection.imports.iter().chain(&inspection.exports);
            let names: usize = items().map(|item| item.name.len()).sum();
            assert!(names <= data.len(), "a name that the file does not have");
            let functions = items().flat_map(|item| &item.functions);
            assert!(functions.map(String::len).sum::<usize>() <= MOST_FUNCTION_NAMES);
            for refusal in &inspection.refusals {
                check_sentence(&refusal.to_string());
            }
        }
        Err(error) => check_sentence(&error.to_string()),
    }
});

fn check_sentence(sentence: &str) {
    assert!(!sentence.is_empty());
    assert!(
        sentence.len() <= LONGEST_SENTENCE,
        "{} bytes",
        sentence.len()
    );
    assert!(!sentence.contains(char::is_control), "{sentence:?}");
}
