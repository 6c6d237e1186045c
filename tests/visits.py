"""A visit to the page with a real browser, as the tests of the pages share it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from conftest import Served

PATIENCE = 30_000  # milliseconds; a busy machine may be slow, the tests only wait as long as they must
AI = "How exposed are legal occupations to AI?"
CEO = "Who is the chief executive of Genpact?"


class Visit:
    """A visit to the page; keeps what the browser complains about and which hosts it asks."""

    def __init__(self, page: Page, served: Served, path: str = "/") -> None:
        self.page = page
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith((served.url, "data:", "blob:")) else self.elsewhere.append(asked.url))
        page.on("dialog", lambda dialog: (self.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(served.url + path)
        expect(page.locator("#thread .welcome, #thread .chat-title").first).to_be_visible(timeout=PATIENCE)

    def ask(self, question: str) -> str:
        """Type a question, wait for its whole answer, and return that as text."""
        return self.after(lambda: (self.page.fill("#question textarea", question), self.page.click("#send")))

    def after(self, act: Any) -> str:
        """Do something that asks a question, and return its whole answer as text."""
        before = self.newest
        act()
        answered = self.page.locator(f'#live .turn[data-turn]:not([data-turn="{before}"])')
        expect(answered).to_be_visible(timeout=PATIENCE)
        return answered.inner_text()

    @property
    def newest(self) -> str:
        """The number of the newest answer that is shown, "" for none; read at once, because a new chat may be about to take it away."""
        return str(self.page.evaluate("document.querySelector('#live .turn[data-turn]')?.dataset.turn ?? ''"))

    def markers(self) -> Locator:
        """The markers of the newest answer."""
        return self.page.locator("#live .cite")

    def open(self, marker: int = 1) -> str:
        """Click a marker of the newest answer; the text that is marked in the source."""
        self.page.locator(f'#live .cite[data-arg="{self.newest}-{marker}"]').first.click()
        return self.marked()

    def marked(self) -> str:
        """The text that is marked in the source, once there is any."""
        expect(self.page.locator("#source mark").first).to_be_visible(timeout=PATIENCE)
        return " ".join(self.page.locator("#source mark").all_inner_texts())

    def tab(self, name: str) -> None:
        """Go to another tab, and wait for what it lists."""
        self.page.get_by_role("tab", name=name).click()
        shown = {"Ask": "#question", "Sources": "#documents .note, #documents table", "Glossary": "#terms .note"}[name]
        expect(self.page.locator(shown).first).to_be_visible(timeout=PATIENCE)

    def load_again(self) -> None:
        """Load the page again, in the next breath: gradio's stream of answers closes a moment after the last, and complains of being cut off."""
        self.page.wait_for_timeout(3_000)
        self.page.reload()

    def tell(self, selector: str, text: str) -> None:
        """Wait until this part of the page says that."""
        expect(self.page.locator(selector).first).to_contain_text(text, timeout=PATIENCE)

    def is_clean(self) -> None:
        """Nothing was asked of another host, and nothing went wrong in the browser."""
        assert self.elsewhere == []
        assert self.complaints == []


@contextmanager
def visiting(chromium: Browser, served: Served, path: str = "/", **context: Any) -> Iterator[Visit]:
    """A visit in a browser of its own, 1280 by 860 pixels unless told otherwise; at its end the browser has nothing to complain about."""
    opened = chromium.new_context(**{"viewport": {"width": 1280, "height": 860}, **context})
    visit = Visit(opened.new_page(), served, path)
    yield visit
    visit.is_clean()
    opened.close()
