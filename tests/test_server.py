"""The web server from outside: what is open, what is closed, and what it says about itself."""

import asyncio
import http.client
import re
from types import ModuleType

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from assistant.web.desk import came_through_a_proxy
from conftest import HOUSE, Served

# Routes of gradio that fetch other hosts, show other people's runs, take uploads, give out files or tell about the inside.
CLOSED = (
    "/gradio_api/file=http://evil.example", "/gradio_api/file/x", "/gradio_api/proxy=http://evil.example", "/gradio_api/run-history", "/gradio_api/runs",
    "/gradio_api/run/ask", "/gradio_api/api/ask", "/gradio_api/call/ask", "/gradio_api/vibe-edit", "/gradio_api/dev/reload", "/gradio_api/deep_link",
    "/gradio_api/token", "/gradio_api/user", "/gradio_api/openapi.json", "/gradio_api/upload", "/gradio_api/upload_progress",
    "/gradio_api/info", "/gradio_api/stream/x", "/gradio_api/process_recording", "/gradio_api", "/monitoring", "/login", "/logout", "/docs", "/redoc",
    "/openapi.json", "/token", "/user",
)


@pytest.fixture(scope="module")
def server() -> ModuleType:
    """Imported where it is used: gradio takes seconds, and each worker collects every file of tests."""
    import assistant.web.server

    return assistant.web.server


def raw(served: Served, path: str, method: str = "GET", **headers: str) -> int:
    """The status of a request for exactly this path, which no client tidies up."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_health_tells_what_is_served(served: Served) -> None:
    said = httpx.get(f"{served.url}/health")
    assert said.status_code == 200
    assert said.json()["status"] == "ok"
    assert said.json()["documents"] >= 8
    assert said.json()["generation"] > 0


@pytest.mark.parametrize("path", ["/", "/health", "/config", "/theme.css", "/docs", "/nowhere"])
def test_every_response_has_the_headers_of_a_closed_house(path: str, served: Served, server: ModuleType) -> None:
    headers = httpx.get(served.url + path).headers
    assert {name: headers.get(name) for name in server.HEADERS} == server.HEADERS
    assert "server" not in headers


def test_the_policy_lets_nothing_in_from_other_hosts(server: ModuleType) -> None:
    policy = dict(part.strip().split(" ", 1) for part in server.HEADERS["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["object-src"] == "'none'"
    words = {word for sources in policy.values() for word in sources.split()}
    assert not any(word.startswith(("http", "*", "//")) or word == "'unsafe-eval'" for word in words)


@pytest.mark.parametrize("encoding", ["br", "gzip", "identity"])
def test_scripts_come_from_memory_as_they_came_from_disk(encoding: str, served: Served) -> None:
    path = served.url + str(re.findall(r"/assets/[\w.-]+\.js", httpx.get(served.url).text)[0])
    one, two = (httpx.get(path, headers={"Accept-Encoding": encoding}) for _ in range(2))
    assert one.status_code == two.status_code == 200
    assert len(one.content) > 1_000
    assert one.content == two.content
    assert {**one.headers, "date": ""} == {**two.headers, "date": ""}
    assert one.headers["cache-control"].endswith("immutable")
    assert httpx.get(path, headers={"Accept-Encoding": encoding, "Range": "bytes=0-9"}).status_code == 206


def test_what_is_kept_of_scripts_is_whole_found_and_limited(server: ModuleType) -> None:
    asked: list[str] = []

    async def disk(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(scope["path"])
        await send({"type": "http.response.start", "status": 404 if "missing" in scope["path"] else 200, "headers": [(b"a", b"b")]})
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
        if "broken" not in scope["path"]:
            await send({"type": "http.response.body", "body": b"two", "more_body": False})

    app = server.Assets(disk)

    def get(path: str, **more: object) -> list[Message]:
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        asyncio.run(app({"type": "http", "method": "GET", "path": path, "headers": [], **more}, None, send))  # type: ignore[arg-type]
        return sent

    assert get("/assets/x.js") == get("/assets/x.js")
    assert asked == ["/assets/x.js"]
    get("/assets/x.js")[0]["headers"].append((b"c", b"d"))
    assert get("/assets/x.js")[0]["headers"] == [(b"a", b"b")]
    assert asked == ["/assets/x.js"]
    for path in ("/assets/missing.js", "/assets/broken.js", "/x.js"):
        asked.clear()
        get(path), get(path)
        assert asked == [path, path]
    asked.clear()
    for n in range(server.KEPT_ASSETS + 5):
        get(f"/assets/{n}.js")
    get(f"/assets/{server.KEPT_ASSETS + 4}.js"), get("/assets/0.js")
    assert len(asked) == server.KEPT_ASSETS + 6


def test_a_page_is_answered_when_it_has_heard_that_its_stream_has_ended(server: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answered before, it would wait for news from the stream that is gone."""
    now, slept = 100.0, [0.0]

    async def sleep(seconds: float) -> None:
        slept[0] = seconds

    async def gradio(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Message) -> None:
        assert message["status"] == 200

    monkeypatch.setattr(server.asyncio, "sleep", sleep)
    monkeypatch.setattr(server.time, "monotonic", lambda: now)
    app = server.Heard(gradio)

    def held(path: str) -> float:
        slept[0] = 0.0
        asyncio.run(app({"type": "http", "path": server.API + path}, None, send))  # type: ignore[arg-type]
        return slept[0]

    assert held("queue/join") <= 0
    assert held("queue/data") == 0
    now += 0.05
    assert held("queue/join") == pytest.approx(server.HEARD_SECONDS - 0.05)
    assert held("heartbeat/x") == 0
    now += server.HEARD_SECONDS
    assert held("queue/join") <= 0


