//! What `add`, `rebuild` and `verify` share: from stored bytes to native code that the lock vouches for.

use std::time::Duration;

use anyhow::{Context, Result};
use portcullis_core::home::artifact::{self, Stamp};
use portcullis_core::home::lock::{Artifact, Lock};
use portcullis_core::home::write::Staged;
use portcullis_core::home::{Home, HomeLock, store};
use portcullis_core::names::{Digest, PluginName};
use portcullis_sandbox::{PROGRAM_VERSION, TARGET};

use crate::compiler;
use crate::exit::Internal;

/// Waits for the right to write to the home, as long as people do.
pub(crate) fn lock(home: &Home, verb: &str) -> Result<HomeLock> {
    lock_within(home, verb, HomeLock::PATIENCE)
}

/// The same with another patience.
pub(crate) fn lock_within(home: &Home, verb: &str, patience: Duration) -> Result<HomeLock> {
    Ok(HomeLock::take(
        home,
        &format!("portcullis {verb}"),
        patience,
    )?)
}

/// Compiles the stored plugin with this digest, in the limited child, and puts the native code into its place. The
/// lock is not touched: until the caller writes it, nothing uses the file.
pub(crate) fn make_artifact(
    lock: &HomeLock,
    plugin: &Digest,
    what: &str,
    size: u64,
) -> Result<Artifact> {
    let home = lock.home();
    let name = artifact::artifact_file_name(plugin, PROGRAM_VERSION, TARGET);
    let mut staged = Staged::beside(lock, &home.cache().join(name))?;
    compiler::compile(&store::plugin_file(home, plugin), staged.path(), what, size)?;
    let unreadable = || Internal("cannot read the native code that was just made".to_owned());
    let (digest, size) = Digest::of_reader(staged.file()).with_context(unreadable)?;
    let file = staged.commit(lock)?;
    // After the rename, which changes it.
    let stamp = file
        .metadata()
        .and_then(|metadata| Stamp::of(&file, &metadata))
        .with_context(unreadable)?;
    Ok(Artifact {
        program_version: PROGRAM_VERSION.to_owned(),
        target: TARGET.to_owned(),
        digest,
        size,
        stamp,
    })
}

/// That there is no such plugin, and which there are.
pub(crate) fn not_installed(name: &PluginName, list: &Lock) -> String {
    let names: Vec<String> = list
        .plugins()
        .iter()
        .map(|plugin| format!("`{}`", plugin.name))
        .collect();
    if names.is_empty() {
        format!(
            "no plugin `{name}` is installed, nor any other: add it with `portcullis add FILE.wasm --name {name}`"
        )
    } else {
        format!("no plugin `{name}` is installed, but {}", names.join(", "))
    }
}
