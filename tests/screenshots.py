"""The pictures of the docs, taken of the running house: `make screenshots`."""

import io
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

import browser
from conftest import HOUSE, KPO, outside, run_kpo, serving
from samples import pdf

IMAGES = HOUSE / "docs" / "images"
QUESTION = "What is the difference between KPO and BPO?"
FIGURE = "How exposed are legal occupations to AI?"
PRINTED = "How long is a research desk memo?"
RULES = [  # a page made for the picture
    "House rules for research desks", "", "Every research desk keeps a log of its sources. A memo of a research desk is",
    "two pages long and names the reader it is written for.", "", "A memo leaves the desk after a second analyst has read it.",
]
WIDE = (1280, 860)
REFUSED = "Who is the chief executive of Genpact?"
TERMINAL = ([FIGURE], ["And what are its risks?", "--after", "What is KPO?"], [REFUSED])
COLOURS = [(0, 0, 0), (248, 113, 113), (74, 222, 128), (250, 204, 21), (96, 165, 250), (192, 132, 252), (45, 212, 191), (226, 232, 240)]
PAPER = TerminalTheme((15, 23, 42), (226, 232, 240), COLOURS)


def save(page: Page, name: str) -> None:
    """What the page shows, as a small picture."""
    page.mouse.move(0, 0)
    page.wait_for_timeout(600)  # scrolling and fonts come to rest
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(IMAGES / name, "WEBP", quality=82, method=6)


def begin(chromium: Browser, url: str, *, size: tuple[int, int] = WIDE, dark: bool = False) -> Page:
    """A new browser of this size on the page."""
    context = chromium.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if dark else "light", reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(url + ("/?__theme=dark" if dark else "/?__theme=light"))
    page.locator(".welcome").wait_for()
    return page


def ask(page: Page, question: str) -> None:
    """Ask, and wait for the whole answer and what could be asked next."""
    page.fill("#question textarea", question)
    page.click("#send")
    page.locator("#live .asked").get_by_text(question).wait_for()
    page.locator("#live .turn[data-turn] .tools").wait_for()
    page.wait_for_timeout(5_000)  # what could be asked next is tried first, and there may be nothing
    page.locator("#question textarea").blur()


def source(page: Page, marker: int) -> None:
    """Open the source of a marker."""
    page.locator("#live .cite").nth(marker - 1).click()
    page.locator("#source mark").first.wait_for()


def chats(chromium: Browser, url: str) -> None:
    """The pictures of the Ask tab."""
    page = begin(chromium, url)
    save(page, "welcome.webp")
    ask(page, FIGURE)
    page.locator("[data-do=new]").click()
    page.locator(".welcome").wait_for()
    ask(page, QUESTION)
    save(page, "chat.webp")
    source(page, 2)
    save(page, "source.webp")
    page.locator("[data-do=new]").click()
    ask(page, PRINTED)
    source(page, 1)
    page.locator("#source img").evaluate("image => image.decode()")
    save(page, "pdf.webp")
    page.locator("[data-do=new]").click()
    ask(page, REFUSED)
    save(page, "refusal.webp")
    page.locator("#live [data-do=down]").click()
    page.locator("#judge").wait_for()
    page.get_by_label("Should have refused").check()
    page.fill("#words textarea", "We keep this in another file.")
    save(page, "feedback.webp")
    page = begin(chromium, url, dark=True)
    ask(page, QUESTION)
    source(page, 2)
    save(page, "dark.webp")


def shelves(chromium: Browser, url: str) -> None:
    """The pictures of the other tabs."""
    page = begin(chromium, url)
    page.get_by_role("tab", name="Sources").click()
    page.locator("#documents table").first.wait_for()
    page.locator("#documents header small").evaluate_all("paths => paths.forEach(path => path.remove())")  # they are those of this machine
    save(page, "sources.webp")
    page.get_by_role("tab", name="Glossary").click()
    page.locator("#terms dd button").nth(4).click()
    page.locator("#source mark").first.wait_for()
    save(page, "glossary.webp")


def phone(chromium: Browser, url: str) -> None:
    """Two pictures of a phone, side by side."""
    page = begin(chromium, url, size=(390, 844))
    shots = [page.screenshot()]
    ask(page, "Which pricing models are there?")
    page.wait_for_timeout(600)
    shots.append(page.screenshot())
    whole = Image.new("RGB", (390 * 2 + 20, 844), "#94a3b8")
    for at, shot in enumerate(shots):
        whole.paste(Image.open(io.BytesIO(shot)), (at * 410, 0))
    whole.save(IMAGES / "phone.webp", "WEBP", quality=82, method=6)


def terminal(chromium: Browser, data: Path) -> None:
    """A picture of real answers of `kpo ask`, drawn by rich."""
    console = Console(record=True, width=104, file=io.StringIO(), force_terminal=True)
    for arguments in TERMINAL:
        said = run_kpo("ask", *arguments, "--data-dir", data).stdout
        shown = " ".join(word if word.startswith("--") else f'"{word}"' for word in arguments)
        console.print(Text("$ ", style="green") + Text(f"kpo ask {shown}", style="bold"))
        console.print(Text(said))
    page = chromium.new_page(viewport={"width": 1000, "height": 400})
    drawn = console.export_html(theme=PAPER, inline_styles=True)
    page.set_content(drawn.replace("<body", '<body style="margin: 20px; font-size: 15px"', 1))
    page.screenshot(path=IMAGES / "terminal.png", full_page=True)
    page.close()


def report(chromium: Browser, data: Path) -> None:
    """A picture of the report of an evaluation run, on a sample of a shipped set."""
    page_file = data / "report.html"
    run_kpo("eval", "run", "staff", "--sample", 60, "--seed", 2, "--html", page_file, "--data-dir", data)
    page = chromium.new_page(viewport={"width": 1280, "height": 1000})
    page.goto(page_file.as_uri())
    page.screenshot(path=IMAGES / "report.png")
    page.close()


def main() -> None:
    """Ingest the shipped documents into a folder of its own, serve it, and take all pictures."""
    if browser.find() is None:
        sys.exit("no Chromium found: install the system package `chromium`")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        papers = Path(folder) / "papers"
        papers.mkdir()
        (papers / "house-rules.pdf").write_bytes(pdf([RULES], title="House rules for research desks"))
        subprocess.run([KPO, "ingest", papers, "--data-dir", data], check=True, env=outside())
        with browser.chromium() as chromium:
            terminal(chromium, data)
            report(chromium, data)
            with serving(data) as served:
                chats(chromium, served.url)
                shelves(chromium, served.url)
                phone(chromium, served.url)


if __name__ == "__main__":
    main()
