"""A plugin that holds a port: state, timers, and messages that nobody asked for.

A class with any of ``connect(self, peer)``, ``message(self, message)`` and ``disconnect(self)``::

    from portcullis_plugin.session import post, session, sleep

    @session
    class Session:
        async def message(self, message):
            await sleep(0.25)
            return "pong"

``componentize-py`` looks for the name ``Session``. What ``message`` returns is the reply; ``None`` says that there is
none. Where it is ``async``, the reply is sent when it is done, and other messages are handled meanwhile. All that it
can wait for is :func:`sleep` and other coroutines; asyncio's own functions need a loop that is not there.
"""

from __future__ import annotations

import inspect
from collections.abc import Coroutine, Generator
from dataclasses import dataclass
from math import ceil
from typing import Any

from wit_world.imports import port, timers
from wit_world.imports.types import Peer

from ._envelope import PluginError, failure, opened, refused, sealed, taken

__all__ = ["Peer", "PluginError", "close", "post", "session", "sleep"]

_UNFINISHED = object()


def post(message: Any) -> None:
    """Sends a message that nobody asked for. Raises the codes ``closed`` and ``too-large``."""
    port.post(sealed(None, message))


def close() -> None:
    """Ends the port once everything posted has been written."""
    port.close()


@dataclass
class sleep:
    """``await sleep(seconds)``: a timer of the host. At most 64 at once, each at most 30 days."""

    seconds: float

    def __await__(self) -> Generator[sleep, None, None]:
        yield self


class _Task:
    """A coroutine that waits for timers, and the request that it answers."""

    waiting: dict[int, _Task] = {}
    last_token = 0

    def __init__(self, coroutine: Coroutine[Any, None, Any], number: int | None) -> None:
        self.coroutine = coroutine
        self.number = number

    def run(self) -> Any:
        """Runs until the next timer, and returns what the coroutine did or ``_UNFINISHED``."""
        try:
            wanted = self.coroutine.send(None)
        except StopIteration as end:
            return end.value
        if not isinstance(wanted, sleep):
            self.coroutine.close()
            raise PluginError("cannot-wait", f"a plugin can only wait for `sleep`, not for {wanted!r}")
        _Task.last_token += 1
        timers.set(max(0, ceil(wanted.seconds * 1000)), _Task.last_token)
        _Task.waiting[_Task.last_token] = self
        return _UNFINISHED

    def resume(self) -> None:
        """Goes on after a timer; the answer is posted, since the call that it belongs to is long over."""
        try:
            reply = self.run()
        except Exception as error:
            port.post(refused(self.number, error))
            return
        if reply is not _UNFINISHED and (text := _answer(self.number, reply)) is not None:
            port.post(text)


def _answer(number: int | None, reply: Any) -> str | None:
    if reply is not None:
        return sealed(number, reply)
    return None if number is None else taken(number)


def session(functions: type) -> type:
    """Makes a class the plugin. One object of it is made for each port, when the port opens."""

    held: Any = None

    # componentize-py makes a new object of this class for every call, so the state is beside it and not in it.
    class Holding:
        def connect(self, peer: Peer) -> None:
            nonlocal held
            try:
                made = functions()
                if hasattr(made, "connect"):
                    made.connect(peer)
                held = made
            except Exception as error:
                raise failure(error) from None

        def message(self, json: str) -> str | None:
            try:
                number, value = opened(json)
                if held is None:
                    raise PluginError("not-connected", "the plugin refused the connection")
                reply = held.message(value)
                if inspect.iscoroutine(reply):
                    reply = _Task(reply, number).run()
                return None if reply is _UNFINISHED else _answer(number, reply)
            except Exception as error:
                raise failure(error) from None

        def timer(self, token: int) -> None:
            try:
                if (task := _Task.waiting.pop(token, None)) is not None:
                    task.resume()
            except Exception as error:
                raise failure(error) from None

        def disconnect(self) -> None:
            try:
                if hasattr(held, "disconnect"):
                    held.disconnect()
            except Exception as error:
                # The contract has no error here; `of` has written it to the log.
                PluginError.of(error)

    return Holding
