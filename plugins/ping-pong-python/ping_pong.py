"""``"ping"`` is answered with ``"pong"``, and ``{"every": 250, "times": 3}`` with three unsolicited ``{"tick": n}``
messages, one each 250 milliseconds."""

from portcullis_plugin.session import Peer, PluginError, post, session, sleep
from wit_world.imports import log


# `componentize-py` looks for a class of this name.
@session
class Session:
    def connect(self, peer: Peer) -> None:
        log.write(log.Level.INFO, f"connected to {peer.origin}")

    async def message(self, request: object) -> str | None:
        match request:
            case "ping":
                return "pong"
            case {"every": int(every), "times": int(times)}:
                # The messages that come meanwhile are handled: this function only waits.
                for tick in range(1, times + 1):
                    await sleep(every / 1000)
                    post({"tick": tick})
                return None
        raise PluginError("unknown-request", 'send `"ping"`, or `{"every": milliseconds, "times": n}`')

    def disconnect(self) -> None:
        log.write(log.Level.INFO, "disconnected")
