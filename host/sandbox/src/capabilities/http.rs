//! `wasi:http/outgoing-handler`: requests that a plugin sends, to where its route was granted and nowhere else.
//!
//! The decision that shaped it: the types of `wasi:http` are wasmtime-wasi-http's, the way of sending is our own. A
//! request is judged here, on the port's thread, by where it says that it goes; what it is allowed to is done by
//! [`exchange`], on a thread of its own, which judges where it really goes. A request that is refused starts nothing.
//!
//! What this deliberately does not do: it follows no redirect, unpacks nothing, keeps no cookies and no connection,
//! asks no proxy. A guest that wants one of these does it with requests of its own, and each of those is judged.

mod addresses;
mod body;
mod exchange;
mod headers;
mod kept;
mod network;
mod power;
mod resolve;
mod tls;

use std::sync::Arc;

use http::{HeaderName, Method, Request};
use portcullis_core::policy::{Scheme, Target};
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::p2::bindings::LinkOptions;
use wasmtime_wasi_http::p2::bindings::http::outgoing_handler::Host as _;
use wasmtime_wasi_http::p2::bindings::http::types::{self, ErrorCode};
use wasmtime_wasi_http::p2::types::{HostFutureIncomingResponse, HostOutgoingRequest};
use wasmtime_wasi_http::{
    Error, ForbiddenHeaderFilter, RequestOptions, Result as HttpResult, WasiBody, WasiHttp,
    WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks,
};

use crate::instance::State;
use crate::powers::{Denials, Kind};
use exchange::{Answer, Fault, Order, Patience};

pub use addresses::{Place as AddressKind, place as address_kind};
pub use network::Network;
pub use power::Http;
pub use tls::Roots;

/// Bytes that a guest may write into the body of a request at once, which the host copies. wasmtime-wasi-http's own
/// megabyte, for every request that a guest keeps (see [`kept`]), would be more than the rest of the host takes.
const CHUNK: usize = 16 * 1024;

/// What the host keeps of HTTP for one store.
pub(crate) struct HttpContext {
    fields: WasiHttpCtx,
    hooks: Hooks,
}

impl HttpContext {
    pub(crate) fn new() -> Self {
        let mut fields = WasiHttpCtx::new();
        fields.set_field_size_limit(headers::FIELD_BYTES);
        let hooks = Hooks { admitted: None };
        Self { fields, hooks }
    }
}

/// Defines one interface of `wasi:http`.
pub(super) fn link(linker: &mut Linker<State>, interface: &str) -> wasmtime::Result<()> {
    if interface == "wasi:http/types" {
        let options = LinkOptions::default();
        types::add_to_linker::<State, WasiHttp>(linker, &(&options).into(), view)?;
        return kept::link(linker);
    }
    let mut interface = linker.instance("wasi:http/outgoing-handler@0.2.12")?;
    interface.func_wrap(
        "handle",
        |mut store: StoreContextMut<'_, State>,
         (request, options): (
            Resource<HostOutgoingRequest>,
            Option<Resource<RequestOptions>>,
        )| { Ok((handle(store.data_mut(), request, options)?,)) },
    )
}

fn view(state: &mut State) -> WasiHttpCtxView<'_> {
    WasiHttpCtxView {
        hooks: &mut state.http.hooks,
        table: &mut state.table,
        ctx: &mut state.http.fields,
    }
}

type Handled = Result<Resource<HostFutureIncomingResponse>, ErrorCode>;

fn handle(
    state: &mut State,
    request: Resource<HostOutgoingRequest>,
    options: Option<Resource<RequestOptions>>,
) -> wasmtime::Result<Handled> {
    // wasmtime-wasi-http would leave it in the table, and a guest that sends many requests would fill that.
    let options = options
        .map(|options| state.table.delete(options))
        .transpose()?;
    let admitted = match admit(state, &request, options)? {
        Ok(admitted) => admitted,
        Err(code) => {
            state.table.delete(request)?;
            return Ok(Err(code));
        }
    };
    let runtime = match admitted.order.network.runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!("failed to start the thread of the network: {error}");
            state.table.delete(request)?;
            return Ok(Err(ErrorCode::InternalError(None)));
        }
    };
    // What wasmtime-wasi-http starts from here runs there: without a runtime at hand it would start one of its own,
    // with as many threads as the machine has processors.
    let _entered = runtime.enter();
    state.http.hooks.admitted = Some(admitted);
    let handled = view(state).handle(request, None);
    // Where it was refused after all, nobody has taken it, and it must not keep its place among those under way.
    state.http.hooks.admitted = None;
    match handled {
        Ok(future) => Ok(Ok(future)),
        Err(error) => error.downcast().map(Err),
    }
}

