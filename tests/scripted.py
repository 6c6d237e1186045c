"""An OpenAI-compatible server on loopback whose every answer is written by the test."""

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[["Asked"], Iterable[str] | None]


@dataclass
class Asked:
    """One request: its JSON, its headers, and the raw connection for replies that are no stream of text."""

    body: dict[str, Any]
    headers: dict[str, str]
    handler: BaseHTTPRequestHandler

    @property
    def text(self) -> str:
        """Everything that the model would read."""
        return "\n".join(message["content"] for message in self.body["messages"])

    def error(self, status: int, body: str = "{}", **headers: str) -> None:
        """Answer with an error."""
        self.handler.send_response(status)
        for name, value in headers.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.send_header("Content-Length", str(len(body.encode())))
        self.handler.end_headers()
        self.handler.wfile.write(body.encode())

    def open(self, kind: str = "text/event-stream") -> None:
        """Begin a response without a length: it ends when the connection does."""
        self.handler.send_response(200)
        self.handler.send_header("Content-Type", kind)
        self.handler.end_headers()

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.handler.wfile.write(data)
        self.handler.wfile.flush()

    def delta(self, text: str, finish: str | None = None) -> None:
        """Send one event of a stream."""
        choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": finish}
        self.raw(f"data: {json.dumps({'id': 'x', 'object': 'chat.completion.chunk', 'created': 0, 'model': 'm', 'choices': [choice]})}\n\n".encode())


@dataclass
class Scripted:
    """The server: its address, and the requests it has had."""

    url: str
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def scripted(reply: Reply, *, usage: bool = True) -> Iterator[Scripted]:
    """Serve `reply`: the pieces it returns are streamed; None means that it has sent something of its own."""
    seen: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"object": "list", "data": []}).encode()
            status = {"Bearer wrong": 401, "Bearer odd": 400}.get(self.headers.get("Authorization", ""), 200)
            self.send_response(status if self.path == "/v1/models" else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked = Asked(body, dict(self.headers.items()), self)
            seen.append(asked)
            try:
                pieces = reply(asked)
                if pieces is None:
                    return
                asked.open()
                for piece in pieces:
                    asked.delta(piece)
                asked.delta("", "stop")
                if usage:
                    counts = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
                    last = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [], "usage": counts}
                    asked.raw(f"data: {json.dumps(last)}\n\n".encode())
                asked.raw(b"data: [DONE]\n\n")
            except OSError:  # whoever asked has hung up, which some tests are about
                pass

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Scripted(f"http://127.0.0.1:{server.server_port}/v1", seen)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def slowly(pieces: Iterable[str], seconds: float) -> Iterator[str]:
    """The pieces with a pause before each."""
    for piece in pieces:
        time.sleep(seconds)
        yield piece
