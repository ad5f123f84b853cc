//! WASI 0.2: always there, since language runtimes import it whether they use it or not, and nothing in it but time,
//! randomness, a way to the log and what the policy grants.
//!
//! No argument, no inherited environment, no socket. Clocks and random numbers are real, because a runtime that gets
//! the same "random" numbers in every process makes keys that repeat.

use wasmtime::component::Linker;
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::p2::bindings::{cli, clocks, random, sockets};
use wasmtime_wasi::random::{WasiRandom, WasiRandomCtx};
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView as _};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiView as _};
use wasmtime_wasi_io::bindings::wasi::io;

use super::log::PluginLog;
use super::output::Output;
use super::stdio::Stdio;
use crate::instance::State;
use crate::powers::Powers;

/// Random bytes in one call. wasmtime-wasi's default of 64 MiB lets a guest make the host allocate that.
const RANDOM_LIMIT: u64 = 64 * 1024;

/// The context: both outputs led to `log`, or only the second where the first is in `stdio`, and what `powers` holds.
pub(crate) fn context(log: &PluginLog, powers: &Powers, stdio: Option<&Stdio>) -> WasiCtx {
    let mut builder = WasiCtxBuilder::new();
    match stdio {
        Some(Stdio { input, output }) => builder.stdin(input.clone()).stdout(output.clone()),
        None => builder.stdout(Output::standard_output(log)),
    };
    builder
        .stderr(Output::standard_error(log))
        .max_random_size(RANDOM_LIMIT)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false);
    for (name, value) in &*powers.environment {
        builder.env(name, value);
    }
    builder.build()
}

/// Where wasmtime-wasi's implementation of `wasi:io` finds its table.
struct Table;

impl wasmtime::component::HasData for Table {
    type Data<'a> = &'a mut wasmtime::component::ResourceTable;
}

fn random_context(state: &mut State) -> &mut WasiRandomCtx {
    let view = state.ctx();
    view.ctx.random()
}

/// Defines one interface of WASI 0.2.
pub(super) fn link(linker: &mut Linker<State>, interface: &str) -> wasmtime::Result<()> {
    let l = linker;
    match interface {
        "wasi:io/error" => io::error::add_to_linker::<State, Table>(l, |s| &mut s.table),
        "wasi:io/poll" => io::poll::add_to_linker::<State, Table>(l, |s| &mut s.table),
        "wasi:io/streams" => io::streams::add_to_linker::<State, Table>(l, |s| &mut s.table),
        "wasi:clocks/wall-clock" => {
            clocks::wall_clock::add_to_linker::<State, WasiClocks>(l, State::clocks)
        }
        "wasi:random/random" => {
            random::random::add_to_linker::<State, WasiRandom>(l, random_context)
        }
        "wasi:random/insecure" => {
            random::insecure::add_to_linker::<State, WasiRandom>(l, random_context)
        }
        "wasi:random/insecure-seed" => {
            random::insecure_seed::add_to_linker::<State, WasiRandom>(l, random_context)
        }
        "wasi:cli/environment" => cli::environment::add_to_linker::<State, WasiCli>(l, State::cli),
        "wasi:cli/exit" => cli::exit::add_to_linker::<State, WasiCli>(l, State::cli),
        "wasi:cli/stdin" => cli::stdin::add_to_linker::<State, WasiCli>(l, State::cli),
        "wasi:cli/stdout" => cli::stdout::add_to_linker::<State, WasiCli>(l, State::cli),
        "wasi:cli/stderr" => cli::stderr::add_to_linker::<State, WasiCli>(l, State::cli),
        "wasi:cli/terminal-input" => {
            cli::terminal_input::add_to_linker::<State, WasiCli>(l, State::cli)
        }
        "wasi:cli/terminal-output" => {
            cli::terminal_output::add_to_linker::<State, WasiCli>(l, State::cli)
        }
        "wasi:cli/terminal-stdin" => {
            cli::terminal_stdin::add_to_linker::<State, WasiCli>(l, State::cli)
        }
        "wasi:cli/terminal-stdout" => {
            cli::terminal_stdout::add_to_linker::<State, WasiCli>(l, State::cli)
        }
        "wasi:cli/terminal-stderr" => {
            cli::terminal_stderr::add_to_linker::<State, WasiCli>(l, State::cli)
        }
        _ => link_sockets(l, interface),
    }
}

/// Defines one interface of `wasi:sockets`. Every call is refused: linked only because runtimes import them.
fn link_sockets(l: &mut Linker<State>, interface: &str) -> wasmtime::Result<()> {
    match interface {
        "wasi:sockets/network" => {
            let options = sockets::network::LinkOptions::default();
            sockets::network::add_to_linker::<State, WasiSockets>(l, &options, State::sockets)
        }
        "wasi:sockets/instance-network" => {
            sockets::instance_network::add_to_linker::<State, WasiSockets>(l, State::sockets)
        }
        "wasi:sockets/tcp" => sockets::tcp::add_to_linker::<State, WasiSockets>(l, State::sockets),
        "wasi:sockets/tcp-create-socket" => {
            sockets::tcp_create_socket::add_to_linker::<State, WasiSockets>(l, State::sockets)
        }
        "wasi:sockets/udp" => sockets::udp::add_to_linker::<State, WasiSockets>(l, State::sockets),
        "wasi:sockets/udp-create-socket" => {
            sockets::udp_create_socket::add_to_linker::<State, WasiSockets>(l, State::sockets)
        }
        "wasi:sockets/ip-name-lookup" => {
            sockets::ip_name_lookup::add_to_linker::<State, WasiSockets>(l, State::sockets)
        }
        other => Err(wasmtime::format_err!(
            "`{other}` is offered, but nothing provides it"
        )),
    }
}
