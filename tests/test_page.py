"""The page as a person uses it, in a real browser against a real server: ask, trust, keep."""

import io
from collections.abc import Iterator
from pathlib import Path

import docx
import pypdfium2 as pdfium
import pytest
from playwright.sync_api import Browser, expect

from app import open_house
from assistant.chats import Chats
from assistant.question import Question
from conftest import Served, run_kpo, serving, wait_until
from evals.records import Records
from visits import AI, CEO, PATIENCE, Visit, visiting

CUT = """element => { // the ids of what cuts the ring of its focus off at a side
    const at = element.getBoundingClientRect(), cuts = [];
    for (let over = element.parentElement; over; over = over.parentElement) {
        const room = over.getBoundingClientRect();
        if (getComputedStyle(over).overflowX !== "visible" && (at.left - 4 < room.left || at.right + 4 > room.right)) cuts.push(over.id);
    }
    return cuts;
}"""
SHOWN = {  # a word or two of what each example of the page must bring
    "What is the difference between KPO and BPO?": "BPO follows a procedure and KPO requires the worker to decide",
    "How exposed are legal occupations to AI?": "48%",
    "What should a KPO contract say about intellectual property?": "ownership, confidentiality, non-compete terms",
    "What does SLA stand for?": "service level agreement",
    "What is attrition?": "the rate at which employees leave",
    "What happens in the first week?": "1. Day one",
    "How do I choose a KPO provider?": "1. Requirements:",
    "What are the risks of KPO, and how are they reduced?": "High attrition | ",
    "Which pricing models are there?": "Gain share",
}


@pytest.fixture
def visit(chromium: Browser, served: Served) -> Iterator[Visit]:
    with visiting(chromium, served) as begun:
        yield begun


def test_a_marker_shows_its_quotation_and_opens_it_in_its_source(visit: Visit) -> None:
    said = visit.ask(AI)
    assert "48%" in said
    visit.markers().first.hover()
    tip = visit.page.locator("#tip")
    expect(tip).to_be_visible()
    fonts = "['#tip', '#toast', '#live .answer'].map(part => getComputedStyle(document.querySelector(part)).fontFamily)"
    assert len(set(visit.page.evaluate(fonts))) == 1
    quoted = tip.locator(".said").inner_text().strip("“”")
    where = tip.locator(".where").inner_text()
    title = where.partition(",")[0]
    assert title and "2026" in where
    marked = visit.open(1)
    assert "".join(marked.split()) == "".join(quoted.split())
    assert "".join(marked.split()) in "".join(said.split())
    panel = visit.page.locator("#source").inner_text()
    for fact in (title, "Date", "2026", "handbook/"):
        assert fact in panel
    expect(visit.page.locator("#source mark").first).to_be_in_viewport()
    assert len(panel) > len(marked) + 500  # the quotation stands in its surroundings
    visit.tab("Sources")
    visit.page.locator("#source [data-do=back]").click()
    expect(visit.markers().first).to_be_focused()
    visit.tab("Glossary")
    visit.page.locator("#source [data-do=close]").click()  # is no way back
    expect(visit.page.locator("#source .open")).to_have_count(0)
    visit.page.locator("#terms dd .link").last.click()
    expect(visit.page.locator("#source h2")).to_be_focused()
    visit.tab("Ask")
    visit.page.locator("#source h2").press("Escape")
    expect(visit.page.locator("#terms dd .link").last).to_be_focused()


def test_every_term_is_within_reach_of_its_letter(visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 390, "height": 844})
    visit.tab("Glossary")
    counted = visit.page.locator("#terms .note").first.inner_text()
    assert f"{visit.page.locator('#terms dt').count()} terms" == counted
    visit.page.get_by_role("button", name="Terms with S").press("Enter")
    expect(visit.page.locator("#terms h3", has_text="S")).to_be_focused()
    expect(visit.page.locator("#terms dt", has_text="Sampling")).to_be_in_viewport()
    expect(visit.page.get_by_role("button", name="Terms with A")).to_be_in_viewport()
    assert visit.page.evaluate("document.querySelector('.letters').getBoundingClientRect().bottom <= document.activeElement.getBoundingClientRect().top")
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_stages_are_shown_and_a_screen_reader_hears_the_answer_once(visit: Visit) -> None:
    visit.page.evaluate("""() => {
        window.heard = []; window.stages = new Set();
        new MutationObserver(() => {
            const said = document.querySelector('#speaker').textContent; if (said) heard.push(said);
            document.querySelectorAll('#live .stages li').forEach(stage => stages.add(stage.textContent));
        }).observe(document.body, {childList: true, subtree: true, characterData: true});
    }""")
    visit.ask(AI)
    visit.tell("#speaker", "48%")
    heard = set(visit.page.evaluate("heard"))
    assert len(heard) == 1
    assert "48%" in heard.pop()
    stages = "\n".join(visit.page.evaluate("[...stages]"))
    assert f"Searching for “{AI}”" in stages
    assert "Found " in stages and "passages in " in stages
    for part in ("#thread", "#live", "#next"):  # what changes in steps is not read out in steps
        assert visit.page.locator(f"[aria-live] {part}, {part} [aria-live]").count() == 0


