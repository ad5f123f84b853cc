//! The part about HTTP: random grants, random requests in many spellings, and what became of a request.
//!
//! Every place is on this machine and nobody listens there, so that a request that is let through ends at once, with a
//! connection that is refused. What `explain` says for a name is not all that the host does: see [`foreseen`].

use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};

use portcullis_tests::{Browser, Home, ORIGIN, guests};
use serde_json::{Value, json};

use super::dice::Dice;
use super::explained;
use crate::cli::run;

/// The hosts that are asked for. `0.0.0.0` stands for the addresses that nothing grants.
const HOSTS: [&str; 8] = [
    "127.0.0.1",
    "127.0.0.2",
    "[::1]",
    "0.0.0.0",
    "localhost",
    "api.localhost",
    "sub.localhost",
    "a.sub.localhost",
];

/// What is granted besides these.
const STARS: [&str; 2] = ["*.sub.localhost", "*.a.sub.localhost"];

/// Where a request goes, or what a policy grants.
#[derive(Clone, PartialEq)]
pub(super) struct Place {
    scheme: &'static str,
    host: String,
    /// None where the scheme's own is meant.
    port: Option<u16>,
}

impl Place {
    fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }
}

/// The places that there are.
pub(super) struct Places {
    hosts: Vec<&'static str>,
    ports: Vec<Option<u16>>,
    /// What keeps two of the ports from everybody else.
    _held: Vec<TcpStream>,
}

/// What became of something that a plugin tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The host let it through.
    Allowed,
    /// No grant is for it.
    NotGranted,
    /// A request is granted, and its address is not.
    Prohibited,
    /// A request has no place that could be judged.
    NoPlace,
}

impl Outcome {
    pub(super) const ALL: [Self; 4] = [
        Self::Allowed,
        Self::NotGranted,
        Self::Prohibited,
        Self::NoPlace,
    ];

    /// Of the guest's answer to an order.
    ///
    /// # Panics
    ///
    /// Where a request failed for a reason that none of these is.
    #[track_caller]
    pub(super) fn of(order: &Value, answer: &Value) -> Self {
        if answer["allowed"] == json!(true) {
            return Self::Allowed;
        }
        if order["try"] != "http" {
            return Self::NotGranted;
        }
        let code = answer["code"].as_str().unwrap_or_default();
        let known = [
            ("ConnectionRefused", Self::Allowed),
            ("HttpRequestDenied", Self::NotGranted),
            ("DestinationIpProhibited", Self::Prohibited),
            ("HttpRequestUriInvalid", Self::NoPlace),
            ("not-a-url", Self::NoPlace),
        ];
        let found = known.iter().find(|(word, _)| code.contains(word));
        found
            .unwrap_or_else(|| panic!("{order} was answered with {answer}"))
            .1
    }
}

/// What `explain` foresees, or the code of the report that it says the message is answered with.
///
/// It asks nobody where a name leads, and says "allowed" with a condition: the address has to be a public one. Names
/// that end in `localhost` always lead to loopback, so that here the condition means that the address is prohibited.
pub(super) fn foreseen(said: &Value) -> Result<Outcome, String> {
    let route = &said["routes"][0];
    let holds = |key: &str, words: &str| {
        let text = route[key].as_str();
        text.is_some_and(|text| text.contains(words))
    };
    match route["code"].as_str() {
        None if holds("because", "must be a public one") => Ok(Outcome::Prohibited),
        None => Ok(Outcome::Allowed),
        // The destination is granted; the command is about the address, and what nothing grants has none.
        Some("not-granted") if holds("because", "leads to") => {
            assert!(
                route["mend"].is_null() || holds("mend", " http-private"),
                "{said}"
            );
            Ok(Outcome::Prohibited)
        }
        Some("not-granted") => Ok(Outcome::NotGranted),
        Some(code) => Err(code.to_owned()),
    }
}

/// Whether a URL has a place that can be judged.
///
/// # Panics
///
/// Where it has none, for its user information, and `explain` does not say so.
#[track_caller]
pub(super) fn has_a_place(home: &Home, url: &str) -> bool {
    if !url.contains('@') {
        return true;
    }
    run(home, ["policy", "explain", ORIGIN, "http", url])
        .refuses_with(2, "it holds user information");
    false
}

impl Places {
    pub(super) fn new() -> Self {
        let (free, held) = free_ports();
        let hosts: Vec<_> = HOSTS.into_iter().filter(|host| is_here(host)).collect();
        let mut ports: Vec<_> = free.into_iter().map(Some).collect();
        // The port of "discard", which nobody has offered for decades; and none, which is the scheme's own.
        for (port, numbers) in [(Some(9), &[9][..]), (None, &[80, 443])] {
            if numbers.iter().all(|number| is_silent(*number)) {
                ports.push(port);
            }
        }
        Self {
            hosts,
            ports,
            _held: held,
        }
    }

    fn place(&self, host: &str, dice: &mut Dice) -> Place {
        // One scheme and one port are more frequent, or nothing that is asked for would be granted.
        let scheme = if dice.one_in(6) { "https" } else { "http" };
        let port = if dice.one_in(3) {
            *dice.pick(&self.ports)
        } else {
            self.ports[0]
        };
        Place {
            scheme,
            host: host.to_owned(),
            port,
        }
    }

