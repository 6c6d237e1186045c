"""The Sources and Glossary tabs in a real browser: put in, look in, replace, remove; terms and where they are defined."""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Locator, expect

from conftest import Served, run_kpo, serving
from samples import pdf
from visits import PATIENCE, Visit, visiting

ZEBRA = "# Zebras in companies\n\nA zebra desk is a team of {} who review contracts for a client.\n"
GLOSSARY = "# Terms\n\n## Gnu rate (GR)\n\nA gnu rate (GR) is the share of gnus in a herd, measured once a year.\n"
NOTICE = "# Notice in {}\n\nThe notice period of the contract is {} days.\n"
LYNX = ["Lynxes in law", "A lynx report is a survey of patents that seven engi-", "neers write for a client every spring."]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server over some small documents of its own, two of which disagree."""
    folder = tmp_path_factory.mktemp("shelf")
    notes = folder / "notes"
    notes.mkdir()
    (notes / "terms.md").write_text(GLOSSARY)
    (notes / "empty.txt").write_text("")
    for at, owner in enumerate(["us", "a client", "a bank", "a court", "a mill"]):
        (notes / f"eland-{at}.md").write_text(f"# Herds of {owner}\n\nAn eland herd unit (EHU) is what {owner} would call a herd.\n")
    (notes / "eland-use.md").write_text("# Fences\n\nThe fence was made by an eland herd unit (EHU) long ago.\n")
    (notes / "eland-forms.md").write_text("# Forms\n\n| Form | Use |\n| --- | --- |\n| Eland herd unit (EHU) | Counts herds |\n")
    for year, days in ((2023, 30), (2025, 60)):
        (notes / f"notice-{year}.md").write_text(NOTICE.format(year, days))
    run_kpo("ingest", notes, "--no-shipped", "--data-dir", folder / "data")
    with serving(folder / "data") as served:
        yield served


@pytest.fixture
def visit(chromium: Browser, shelf: Served) -> Iterator[Visit]:
    with visiting(chromium, shelf) as begun:
        yield begun


def upload(visit: Visit, *files: Path) -> None:
    """Choose files to put in."""
    with visit.page.expect_file_chooser() as waiting:
        visit.page.get_by_role("button", name="Choose files").click()
    waiting.value.set_files([str(file) for file in files])


def press_twice(visit: Visit, button: Locator) -> None:
    """Press a button that asks to be pressed again."""
    button.click()
    expect(visit.page.locator("#speaker")).to_have_text("Press again to confirm")
    visit.page.wait_for_timeout(400)  # twice in one breath would not count
    button.click()


def test_a_file_whose_page_was_closed_before_it_was_read_is_read_again(visit: Visit, shelf: Served) -> None:
    assert httpx.post(f"{shelf.url}/upload?name=ibis.md", content=b"# About ibises\n\nAn ibis desk is a team of five.\n").status_code == 200
    visit.tab("Sources")
    visit.page.get_by_role("button", name="Read again").click()
    visit.tell("#documents", "About ibises")


def test_files_go_in_are_replaced_and_removed_and_the_next_question_knows(visit: Visit, tmp_path: Path) -> None:
    zebra, broken = tmp_path / "Zebra <b> & co.md", tmp_path / "scan.pdf"
    zebra.write_text(ZEBRA.format("four analysts"))
    broken.write_bytes(b"%PDF-1.4 nothing")
    visit.tab("Sources")
    upload(visit, zebra, broken)
    progress = visit.page.locator("#progress")
    expect(progress.locator("li.added")).to_contain_text("Added: 1 passage.")
    expect(progress.locator("li.failed")).to_contain_text("Not read: a damaged PDF file.")
    expect(visit.page.locator("#documents")).to_contain_text("Zebra _b_ & co.md")
    expect(visit.page.locator("#intake .arriving li")).to_have_count(0)  # it is not yet to be read any more
    expect(visit.page.get_by_role("button", name="Leave out all documents of notes")).to_be_visible()
    expect(visit.page.get_by_role("button", name="Leave out all documents of uploads")).to_have_count(0)  # each has Remove
    row = visit.page.locator("#documents tr").filter(has_text="Zebras in companies")
    expect(row).to_contain_text("Ready")
    scan = visit.page.locator("#documents tr").filter(has_text="scan.pdf")
    expect(scan).to_contain_text("Not read a damaged PDF file")
    with visit.page.expect_file_chooser() as waiting:
        scan.get_by_role("button", name="Replace").click()
    waiting.value.set_files(str(zebra))  # under the name of a PDF it could not be opened
    visit.tell("#intake .arriving .failed", "scan.pdf: only a .pdf file can take its place.")
    broken.write_bytes(pdf([LYNX], title="Lynxes, scanned"))
    with visit.page.expect_file_chooser() as waiting:
        scan.get_by_role("button", name="Replace").click()
    waiting.value.set_files(str(broken))
    expect(scan).to_contain_text("Ready", timeout=PATIENCE)
    press_twice(visit, scan.get_by_role("button", name="Remove"))
    expect(scan).to_have_count(0, timeout=PATIENCE)
    expect(visit.page.locator("#documents [data-do=remove]:focus")).to_have_count(1)
    visit.tab("Ask")
    assert "four analysts" in visit.ask("What is a zebra desk?")

    zebra.write_text(ZEBRA.format("nine lawyers"))
    visit.tab("Sources")
    upload(visit, zebra)  # the same name again is no replacement
    visit.tell("#intake .arriving .failed", "already. Use “Replace” beside that document")
    assert [said for said in visit.complaints if "409" not in said] == []
    visit.complaints.clear()  # the browser noted that the file was turned away
    with visit.page.expect_file_chooser() as waiting:
        row.get_by_role("button", name="Replace").click()
    waiting.value.set_files(str(zebra))
    expect(progress.locator("li.replaced")).to_contain_text("Read again, because it had changed", timeout=PATIENCE)
    visit.tab("Ask")
    assert "nine lawyers" in visit.ask("What is a zebra desk?")

    visit.tab("Sources")
    press_twice(visit, row.get_by_role("button", name="Remove"))
    expect(row).to_have_count(0, timeout=PATIENCE)
    visit.tab("Ask")
    assert "nine lawyers" not in visit.ask("What is a zebra desk?")


def test_a_folder_of_this_computer_is_read_where_it_is_and_left_out_again(visit: Visit, tmp_path: Path) -> None:
    (tmp_path / "owls").mkdir()
    (tmp_path / "owls" / "owl.md").write_text("# Owls\n\nAn owl desk is a night shift of two translators.\n")
    visit.tab("Sources")
    field = visit.page.locator("#folder textarea, #folder input")
    for nowhere in (str(tmp_path / "nowhere"), "/" + "x" * 300):
        field.fill(nowhere)
        visit.page.click("#add-folder")
        visit.tell("#progress .trouble", f"There is no folder “{nowhere}”")
    field.fill(f'"~/{os.path.relpath(tmp_path / "owls", Path.home())}"')
    visit.page.click("#add-folder")
    source = visit.page.locator("#documents section").filter(has_text="owls")
    expect(source).to_contain_text("Owls", timeout=PATIENCE)
    assert source.get_by_role("button", name="Remove").count() == 0  # the file belongs to its folder
    (tmp_path / "owls" / "owl.md").write_text("# Owls\n\nAn owl desk is a night shift of three translators.\n")
    visit.page.get_by_role("button", name="Read again").click()
    visit.tell("#progress li.replaced", "Read again")
    visit.tab("Ask")
    assert "three translators" in visit.ask("What is an owl desk?")
    visit.tab("Sources")
    press_twice(visit, source.get_by_role("button", name="Leave out"))
    expect(source).to_have_count(0, timeout=PATIENCE)
    expect(visit.page.locator("#documents [data-do=forget]:focus")).to_have_count(1)
    visit.tell("#progress li.removed", "owls Taken out.")  # and not what was read before
    visit.tell("#speaker", "Done.")
    assert (tmp_path / "owls" / "owl.md").is_file()


def test_dropped_files_go_in(visit: Visit) -> None:
    visit.tab("Sources")
    dropped = visit.page.evaluate_handle("""() => {
        const data = new DataTransfer();
        data.items.add(new File(['# Moths\\n\\nA moth audit is a review at night of every invoice.\\n'], 'moth.md'));
        return data;
    }""")
    visit.page.dispatch_event("#intake .drop", "dragover", {"dataTransfer": dropped})
    expect(visit.page.locator("#intake .drop.over")).to_be_visible()
    visit.page.dispatch_event("#intake .drop", "drop", {"dataTransfer": dropped})
    visit.tell("#documents", "moth.md")


def nested(folder: Path, animal: str) -> Path:
    """A folder with a document in a folder inside it, and a hidden file."""
    (folder / animal / "inner").mkdir(parents=True)
    (folder / animal / f"{animal}.md").write_text(f"# About {animal}s\n\nA {animal} desk is a team of six editors.\n")
    (folder / animal / "inner" / "more.md").write_text(f"# More about {animal}s\n\nThe {animal} desk works on Sundays.\n")
    (folder / animal / ".hidden").write_text("secret")
    return folder / animal


def test_a_folder_that_is_chosen_goes_in_whole(visit: Visit, tmp_path: Path) -> None:
    visit.tab("Sources")
    with visit.page.expect_file_chooser() as waiting:
        visit.page.get_by_role("button", name="Choose a folder").click()
    waiting.value.set_files(str(nested(tmp_path, "heron")))
    visit.tell("#documents", "More about herons")
    listed = visit.page.locator("#documents").inner_text()
    assert "heron/heron.md" in listed and "heron/inner/more.md" in listed and ".hidden" not in listed
    visit.tab("Ask")
    assert "six editors" in visit.ask("What is a heron desk?")


def test_a_folder_that_is_dropped_goes_in_whole(visit: Visit, tmp_path: Path) -> None:
    visit.tab("Sources")
    field = visit.page.locator("#intake .drop")
    field.scroll_into_view_if_needed()
    box = field.bounding_box()
    assert box
    mouse = visit.page.context.new_cdp_session(visit.page)
    for kind in ("dragEnter", "dragOver", "drop"):
        mouse.send("Input.dispatchDragEvent", {
            "type": kind, "x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2,
            "data": {"items": [], "files": [str(nested(tmp_path, "egret"))] if kind == "dragEnter" else [str(tmp_path / "egret")], "dragOperationsMask": 1},
        })
    visit.tell("#documents", "More about egrets")
    listed = visit.page.locator("#documents").inner_text()
    assert "egret/egret.md" in listed and "egret/inner/more.md" in listed and ".hidden" not in listed


def test_a_pdf_shows_its_page_with_the_words_marked(visit: Visit, tmp_path: Path) -> None:
    (tmp_path / "lynx.pdf").write_bytes(pdf([["A page before."], LYNX], title="Lynx reports"))
    visit.tab("Sources")
    upload(visit, tmp_path / "lynx.pdf")
    visit.tell("#documents", "lynx.pdf")
    visit.tab("Ask")
    said = visit.ask("What is a lynx report?")
    assert "seven engineers write" in said
    with visit.page.expect_response(lambda response: "/picture?" in response.url) as waiting:
        visit.markers().filter(has_text="seven engineers").first.click()
    drawn = waiting.value
    assert (drawn.status, drawn.headers["x-page"], drawn.headers["x-marked"]) == (200, "2", "true")
    picture = visit.page.locator("#source .sheet img")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1_000
    expect(visit.page.locator("#source")).to_contain_text("Page")
    with visit.page.expect_download() as saving:
        visit.page.get_by_role("link", name="Open original").click()
    assert saving.value.suggested_filename == "lynx.pdf"
    assert saving.value.path().read_bytes() == (tmp_path / "lynx.pdf").read_bytes()


def test_the_sources_are_searched_by_title_and_by_words_and_open_at_the_place(visit: Visit) -> None:
    visit.tab("Sources")
    expect(visit.page.locator("#documents tr").filter(has_text="empty.txt")).to_contain_text("the file is empty")
    visit.page.locator("#find-source textarea, #find-source input").fill("share of gnus")
    found = visit.page.locator("#documents .found li")
    expect(found).to_have_count(1)
    heading, text = found.get_by_role("button").bounding_box(), found.locator("p").bounding_box()
    assert heading and text and text["y"] >= heading["y"] + heading["height"]
    found.get_by_role("button").click()
    expect(visit.page.locator("#source .here")).to_contain_text("A gnu rate (GR) is the share")
    visit.page.locator("#find-source textarea, #find-source input").fill("terms.md")
    expect(visit.page.locator("#documents tbody tr")).to_have_count(1)
    visit.page.locator("#find-source textarea, #find-source input").fill("nothing of the kind")
    visit.tell("#documents", "No document and no passage holds that.")


def test_the_glossary_finds_a_term_cites_it_and_asks_about_it(visit: Visit) -> None:
    visit.tab("Glossary")
    visit.page.locator("#find-term textarea, #find-term input").fill("GR")
    expect(visit.page.locator("#terms dt")).to_have_count(1)
    expect(visit.page.locator("#terms dd")).to_contain_text("the share of gnus in a herd")
    visit.page.locator("#terms dd button").click()
    assert visit.marked() == "A gnu rate (GR) is the share of gnus in a herd, measured once a year."
    said = visit.after(visit.page.get_by_role("button", name="Ask about this: Gnu rate").click)
    assert "the share of gnus" in said
    expect(visit.page.locator("#live .asked")).to_have_text("What is a gnu rate?")
    expect(visit.page.locator("#question")).to_be_visible()
    visit.tab("Glossary")
    visit.page.locator("#find-term textarea, #find-term input").fill("EHU")
    expect(visit.page.locator("#terms dt")).to_have_count(1)
    for owner in ("us", "a client", "a bank", "a court", "a mill"):  # none is left out, whoever wrote it
        expect(visit.page.locator("#terms dd", has_text=f"is what {owner} would call")).to_be_visible()
    visit.page.get_by_text("2 more places where it is spelt out").click()
    expect(visit.page.locator("#terms details p")).to_have_count(2)
    expect(visit.page.locator("#terms details p").last).to_contain_text("Form: Eland herd unit (EHU)\nUse: Counts herds", use_inner_text=True)
    visit.page.locator("#find-term textarea, #find-term input").fill("elannd herd")
    visit.tell("#terms .note", "1 term; read “elannd” as “eland”")
    visit.page.locator("#find-term textarea, #find-term input").fill("unheard of")
    visit.tell("#terms", "No document defines that")


def test_sources_that_disagree_are_marked(visit: Visit) -> None:
    said = visit.ask("How many days is the notice period of the contract?")
    assert "30 days" in said and "60 days" in said
    expect(visit.page.locator("#live .disputed")).to_have_text("[1] and [2] disagree: compare what they say.")


def test_where_others_can_reach_the_page_documents_can_only_be_read(tmp_path: Path) -> None:
    notes, data = tmp_path / "notes", tmp_path / "data"
    notes.mkdir()
    (notes / "terms.md").write_text(GLOSSARY)
    run_kpo("ingest", notes, "--no-shipped", "--data-dir", data)
    with serving(data, KPO_HOST="0.0.0.0") as served:
        assert httpx.post(f"{served.url}/upload?name=x.md", content=b"x").status_code in (404, 405)
        page = httpx.get(served.url).text
        assert "looked after by the operator" in page
        assert "Choose files" not in page
    assert not (data / "uploads").exists()