def test_a_document_opens_beside_the_place_where_it_was_pressed(visit: Visit) -> None:
    for tab, listed in (("Sources", "#documents th .link"), ("Glossary", "#terms dd .link")):
        visit.tab(tab)
        visit.page.locator(listed).last.click()
        expect(visit.page.locator("#source h2")).to_be_focused()
        assert visit.page.evaluate("scrollY") > 860
        expect(visit.page.locator("#source h2")).to_be_in_viewport()
        expect(visit.page.locator(listed).last).to_be_in_viewport()


def test_under_an_answer_stands_how_sure_it_is_and_what_to_ask_next(visit: Visit) -> None:
    visit.ask("wat is atrition")
    live = visit.page.locator("#live")
    expect(live.locator(".understood")).to_contain_text("Read “wat” as “what”")
    expect(live.locator(".sure")).to_contain_text("quotation")
    live.locator(".how summary").click()
    expect(live.locator(".how p")).to_contain_text("“attrition”")
    chip = visit.page.locator("#next .chip").first
    expect(chip).to_be_visible(timeout=PATIENCE)
    question = chip.inner_text()
    visit.after(chip.click)
    expect(visit.page.locator("#live .asked")).to_have_text(question)
    assert visit.markers().count() > 0


def test_a_refusal_has_no_markers_and_its_topics_open_the_documents(visit: Visit) -> None:
    said = visit.ask(CEO)
    assert "could not find" in said
    assert visit.page.locator("#live .answer.refused").is_visible()
    assert "“genpact”" in said
    assert visit.markers().count() == 0
    topic = visit.page.locator("#live .refusal .chip").first
    assert "Genpact" in topic.inner_text()
    topic.click()
    expect(visit.page.locator("#source .here").first).to_be_visible()
    assert "Genpact" in visit.page.locator("#source").inner_text()
    assert visit.page.locator("#source mark").count() == 0


def test_a_follow_up_shows_what_was_searched_and_keeps_the_earlier_answer(visit: Visit) -> None:
    first = visit.ask("What does SLA stand for?")
    visit.ask("What are its parts?")
    upper, lower = (visit.page.locator(part).last.bounding_box() for part in ("#thread .turn", "#live .turn"))
    assert upper and lower and lower["y"] - upper["y"] - upper["height"] >= 20  # as between any two
    expect(visit.page.locator("#live .understood")).to_contain_text("Searched for")
    earlier = visit.page.locator("#thread .turn")
    assert earlier.count() == 1
    assert earlier.locator(".answer").inner_text() in first
    earlier.locator(".cite").first.click()
    assert visit.marked()


def test_an_example_is_asked_by_a_click(visit: Visit) -> None:
    assert "48%" in visit.after(visit.page.locator(".welcome").get_by_role("button", name=AI).click)
    assert visit.page.locator(".welcome").count() == 0


def test_what_was_refused_and_what_was_judged_lands_in_the_inbox(visit: Visit, shipped: Path) -> None:
    records = Records(shipped)
    known = len(records.inbox())
    visit.ask("Who is the chief executive of Infosys?")
    visit.ask(AI)
    visit.page.locator("#live [data-do=down]").click()
    visit.page.get_by_label("Wrong source").check()
    visit.page.fill("#words textarea", "It cites <b>the wrong</b> year")
    visit.page.click("#tell")
    visit.tell("#toast", "inbox")
    expect(visit.page.locator("#judge")).to_be_hidden()
    visit.page.locator("#live [data-do=up]").click()
    wait_until(lambda: len(records.inbox()) == known + 3)
    refused, judged, liked = records.inbox()[known:]
    assert (refused.question, refused.verdict, refused.thumb) == ("Who is the chief executive of Infosys?", "refused", "")
    assert (judged.question, judged.verdict, judged.thumb, judged.reason) == (AI, "answered", "down", "Wrong source")
    assert judged.words == "It cites <b>the wrong</b> year"
    assert "handbook/generative-ai.md" in judged.citations
    assert (liked.thumb, liked.reason, liked.words) == ("up", "", "")


