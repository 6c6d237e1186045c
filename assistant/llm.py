"""The language model: any OpenAI-compatible endpoint, asked through llama-index's adapter, with limits on time and size.

A fault of the endpoint is one error, LlmUnavailable, in words of our own: what other libraries say of a request may hold its key.
"""

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from corpus.errors import LlmUnavailable

if TYPE_CHECKING:
    from assistant.settings import Llm

MAX_TOKENS = 700  # of a draft; an answer has a few sentences
MAX_CHARACTERS = 8_000  # of a draft: what a server sends beyond MAX_TOKENS is not read
MAX_BYTES = 4_000_000  # of a response: a few hundred for each token of a stream, and nothing endless
CONTEXT = 8_192  # tokens; the prompt takes about a quarter of it
LONGEST_REST = 60.0  # seconds between two attempts, however often it has failed
CHARACTERS_A_TOKEN = 4  # for servers that do not count
MOST_COUNTED = 1_000_000  # tokens that a server may say one request took; what says more has not counted
STATUS_SECONDS = 5.0  # `kpo status` waits no longer


@dataclass(frozen=True, slots=True)
class Message:
    """A part of a prompt. `role` is "system" or "user"."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What one request took. `cost` is in the currency of the configured prices; `counted` says whether the server counted the tokens."""

    model: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    cost: float
    counted: bool


@dataclass(frozen=True, slots=True)
class Written:
    """A piece of text as the model writes it."""

    text: str


class Writer(Protocol):
    """The seam for a language model."""

    model: str

    def write(self, messages: tuple[Message, ...]) -> Generator[Written | Usage, None, None]:
        """The text piece by piece, then one Usage, also before an error once the request was sent. No text at all is an empty draft.

        Raises LlmUnavailable, before or in the midst of the text, after the configured time at the latest.
        """

    def rest(self) -> float:
        """Seconds for which it should not be asked, because it has just failed; 0.0 when it may be."""


@dataclass(slots=True)
class _Request:
    """What is known of one request: whether the server has all of it and did not refuse it, and what it says that it counted, 0 for nothing."""

    taken: bool = False
    written: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(slots=True)
class BackOff:
    """How long to leave a failing server alone: 1 s after the first failure, twice as long after each further one. Safe for threads."""

    now: Callable[[], float] = time.monotonic
    _failures: int = 0
    _until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def failed(self, at_least: float = 0.0) -> None:
        """Note a failure. `at_least`: seconds that the server asked for."""
        with self._lock:
            self._until = self.now() + min(LONGEST_REST, max(2.0**self._failures, at_least))
            self._failures = min(self._failures + 1, 10)

    def worked(self) -> None:
        """Note a success: the next failure is a first one."""
        with self._lock:
            self._failures, self._until = 0, 0.0

    def rest(self) -> float:
        """Seconds that are left; 0.0 when it may be tried."""
        with self._lock:
            return max(0.0, self._until - self.now())