/// Judges a request by where it says that it goes.
fn admit(
    state: &State,
    request: &Resource<HostOutgoingRequest>,
    options: Option<RequestOptions>,
) -> wasmtime::Result<Result<Admitted, ErrorCode>> {
    let asked = state.table.get(request)?;
    let denials = &state.powers.denials;
    let scheme = match &asked.scheme {
        None | Some(types::Scheme::Https) => Scheme::Https,
        Some(types::Scheme::Http) => Scheme::Http,
        Some(types::Scheme::Other(_)) => return Ok(Err(ErrorCode::HttpProtocolError)),
    };
    let authority = asked.authority.as_deref().unwrap_or_default();
    let target = match Target::new(scheme, authority) {
        Ok(target) => target,
        Err(error) => {
            let why = shortened(&error.to_string());
            denials.tell_final(
                Kind::Http,
                &format!("an HTTP request whose address is none: {why}"),
            );
            return Ok(Err(ErrorCode::HttpRequestUriInvalid));
        }
    };
    let http = state.powers.http.as_ref();
    let Some(http) = http.filter(|http| http.admits(&target)) else {
        denials.tell(
            &format!("an HTTP request to `{target}`"),
            &format!("http={target}"),
        );
        return Ok(Err(ErrorCode::HttpRequestDenied));
    };
    // It would make a tunnel of the connection, through which anything could be said to anybody.
    if is_connect(&asked.method) {
        return Ok(Err(ErrorCode::HttpRequestMethodInvalid));
    }
    let body_limit = state.limits.http_body.bytes();
    let announced = asked.headers.get(http::header::CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > body_limit) {
        return Ok(Err(ErrorCode::HttpRequestBodySize(Some(body_limit))));
    }
    let enter = || http.enter(state.limits.http_in_flight);
    // A request that the guest has just dropped gives its place back on the other thread, a moment later.
    let entered = enter().or_else(|| {
        http.network().settle();
        enter()
    });
    let Some(permit) = entered else {
        return Ok(Err(ErrorCode::ConnectionLimitReached));
    };
    let order = Order {
        target,
        reach: http.reach(),
        patience: Patience::within(options),
        body_limit,
        permit,
        network: http.network().clone(),
    };
    Ok(Ok(Admitted {
        order,
        denials: denials.clone(),
        span: tracing::Span::current(),
    }))
}

/// A method may be given by name, too, and a server may take any spelling for it.
fn is_connect(method: &types::Method) -> bool {
    match method {
        types::Method::Connect => true,
        types::Method::Other(name) => name.eq_ignore_ascii_case(Method::CONNECT.as_str()),
        _ => false,
    }
}

/// The longest piece of a guest's own words in a line of the log.
const MOST_SHOWN: usize = 200;

fn shortened(text: &str) -> String {
    let mut shown: String = text.chars().take(MOST_SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// A request that may be sent.
struct Admitted {
    order: Order,
    denials: Denials,
    /// The port's, for lines of the log that are written on the other thread.
    span: tracing::Span,
}

impl Admitted {
    async fn send(self, request: Request<WasiBody>) -> HttpResult<Answer> {
        let Self {
            order,
            denials,
            span,
        } = self;
        let target = order.target.clone();
        let fault = match order.send(request).await {
            Ok(answer) => return Ok(answer),
            Err(fault) => fault,
        };
        span.in_scope(|| match fault {
            Fault::Other(error) => Err(error),
            Fault::NoRoots(why) => {
                denials.tell_final(Kind::Http, &format!("every HTTPS request: {why}"));
                Err(Error::TlsCertificateError)
            }
            Fault::Prohibited {
                address,
                place,
                is_final,
            } => {
                let attempted = format!(
                    "an HTTP request to `{target}`, whose address `{address}` leads to {place}"
                );
                if is_final {
                    denials.tell_final(Kind::Http, &attempted);
                } else {
                    denials.tell(&attempted, "http-private");
                }
                Err(Error::DestinationIpProhibited)
            }
        })
    }
}

/// Our part in wasmtime-wasi-http.
struct Hooks {
    /// The request that is being handed over.
    admitted: Option<Admitted>,
}

impl WasiHttpHooks for Hooks {
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        headers::is_forbidden(name)
    }

    // Asked in place of the other one where there is no store at hand (GHSA-jxcf-8qw5-5c33): both must say the same.
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(headers::is_forbidden)
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        _options: Option<RequestOptions>,
        _processed: Box<dyn Future<Output = HttpResult<()>> + Send>,
    ) -> Box<dyn Future<Output = HttpResult<Answer>> + Send> {
        let admitted = self.admitted.take();
        Box::new(async move {
            match admitted {
                Some(admitted) => admitted.send(request).await,
                None => Err(Error::HttpRequestDenied),
            }
        })
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        CHUNK
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_guest_wrote_is_shown_shortened() {
        assert_eq!(shortened("short"), "short");
        let long = "é".repeat(300);
        assert_eq!(shortened(&long).chars().count(), MOST_SHOWN + 1);
    }

    #[test]
    fn connect_is_known_however_it_is_spelt() {
        assert!(is_connect(&types::Method::Connect));
        for (name, expected) in [
            ("CONNECT", true),
            ("connect", true),
            ("Connect", true),
            ("CONNECTED", false),
            ("QUERY", false),
        ] {
            let method = types::Method::Other(name.to_owned());
            assert_eq!(is_connect(&method), expected, "{name}");
        }
        assert!(!is_connect(&types::Method::Get));
    }
}
