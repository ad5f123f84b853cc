//! What a plugin exports: found once when it is loaded, checked once when it is instantiated, called often.

use portcullis_core::protocol::OUTBOUND_LIMIT;
use wasmtime::component::{
    Component, ComponentExportIndex, ComponentNamedList, Func, Instance, Lift, Lower, TypedFunc,
};
use wasmtime::{AsContextMut, StoreContextMut};

use super::{Incoming, PeerRecord, PluginErrorRecord, Text};

/// A reply: a text of at most what a browser takes, or its length.
pub(crate) type ReplyText = Text<OUTBOUND_LIMIT>;

type Handle = (Result<ReplyText, PluginErrorRecord>,);
type Message = (Result<Option<ReplyText>, PluginErrorRecord>,);
type Done = (Result<(), PluginErrorRecord>,);
type Ended = (Result<(), ()>,);

/// Where in a component the functions of `handler` are.
#[derive(Clone)]
pub(crate) struct HandlerExports<F = ComponentExportIndex> {
    handle: F,
}

/// Where in a component the functions of `session` are.
#[derive(Clone)]
pub(crate) struct SessionExports<F = ComponentExportIndex> {
    connect: F,
    message: F,
    timer: F,
    disconnect: F,
}

/// Where in a component the function of `wasi:cli/run` is.
#[derive(Clone)]
pub(crate) struct RunExport<F = ComponentExportIndex> {
    run: F,
}

/// Finds the functions of an exported interface.
fn find(
    component: &Component,
    interface: &ComponentExportIndex,
    name: &str,
) -> Option<ComponentExportIndex> {
    component.get_export_index(Some(interface), name)
}

/// A function of an instance, with its type checked.
fn checked<P, R, T>(
    store: &mut StoreContextMut<'_, T>,
    instance: &Instance,
    index: &ComponentExportIndex,
) -> wasmtime::Result<Func>
where
    P: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift,
{
    let func = instance
        .get_func(store.as_context_mut(), index)
        .ok_or_else(|| wasmtime::format_err!("an export of the contract is not a function"))?;
    func.typed::<P, R>(&*store)?;
    Ok(func)
}

impl HandlerExports {
    /// Finds the functions; `None` where one is missing.
    pub(crate) fn find(component: &Component, interface: &ComponentExportIndex) -> Option<Self> {
        Some(Self {
            handle: find(component, interface, "handle")?,
        })
    }

    /// The functions of one instance.
    ///
    /// # Errors
    ///
    /// Where a function does not have the type of the contract.
    pub(crate) fn bind<T>(
        &self,
        mut store: StoreContextMut<'_, T>,
        instance: &Instance,
    ) -> wasmtime::Result<HandlerExports<Func>> {
        let handle =
            checked::<(&PeerRecord, &Incoming<'_>), Handle, T>(&mut store, instance, &self.handle)?;
        Ok(HandlerExports { handle })
    }
}

impl HandlerExports<Func> {
    /// Calls `handle`.
    pub(crate) async fn handle<T: Send>(
        &self,
        store: StoreContextMut<'_, T>,
        peer: &PeerRecord,
        message: &Incoming<'_>,
    ) -> wasmtime::Result<Result<ReplyText, PluginErrorRecord>> {
        // SAFETY: `bind` has checked the function against this very type; only lifetimes differ.
        let call: TypedFunc<(&PeerRecord, &Incoming<'_>), Handle> =
            unsafe { TypedFunc::new_unchecked(self.handle) };
        Ok(call.call_async(store, (peer, message)).await?.0)
    }
}

impl SessionExports {
    /// Finds the functions; `None` where one is missing.
    pub(crate) fn find(component: &Component, interface: &ComponentExportIndex) -> Option<Self> {
        Some(Self {
            connect: find(component, interface, "connect")?,
            message: find(component, interface, "message")?,
            timer: find(component, interface, "timer")?,
            disconnect: find(component, interface, "disconnect")?,
        })
    }

