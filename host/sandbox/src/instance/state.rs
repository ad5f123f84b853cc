//! What the host keeps for one store.

use portcullis_core::policy::Limits;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::Terms;
use super::budget::Budget;
use super::clocks::Clocks;
use crate::alarms::Alarms;
use crate::capabilities::files;
use crate::capabilities::http::HttpContext;
use crate::capabilities::log::PluginLog;
use crate::capabilities::port::Port;
use crate::capabilities::stdio::Stdio;
use crate::capabilities::wasi;
use crate::powers::Powers;

/// Resources that a guest may have at a time: pollables, streams and the like. wasmtime's default is a million.
const RESOURCE_LIMIT: usize = 4096;

/// What the host keeps for one store.
pub(crate) struct State {
    pub(super) budget: Budget,
    pub(crate) clocks: Clocks,
    pub(crate) alarms: Alarms,
    pub(crate) limits: Limits,
    pub(crate) powers: Powers,
    pub(crate) log: PluginLog,
    pub(crate) port: Box<dyn Port>,
    pub(crate) table: ResourceTable,
    files: files::Opened,
    pub(crate) http: HttpContext,
    stdio: Option<Stdio>,
    /// Made when a guest first asks for it: most small plugins never do, and its random generators are seeded by
    /// system calls.
    wasi: Option<WasiCtx>,
}

impl State {
    pub(super) fn new(terms: Terms, port: Box<dyn Port>) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCE_LIMIT);
        Self {
            budget: Budget::new(terms.limits.memory.bytes()).telling(terms.usage.clone()),
            clocks: Clocks::new().telling(terms.usage),
            alarms: terms.alarms,
            limits: terms.limits,
            powers: terms.powers,
            log: terms.log,
            port,
            table,
            files: files::Opened::default(),
            http: HttpContext::new(),
            stdio: None,
            wasi: None,
        }
    }
}

impl State {
    /// Has its standard input and output lead to these. To be called before anything of the guest runs.
    pub(super) fn use_stdio(&mut self, stdio: Stdio) {
        self.stdio = Some(stdio);
    }

    /// Its files, for one call.
    pub(crate) fn files(&mut self) -> files::View<'_> {
        files::View {
            table: &mut self.table,
            opened: &mut self.files,
            powers: &self.powers,
        }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let (log, powers, stdio) = (&self.log, &self.powers, self.stdio.as_ref());
        WasiCtxView {
            ctx: self
                .wasi
                .get_or_insert_with(|| wasi::context(log, powers, stdio)),
            table: &mut self.table,
        }
    }
}
