"""The pictures of the docs, taken of the running house: `make screenshots`."""

import io
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

import browser
from conftest import HOUSE, KPO, outside, run_kpo, serving

IMAGES = HOUSE / "docs" / "images"
QUESTION = "What is the difference between KPO and BPO?"
FIGURE = "How exposed are legal occupations to AI?"
REFUSED = "Who is the chief executive of Genpact?"
TERMINAL = ([FIGURE], ["And what are its risks?", "--after", "What is KPO?"], [REFUSED])
COLOURS = [(0, 0, 0), (248, 113, 113), (74, 222, 128), (250, 204, 21), (96, 165, 250), (192, 132, 252), (45, 212, 191), (226, 232, 240)]
PAPER = TerminalTheme((15, 23, 42), (226, 232, 240), COLOURS)


def ask(page: Page, question: str) -> None:
    """Ask, and wait for the whole answer."""
    before = page.locator('#chat [data-testid="bot"]').count()
    page.fill("#question textarea", question)
    page.click("#send")
    page.locator('#chat [data-testid="bot"]').nth(before).locator(".sure, .note").first.wait_for()


def shoot(
    chromium: Browser, url: str, name: str, questions: list[str], *, size: tuple[int, int], dark: bool = False, marker: str = ""
) -> None:
    """One picture of the page after these questions, with the source of `marker` open."""
    context = chromium.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if dark else "light", reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(url + ("/?__theme=dark" if dark else "/?__theme=light"))
    page.locator("#question textarea").wait_for()
    for question in questions:
        ask(page, question)
    if marker:
        page.click(f'#chat a[href="#cite-{marker}"]')
        page.locator("#source mark").wait_for()
    page.locator("#question textarea").blur()
    page.mouse.move(0, 0)
    page.wait_for_timeout(5_000)  # the page keeps the newest question in view for four seconds
    page.screenshot(path=IMAGES / name)
    context.close()


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
        subprocess.run([KPO, "ingest", "--data-dir", data], check=True, env=outside())
        with browser.chromium() as chromium:
            terminal(chromium, data)
            report(chromium, data)
            with serving(data) as served:
                shoot(chromium, served.url, "chat.png", [QUESTION], size=(1280, 860), marker="1-2")
                shoot(chromium, served.url, "chat-dark.png", [QUESTION], size=(1280, 860), dark=True, marker="1-2")
                shoot(chromium, served.url, "chat-phone.png", [FIGURE], size=(390, 844))
                shoot(chromium, served.url, "refusal.png", [REFUSED], size=(1280, 860))


if __name__ == "__main__":
    main()
