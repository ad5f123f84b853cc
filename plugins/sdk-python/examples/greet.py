"""``{"name": "Ada"}`` is answered with ``{"greeting": "Hello, Ada!"}``."""

from portcullis_plugin import Json, Peer, PluginError, handler


def greet(message: Json, peer: Peer) -> Json:
    match message:
        case {"name": str(name)} if name:
            return {"greeting": f"Hello, {name}!"}
    raise PluginError("no-name", "whom shall I greet?")


# `componentize-py` looks for a class of this name.
Handler = handler(greet)
