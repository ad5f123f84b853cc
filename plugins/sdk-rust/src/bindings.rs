//! What wit-bindgen makes of the contract; nobody else in this crate names a generated path that is not listed here.
//!
//! Both worlds are generated, because a crate cannot know which one its user wants. Their export macros carry the
//! exports, so a component has only those of the macro that it used, and only the imports that it calls.

#[expect(
    missing_docs,
    reason = "generated; the contract's own documentation is in the WIT file"
)]
pub mod session {
    wit_bindgen::generate!({
        path: "wit",
        world: "session-plugin",
        pub_export_macro: true,
        export_macro_name: "export_session",
        default_bindings_module: "portcullis_plugin::expanded::session",
    });
}

#[expect(
    missing_docs,
    reason = "generated; the contract's own documentation is in the WIT file"
)]
pub mod handler {
    wit_bindgen::generate!({
        path: "wit",
        world: "handler-plugin",
        pub_export_macro: true,
        export_macro_name: "export_handler",
        default_bindings_module: "portcullis_plugin::expanded::handler",
        with: {
            "portcullis:plugin/types@0.1.0": crate::bindings::session::portcullis::plugin::types,
            "portcullis:plugin/log@0.1.0": crate::bindings::session::portcullis::plugin::log,
            "portcullis:plugin/config@0.1.0": crate::bindings::session::portcullis::plugin::config,
            "portcullis:plugin/storage@0.1.0": crate::bindings::session::portcullis::plugin::storage,
            "portcullis:plugin/secrets@0.1.0": crate::bindings::session::portcullis::plugin::secrets,
        },
    });
}

pub(crate) use session::portcullis::plugin::types::{Peer, PluginError};
pub(crate) use session::portcullis::plugin::{config, log, port, secrets, storage, timers};

impl From<Peer> for crate::Peer {
    fn from(peer: Peer) -> Self {
        Self {
            origin: peer.origin,
            browser: peer.browser,
            host_name: peer.host_name,
        }
    }
}