@pytest.mark.parametrize("choice", ["Generative AI (handbook)", "Folder handbook"])
def test_a_question_can_be_narrowed_and_the_answer_says_so(choice: str, visit: Visit) -> None:
    visit.page.get_by_text("Search only in chosen documents").click()
    visit.page.locator("#only input").click()
    visit.page.get_by_role("option", name=choice, exact=True).click()
    visit.ask(AI)
    expect(visit.page.locator("#live .narrowed")).to_have_text(f"Searched only in {choice}.")
    where = visit.markers().evaluate_all("markers => markers.map(marker => marker.ariaLabel)")
    assert where
    if choice.startswith("Generative"):
        assert all("Generative AI" in place for place in where)
        following = visit.page.locator("#next .chip").first  # is tried in the chosen document too
        expect(following).to_be_visible(timeout=PATIENCE)
        visit.after(following.click)
        assert visit.markers().count()
        fold = visit.page.locator("#narrow .label-wrap")
        expect(fold).to_contain_text(f"Searching only in {choice}")
        visit.page.locator("[data-do=new]").click()  # searches everything again
        expect(fold).to_contain_text("Search only in chosen documents")
        visit.ask("What does SLA stand for?")
        expect(visit.page.locator("#live .narrowed")).to_have_count(0)


def test_what_is_typed_is_shown_as_it_was_typed(visit: Visit) -> None:
    typed = '**KPO** <b>x</b> ![p](https://evil.example/p.png) [l](https://evil.example) `c` <script>alert(1)</script> & "q"'
    visit.ask(typed)
    asked = visit.page.locator("#live .asked")
    assert typed == asked.inner_text()
    assert asked.locator("*").count() == 0


def test_a_question_is_edited_and_asked_again_in_its_place(visit: Visit) -> None:
    visit.ask("What is attrition?")
    visit.ask("Which pricing models are there?")
    visit.page.set_viewport_size({"width": 640, "height": 450})
    visit.page.locator("#live [data-do=edit]").click()
    expect(visit.page.locator("#question textarea")).to_have_value("Which pricing models are there?")
    expect(visit.page.get_by_role("button", name="Cancel editing")).to_be_in_viewport(ratio=1)
    visit.ask(AI)
    visit.after(visit.page.locator("#live [data-do=again]").click)
    expect(visit.page.locator("#live .asked")).to_have_text(AI)
    assert visit.page.locator("#thread .asked").all_inner_texts() == ["What is attrition?"]


def test_an_answer_is_copied_and_saved_with_its_sources(chromium: Browser, served: Served) -> None:
    with visiting(chromium, served, permissions=["clipboard-read", "clipboard-write"]) as visit:
        visit.ask(AI)
        visit.page.locator("#live [data-do=copy]").click()
        visit.tell("#toast", "copied")
        copied = visit.page.evaluate("navigator.clipboard.readText()")
        assert AI in copied and "48%" in copied and "Generative AI" in copied and "[1] " in copied
        visit.page.locator("#live [data-do=link]").click()
        expect(visit.page.locator("#toast")).to_contain_text("link")
        link = visit.page.evaluate("navigator.clipboard.readText()")
        assert link == f"{served.url}/?answer={visit.newest}"
        for area in ("#live", "#thread"):
            saved = {}
            for name in ("Markdown", "Word", "PDF"):
                with visit.page.expect_download() as waiting:
                    visit.page.locator(area).get_by_role("link", name=name).first.click()
                saved[name] = waiting.value
            assert "48%" in saved["Markdown"].path().read_text(encoding="utf-8").replace("\\", "")
            assert any("48%" in paragraph.text for paragraph in docx.Document(str(saved["Word"].path())).paragraphs)
            pages = pdfium.PdfDocument(io.BytesIO(saved["PDF"].path().read_bytes()))
            assert "Sources" in "".join(page.get_textpage().get_text_range() for page in pages)
            assert saved["PDF"].suggested_filename == "how-exposed-are-legal-occupations-to-ai.pdf"
        with visiting(chromium, served, link.removeprefix(served.url)) as other:
            expect(other.page.locator("#live .asked")).to_have_text(AI, timeout=PATIENCE)
            assert other.open(1)