    /// Lines of `[route.grant]`, and the places that they name, which are added to `granted`.
    pub(super) fn random_grant(&self, dice: &mut Dice, granted: &mut Vec<Place>) -> String {
        let mut destinations = Vec::new();
        for _ in 0..dice.roll(16) {
            let host = if dice.one_in(4) {
                dice.pick(&STARS)
            } else {
                dice.pick(&self.hosts)
            };
            let place = self.place(host, dice);
            let destination = format!("{}://{}", place.scheme, place.authority());
            let destination = if dice.one_in(4) {
                destination.to_uppercase()
            } else {
                destination
            };
            destinations.push(destination);
            granted.push(place);
        }
        let private = dice.one_in(2);
        format!("http = {}\nhttp-private = {private}\n", json!(destinations))
    }

    /// A URL in some spelling: mostly of a place that some route grants.
    pub(super) fn random_url(&self, dice: &mut Dice, granted: &[Place]) -> String {
        let place = if granted.is_empty() || dice.one_in(4) {
            let host = *dice.pick(&self.hosts);
            self.place(host, dice)
        } else {
            let mut place = dice.pick(granted).clone();
            let below = ["x.", "x.y.", ""];
            place.host = place.host.replace("*.", below[dice.roll(below.len())]);
            place
        };
        spelled(&place, dice)
    }
}

fn spelled(place: &Place, dice: &mut Dice) -> String {
    let Place { scheme, host, port } = place;
    let with_host = |host: &str| {
        let host = host.to_owned();
        Place {
            host,
            ..place.clone()
        }
        .authority()
    };
    let default = if *scheme == "http" { 80 } else { 443 };
    let authority = match dice.roll(8) {
        0 => place.authority().to_uppercase(),
        1 if !host.ends_with(']') => with_host(&format!("{host}.")),
        2 => format!("{host}:{}", port.unwrap_or(default)),
        3 => format!("{host}:0{}", port.unwrap_or(default)),
        4 => format!("user@{}", place.authority()),
        5 if host == "127.0.0.1" => with_host("[::ffff:7f00:1]"),
        5 if host == "[::1]" => with_host("[0:0:0:0:0:0:0:1]"),
        _ => place.authority(),
    };
    let scheme = if dice.one_in(4) {
        scheme.to_uppercase()
    } else {
        (*scheme).to_owned()
    };
    let path = dice.pick(&["", "/", "/x?y=http://localhost:9/"]);
    format!("{scheme}://{authority}{path}")
}

/// Two ports where nobody listens and nobody else can begin to: they are the near ends of two connections.
fn free_ports() -> (Vec<u16>, Vec<TcpStream>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a port");
    let far = listener.local_addr().expect("it is bound");
    let mut held = Vec::new();
    let mut ports = Vec::new();
    for _ in 0..2 {
        let near = TcpStream::connect(far).expect("it listens");
        let (accepted, _) = listener.accept().expect("one is waiting");
        ports.push(near.local_addr().expect("it is bound").port());
        held.extend([near, accepted]);
    }
    (ports, held)
}

/// Whether a host is a name, or an address that this machine has: not every one has all of loopback, or IPv6.
fn is_here(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    address.map_or(true, |address| TcpListener::bind((address, 0)).is_ok())
}

/// Whether nobody listens at this port of any of the hosts.
fn is_silent(port: u16) -> bool {
    let hosts = HOSTS.iter().filter(|host| is_here(host));
    let mut addresses = hosts.filter_map(|host| host.trim_matches(['[', ']']).parse().ok());
    addresses.all(|address: IpAddr| TcpStream::connect((address, port)).is_err())
}

#[test]
fn a_grant_of_http_that_is_not_approved_is_none() {
    let places = Places::new();
    let url = format!(
        "http://127.0.0.1:{}/",
        places.ports[0].expect("the first is a free one")
    );
    let home = Home::new();
    home.add("powers", &guests::powers());
    let approved = home.approved("powers");
    let another = format!("approved = \"sha256:{}\"\n", "0".repeat(64));
    let destination = url.trim_end_matches('/');
    let command = format!("portcullis grant {ORIGIN} powers --approve");
    let order = json!({ "try": "http", "what": url });
    let question = ["http".to_owned(), url.clone()];
    for (approval, is_approved) in [
        ("", false),
        (another.as_str(), false),
        (approved.as_str(), true),
    ] {
        home.policy(&format!(
            "version = 1\n[[route]]\norigin = \"{ORIGIN}\"\nplugin = \"powers\"\n[route.grant]\n{approval}\
             http = [\"{destination}\"]\nhttp-private = true\n"
        ));
        let said = explained(&home, ORIGIN, None, &order.to_string(), &question);
        let mut port = Browser::chromium(&home).start();
        let answer = port.ask(&order.to_string());
        assert_eq!(said["allowed"], json!(is_approved), "{said}");
        if is_approved {
            let outcome = Outcome::of(&order, &answer.json());
            assert_eq!(outcome, Outcome::Allowed, "{}", answer.text);
            assert_eq!(foreseen(&said), Ok(Outcome::Allowed), "{said}");
            port.end().expect_exit(0).expect_quiet();
            continue;
        }
        let error = answer.expect_error("permission-required");
        assert_eq!(error.hint.as_deref(), Some(&*command));
        assert_eq!(foreseen(&said), Err("permission-required".to_owned()));
        assert_eq!(said["routes"][0]["mend"], json!(command), "{said}");
        port.end().expect_exit(0);
    }
}
