"""The web server: the page inside FastAPI, with the locks that gradio alone does not have."""

import asyncio
import errno
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import gradio as gr
import uvicorn
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.web import page
from assistant.web.desk import LOOPBACK, Desk
from assistant.web.files import routes, told
from corpus.errors import ConfigError, KpoError

HERE = Path(__file__).parent
QUEUE = 32  # questions waiting before new ones are turned away
TOGETHER = 2  # questions answered at the same time, one for each core
DRAIN_SECONDS = 10  # a stop lets running answers end
HEARD_SECONDS = 0.2  # in which a page hears what was sent to it, even a busy one
LOOK_SECONDS = 0.2  # how often an open page's heartbeat looks whether the server is to stop
IDLE_SECONDS = 0.01  # how often gradio's queue looks for work; at its own thousand times a second, nobody's page costs a twentieth of a core
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        "connect-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; frame-src 'none'; frame-ancestors 'none'; object-src 'none'; "
        "base-uri 'self'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
ASSETS = "/assets/"
KEPT_ASSETS = 1_000  # some seventy for each of the encodings that browsers ask for
FOR_EVER = "public, max-age=31536000, immutable"  # gradio's scripts and styles carry a hash of their content in their names
# The routes of gradio's API that a page uses, as a browser was seen to ask for them. All others fetch other hosts, show other people's runs, take
# uploads, give out files or tell about the inside. `app_id` is what a page that has lost its server asks for, until it may load itself again.
API = "/gradio_api/"
OPEN = ("queue/join", "queue/data", "heartbeat/", "cancel", "startup-events", "theme.css", "reset", "app_id")
CLOSED = ("/monitoring", "/login", "/logout", "/docs", "/redoc", "/openapi.json", "/token", "/user", "/app_id", "/pwa_icon", "/file", "/proxy", "/upload_")
CHANGING = ("POST", "PUT", "PATCH", "DELETE")