def test_chats_are_listed_found_renamed_and_deleted(visit: Visit) -> None:
    visit.ask("What does a rate card hold?")
    visit.page.locator("#thread [data-do=rename]").click()
    visit.page.locator(".chat-title input").fill("Rates & <b>cards</b>")
    visit.page.keyboard.press("Enter")
    visit.tell("#chats [aria-current]", "Rates & <b>cards</b>")
    visit.page.locator("[data-do=new]").click()
    expect(visit.page.locator(".welcome")).to_be_visible()
    visit.page.locator("#find-chat input, #find-chat textarea").fill("rates & <b>")
    expect(visit.page.locator("#chats li")).to_have_count(1)
    visit.page.locator("#chats .chat").click()
    expect(visit.page.locator("#live .asked")).to_have_text("What does a rate card hold?")
    visit.load_again()
    expect(visit.page.locator("#live .asked")).to_have_text("What does a rate card hold?")
    entry = visit.page.locator("#chats li").filter(has_text="Rates & <b>cards</b>")
    entry.hover()
    row = entry.bounding_box()
    entry.locator(".delete").dblclick()  # twice in one breath deletes nothing
    expect(entry.locator(".delete")).to_have_text("Press again to confirm")
    asks = entry.locator(".delete").bounding_box()
    assert entry.bounding_box() == row
    assert row and asks and row["x"] <= asks["x"] and asks["x"] + asks["width"] <= row["x"] + row["width"]
    visit.page.wait_for_timeout(400)
    assert entry.count() == 1
    entry.locator(".delete").click()
    expect(entry).to_have_count(0)
    expect(visit.page.locator(".welcome")).to_be_visible()


def test_a_long_list_of_chats_stands_below_its_search_field_and_scrolls(visit: Visit, shipped: Path) -> None:
    visit.ask(AI)
    chats = Chats(shipped)
    kept = chats.turn(int(visit.newest))
    assert kept and kept.answer
    more = [chats.keep(None, kept.answer).chat for _ in range(20)]
    field, column, entry = visit.page.locator("#find-chat input, #find-chat textarea"), visit.page.locator("#chats-column"), visit.page.locator("#chats li")
    field.fill(AI)
    expect(entry.nth(19)).to_be_attached()
    for width in (1280, 390):
        visit.page.set_viewport_size({"width": width, "height": 844})
        if width == 390:
            visit.page.locator("[data-do=chats]").click()
        expect(entry.first).to_be_in_viewport(ratio=1)
        assert column.evaluate("column => column.scrollWidth <= column.clientWidth && column.scrollHeight > column.clientHeight")
        above, first = field.bounding_box(), entry.first.bounding_box()
        assert above and first and first["y"] >= above["y"] + above["height"]
        entry.last.scroll_into_view_if_needed()
        expect(entry.last).to_be_in_viewport()
        entry.first.scroll_into_view_if_needed()
        assert field.evaluate(CUT) == entry.first.locator(".chat").evaluate(CUT) == []
    for chat in more:
        chats.delete(chat)


def test_two_windows_have_two_chats_and_see_the_same_list(chromium: Browser, served: Served) -> None:
    with visiting(chromium, served) as one, visiting(chromium, served) as two:
        one.ask("What is a maker-checker rule?")
        two.ask("What is gain share?")
        assert one.page.locator("#live .asked").inner_text() == "What is a maker-checker rule?"
        assert one.page.locator("#thread .turn").count() == two.page.locator("#thread .turn").count() == 0
        assert {"What is a maker-checker rule?", "What is gain share?"} <= set(two.page.locator("#chats .chat").all_inner_texts())


def test_it_works_on_a_phone(chromium: Browser, served: Served) -> None:
    with visiting(chromium, served, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True) as visit:
        visit.ask(AI)
        visit.open(1)
        expect(visit.page.locator("#source mark").first).to_be_in_viewport()
        visit.page.locator("#source [data-do=back]").click()
        expect(visit.markers().first).to_be_in_viewport()
        visit.page.locator("[data-do=chats]").click()
        expect(visit.page.locator("#chats .chat").first).to_be_visible()
        visit.page.locator("[data-do=chats]").click()
        for tab in ("Sources", "Glossary", "Ask"):
            visit.tab(tab)
            assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390, tab