def test_the_page_names_no_other_host(served: Served) -> None:
    page = httpx.get(served.url).text
    assert "KPO Assistant" in page
    for host in ("fonts.googleapis.com", "fonts.gstatic.com", "cdn.", "unpkg.com", "huggingface.co/", "api.gradio.app", "googletagmanager"):
        assert host not in page.replace("https://huggingface.co/docs", "")


@pytest.mark.parametrize("route", CLOSED)
def test_routes_that_the_page_does_not_need_are_closed(route: str, served: Served) -> None:
    for spelt in (route, route.upper(), "/" + route, "///" + route, route + "/x", route.replace("a", "%61")):
        assert raw(served, spelt) == 404, spelt
    assert raw(served, route, "POST") == 404


def test_routes_that_nobody_has_thought_of_are_closed_too(server: ModuleType) -> None:
    assert not server.is_open("/gradio_api/whatever-comes-next")
    assert server.is_open("/gradio_api/queue/join")
    assert server.is_open("/gradio_api/app_id")  # a page that has lost its server asks for it until it may load itself again


@pytest.mark.parametrize("origin", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}])
@pytest.mark.parametrize("path", ["/gradio_api/queue/join", "/upload?name=x.md"])
def test_nothing_is_changed_from_another_sites_page(path: str, origin: dict[str, str], served: Served) -> None:
    assert raw(served, path, "POST", **origin) == 403


@pytest.mark.parametrize("headers", [{"X-Forwarded-Host": "kpo.example.com"}, {"X-Forwarded-For": "10.0.0.1"}, {"Forwarded": "for=10.0.0.1"}])
def test_documents_are_not_changed_through_a_proxy(headers: dict[str, str], served: Served) -> None:
    assert raw(served, "/upload?name=x.md", "POST", **headers) == 403
    assert came_through_a_proxy(headers)
    assert not came_through_a_proxy({"Host": "127.0.0.1", "Accept": "*/*"})


def test_a_page_behind_a_proxy_may_ask(served: Served) -> None:
    headers = {"Origin": "https://kpo.example.com", "Sec-Fetch-Site": "same-origin", "X-Forwarded-Host": "kpo.example.com"}
    assert raw(served, "/gradio_api/queue/join", "POST", **headers) == 422  # let through, and found without a question


@pytest.mark.parametrize("query", ["", "?document=", "?document=../../etc/passwd", "?document=/etc/passwd", "?document=handbook/../../../etc/passwd"])
def test_an_original_is_named_by_its_document_and_by_nothing_else(query: str, served: Served) -> None:
    assert raw(served, f"/original{query}") in (404, 422)


def test_an_original_is_saved_and_never_shown(served: Served) -> None:
    said = httpx.get(f"{served.url}/original", params={"document": "handbook/what-is-kpo.md"})
    assert said.content == (HOUSE / "corpus" / "documents" / "what-is-kpo.md").read_bytes()
    assert said.headers["content-disposition"].startswith('attachment; filename="what-is-kpo.md"')
    assert said.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize("path", [
    "/picture", "/picture?turn=99999&marker=1", "/picture?document=handbook/what-is-kpo.md&page=1", "/picture?document=/etc/passwd&page=1", "/export?form=md",
    "/export?form=md&turn=99999", "/export?form=pdf&chat=99999", "/export?form=exe&turn=1", "/picture?turn=x",
    *(f"{path}={10**20}" for path in ("/export?form=md&turn", "/export?form=md&chat", "/picture?turn")),
])
def test_what_is_not_kept_here_is_not_found(path: str, served: Served) -> None:
    assert raw(served, path) in (404, 422)


@pytest.mark.parametrize(("path", "said"), [
    ("/original?document=nope", "this document is not in the index any more. To mend it: look for it on the Sources page."),
    ("/export?form=md&turn=99999", "this answer is not kept any more. To mend it: ask again what you want to save."),
    ("/export?form=md&chat=99999", "this chat is not kept any more. To mend it: ask again what you want to save."),
])
def test_a_link_to_what_is_gone_says_so_in_words(path: str, said: str, served: Served) -> None:
    assert httpx.get(served.url + path).text == said


@pytest.mark.parametrize("file", ["/etc/passwd", str(HOUSE / "pyproject.toml"), "pyproject.toml", "../../etc/passwd"])
def test_no_file_of_the_machine_is_given_out(file: str, served: Served) -> None:
    assert raw(served, f"/gradio_api/file={file}") in (403, 404)


@pytest.mark.parametrize("path", ["/", "/health", "/config", "/gradio_api/queue/join"])
def test_no_other_origin_is_allowed(path: str, served: Served) -> None:
    evil = {"Origin": "https://evil.example"}
    asked = httpx.get(served.url + path, headers=evil)
    before = httpx.options(served.url + path, headers={**evil, "Access-Control-Request-Method": "POST"})
    for response in (asked, before):
        assert "access-control-allow-origin" not in response.headers
        assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize("host", ["evil.example", "evil.example:7860", "127.0.0.1.evil.example", "localhost.evil.example"])
def test_a_foreign_host_name_is_refused(host: str, served: Served) -> None:
    assert raw(served, "/", Host=host) == 400
    assert raw(served, "/health", Host=host) == 400


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST:99"])
def test_this_machines_own_names_are_welcome(host: str, served: Served) -> None:
    assert raw(served, "/health", Host=host) == 200


def test_a_question_cannot_be_asked_through_a_named_api(served: Served) -> None:
    config = httpx.get(f"{served.url}/config").json()
    assert {entry["api_visibility"] for entry in config["dependencies"]} == {"private"}
