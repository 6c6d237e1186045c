"""What the page does while an answer is still being made: it can be stopped, and another chat opened."""

import os
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import uvicorn
from playwright.sync_api import Browser, expect

import browser
from assistant.ask import Assistant, Event, Extractive, Searching
from assistant.chats import Chats
from assistant.check import Constants as Check
from assistant.check import Judge
from assistant.drafting import Drafter
from assistant.floor import Constants
from assistant.library import Library
from assistant.llm import Message, Usage, Written
from assistant.question import Question
from assistant.web.desk import Desk
from conftest import Served, free_port, wait_until
from fakes import FakeEmbedder, FakeReranker, put
from index.catalog import Catalog
from index.search import Retrieval
from visits import PATIENCE, visiting

pytestmark = [
    pytest.mark.skipif(browser.find() is None, reason="no Chromium found: install the system package `chromium`"),
    pytest.mark.filterwarnings("ignore"),  # gradio runs in this process here, and warns of what it does with pandas itself
]


class Slow(Assistant):
    """An assistant that goes on only when it is let."""

    go = threading.Event()

    def ask(self, question: Question, *, drafts: bool = True) -> Iterator[Event]:
        yield Searching(question.text, ())
        while not self.go.wait(0.05):
            yield Searching(question.text, ())
        yield from super().ask(question, drafts=drafts)


class Pausing:
    """A language model that writes a sentence, waits to be let, and writes two more, of which one is invented. `wrote` is when it had written the first."""

    model = "tiny"
    wrote = 0.0

    def __init__(self) -> None:
        self.go = threading.Event()

    def rest(self) -> float:
        return 0.0

    def write(self, messages: tuple[Message, ...]) -> Generator[Written | Usage, None, None]:
        self.wrote = time.monotonic()
        yield Written("A zebra desk is a team of analysts [1].\n")
        self.go.wait(60)
        yield Written("Mia Lund leads the zebra desk [1]. The zebra desk works at night [1].")
        yield Usage("tiny", 10, 20, 0.5, 0.0, True)


@contextmanager
def in_this_process(assistant: Assistant, chats: Chats) -> Iterator[Served]:
    """A server in this process with this assistant."""
    from assistant.web.server import build

    catalog = assistant.retrieval.catalog
    desk = Desk(assistant, chats, Library(catalog, lambda paths: iter(()), str), lambda question, **told: None)
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(build(desk, "127.0.0.1"), host="127.0.0.1", port=port, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started)
    try:
        yield cast(Served, SimpleNamespace(url=f"http://127.0.0.1:{port}"))
    finally:
        server.should_exit = True
        thread.join(30)


@pytest.fixture
def retrieval(tmp_path: Path) -> Retrieval:
    """One document, searched."""
    catalog = Catalog(tmp_path)
    put(catalog, "notes/zebra.md", "# Zebra desks", "A zebra desk is a team of analysts. The zebra desk works at night.")
    return Retrieval(catalog, FakeEmbedder(), FakeReranker())


@pytest.fixture
def slow(retrieval: Retrieval, tmp_path: Path) -> Iterator[tuple[Slow, Chats, Served]]:
    """A server whose assistant waits to be let go on."""
    assistant, chats = Slow(retrieval, Extractive(), Constants.open()), Chats(tmp_path)
    with in_this_process(assistant, chats) as served:
        yield assistant, chats, served
        assistant.go.set()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser.chromium() as opened:
        yield opened


def test_an_answer_can_be_stopped_and_nothing_of_it_is_kept(slow: tuple[Slow, Chats, Served], chromium: Browser) -> None:
    assistant, chats, served = slow
    assistant.go.clear()
    with visiting(chromium, served) as visit:
        visit.page.fill("#question textarea", "What is a zebra desk?")
        visit.page.click("#send")
        expect(visit.page.locator("#live .stages .now")).to_contain_text("Searching for “What is a zebra desk?”", timeout=PATIENCE)
        visit.page.click("#stop")
        expect(visit.page.locator(".welcome")).to_be_visible(timeout=PATIENCE)
        expect(visit.page.locator("#send")).to_be_visible()
        assistant.go.set()
        assert "a team of analysts" in visit.ask("What is a zebra desk?")
        assert [chat.turns for chat in chats.listed()] == [1]


def test_an_answer_to_a_chat_that_was_left_waits_there(slow: tuple[Slow, Chats, Served], chromium: Browser) -> None:
    assistant, chats, served = slow
    assistant.go.set()
    with visiting(chromium, served) as visit:
        visit.ask("What is a zebra desk?")
        assistant.go.clear()
        visit.page.fill("#question textarea", "What is the team of analysts?")
        visit.page.click("#send")
        expect(visit.page.locator("#live .busy")).to_be_visible(timeout=PATIENCE)
        visit.page.locator("[data-do=new]").click()
        expect(visit.page.locator(".welcome")).to_be_visible(timeout=PATIENCE)
        assistant.go.set()
        wait_until(lambda: [chat.turns for chat in chats.listed()] == [2])
        time.sleep(0.5)
        expect(visit.page.locator(".welcome")).to_be_visible()
        assert visit.page.locator("#live .turn").count() == 0
        visit.page.locator("#chats .chat").first.click()
        expect(visit.page.locator("#live .asked")).to_have_text("What is the team of analysts?", timeout=PATIENCE)


def test_each_sentence_of_a_model_is_shown_once_it_has_passed(retrieval: Retrieval, tmp_path: Path, chromium: Browser) -> None:
    writer, chats = Pausing(), Chats(tmp_path)
    judge = Judge(FakeEmbedder(), FakeReranker(), constants=Check.open())
    drafting = Assistant(retrieval, Extractive(), Constants.open(), Drafter(writer, judge))
    with in_this_process(drafting, chats) as served, visiting(chromium, served) as visit:
        live = visit.page.locator("#live")
        visit.page.fill("#question textarea", "What is a zebra desk?")
        visit.page.click("#send")
        expect(live.locator(".busy .answer")).to_have_text("A zebra desk is a team of analysts. [1]", timeout=PATIENCE)
        seconds = time.monotonic() - writer.wrote
        expect(live.locator(".stages .now")).to_have_text("tiny writes, and each sentence is checked")
        writer.go.set()
        expect(live.locator(".turn:not(.busy) .answer")).to_contain_text("works at night", timeout=PATIENCE)
        assert "Mia Lund" not in live.inner_text() and "1 sentence that did not pass was left out" in live.inner_text()
        assert live.locator(".answer [data-do=cite]").count() == 2
        kept = chats.turns(1)[0].answer
        assert kept is not None and kept.writer == "llm"
    print(f"\nthe first sentence stood on the page {seconds:.2f} s after it was written")
    assert not os.environ.get("KPO_ACCEPT") or seconds < 1, seconds
