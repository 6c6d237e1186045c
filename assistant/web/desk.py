"""What the pages work with, and what the server remembers of one browser tab."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol

from assistant.ask import Assistant
from assistant.chats import Chats, Turn
from assistant.library import Library

FROM_HERE_ONLY = "Documents can be changed only at the computer that serves this page."
LOOPBACK = ("127.0.0.1", "localhost", "::1")  # addresses that only this machine reaches
Place = tuple[int | None, int]  # a kept chat, or which of the empty ones


class Receive(Protocol):
    """Where feedback goes: the evaluators' inbox. Questions that all documents were searched for in vain land there by themselves."""

    def __call__(
        self, question: str, *, after: Sequence[str] = (), verdict: str = "", thumb: str = "", reason: str = "", words: str = "", citations: Sequence[str] = ()
    ) -> object: ...


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts behind the pages.

    `refusal_note` is the operator's text under a refusal; documents older than `old_after_months` say so; `may_edit` allows putting
    documents in and taking them out.
    """

    assistant: Assistant
    chats: Chats
    library: Library
    receive: Receive
    refusal_note: str | None = None
    old_after_months: int | None = None
    may_edit: bool = True

    def digests(self) -> dict[str, str]:
        """The digests of today's documents by id."""
        with self.assistant.retrieval.catalog.reading() as view:
            return {entry.id: entry.digest for entry in view.entries()}


def came_through_a_proxy(headers: Mapping[str, str]) -> bool:
    """Did somebody elsewhere send this request, through a proxy that says so? Proxies write X-Forwarded or Forwarded headers; browsers cannot."""
    return any(name.lower().startswith(("x-forwarded", "forwarded", "x-real-ip")) for name in headers)


@dataclass(frozen=True, slots=True, eq=False)
class Asking:
    """A question that is being answered: itself, so that another one in the same words is not taken for it.

    `question` is as it came from the page, "" when a kept one is asked again; `editing` is the turn whose place it is to take.
    """

    question: str
    typed: bool = False
    editing: Turn | None = None


class OwnLock:
    """A lock whose copy is another lock: gradio copies the first sitting for each browser tab."""

    def __init__(self) -> None:
        self._lock = Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *raised: object) -> None:
        self._lock.release()

    def __deepcopy__(self, copied: object) -> "OwnLock":
        return OwnLock()


@dataclass(slots=True)
class Sitting:
    """What the server remembers of one browser tab: the open chat, its newest answer, the turn being edited, the one being judged.

    `empty` counts the empty chats that were opened, of which no two are the same `place`.
    `asking` is the question being answered: whoever clears it stops that. `search` is what the list of chats is searched for. A sitting has
    not `begun` when the page has been open for longer than this server runs.

    `showing` is held from the decision to show something of an answer until that is sent to the page, so that a stop has the last word.
    """

    chat: int | None = None
    empty: int = 0
    newest: int | None = None
    editing: Turn | None = None
    judging: int | None = None
    asking: Asking | None = None
    search: str = ""
    begun: bool = False
    showing: OwnLock = field(default_factory=OwnLock)

    @property
    def place(self) -> Place:
        """Where the page is: in a kept chat, or in which of the empty ones."""
        return self.chat, self.empty if self.chat is None else 0