def test_the_keyboard_alone_leads_from_a_question_to_its_source_and_back(visit: Visit) -> None:
    keys, here = visit.page.keyboard, "document.activeElement"
    expect(visit.page.locator("#question textarea")).to_be_focused()
    around = "e => { const cuts = []; for (; e; e = e.parentElement) cuts.push(getComputedStyle(e).overflow); return cuts.slice(1, 4); }"
    assert visit.page.locator("#question textarea").evaluate(around) == ["visible"] * 3  # nothing cuts the ring of the focus off
    visit.after(lambda: (keys.type(AI), keys.press("Enter")))
    for _ in range(80):  # Shift+Tab from the box, back into the answer
        keys.press("Shift+Tab")
        if visit.page.evaluate(f"{here}.matches('#live .cite')"):
            break
    assert visit.page.evaluate(f"{here}.matches('#live .cite')")
    expect(visit.page.locator("#tip")).to_be_visible()
    marker = visit.page.evaluate(f"{here}.dataset.arg")
    keys.press("Enter")
    assert visit.marked()
    expect(visit.page.locator("#source h2")).to_be_focused()
    keys.press("Tab")
    assert visit.page.evaluate(f"{here}.dataset.do") == "back"
    keys.press("Enter")
    assert visit.page.evaluate(f"{here}.dataset.arg") == marker
    keys.press("Enter")
    expect(visit.page.locator("#source h2")).to_be_focused()
    keys.press("Escape")
    assert visit.page.evaluate(f"{here}.dataset.arg") == marker


def test_chats_survive_a_restart_and_tell_of_documents_that_changed_since(chromium: Browser, tmp_path: Path) -> None:
    notes, data = tmp_path / "notes", tmp_path / "data"
    notes.mkdir()
    zebra, bee = notes / "zebra.md", notes / "bee.md"
    told = "# Zebras in companies\n\nA zebra desk is a team of four analysts who review contracts for a client.\n"
    zebra.write_text(f"---\ndate: 2020-02-02\ntags: [teams]\n---\n{told}")
    assert run_kpo("ingest", notes, "--no-shipped", "--data-dir", data).returncode == 0
    settings = {"KPO_REFUSAL_NOTE": "Ask <an expert>: extension 7", "KPO_OLD_AFTER_MONTHS": 24}
    with serving(data, **settings) as served, visiting(chromium, served) as visit:
        said = visit.ask("What is a zebra desk?")
        assert "a team of four analysts" in said
        assert "more than 2 years old" in said
        assert "four analysts" in visit.open(1)
        visit.tell("#source .old", "more than 2 years old")
        bee.write_text("# Bees\n\nA bee desk is a team of two translators who work at night.\n")  # an addition
        zebra.write_text("# Zebras in companies\n\nA zebra desk is a team of nine lawyers who review contracts for a client.\n")  # a change
        assert run_kpo("ingest", "--data-dir", data).returncode == 0
        assert "two translators" in visit.ask("What is a bee desk?")
        said = visit.ask("What is a zebra desk?")
        assert "nine lawyers" in said
        assert "four analysts" not in said
        assert "Ask <an expert>: extension 7" in visit.ask(CEO)
        assert served.stop() == 0  # with the page still open
        assert "Traceback" not in served.printed()
        visit.page.goto("about:blank")
        visit.complaints.clear()  # until it was left, the page complained that its server went away
    bee.unlink()  # a deletion
    assert run_kpo("ingest", "--data-dir", data).returncode == 0
    with serving(data) as served, visiting(chromium, served) as visit:
        visit.page.locator("#chats .chat").first.click()
        first, second, third = (visit.page.locator("#thread .turn").nth(at) for at in range(3))
        for turn, changed in ((first, True), (second, True), (third, False)):
            expect(turn).to_be_visible()
            assert ("has changed or been removed" in turn.inner_text()) is changed
        first.locator(".cite").first.click()  # its quotation is shown as it stood, and nothing is marked
        visit.tell("#source", "has changed or been removed")
        expect(visit.page.locator("#source blockquote")).to_contain_text("four analysts")
        assert visit.page.locator("#source mark").count() == 0
        assert "two translators" not in visit.ask("What is a bee desk?")


def test_what_the_page_offers_to_ask_has_a_good_answer(visit: Visit, shipped: Path) -> None:
    assert visit.page.locator(".welcome button").all_inner_texts() == list(SHOWN)
    assistant = open_house(shipped).assistant()
    for question, words in SHOWN.items():
        answer = assistant.answer(Question(question))
        assert words in answer.text and answer.confidence >= 0.8, question
