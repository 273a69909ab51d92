"""A token end point on this machine that answers as it is told and remembers what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

Reply = tuple[int, dict[str, Any]] | Callable[[BaseHTTPRequestHandler], None]


class TokenServer:
    """`replies` are used up one by one, the last one for ever; `forms` are what was asked, `paths` where."""

    def __init__(self) -> None:
        self.replies: list[Reply] = [(200, {"access_token": "ya29.first", "expires_in": 3600})]
        self.forms: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.delay = 0.0  # seconds before each answer
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def answers(self, *replies: Reply) -> None:
        self.replies = list(replies)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                server.forms.append(dict(parse_qsl(body)))
                server.paths.append(self.path)
                time.sleep(server.delay)
                reply = server.replies.pop(0) if len(server.replies) > 1 else server.replies[0]
                if callable(reply):
                    reply(self)
                else:
                    send(self, *reply)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler


def send(handler: BaseHTTPRequestHandler, status: int, values: dict[str, Any]) -> None:
    """Answer with JSON."""
    body = json.dumps(values).encode()
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def page(status: int) -> Callable[[BaseHTTPRequestHandler], None]:
    """Answer with a page for people, as a server in front of the provider would."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", "13")
        handler.end_headers()
        handler.wfile.write(b"<html></html>")

    return reply


def redirect(to: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """Send the asker elsewhere."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(307)
        handler.send_header("Location", to)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return reply


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """Say nothing and go."""
    handler.connection.close()


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Answer without end, a byte now and then."""
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.02)
    except OSError:
        return


def fall_silent(handler: BaseHTTPRequestHandler) -> None:
    """Begin to answer and leave it at that, until the asker goes."""
    handler.send_response(200)
    handler.end_headers()
    handler.connection.recv(1)
