"""What the page does while an answer is still being made: it can be stopped, and another chat opened."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import uvicorn
from playwright.sync_api import Browser, expect

import browser
from assistant.ask import Assistant, Event, Extractive, Searching
from assistant.chats import Chats
from assistant.floor import Constants
from assistant.library import Library
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

    def ask(self, question: Question) -> Iterator[Event]:
        yield Searching(question.text, ())
        while not self.go.wait(0.05):
            yield Searching(question.text, ())
        yield from super().ask(question)


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[tuple[Slow, Chats, Served]]:
    """A server in this process over one document, whose assistant waits to be let go on."""
    from assistant.web.server import build

    catalog = Catalog(tmp_path)
    put(catalog, "notes/zebra.md", "# Zebra desks", "A zebra desk is a team of analysts.")
    assistant = Slow(Retrieval(catalog, FakeEmbedder(), FakeReranker()), Extractive(), Constants.open())
    chats = Chats(tmp_path)
    desk = Desk(assistant, chats, Library(catalog, lambda paths: iter(()), str), lambda question, **told: None)
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(build(desk, "127.0.0.1"), host="127.0.0.1", port=port, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started)
    yield assistant, chats, cast(Served, SimpleNamespace(url=f"http://127.0.0.1:{port}"))
    assistant.go.set()
    server.should_exit = True
    thread.join(30)


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


