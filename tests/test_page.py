"""The page as a person uses it, in a real browser against a real server."""

from collections.abc import Iterator
from pathlib import Path

import docx
import pytest
from playwright.sync_api import Browser, Page, expect

import browser
from conftest import Served, run_kpo, serving, wait_until
from evals.records import Records

PATIENCE = 30_000  # milliseconds; a busy machine may be slow, the tests only wait as long as they must
AI = "How exposed are legal occupations to AI?"

pytestmark = pytest.mark.skipif(browser.find() is None, reason="no Chromium found: install the system package `chromium`")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser.chromium() as opened:
        yield opened


class Visit:
    """A visit to the page; keeps what the browser complains about and which hosts it asks."""

    def __init__(self, page: Page, served: Served) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith((served.url, "data:", "blob:")) else self.elsewhere.append(asked.url))
        page.on("dialog", lambda dialog: (self.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(served.url)
        expect(page.locator("#question textarea")).to_be_visible(timeout=PATIENCE)

    def ask(self, question: str) -> str:
        """Type a question, wait for its whole answer, and return that as text."""
        before = self.page.locator('#chat [data-testid="bot"]').count()
        self.page.fill("#question textarea", question)
        self.page.click("#send")
        return self.answer(before)

    def answer(self, at: int = 0) -> str:
        """The text of the answer at this place, once it is whole."""
        bot = self.page.locator('#chat [data-testid="bot"]').nth(at)
        expect(bot.locator(".sure, .note").first).to_be_visible(timeout=PATIENCE)
        return bot.inner_text()

    def open(self, marker: int, answer: int = 1) -> str:
        """Click a marker; the text that is marked in the panel."""
        self.page.click(f'#chat a[href="#cite-{answer}-{marker}"]')
        expect(self.page.locator("#source h3")).to_contain_text(f"[{marker}]", timeout=PATIENCE)
        return self.page.locator("#source mark").inner_text()

    def is_clean(self) -> None:
        """Nothing was asked of another host, and nothing went wrong in the browser."""
        assert self.elsewhere == []
        assert self.complaints == []


@pytest.fixture
def visit(chromium: Browser, served: Served) -> Iterator[Visit]:
    context = chromium.new_context(viewport={"width": 1280, "height": 860})
    yield Visit(context.new_page(), served)
    context.close()


def test_a_marker_opens_the_quote_in_its_source(visit: Visit) -> None:
    said = visit.ask(AI)
    assert "48%" in said
    assert "[1]" in said
    quoted = visit.open(1)
    assert "".join(quoted.split()) in "".join(said.split())
    panel = visit.page.locator("#source").inner_text()
    for fact in ("Document", "Section", "File", "handbook/"):
        assert fact in panel
    assert visit.page.url.endswith("/")
    visit.is_clean()


def test_a_refusal_has_no_markers_and_offers_topics(visit: Visit) -> None:
    said = visit.ask("Who is the chief executive of Genpact?")
    assert "could not find" in said
    assert "Genpact" in said
    assert visit.page.locator('#chat a[href^="#cite-"]').count() == 0
    visit.is_clean()


def test_a_follow_up_shows_what_was_searched_and_keeps_the_earlier_answer(visit: Visit) -> None:
    first = visit.ask("What does SLA stand for?")
    visit.ask("What are its parts?")
    expect(visit.page.locator("#chat .understood")).to_contain_text("searched for", timeout=PATIENCE)
    assert visit.answer(0) == first
    visit.open(1, answer=1)
    visit.is_clean()


def test_an_example_is_asked_by_a_click(visit: Visit) -> None:
    visit.page.get_by_role("button", name=AI).click()
    assert "48%" in visit.answer()
    visit.is_clean()


def test_a_refused_question_and_a_thumb_with_its_reason_land_in_the_inbox(visit: Visit, shipped: Path) -> None:
    records = Records(shipped)
    known = len(records.inbox())
    visit.ask("Who is the chief executive of Infosys?")
    visit.ask(AI)
    visit.page.get_by_label("Feedback").last.click()
    visit.page.get_by_text("Wrong source").last.click()
    wait_until(lambda: len(records.inbox()) == known + 2)
    refused, judged = records.inbox()[known:]
    assert (refused.question, refused.verdict, refused.thumb) == ("Who is the chief executive of Infosys?", "refused", "")
    assert (judged.question, judged.verdict, judged.thumb, judged.reason) == (AI, "answered", "down", "Wrong source")
    assert "handbook/generative-ai.md" in judged.citations
    visit.is_clean()


def test_a_question_can_be_narrowed_to_a_document(visit: Visit) -> None:
    visit.page.get_by_text("Search only in chosen documents").click()
    visit.page.locator("#only input").click()
    visit.page.get_by_role("option", name="Generative AI (handbook)").click()
    said = visit.ask(AI)
    assert "Searched only in 1 chosen document." in said
    assert visit.page.locator('#chat a[href^="#cite-"]').count() > 0
    titles = visit.page.locator('#chat a[href^="#cite-"]').evaluate_all("links => links.map(link => link.title)")
    assert all(title.startswith("Generative AI: ") for title in titles)
    visit.is_clean()


def test_what_is_typed_is_shown_as_it_was_typed(visit: Visit) -> None:
    typed = '**KPO** <b>x</b> ![p](https://evil.example/p.png) [l](https://evil.example) `c` <script>alert(1)</script> & "q"'
    visit.ask(typed)
    asked = visit.page.locator('#chat [data-testid="user"]')
    assert typed in asked.inner_text()
    assert asked.locator("img, a, b, strong, code, script").count() == 0
    visit.is_clean()


def test_it_works_on_a_phone(chromium: Browser, served: Served) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    visit = Visit(context.new_page(), served)
    visit.ask(AI)
    visit.open(1)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(visit.page.locator("#source mark")).to_be_in_viewport(timeout=PATIENCE)
    visit.is_clean()
    context.close()


HOSTILE = [  # a Word file says such things literally; in Markdown and HTML the readers take the tags out
    "The griffin protocol <script>alert(2)</script> is <img src=x onerror=alert(3)> a rule [1] [link](https://evil.example/l) for **all**.",
    "A wyvern ![shot](https://evil.example/i) is an `animal` with <a href='javascript:alert(4)'>two</a> \u202esgel\u202c [2](#cite-1-1).",
]


def hostile(folder: Path) -> None:
    """A document whose text looks like markup, links and markers."""
    file = docx.Document()
    file.add_heading("Attacks <script>alert(1)</script> **bold** [title](https://evil.example/t)", 1)
    for paragraph in HOSTILE:
        file.add_paragraph(paragraph)
    file.save(str(folder / "attacks.docx"))


def test_an_ingestion_beside_the_page_is_seen_by_its_next_question_and_hostile_text_stays_text(chromium: Browser, tmp_path: Path) -> None:
    notes, data = tmp_path / "notes", tmp_path / "data"
    notes.mkdir()
    zebra, bee = notes / "zebra.txt", notes / "bee.md"
    zebra.write_text("Zebras in companies\n\nA zebra desk is a team of four analysts who review contracts for a client.\n")
    hostile(notes)
    assert run_kpo("ingest", notes, "--no-shipped", "--data-dir", data).returncode == 0
    with serving(data) as served:
        context = chromium.new_context(viewport={"width": 1280, "height": 860})
        visit = Visit(context.new_page(), served)

        said = visit.ask("What is a zebra desk?")
        assert "a team of four analysts" in said
        assert "four analysts" in visit.open(1, answer=1)

        bee.write_text("# Bees\n\nA bee desk is a team of two translators who work at night.\n")  # an addition
        zebra.write_text("Zebras in companies\n\nA zebra desk is a team of nine lawyers who review contracts for a client.\n")  # a change
        assert run_kpo("ingest", "--data-dir", data).returncode == 0
        assert "two translators" in visit.ask("What is a bee desk?")
        said = visit.ask("What is a zebra desk?")
        assert "nine lawyers" in said
        assert "four analysts" not in said
        # the first answer's source has changed meanwhile: its quote is shown as it stood, and nothing else is marked
        visit.page.click('#chat a[href="#cite-1-1"]')
        expect(visit.page.locator("#source")).to_contain_text("has changed or been removed", timeout=PATIENCE)
        expect(visit.page.locator("#source blockquote")).to_contain_text("four analysts")
        assert visit.page.locator("#source mark").count() == 0

        bee.unlink()  # a deletion
        assert run_kpo("ingest", "--data-dir", data).returncode == 0
        assert "two translators" not in visit.ask("What is a bee desk?")

        assert HOSTILE[0] in visit.ask("What is the griffin protocol?")
        assert HOSTILE[1].replace("\u202e", "").replace("\u202c", "") in visit.ask("What is a wyvern?")
        chat = visit.page.locator('#chat [data-testid="bot"]')
        strange = chat.locator("script, img, iframe, style, b, strong, del, code, [onerror]")
        assert strange.evaluate_all("found => found.map(one => one.outerHTML)") == []
        links = chat.locator("a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
        assert links
        assert all(link.startswith("#cite-") for link in links)
        # every marker that is a link belongs to the answer that it stands in; "[1]" of a document is no link
        last = chat.locator('a[href^="#cite-"]').last
        last.click()
        expect(visit.page.locator("#source h3")).to_be_visible(timeout=PATIENCE)
        panel = visit.page.locator("#source")
        assert panel.locator("script, img, iframe, style, b, strong, code, a").count() == 0
        visit.is_clean()
        assert served.stop() == 0  # with the page still open
        assert "Traceback" not in served.printed()
        context.close()