class Headed:
    """An ASGI wrapper that gives every response the headers above."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith(ASSETS) and message["status"] == 200:
                    headers["Cache-Control"] = FOR_EVER
            await send(message)

        await self._app(scope, receive, send_headed if scope["type"] == "http" else send)


class Assets:
    """An ASGI wrapper that keeps gradio's scripts and styles in memory, as they were given first: a page asks for some seventy before it can be used.

    What is not there or was not given whole is not kept; a part of a file is never given from here.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept: dict[tuple[str, str | None], list[Message]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(ASSETS) or "range" in Headers(scope=scope):
            await self._app(scope, receive, send)
            return
        key = scope["path"], Headers(scope=scope).get("accept-encoding")
        given = self._kept.get(key)
        if given is None:
            given = []

            async def note(message: Message) -> None:
                given.append(message)

            await self._app(scope, receive, note)
            if given and given[0]["status"] == 200 and not given[-1].get("more_body") and len(self._kept) < KEPT_ASSETS:
                self._kept[key] = given
        for message in given:  # copies, because headers are added to what is sent
            await send({**message, "headers": [*message["headers"]]} if "headers" in message else message)


class Heard:
    """An ASGI wrapper that answers what a page has asked for only when the page must have heard that its last stream of events has ended.

    gradio ends a page's stream when nothing is running. A page that is told of a new event before it hears of that waits for news from the
    stream that is gone, until something else is asked for.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._ended = -HEARD_SECONDS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_late(message: Message) -> None:
            if message["type"] == "http.response.start":
                await asyncio.sleep(self._ended + HEARD_SECONDS - time.monotonic())  # not at all for what is past
            await send(message)

        path = scope["path"] if scope["type"] == "http" else ""
        await self._app(scope, receive, send_late if path == f"{API}queue/join" else send)
        if path == f"{API}queue/data":
            self._ended = time.monotonic()


class Guard:
    """An ASGI guard in front of everything: what the page does not need is not found, and nothing is changed from another site's page.

    Browsers say with each request which site's page sent it, in `Sec-Fetch-Site` and `Origin`; a program that says neither is no page.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_open(str(scope.get("path", ""))):
            await Response("not found", status_code=404)(scope, receive, send)
        elif scope["type"] == "http" and scope["method"] in CHANGING and not _is_from_here(Headers(scope=scope)):
            await Response("not from another site", status_code=403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def is_open(path: str) -> bool:
    """May this path be asked for at all? Whatever its case or leading slashes."""
    plain = "/" + path.lower().lstrip("/")
    return plain[len(API) :].startswith(OPEN) if plain.startswith(API) else not plain.startswith((*CLOSED, API.rstrip("/")))


def _is_from_here(headers: Headers) -> bool:
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if site is not None or origin is None:  # told by the browser itself; behind a proxy, Host is not what the browser sees
        return site in (None, "same-origin", "none")
    return urlsplit(origin).netloc == headers.get("host")


class Parting:
    """An ASGI wrapper for the stop: open pages are let go when no answer is running any more.

    Each open page keeps a heartbeat, a request without an end, which would hold up every stop until uvicorn loses patience.
    """

    def __init__(self, app: ASGIApp, stopping: Callable[[], bool]) -> None:
        self._app = app
        self._stopping = stopping
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def receive_or_part() -> Message:
            arriving = asyncio.ensure_future(receive())
            try:
                while not arriving.done():
                    if self._stopping() and not self._running:
                        return {"type": "http.disconnect"}
                    await asyncio.wait({arriving}, timeout=LOOK_SECONDS)
                return arriving.result()
            finally:
                arriving.cancel()

        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif "/heartbeat/" in str(scope.get("path", "")):
            await self._app(scope, receive_or_part, send)
        else:
            self._running += 1
            try:
                await self._app(scope, receive, send)
            finally:
                self._running -= 1


def build(desk: Desk, host: str) -> FastAPI:
    """The whole web app: GET /health, downloads and uploads, and the page at /."""
    app = FastAPI(title="KPO Assistant", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Heard)
    app.add_middleware(Assets)  # what is added later hears a request earlier
    # Present before gradio is mounted, it keeps gradio from allowing every origin with credentials.
    app.add_middleware(CORSMiddleware, allow_origins=[])
    if host in LOOPBACK:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]", "::1"])
    app.add_middleware(Guard)
    app.add_middleware(Headed)

    @app.get("/health")
    def health() -> JSONResponse:
        try:
            with desk.assistant.retrieval.reading() as view:
                return JSONResponse({"status": "ok", "generation": view.generation, "documents": len(view.entries())})
        except KpoError as error:  # the index was taken away under the running page
            return JSONResponse({"status": "unavailable", "error": error.message, "remedy": error.remedy}, status_code=503)

    app.add_exception_handler(KpoError, told)
    app.include_router(routes(desk))
    blocks = page.build(desk)
    blocks.queue(max_size=QUEUE, default_concurrency_limit=TOGETHER, api_open=False)
    blocks._queue.sleep_when_free = IDLE_SECONDS
    script = (HERE / "page.js").read_text(encoding="utf-8")
    mounted: FastAPI = gr.mount_gradio_app(
        app, blocks, path="/", theme=page.theme(), css=(HERE / "style.css").read_text(encoding="utf-8"), head=f"<script>{script}</script>",
        footer_links=[], run_history=False, enable_monitoring=False, show_error=False, ssr_mode=False, pwa=False, mcp_server=False, allowed_paths=[],
        favicon_path=str(HERE / "favicon.svg"),
    )
    return mounted


def free_port_or_error(host: str, port: int) -> None:
    """Raise ConfigError when nothing can listen there, before anything slow is begun."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            other = port + 1 if port < 65_535 else port - 1
            raise ConfigError(
                f"cannot listen on {host}:{port} ({error.strerror})",
                f"is it running already? Else choose another port: `kpo serve --port {other}`" if error.errno == errno.EADDRINUSE
                else "choose an address of this machine with --host, and a port above 1023 with --port",
            ) from error


def run(desk: Desk, host: str, port: int) -> None:
    """Serve until the process is told to stop, by Ctrl+C or SIGTERM; running answers end first, then this returns."""
    app = Parting(build(desk, host), lambda: server.should_exit)
    server = uvicorn.Server(
        uvicorn.Config(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=DRAIN_SECONDS, server_header=False)
    )
    shown = f"[{host}]" if ":" in host else host
    print(f"KPO Assistant is at http://{shown}:{port} (stop it with Ctrl+C)", flush=True)
    # uvicorn sends itself the signal again once it has stopped; by default SIGTERM would then end the process before Chroma is closed.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        server.run()
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)
