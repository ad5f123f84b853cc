"""The SDK as the host calls it, with a fake of the modules that componentize-py generates.

``python3 -m unittest discover tests`` in the folder above.
"""

import json
import sys
import unittest
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace

sys.path.insert(0, str(Path(__file__).parents[1]))


@dataclass(frozen=True)
class Err(Exception):
    value: object


@dataclass
class Coded:
    code: str
    message: str


@dataclass
class Peer:
    origin: str = "notes@example.com"
    browser: str = "mozilla"
    host_name: str | None = None


class Host:
    """What the plugin did to the host, and what the host refuses."""

    def __init__(self) -> None:
        self.posted: list[object] = []
        self.timers: dict[int, int] = {}
        self.lines: list[str] = []
        self.refusal: Coded | None = None

    def post(self, text: str) -> None:
        if self.refusal:
            raise Err(self.refusal)
        self.posted.append(json.loads(text))

    def set(self, delay: int, token: int) -> None:
        if self.refusal:
            raise Err(self.refusal)
        self.timers[token] = delay


host = Host()


def module(name: str, **members: object) -> ModuleType:
    made = ModuleType(name)
    made.__dict__.update(members)
    sys.modules[name] = made
    return made


module("componentize_py_types", Err=Err)
module("wit_world")
module(
    "wit_world.imports",
    types=module("wit_world.imports.types", Peer=Peer, PluginError=Coded),
    log=module(
        "wit_world.imports.log",
        Level=SimpleNamespace(ERROR="error"),
        write=lambda level, text: host.lines.append(f"{level} {text}"),
    ),
    port=module("wit_world.imports.port", post=lambda text: host.post(text), close=lambda: None),
    timers=module("wit_world.imports.timers", set=lambda delay, token: host.set(delay, token)),
)

from portcullis_plugin import PluginError, handler  # noqa: E402
from portcullis_plugin.session import post, session, sleep  # noqa: E402


class SdkCase(unittest.TestCase):
    def setUp(self) -> None:
        global host
        host = Host()

    def refusal(self, call, *values) -> Coded:
        with self.assertRaises(Err) as caught:
            call(*values)
        return caught.exception.value


class HandlerTest(SdkCase):
    def test_replies_have_the_form_of_their_messages(self) -> None:
        echo = handler(lambda message, peer: message)()
        cases = [
            ('"ping"', '"ping"'),
            ('{"a": 1}', '{"a":1}'),
            ('{"$id": 7, "a": 1}', '{"$id":7,"$reply":{"a":1}}'),
            ('{"$id": 7, "$value": [1]}', '{"$id":7,"$reply":[1]}'),
            ('{"$id": 7, "$value": null}', '{"$id":7,"$reply":null}'),
            ('{"$id": true}', '{"$id":true}'),
            ('{"$id": -1}', '{"$id":-1}'),
            (r'"\ud800"', r'"\ud800"'),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
        ]
        for text, reply in cases:
            self.assertEqual(echo.handle(Peer(), text), reply)
        origin = handler(lambda message, peer: peer.origin)()
        self.assertEqual(origin.handle(Peer(), "1"), '"notes@example.com"')

    def test_whatever_is_raised_is_an_error_of_the_contract(self) -> None:
        def raising(error: BaseException):
            def answer(message, peer):
                raise error

            return handler(answer)().handle

        self.assertEqual(self.refusal(raising(PluginError("full", "no room")), Peer(), "1"), Coded("full", "no room"))
        self.assertEqual(self.refusal(raising(Err(Coded("quota", "full"))), Peer(), "1"), Coded("quota", "full"))
        self.assertEqual(host.lines, [])
        self.assertEqual(self.refusal(raising(KeyError("x")), Peer(), "1"), Coded("failed", "KeyError: 'x'"))
        self.assertIn("Traceback", host.lines[0])
        echo = handler(lambda message, peer: message)()
        for text in ["{", "", "[" * 100_000]:
            self.assertEqual(self.refusal(echo.handle, Peer(), text).code, "invalid-message")
        for value in [float("nan"), object(), {(1, 2): 3}]:
            unwritable = handler(lambda message, peer: value)()
            self.assertEqual(self.refusal(unwritable.handle, Peer(), "1").code, "invalid-reply")


class SessionTest(SdkCase):
    def open(self, functions: type):
        """A connected session. componentize-py makes a new object for every call, and so does this."""
        made = session(functions)
        call = SimpleNamespace(
            message=lambda text: made().message(text),
            timer=lambda token: made().timer(token),
            disconnect=lambda: made().disconnect(),
        )
        made().connect(Peer())
        return call

    def pass_timers(self, call) -> None:
        for token in sorted(host.timers):
            del host.timers[token]
            call.timer(token)

    def test_it_answers_at_once_later_or_not_at_all(self) -> None:
        class Functions:
            async def message(self, message):
                if message == "late":
                    await sleep(0.0501)
                    return "done"
                if message == "late error":
                    await sleep(0.05)
                    raise PluginError("gone", "it is gone")
                return None if message == "nothing" else message

        call = self.open(Functions)
        self.assertEqual(call.message('"now"'), '"now"')
        self.assertIsNone(call.message('"nothing"'))
        self.assertEqual(call.message('{"$id": 1, "$value": "now"}'), '{"$id":1,"$reply":"now"}')
        self.assertEqual(call.message('{"$id": 2, "$value": "nothing"}'), '{"$id":2}')
        for text in ['"late"', '{"$id": 3, "$value": "late"}', '{"$id": 4, "$value": "late error"}']:
            self.assertIsNone(call.message(text))
        self.assertEqual(list(host.timers.values()), [51, 51, 50])
        self.pass_timers(call)
        gone = {"code": "gone", "message": "it is gone"}
        self.assertEqual(host.posted, ["done", {"$id": 3, "$reply": "done"}, {"$id": 4, "$error": gone}])
        call.timer(12345)

    def test_state_lives_as_long_as_the_port(self) -> None:
        class Functions:
            def connect(self, peer):
                self.sum = 0

            def message(self, step):
                self.sum += step
                return self.sum

            def disconnect(self):
                post(self.sum)

        call = self.open(Functions)
        self.assertEqual([call.message("1"), call.message("2")], ["1", "3"])
        call.disconnect()
        self.assertEqual(host.posted, [3])

    def test_a_refused_connection_leaves_no_session(self) -> None:
        class Functions:
            def connect(self, peer):
                raise PluginError("stranger", "who is there?")

            def message(self, message):
                return message

        made = session(Functions)
        self.assertEqual(self.refusal(made().connect, Peer()).code, "stranger")
        self.assertEqual(self.refusal(made().message, "1").code, "not-connected")
        made().disconnect()

    def test_what_cannot_be_waited_for_is_said(self) -> None:
        class Other:
            def __await__(self):
                yield "something else"

        class Functions:
            async def message(self, message):
                await Other()

        self.assertEqual(self.refusal(self.open(Functions).message, "1").code, "cannot-wait")

    def test_a_refusal_of_the_host_keeps_its_code(self) -> None:
        class Functions:
            def message(self, message):
                post(message)

        call = self.open(Functions)
        host.refusal = Coded("closed", "the browser has closed its end")
        self.assertEqual(self.refusal(call.message, "1"), host.refusal)

    def test_a_failure_at_the_end_is_in_the_log(self) -> None:
        class Functions:
            def disconnect(self):
                raise ValueError("too late")

        self.open(Functions).disconnect()
        self.assertIn("ValueError: too late", host.lines[0])


if __name__ == "__main__":
    unittest.main()
