//! `{"name": "Ada"}` is answered with `{"greeting": "Hello, Ada!"}`.
//!
//! An example of a library, since a component is one; the project of a plugin has the same in its `src/lib.rs`.

use portcullis_plugin::{Error, Peer, handler};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Person {
    name: String,
}

#[derive(Serialize)]
struct Greeting {
    greeting: String,
}

fn greet(_peer: Peer, person: Person) -> Result<Greeting, Error> {
    if person.name.is_empty() {
        return Err(Error::new("no-name", "whom shall I greet?"));
    }
    Ok(Greeting {
        greeting: format!("Hello, {}!", person.name),
    })
}

handler!(greet);
