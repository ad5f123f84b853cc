//! Every setting of wasmtime that differs from its default or that safety rests on, with its reason.
//!
//! Both programs use this one function: an artifact is only accepted by an engine that is configured as the one that
//! made it. What is switched off in the root `Cargo.toml` (threads, garbage collection, component-model async, the
//! compiler in the host) is not there at all, and repeated here only where the default would follow the feature.

use wasmtime::Config;

/// The stack that a guest may use, in bytes: wasmtime's own default, kept because deep recursion in a parser needs
/// some hundred KiB and a larger stack is only more memory for a runaway guest.
const GUEST_STACK: usize = 512 * 1024;

/// The stack of the fiber that a guest runs on, in bytes: the guest's, and room for host functions and the signal
/// handlers of the ticker below it.
const FIBER_STACK: usize = GUEST_STACK + 1024 * 1024;

/// The configuration of the one engine.
pub(crate) fn configuration() -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        // The stop for code that does not end, `start` functions included. Fuel costs as much and is not charged in
        // every instruction (RUSTSEC-2026-0315).
        .epoch_interruption(true)
        .consume_fuel(false)
        .max_wasm_stack(GUEST_STACK)
        .async_stack_size(FIBER_STACK)
        // Memories over 4 GiB would escape the reservation that makes bounds checks free, and no toolchain needs them.
        .wasm_memory64(false)
        // Only ever of use with threads, and the limiter is not asked about shared memories.
        .shared_memory(false)
        // A multiple of the page size is what every toolchain makes.
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false)
        // Host-made guest memory starts as a copy-on-write map of the artifact: instantiation does not grow with data.
        .memory_init_cow(true)
        // Unwind tables for debuggers cost start-up time that grows with the component, quadratic at exit on musl;
        // wasmtime does not need them to catch a trap. Windows does, whatever is to be caught: there they are required.
        .native_unwind_info(cfg!(windows))
        // Maps addresses of traps to offsets in the `.wasm`: a quarter of the artifact, for backtraces that nobody sees.
        .generate_address_map(false)
        // The text of a trap is guest-chosen names; the class of the trap is what the log needs.
        .wasm_backtrace_max_frames(None);
    #[cfg(feature = "compile")]
    config
        .strategy(wasmtime::Strategy::Cranelift)
        .cranelift_opt_level(wasmtime::OptLevel::Speed);
    config
}
