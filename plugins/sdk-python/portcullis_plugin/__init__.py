"""A Portcullis plugin as a function from a JSON value to a JSON value.

The whole of a plugin that answers ``"ping"``, in a module of its own::

    from portcullis_plugin import PluginError, handler

    def answer(message, peer):
        if message == "ping":
            return "pong"
        raise PluginError("unknown-request", "send `\"ping\"`")

    Handler = handler(answer)

``componentize-py`` looks for the name ``Handler``. A plugin that holds a port is made with
:mod:`portcullis_plugin.session`; it is a module of its own because a handler's component has no port to import.

Whatever is raised reaches the extension: a :class:`PluginError` with its code, an error of the host's functions with
the host's, anything else with the code ``failed`` and a traceback in the log. Without that an exception would end the
plugin. There is no asyncio: nothing in a component would wait for its loop.
"""

from __future__ import annotations

from typing import Any, Callable, Protocol, TypeAlias

from wit_world.imports import types
from wit_world.imports.types import Peer

from ._envelope import PluginError, failure, opened, sealed

__all__ = ["Handler", "Json", "Peer", "PluginError", "handler"]

Json: TypeAlias = None | bool | int | float | str | list[Any] | dict[str, Any]
"""What ``json.loads`` gives and ``json.dumps`` takes."""


class Handler(Protocol):
    """What a component exports as ``Handler``."""

    def handle(self, peer: Peer, message: str) -> str: ...


def handler(answer: Callable[[Any, Peer], Json]) -> type[Handler]:
    """Makes ``answer(message, peer)`` the plugin: ``Handler = handler(answer)``."""

    class Answering:
        def handle(self, peer: types.Peer, message: str) -> str:
            try:
                number, value = opened(message)
                return sealed(number, answer(value, peer))
            except Exception as error:
                raise failure(error) from None

    return Answering
