//! What a guest may have the host keep of requests, responses and fields, sent or not.
//!
//! All of it lies in the host's memory, and making it takes no grant. The decision that shaped this: what is counted is
//! what the table of resources holds at the moment, whenever something is made that has room for more. There is no
//! count beside the table, so none that could be wrong after a drop.
//!
//! What this deliberately does not do: it stands in no other way of wasmtime-wasi-http's. Whatever else the guest can
//! make is a part of something that is counted here, or shares its memory, and keeps its place in the count.

use std::any::Any;

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource, ResourceTable};
use wasmtime_wasi_http::FieldMap;
use wasmtime_wasi_http::p2::bindings::http::types::{
    HeaderError, HostFields, HostOutgoingRequest as RequestTypes,
    HostOutgoingResponse as ResponseTypes, Method, Scheme,
};
use wasmtime_wasi_http::p2::body::{HostFutureTrailers, HostIncomingBody, HostOutgoingBody};
use wasmtime_wasi_http::p2::types::{
    HostFutureIncomingResponse, HostIncomingResponse, HostOutgoingRequest, HostOutgoingResponse,
};

use super::view;
use crate::instance::State;

/// What may be kept at a time beside requests under way. The largest is a request with its fields, its trailers (each
/// 57 KiB in memory where the count of `headers::FIELD_BYTES` says 32), its address and a piece of its body: some
/// 180 KiB, so 17 MiB in all.
const MOST: usize = 96;

/// What one request under way keeps: itself, its body, its response and that one's. A route has eight unasked, and who
/// grants more of them grants their memory, too.
const EACH_UNDER_WAY: usize = 4;

/// Bytes of a method's or a scheme's name. The longest registered ones have 17 and 36.
const NAME: usize = 64;

/// Bytes of a path with its query, and of an authority. What servers take of a request's first line, by and large.
const ADDRESS: usize = 8 * 1024;

/// What a setter of a request tells the guest.
type Set = Result<(), ()>;

/// Defines anew what makes something that is kept, or has it keep more. After wasmtime-wasi-http's own definitions.
pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let linked = define(linker);
    linker.allow_shadowing(false);
    linked
}

