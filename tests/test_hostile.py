"""Hostile text through every place where text is shown: nothing runs, nothing is fetched, nothing covers the page.

KPO_ACCEPT=1 tries all hundred strings, the default run every fiftieth.
"""

import http.server
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import docx
from playwright.sync_api import Browser, expect

from conftest import run_kpo, serving
from visits import PATIENCE, Visit, visiting

# HERE stands for another host, which notices whoever asks it for anything.
ATTACKS = (
    "<script>parent.ran=1</script>", "<script src=HERE/s.js></script>", "<img src=HERE/i.png onerror=ran=1>", "<img src=x onerror=ran=1>",
    "<svg onload=ran=1></svg>", "<svg><image href=HERE/v.svg /></svg>", "<svg><script>ran=1</script></svg>", "<iframe src=HERE/f></iframe>",
    "<iframe srcdoc='<script>parent.ran=1</script>'></iframe>", "<form action=HERE/g><input name=p autofocus onfocus=ran=1></form>",
    "<a href=javascript:ran=1>x</a>", "<a href='data:text/html,<script>ran=1</script>'>x</a>", "[x](javascript:ran=1)", "[x](HERE/l)", "![x](HERE/m.png)",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)", "<div style='position:fixed;inset:0;z-index:9999;background:url(HERE/b)'>x</div>",
    "<style>body{display:none;background:url(HERE/c)}</style>", "<link rel=stylesheet href=HERE/d.css>", "<base href=HERE/>",
    "<meta http-equiv=refresh content='0;url=HERE/r'>", "<video src=HERE/w autoplay></video>", "<audio src=HERE/a autoplay></audio>",
    "<object data=HERE/o></object>", "<embed src=HERE/e>", "<table background=HERE/t><tr><td>x</td></tr></table>", "<details open ontoggle=ran=1>x</details>",
    "<img src=/gradio_api/file=HERE/p>", "[x](/gradio_api/file=/etc/passwd)", "<button data-do=delete data-arg=1 onclick=ran=1>x</button>",
    "<math><mtext><script>ran=1</script></mtext></math>", "<noscript><p title='</noscript><img src=x onerror=ran=1>'>", "$$\\href{javascript:ran=1}{x}$$",
    "```mermaid\ngraph TD; A[<img src=HERE/q>]\n```",
)
WRAPPED = ("{}", "\"'>{}", "&lt;{}&gt; **{}**")
STRINGS = [wrap.replace("{}", attack) for attack in ATTACKS for wrap in WRAPPED][:100]
TRIED = STRINGS if os.environ.get("KPO_ACCEPT") else STRINGS[::50]
# What no text may become, wherever the page shows text.
BECOME = (
    "script, img, svg, image, iframe, form, style, link, base, meta, video, audio, object, embed, math, noscript, input:not(#judge input), [style], [onerror], "
    "[onload], [onclick], [onfocus], [ontoggle], [srcdoc], [background]"
)
AREAS = ("thread", "live", "next", "source", "chats", "documents", "terms", "progress", "judged")
PLACES = ", ".join([*(f"#{area} .prose" for area in AREAS), "#tip", "#toast"])


@contextmanager
def other_host() -> Iterator[tuple[str, list[str]]]:
    """Another host's address, and what it was asked for."""
    asked: list[str] = []

    class Noticing(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Noticing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def write(folder: Path, n: int, attack: str) -> None:
    """A Word file that says this in its name, title, heading, text, a list, a table and a definition."""
    file = docx.Document()
    file.core_properties.title = f"{attack} {n}"[:250]
    file.add_heading(f"Griffin{n} protocol {attack}", 1)
    file.add_paragraph(f"The griffin{n} protocol {attack} is a rule for every desk.")
    file.add_paragraph(f"Griffin{n} item {attack}", style="List Bullet")
    table = file.add_table(2, 2)
    for cell, text in zip(table._cells, ("Term", "Meaning", f"Wyvern{n} {attack}", f"A wyvern{n} is {attack} a beast."), strict=True):
        cell.text = text
    file.save(str(folder / (re.sub(r"[/\n]", "_", attack)[:100] + f" {n}.docx")))


def nothing_became_of_it(visit: Visit, where: str) -> None:
    found = visit.page.locator(PLACES).locator(BECOME).evaluate_all("found => found.map(one => one.outerHTML.slice(0, 200))")
    assert [one for one in found if "/picture?" not in one] == [], where
    links = visit.page.locator(PLACES).locator("a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert all(link.startswith(("/export?", "/original?")) for link in links), where
    assert visit.page.evaluate("window.ran") is None, where
    covering = visit.page.evaluate("""[...document.querySelectorAll('body *')].filter(one => getComputedStyle(one).position === 'fixed'
        && one.offsetWidth * one.offsetHeight > innerWidth * innerHeight / 4).map(one => one.outerHTML.slice(0, 200))""")
    assert covering == [], where


def test_hostile_text_stays_text_wherever_it_is_shown(chromium: Browser, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    with other_host() as (here, asked):
        attacks = [attack.replace("HERE", here) for attack in TRIED]
        for n, attack in enumerate(attacks):
            write(notes, n, attack)
        ran = run_kpo("ingest", notes, "--no-shipped", "--data-dir", tmp_path / "data")
        assert ran.returncode == 0, ran.stdout
        with serving(tmp_path / "data", KPO_REFUSAL_NOTE=attacks[0]) as served, visiting(chromium, served) as visit:
            for n, attack in enumerate(attacks):
                visit.ask(f"What is the griffin{n} protocol?")
                nothing_became_of_it(visit, f"answer: {attack}")
                if visit.markers().count():
                    visit.markers().first.hover()
                    visit.markers().first.click()
                    expect(visit.page.locator("#source mark").first).to_be_visible(timeout=PATIENCE)
                    nothing_became_of_it(visit, f"viewer: {attack}")
                asked_itself = visit.ask(attack)
                assert " ".join(attack.split()) in " ".join(asked_itself.split())
                nothing_became_of_it(visit, f"question: {attack}")
                visit.page.locator("#live [data-do=down]").click()
                visit.tell("#judged", "About the answer to")
                visit.page.fill("#words textarea", attack)
                visit.page.click("#tell")
                visit.tell("#toast", "inbox")
                nothing_became_of_it(visit, f"feedback: {attack}")
                visit.page.locator("[data-do=new]").click()
                expect(visit.page.locator(".welcome")).to_be_visible(timeout=PATIENCE)
                nothing_became_of_it(visit, f"chat list: {attack}")
                with visiting(chromium, served, f"/?answer={quote(attack)}&chat={quote(attack)}") as other:
                    nothing_became_of_it(other, f"address: {attack}")
            visit.tab("Sources")
            expect(visit.page.locator("#documents tbody tr")).to_have_count(len(attacks))
            nothing_became_of_it(visit, "sources")
            field = visit.page.locator("#folder textarea, #folder input")
            for attack in attacks:
                field.fill(attack)
                visit.page.click("#add-folder")
                expect(visit.page.locator("#progress .trouble")).to_contain_text(" ".join(attack.split())[:40], timeout=PATIENCE)
                nothing_became_of_it(visit, f"error: {attack}")
            visit.page.locator("#find-source textarea, #find-source input").fill("griffin0")
            expect(visit.page.locator("#documents .found li").first).to_be_visible(timeout=PATIENCE)
            nothing_became_of_it(visit, "search")
            visit.tab("Glossary")
            nothing_became_of_it(visit, "glossary")
            visit.page.wait_for_timeout(500)
        assert asked == []
