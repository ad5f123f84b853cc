"""Answers ``"ping"`` with ``"pong"``. Messages and replies are whatever JSON can hold."""

from portcullis_plugin import Json, Peer, PluginError, handler


def answer(message: Json, peer: Peer) -> Json:
    if message == "ping":
        return "pong"
    raise PluginError("unknown-request", 'send `"ping"`')


# `componentize-py` looks for this name.
Handler = handler(answer)