    /// The functions of one instance.
    ///
    /// # Errors
    ///
    /// Where a function does not have the type of the contract.
    pub(crate) fn bind<T>(
        &self,
        mut store: StoreContextMut<'_, T>,
        instance: &Instance,
    ) -> wasmtime::Result<SessionExports<Func>> {
        Ok(SessionExports {
            connect: checked::<(&PeerRecord,), Done, T>(&mut store, instance, &self.connect)?,
            message: checked::<(&Incoming<'_>,), Message, T>(&mut store, instance, &self.message)?,
            timer: checked::<(u64,), Done, T>(&mut store, instance, &self.timer)?,
            disconnect: checked::<(), (), T>(&mut store, instance, &self.disconnect)?,
        })
    }
}

impl SessionExports<Func> {
    /// Calls `connect`.
    pub(crate) async fn connect<T: Send>(
        &self,
        store: StoreContextMut<'_, T>,
        peer: &PeerRecord,
    ) -> wasmtime::Result<Result<(), PluginErrorRecord>> {
        // SAFETY: as in `HandlerExports::handle`.
        let call: TypedFunc<(&PeerRecord,), Done> =
            unsafe { TypedFunc::new_unchecked(self.connect) };
        Ok(call.call_async(store, (peer,)).await?.0)
    }

    /// Calls `message`.
    pub(crate) async fn message<T: Send>(
        &self,
        store: StoreContextMut<'_, T>,
        json: &Incoming<'_>,
    ) -> wasmtime::Result<Result<Option<ReplyText>, PluginErrorRecord>> {
        // SAFETY: as in `HandlerExports::handle`.
        let call: TypedFunc<(&Incoming<'_>,), Message> =
            unsafe { TypedFunc::new_unchecked(self.message) };
        Ok(call.call_async(store, (json,)).await?.0)
    }

    /// Calls `timer`.
    pub(crate) async fn timer<T: Send>(
        &self,
        store: StoreContextMut<'_, T>,
        token: u64,
    ) -> wasmtime::Result<Result<(), PluginErrorRecord>> {
        // SAFETY: as in `HandlerExports::handle`.
        let call: TypedFunc<(u64,), Done> = unsafe { TypedFunc::new_unchecked(self.timer) };
        Ok(call.call_async(store, (token,)).await?.0)
    }

    /// Calls `disconnect`.
    pub(crate) async fn disconnect<T: Send>(
        &self,
        store: StoreContextMut<'_, T>,
    ) -> wasmtime::Result<()> {
        // SAFETY: as in `HandlerExports::handle`.
        let call: TypedFunc<(), ()> = unsafe { TypedFunc::new_unchecked(self.disconnect) };
        call.call_async(store, ()).await
    }
}

impl RunExport {
    /// Finds the function; `None` where it is missing.
    pub(crate) fn find(component: &Component, interface: &ComponentExportIndex) -> Option<Self> {
        Some(Self {
            run: find(component, interface, "run")?,
        })
    }

    /// The function of one instance.
    ///
    /// # Errors
    ///
    /// Where it does not have the type that WASI gives it.
    pub(crate) fn bind<T>(
        &self,
        mut store: StoreContextMut<'_, T>,
        instance: &Instance,
    ) -> wasmtime::Result<RunExport<Func>> {
        let run = checked::<(), Ended, T>(&mut store, instance, &self.run)?;
        Ok(RunExport { run })
    }
}

impl RunExport<Func> {
    /// Calls `run`, which returns when the program ends.
    pub(crate) async fn run<T: Send>(
        &self,
        store: StoreContextMut<'_, T>,
    ) -> wasmtime::Result<Result<(), ()>> {
        // SAFETY: as in `HandlerExports::handle`.
        let call: TypedFunc<(), Ended> = unsafe { TypedFunc::new_unchecked(self.run) };
        Ok(call.call_async(store, ()).await?.0)
    }
}
