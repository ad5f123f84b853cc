//! `portcullis:plugin/timers`: one-shot timers of a session.

use std::time::Duration;

use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use super::port::TimerFault;
use crate::contract::CodedError;
use crate::instance::State;

/// Defines the interface.
pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut interface = linker.instance("portcullis:plugin/timers@0.1.0")?;
    interface.func_wrap(
        "set",
        |mut store: StoreContextMut<'_, State>, (delay, token): (u64, u64)| {
            let set = store
                .data_mut()
                .port
                .set_timer(Duration::from_millis(delay), token);
            Ok((set.map_err(coded),))
        },
    )?;
    interface.func_wrap(
        "cancel",
        |mut store: StoreContextMut<'_, State>, (token,): (u64,)| {
            store.data_mut().port.cancel_timer(token);
            Ok(())
        },
    )
}

fn coded(fault: TimerFault) -> CodedError {
    let code = match fault {
        TimerFault::TooMany => "too-many",
        TimerFault::TooLong => "too-long",
    };
    CodedError {
        code: code.to_owned(),
        message: fault.to_string(),
    }
}
