"""The source viewer: a document as it is laid out, opened at a place, the quotation marked in it and nothing else."""

import re
from datetime import date
from html import unescape

from assistant.web.viewer import BEFORE, WINDOW, Opening, gone_html, missing_html, viewer_html, window
from corpus.document import Block, Contents, Document
from test_chats import answered
from test_markup import EVIL

BLOCKS = (
    Block("heading", "Desks", 1), Block("prose", "A desk is a team. It has four analysts."), Block("heading", "Kinds", 2), Block("prose", "There are:"),
    Block("item", "Zebra desks", 0, marker="-"), Block("item", "of stripes", 1, marker="1."), Block("header", "Desk | Size"), Block("row", "Zebra | four"),
    Block("code", "if desk:\n  sit()"), Block("comment", "I doubt it."),
)


def made(*blocks: Block, **facts: object) -> Document:
    given = {"format": "markdown", "title": "Desks", **facts}
    return Document.compose("notes/desk.md", Contents(blocks or BLOCKS, **given))  # type: ignore[arg-type]


def marked(html: str) -> list[str]:
    return [unescape(re.sub(r"<[^>]*>", "", part)) for part in re.findall(r"<mark>(.*?)</mark>", html)]


def test_headings_lists_tables_and_code_keep_their_shape() -> None:
    html = viewer_html(made(), Opening(0))
    for part in (
        '<h3 class="h here">Desks</h3>', '<h4 class="h">Kinds</h4>', '<li class="l0"><span class="m">-</span> Zebra desks</li>',
        '<li class="l1"><span class="m">1.</span> of stripes</li>', "<th>Desk</th><th>Size</th>", "<td>Zebra</td><td>four</td>",
        '<p class="code">if desk:<br>  sit()</p>'.replace("  ", " "), "A reader’s comment",
    ):
        assert part in html.replace("  ", " "), part
    assert marked(html) == []


def test_the_quotation_is_marked_and_nothing_else() -> None:
    document = made()
    start = document.text.index("It has")
    html = viewer_html(document, Opening(start, (start, start + len("It has four analysts.")), marker=2))
    assert marked(html) == ["It has four analysts."]
    assert "<h2>[2] Desks</h2>" in html
    assert 'class="prose here"' in html
    assert "Back to the answer" in html


def test_a_quotation_over_several_blocks_and_cells_is_marked_in_each() -> None:
    document = made()
    start, end = document.text.index("There are:"), document.text.index("four") + len("fo")
    end = document.text.index("Zebra | fo") + len("Zebra | fo")
    assert marked(viewer_html(document, Opening(start, (start, end)))) == ["There are:", "Zebra desks", "of stripes", "Desk", "Size", "Zebra", "fo"]


def test_what_a_document_says_is_text() -> None:
    blocks = Block("heading", EVIL, 1), Block("prose", EVIL), Block("item", EVIL, marker=EVIL), Block("row", EVIL), Block("code", EVIL)
    document = made(*blocks, title=EVIL, date=EVIL)
    html = viewer_html(document, Opening(0, (0, 40)))
    tags = {name for name, _ in re.findall(r"<([a-z0-9]+)([^>]*)>", html)}
    assert tags <= {"section", "header", "h2", "h3", "div", "button", "a", "dl", "dt", "dd", "p", "mark", "ul", "li", "span", "table", "tbody", "tr", "td"}
    assert re.findall(r'href="([^"]*)"', html) == ["/original?document=notes%2Fdesk.md"]
    assert unescape(re.sub(r"<[^>]*>", "", html)).count(EVIL) >= 7


def test_a_long_document_is_shown_a_window_at_a_time_and_every_block_can_be_reached() -> None:
    document = made(*(Block("prose", f"Paragraph {n} is here. " + "word " * 40) for n in range(600)))
    assert len(document.text) > 4 * WINDOW
    seen, at = set(), 0
    while True:
        blocks, _, after = window(document.blocks, at)
        assert blocks[-1].end - blocks[0].start < WINDOW + BEFORE
        seen |= {block.start for block in blocks}
        if after is None:
            break
        at = after
    assert seen == {block.start for block in document.blocks}
    middle = document.blocks[300].start
    html = viewer_html(document, Opening(middle, (middle, middle + 13), marker=1, by="cite|7-1"))
    assert marked(html) == ["Paragraph 300"]
    assert re.search(r'data-do="more" data-arg="\d+\|cite\|7-1">Earlier text', html)  # it is still the same quotation that is read around
    assert "Earlier text" in html and "Later text" in html
    back = window(document.blocks, middle)[1]
    assert back is not None and window(document.blocks, back)[0][-1].end >= window(document.blocks, middle)[0][0].start


def test_what_follows_a_paragraph_that_is_longer_than_a_window_is_shown_and_reached() -> None:
    document = made(Block("prose", "long " * 6_000), Block("prose", "A desk is a team."), *(Block("prose", "word " * 2_000) for _ in range(4)))
    start = document.blocks[1].start
    assert start > WINDOW
    assert marked(viewer_html(document, Opening(start, (start, document.blocks[1].end)))) == ["A desk is a team."]
    at: int | None = 0
    while at is not None:
        blocks, _, after = window(document.blocks, at)
        assert after is None or after > at
        at = after
    assert blocks[-1] == document.blocks[-1]


def test_pages_are_told_and_a_pdf_shows_the_picture_of_one() -> None:
    document = made(Block("prose", "One is here.", page=1), Block("prose", "Two is here.", page=2), format="pdf", pages=2, title='T" onerror="x')
    html = viewer_html(document, Opening(0, (0, 3), 1, "turn=1&marker=1"))
    assert html.count('<p class="page">') == 2
    assert '<img src="/picture?turn=1&amp;marker=1" alt="Picture of the page of T&quot; onerror=&quot;x that the quotation stands on">' in html
    assert "<img" not in viewer_html(document, Opening(0))
    assert "<img" not in viewer_html(made(), Opening(0, None, 1, "turn=1"))


def test_a_list_and_a_table_that_run_over_a_page_are_told_from_where() -> None:
    for kind in ("item", "row"):
        html = viewer_html(made(*(Block(kind, f"Thing {page}", page=page) for page in (1, 2)), Block("prose", "The end.", page=3)), Opening(0))
        assert re.findall("Page [0-9]|Thing [0-9]|The end", html) == ["Page 1", "Thing 1", "Page 2", "Thing 2", "Page 3", "The end"]


def test_an_old_document_says_so() -> None:
    document = made(date="2020-01-01")
    assert "more than 2 years old" in viewer_html(document, Opening(0), old_after=24, today=date(2026, 1, 1))
    assert "old" not in viewer_html(document, Opening(0), old_after=None, today=date(2026, 1, 1))


def test_a_document_that_changed_or_went_shows_the_quotation_as_it_stood() -> None:
    html = gone_html(answered().citations[0])
    assert "has changed or been removed" in html
    assert "<blockquote>A desk is a team.</blockquote>" in html
    assert marked(html) == []
    assert "/original" not in html
    assert "<p class=\"note\">&lt;b&gt;</p>" in missing_html("<b>")