class OpenAiWriter:
    """An OpenAI-compatible endpoint through llama-index's OpenAILike. Safe for threads; each request has a connection of its own.

    The whole draft has `timeout` seconds, however slowly its bytes come: another thread reads them, and is let go when the time is over.
    `stopped` is given what a request took whose text was not read to its end, so that there was nobody left to yield it to.
    """

    def __init__(self, settings: "Llm", back_off: BackOff | None = None, stopped: Callable[[Usage], None] | None = None) -> None:
        self.model = settings.model
        self._settings = settings
        self._back_off = back_off or BackOff()
        self._stopped = stopped

    def rest(self) -> float:
        return self._back_off.rest()

    def load(self) -> None:
        """Import the adapter, which takes seconds, before anybody waits for it."""
        import httpcore  # noqa: F401  # httpx and openai import the rest at the first request
        import llama_index.llms.openai_like  # noqa: F401
        import openai.resources.chat  # noqa: F401

    def write(self, messages: tuple[Message, ...]) -> Generator[Written | Usage, None, None]:
        self.load()
        start = time.perf_counter()
        request = _Request()
        try:
            with closing(self._timed(messages, request)) as pieces:
                for text in pieces:
                    kept = text[: MAX_CHARACTERS - request.written]
                    request.written += len(kept)
                    yield Written(kept)
                    if request.written >= MAX_CHARACTERS:
                        break
        except LlmUnavailable as error:
            self._back_off.failed(error.retry_after if isinstance(error, _Refused) else 0.0)
            if request.taken:
                yield self._usage(messages, request, start)
            raise
        except (GeneratorExit, KeyboardInterrupt):
            if request.taken and self._stopped:
                self._stopped(self._usage(messages, request, start))
            raise
        self._back_off.worked()
        yield self._usage(messages, request, start)

    def _usage(self, messages: tuple[Message, ...], request: _Request, start: float) -> Usage:
        """What a request took, with an estimate for what the server did not count."""
        sent = request.prompt_tokens or sum(len(message.text) for message in messages) // CHARACTERS_A_TOKEN
        said = request.completion_tokens or request.written // CHARACTERS_A_TOKEN
        cost = (sent * self._settings.price_in + said * self._settings.price_out) / 1000
        counted = bool(request.prompt_tokens and request.completion_tokens)
        return Usage(self.model, sent, said, round(time.perf_counter() - start, 3), round(cost, 6), counted)

    def check(self) -> str:
        """Does it answer? One short sentence for `kpo status`; never raises."""
        try:
            with self._client(min(STATUS_SECONDS, self._settings.timeout)) as client:
                response = client.get(f"{self._base()}/models", headers=self._headers())
        except Exception as error:  # whatever httpx raises, the server does not answer
            return _reason(error).message
        if response.status_code in (401, 403):
            return "it refuses the key: check KPO_LLM__API_KEY"
        if response.status_code == 404:  # some servers have no list of models, and answer questions all the same
            return "it answers, but does not know the path /models: check KPO_LLM__BASE_URL"
        return "it answers" if response.status_code < 400 else f"it answers with the error {response.status_code}"

    def _timed(self, messages: tuple[Message, ...], request: _Request) -> Generator[str, None, None]:
        """The pieces that another thread reads, until the time is over."""
        end = time.monotonic() + self._settings.timeout
        pieces: queue.SimpleQueue[str | LlmUnavailable | None] = queue.SimpleQueue()
        client = self._client(self._settings.timeout, request)

        def read() -> None:
            try:
                for text in self._stream(client, messages, request):
                    pieces.put(text)
                pieces.put(None)
            except Exception as error:  # each fault of server, network and adapter has a class of its own
                pieces.put(_reason(error))

        threading.Thread(target=read, name="kpo-llm", daemon=True).start()
        try:
            while True:
                try:
                    piece = pieces.get(timeout=max(0.0, end - time.monotonic()))
                except queue.Empty:
                    raise LlmUnavailable(
                        f"the language model took longer than {self._settings.timeout:g} seconds", "raise KPO_LLM__TIMEOUT, or use a faster model"
                    ) from None
                if piece is None:
                    return
                if isinstance(piece, LlmUnavailable):
                    raise piece
                yield piece
        finally:
            with suppress(Exception):  # closing takes the connection away from the reading thread, which may complain
                client.close()

    def _stream(self, client: Any, messages: tuple[Message, ...], request: _Request) -> Iterator[str]:
        from llama_index.core.llms import ChatMessage
        from llama_index.llms.openai_like import OpenAILike

        key = self._settings.api_key
        llm = OpenAILike(
            model=self.model, api_base=self._base(), api_key=key.get_secret_value() if key else "none", is_chat_model=True,
            is_function_calling_model=False, context_window=CONTEXT, max_tokens=MAX_TOKENS, temperature=0.0, max_retries=0,
            timeout=self._settings.timeout, http_client=client, additional_kwargs={"stream_options": {"include_usage": True}},
        )
        finished = False
        for part in llm.stream_chat([ChatMessage(role=message.role, content=message.text) for message in messages]):
            usage = getattr(part.raw, "usage", None)
            for name in ("prompt_tokens", "completion_tokens"):
                count = getattr(usage, name, None)
                if isinstance(count, int) and 0 < count <= MOST_COUNTED:
                    setattr(request, name, count)
            finished = finished or any(choice.finish_reason for choice in getattr(part.raw, "choices", None) or [])
            if part.delta:
                yield part.delta
        if not finished:
            raise _Cut

    def _client(self, seconds: float, request: _Request | None = None) -> Any:
        """A client for one request; what becomes of it is noted in `request`."""
        import httpx

        class Limited(httpx.SyncByteStream):
            """A stream of a response's bytes that ends with an error beyond MAX_BYTES."""

            def __init__(self, stream: Any) -> None:
                self._stream = stream

            def __iter__(self) -> Iterator[bytes]:
                read = 0
                for chunk in self._stream:
                    read += len(chunk)
                    if read > MAX_BYTES:
                        raise _TooMuch
                    yield chunk

            def close(self) -> None:
                self._stream.close()

        def sending(sent: Any) -> None:
            def trace(event: str, _: object) -> None:
                if request and event == "http11.send_request_body.complete":
                    request.taken = True

            sent.extensions["trace"] = trace

        def limit(response: Any) -> None:
            response.stream = Limited(response.stream)
            if request and response.is_error:
                request.taken = False

        # Uncompressed, so that the bytes that are counted are those that are kept. With a transport of its own, so that the proxies which the
        # environment names get neither key nor passages; its certificates are used all the same.
        return httpx.Client(
            timeout=seconds, headers={"Accept-Encoding": "identity"}, event_hooks={"request": [sending], "response": [limit]}, transport=httpx.HTTPTransport(),
        )

    def _base(self) -> str:
        return str(self._settings.base_url).rstrip("/")

    def _headers(self) -> dict[str, str]:
        key = self._settings.api_key
        return {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}


