//! What no grant of HTTP allows.

use serde_json::{Value, json};
use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::ip_name_lookup::resolve_addresses;
use wasip2::sockets::network::{ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress};
use wasip2::sockets::tcp_create_socket::create_tcp_socket;
use wasip2::sockets::udp_create_socket::create_udp_socket;

pub(crate) fn try_all(port: u16) -> Value {
    let word = |result: Result<(), ErrorCode>| format!("{result:?}");
    json!({
        "tcp": word(tcp(port)),
        "udp": word(udp(port)),
        "names": word(names()),
    })
}

fn here(port: u16) -> IpSocketAddress {
    IpSocketAddress::Ipv4(Ipv4SocketAddress {
        port,
        address: (127, 0, 0, 1),
    })
}

fn tcp(port: u16) -> Result<(), ErrorCode> {
    let socket = create_tcp_socket(IpAddressFamily::Ipv4)?;
    socket.start_connect(&instance_network(), here(port))?;
    socket.subscribe().block();
    socket.finish_connect().map(drop)
}

fn udp(port: u16) -> Result<(), ErrorCode> {
    let socket = create_udp_socket(IpAddressFamily::Ipv4)?;
    socket.start_bind(&instance_network(), here(0))?;
    socket.finish_bind()?;
    socket.stream(Some(here(port))).map(drop)
}

fn names() -> Result<(), ErrorCode> {
    let stream = resolve_addresses(&instance_network(), "localhost")?;
    stream.subscribe().block();
    stream.resolve_next_address().map(drop)
}
