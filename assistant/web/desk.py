"""What the pages work with, and what the server remembers of one browser tab."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from assistant.ask import Assistant
from assistant.chats import Chats
from assistant.library import Library

FROM_HERE_ONLY = "Documents can be changed only at the computer that serves this page."
LOOPBACK = ("127.0.0.1", "localhost", "::1")  # addresses that only this machine reaches


class Receive(Protocol):
    """Where feedback goes: the evaluators' inbox. Questions that were refused land there by themselves."""

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


@dataclass(slots=True)
class Sitting:
    """What the server remembers of one browser tab: the open chat, its newest answer, the turn being edited, the one being judged."""

    chat: int | None = None
    newest: int | None = None
    editing: int | None = None
    judging: int | None = None
