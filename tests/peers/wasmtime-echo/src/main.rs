//! What the documentation of wasmtime leads to: the component named by the first argument is compiled at each start,
//! all of WASI is linked, and tokio carries it all. No limits, no policy.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

wasmtime::component::bindgen!({
    path: "../../../wit",
    inline: "package peer:echo;
        world echo { export portcullis:plugin/handler@0.1.0; }",
    world: "peer:echo/echo",
    exports: { default: async },
});

use exports::portcullis::plugin::handler::Peer;

struct State {
    context: WasiCtx,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.context,
            table: &mut self.table,
        }
    }
}

#[tokio::main]
async fn main() -> wasmtime::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, file, origin, ..] = arguments.as_slice() else {
        return Err(wasmtime::Error::msg("give a component and an origin"));
    };
    let engine = Engine::default();
    let component = Component::from_file(&engine, file)?;
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    let state = State {
        context: WasiCtx::builder().inherit_stderr().build(),
        table: ResourceTable::new(),
    };
    let mut store = Store::new(&engine, state);
    let plugin = Echo::instantiate_async(&mut store, &component, &linker).await?;
    let peer = Peer {
        origin: origin.clone(),
        browser: "chromium".into(),
        host_name: None,
    };

    let (mut stdin, mut stdout) = (tokio::io::stdin(), tokio::io::stdout());
    loop {
        let mut header = [0; 4];
        if stdin.read_exact(&mut header).await.is_err() {
            return Ok(());
        }
        let mut body = vec![0; u32::from_ne_bytes(header) as usize];
        stdin.read_exact(&mut body).await?;
        let text = String::from_utf8(body)?;
        let reply = plugin
            .portcullis_plugin_handler()
            .call_handle(&mut store, &peer, &text)
            .await?;
        let reply = reply.map_err(|error| wasmtime::Error::msg(error.message))?;
        stdout
            .write_all(&(reply.len() as u32).to_ne_bytes())
            .await?;
        stdout.write_all(reply.as_bytes()).await?;
        stdout.flush().await?;
    }
}
