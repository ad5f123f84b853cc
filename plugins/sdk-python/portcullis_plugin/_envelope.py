"""The number of a request of the JavaScript client, and errors in the form of the contract.

``{"$id": 7, …members}`` or ``{"$id": 7, "$value": …}`` comes in, ``{"$id": 7, "$reply": …}`` goes out. A message
without a number is answered as it is.
"""

from __future__ import annotations

import json
import traceback
from typing import Any

from componentize_py_types import Err
from wit_world.imports import log, types


class PluginError(Exception):
    """A refusal that the extension is told: a code for programs (short, lower case with dashes), a sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @classmethod
    def of(cls, error: BaseException) -> PluginError:
        """Whatever was raised. An error of the host's functions keeps its code; any other has the code ``failed``."""
        if isinstance(error, PluginError):
            return error
        if isinstance(error, Err) and hasattr(error.value, "code"):
            return cls(error.value.code, error.value.message)
        log.write(log.Level.ERROR, "".join(traceback.format_exception(error)))
        return cls("failed", f"{type(error).__name__}: {error}")


def failure(error: BaseException) -> Err[types.PluginError]:
    """The same as an error value of the contract."""
    plain = PluginError.of(error)
    return Err(types.PluginError(plain.code, plain.message))


def opened(text: str) -> tuple[int | None, Any]:
    """The number of a message, where it has one, and the message apart from it."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PluginError("invalid-message", f"the message is not understood: {error}") from None
    number = message.get("$id") if isinstance(message, dict) else None
    if type(number) is not int or number < 0:
        return None, message
    del message["$id"]
    return number, message["$value"] if "$value" in message else message


def sealed(number: int | None, reply: Any) -> str:
    """The JSON text of a reply."""
    return _text(reply if number is None else {"$id": number, "$reply": reply})


def taken(number: int) -> str:
    """The JSON text that says that a request was taken and has no other answer."""
    return _text({"$id": number})


def refused(number: int | None, error: BaseException) -> str:
    """The JSON text of an error that comes after the call that it answers."""
    plain = PluginError.of(error)
    shown = {"$error": {"code": plain.code, "message": plain.message}}
    return _text(shown if number is None else {"$id": number, **shown})


def _text(value: Any) -> str:
    # NaN is no JSON, and a text with a lone surrogate no UTF-8: the first is refused here, the second is escaped.
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise PluginError("invalid-reply", f"the plugin's answer cannot be written as JSON: {error}") from None