fn define(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    type Store<'a> = StoreContextMut<'a, State>;
    type Fields = Resource<FieldMap>;
    type Request = Resource<HostOutgoingRequest>;

    let mut types = linker.instance("wasi:http/types@0.2.12")?;
    types.func_wrap("[constructor]fields", |mut store: Store<'_>, (): ()| {
        room(store.data_mut())?;
        Ok((HostFields::new(&mut view(store.data_mut()))?,))
    })?;
    types.func_wrap(
        "[static]fields.from-list",
        |mut store: Store<'_>, (entries,): (Vec<(String, Vec<u8>)>,)| {
            room(store.data_mut())?;
            let made = view(store.data_mut()).from_list(entries);
            let made: Result<Fields, HeaderError> = match made {
                Ok(fields) => Ok(fields),
                Err(error) => Err(error.downcast()?),
            };
            Ok((made,))
        },
    )?;
    types.func_wrap(
        "[method]fields.clone",
        |mut store: Store<'_>, (fields,): (Fields,)| {
            room(store.data_mut())?;
            let cloned = HostFields::clone(&mut view(store.data_mut()), fields)?;
            Ok((cloned,))
        },
    )?;
    types.func_wrap(
        "[constructor]outgoing-request",
        |mut store: Store<'_>, (fields,): (Fields,)| {
            room(store.data_mut())?;
            let mut view = view(store.data_mut());
            let request: Request = RequestTypes::new(&mut view, fields)?;
            Ok((request,))
        },
    )?;
    types.func_wrap(
        "[constructor]outgoing-response",
        |mut store: Store<'_>, (fields,): (Fields,)| {
            room(store.data_mut())?;
            let mut view = view(store.data_mut());
            let response: Resource<HostOutgoingResponse> = ResponseTypes::new(&mut view, fields)?;
            Ok((response,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-method",
        |mut store: Store<'_>, (request, method): (Request, Method)| -> wasmtime::Result<(Set,)> {
            if matches!(&method, Method::Other(name) if name.len() > NAME) {
                return Ok((Err(()),));
            }
            Ok((view(store.data_mut()).set_method(request, method)?,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-scheme",
        |mut store: Store<'_>,
         (request, scheme): (Request, Option<Scheme>)|
         -> wasmtime::Result<(Set,)> {
            if matches!(&scheme, Some(Scheme::Other(name)) if name.len() > NAME) {
                return Ok((Err(()),));
            }
            Ok((view(store.data_mut()).set_scheme(request, scheme)?,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-path-with-query",
        |mut store: Store<'_>,
         (request, path): (Request, Option<String>)|
         -> wasmtime::Result<(Set,)> {
            if is_too_long(path.as_deref()) {
                return Ok((Err(()),));
            }
            Ok((view(store.data_mut()).set_path_with_query(request, path)?,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-authority",
        |mut store: Store<'_>,
         (request, authority): (Request, Option<String>)|
         -> wasmtime::Result<(Set,)> {
            if is_too_long(authority.as_deref()) {
                return Ok((Err(()),));
            }
            Ok((view(store.data_mut()).set_authority(request, authority)?,))
        },
    )
}

fn is_too_long(address: Option<&str>) -> bool {
    address.is_some_and(|address| address.len() > ADDRESS)
}

/// The guest keeps as much as it may. It is a trap: what it called has no word for that, as it has none for a table
/// that is full.
#[derive(Debug, thiserror::Error)]
#[error(
    "failed to make another resource of `wasi:http`: the plugin keeps `{most}`; it must drop some of them first"
)]
struct Full {
    most: usize,
}

/// Whether one more may be made.
fn room(state: &mut State) -> Result<(), Full> {
    let under_way = usize::try_from(state.limits.http_in_flight).unwrap_or(usize::MAX);
    let most = under_way
        .saturating_mul(EACH_UNDER_WAY)
        .saturating_add(MOST);
    if kept(&mut state.table) < most {
        Ok(())
    } else {
        Err(Full { most })
    }
}

fn kept(table: &mut ResourceTable) -> usize {
    table.iter_mut().filter(|entry| is_counted(*entry)).count()
}

fn is_counted(entry: &(dyn Any + Send)) -> bool {
    entry.is::<FieldMap>()
        || entry.is::<HostOutgoingRequest>()
        || entry.is::<HostOutgoingResponse>()
        || entry.is::<HostOutgoingBody>()
        || entry.is::<HostFutureIncomingResponse>()
        || entry.is::<HostIncomingResponse>()
        || entry.is::<HostIncomingBody>()
        || entry.is::<HostFutureTrailers>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_counted_and_what_is_dropped_is_not() {
        let mut table = ResourceTable::new();
        table.push("something else").expect("there is room");
        assert_eq!(kept(&mut table), 0);
        let fields = table.push(FieldMap::default()).expect("there is room");
        let request = HostOutgoingRequest {
            method: Method::Get,
            scheme: None,
            authority: None,
            path_with_query: None,
            headers: FieldMap::default(),
            body: None,
        };
        table.push(request).expect("there is room");
        let consumed = HostFutureIncomingResponse::Consumed;
        table.push(consumed).expect("there is room");
        assert_eq!(kept(&mut table), 3);
        table.delete(fields).expect("it is there");
        assert_eq!(kept(&mut table), 2);
    }

    #[test]
    fn an_address_may_have_its_bytes_and_no_more() {
        for (length, is_over) in [(0, false), (ADDRESS, false), (ADDRESS + 1, true)] {
            assert_eq!(is_too_long(Some(&"a".repeat(length))), is_over, "{length}");
        }
        assert!(!is_too_long(None));
    }
}
