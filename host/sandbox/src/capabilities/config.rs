//! `portcullis:plugin/config`: the settings that the policy gives this plugin for this origin.

use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use crate::contract::Text;
use crate::instance::State;

/// The longest key that is looked up, in bytes. No policy has a longer one that anybody typed.
const KEY_LIMIT: usize = 4096;

/// Defines the interface.
pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut interface = linker.instance("portcullis:plugin/config@0.1.0")?;
    interface.func_wrap(
        "get",
        |store: StoreContextMut<'_, State>, (key,): (Text<KEY_LIMIT>,)| {
            let Text::Within(key) = key else {
                return Ok((None,));
            };
            Ok((store.data().powers.config.get(&key).cloned(),))
        },
    )?;
    interface.func_wrap("all", |store: StoreContextMut<'_, State>, ()| {
        let pairs = store.data().powers.config.iter();
        let all: Vec<_> = pairs
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        Ok((all,))
    })
}