class _Cut(Exception):
    """The stream ended without saying that it was at its end."""


class _TooMuch(Exception):
    """The response is larger than any draft."""


class _Refused(LlmUnavailable):
    """The server asked to be left alone for a while."""

    retry_after = 0.0


def _reason(error: Exception) -> LlmUnavailable:
    """What happened, in words of our own: those of the libraries may quote headers, addresses and keys."""
    causes = [error]
    while (below := causes[-1].__cause__ or causes[-1].__context__) is not None and below not in causes and len(causes) < 10:
        causes.append(below)  # type: ignore[arg-type]
    status = next((int(code) for cause in causes if isinstance(code := getattr(cause, "status_code", None), int)), 0)
    names = {type(cause).__name__ for cause in causes}
    if any(isinstance(cause, _TooMuch) for cause in causes):
        return LlmUnavailable("the language model's server sent far too much", "check that KPO_LLM__BASE_URL leads to an OpenAI-compatible server")
    if any(isinstance(cause, _Cut) for cause in causes) or names & {"RemoteProtocolError", "ReadError", "IncompleteRead"}:
        return LlmUnavailable("the language model's answer was cut off", "look at the log of its server")
    match status:
        case 401 | 403:
            return LlmUnavailable("the language model's server refuses the key", "check KPO_LLM__API_KEY")
        case 404:
            return LlmUnavailable("the language model's server does not know the model or the path", "check KPO_LLM__MODEL and KPO_LLM__BASE_URL")
        case 429:
            refused = _Refused("the language model's server asks to be left alone for a while", "wait, or ask for a higher rate limit")
            refused.retry_after = next(filter(None, map(_retry_after, causes)), 0.0)
            return refused
        case code if code >= 400:
            return LlmUnavailable(f"the language model's server answers with the error {code}", "look at the log of its server")
    if names & {"APITimeoutError", "ReadTimeout", "ConnectTimeout", "PoolTimeout", "WriteTimeout"}:
        return LlmUnavailable("the language model did not answer in time", "raise KPO_LLM__TIMEOUT, or use a faster model")
    if names & {"ConnectError", "APIConnectionError"}:
        return LlmUnavailable("the language model's server cannot be reached", "check that it runs, and KPO_LLM__BASE_URL")
    return LlmUnavailable("what the language model's server sent cannot be read", "check that KPO_LLM__BASE_URL leads to an OpenAI-compatible server")


def _retry_after(error: BaseException) -> float:
    headers = getattr(getattr(error, "response", None), "headers", {})
    said = str(headers.get("retry-after", ""))
    return float(said) if said.isdigit() else 0.0
