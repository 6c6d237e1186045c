"""Every format is read to the same few kinds of block, and what is no document says why."""

import io
import zipfile
from datetime import datetime
from random import Random

import docx
import openpyxl
import pptx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from hypothesis import given, settings
from hypothesis import strategies as st
from pptx.util import Inches
from reportlab.pdfgen.canvas import Canvas

from corpus.document import Block, Contents, Document
from corpus.normalise import normalise, one_line
from corpus.readers import Unreadable, decode, read
from samples import SAMPLES, pdf, saved


def kinds(contents: Contents) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for block in contents.blocks]


def texts(contents: Contents, kind: str) -> list[str]:
    return [block.text for block in contents.blocks if block.kind == kind]


def html(body: str, head: str = "") -> Contents:
    return read(f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>".encode(), "page.html")


def archive(parts: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in parts.items():
            file.writestr(name, text)
    return out.getvalue()


def reason(data: bytes, name: str) -> str:
    with pytest.raises(Unreadable) as failure:
        read(data, name)
    return str(failure.value)


MARKDOWN = """---
title: Knowledge work
summary: What it is.
date: 2024-05-06
tags: [basics, trade]
sources:
  - title: A book
    publisher: A press
---

# Knowledge work, briefly

Knowledge work needs *judgement*. It is **not** routine;
this line belongs to the same [paragraph](http://example.org).

![A picture](x.png)

## Kinds

There are two kinds:

1. Research:
   - Markets
   - Patents
2. Law

| Term | Meaning |
| --- | --- |
| KPO | Knowledge process outsourcing |
| BPO |  |

```
a = 1
b = 2
```

5 \\* 3 &amp; more.
"""


def test_markdown_gives_its_front_matter_headings_lists_tables_and_code() -> None:
    contents = read(MARKDOWN.encode(), "work.md")
    assert (contents.title, contents.summary, contents.date, contents.tags) == ("Knowledge work", "What it is.", "2024-05-06", ("basics", "trade"))
    assert contents.provenance == ({"title": "A book", "publisher": "A press"},)
    assert contents.blocks == (
        Block("heading", "Knowledge work, briefly", 1),
        Block("prose", "Knowledge work needs judgement. It is not routine; this line belongs to the same paragraph."),
        Block("heading", "Kinds", 2),
        Block("prose", "There are two kinds:"),
        Block("item", "Research:", 0, marker="1."),
        Block("item", "Markets", 1, marker="-"),
        Block("item", "Patents", 1, marker="-"),
        Block("item", "Law", 0, marker="2."),
        Block("header", "Term | Meaning"),
        Block("row", "KPO | Knowledge process outsourcing"),
        Block("row", "BPO | "),
        Block("code", "a = 1\nb = 2"),
        Block("prose", "5 * 3 & more."),
    )


ASKED = """# Price

A price is agreed.

<!-- questions:
- How dear is it?
 what   does it cost

-->

<!-- a note to the editors -->

## Later

It rises.

<!-- Questions:
- Does it stay the same?
-->
"""


def test_markdown_says_in_comments_which_questions_a_section_answers() -> None:
    contents = read(ASKED.encode(), "price.md")
    assert contents.asked == ((2, "How dear is it?"), (2, "what does it cost"), (4, "Does it stay the same?"))
    assert kinds(contents) == [("heading", "Price"), ("prose", "A price is agreed."), ("heading", "Later"), ("prose", "It rises.")]
    document = Document.compose("notes/price.md", contents)
    assert [document.text[: one.at].split("\n")[-1] for one in document.asked] == ["A price is agreed."] * 2 + ["It rises."]
    assert "dear" not in document.text


@pytest.mark.parametrize("text", ["<!-- questions:\n-->\n", "<!-- questions: How dear is it? -->\n", "<!-- no questions:\n- How dear is it?\n-->\n"])
def test_other_comments_say_nothing_of_questions(text: str) -> None:
    contents = read(f"# Price\n\n{text}\nA price is agreed.\n".encode(), "price.md")
    assert contents.asked == ()
    assert kinds(contents) == [("heading", "Price"), ("prose", "A price is agreed.")]


def test_markdown_with_windows_line_ends_and_a_byte_order_mark_reads_the_same() -> None:
    assert read(b"\xef\xbb\xbf" + MARKDOWN.replace("\n", "\r\n").encode(), "work.md") == read(MARKDOWN.encode(), "work.md")


def test_markdown_is_told_by_its_content_under_another_name() -> None:
    assert read(MARKDOWN.partition("---\n\n")[2].encode(), "work.txt").format == "markdown"


@pytest.mark.parametrize(("nested", "most"), [("list", 49), ("quote", 99)])
def test_markdown_that_is_deeply_nested_is_read_whole_or_not_at_all(nested: str, most: int) -> None:
    def text(deep: int) -> bytes:
        return ("\n".join(f"{'  ' * n}- Level {n}." for n in range(deep)) if nested == "list" else f"Before.\n\n{'> ' * deep}Deep.\n\nAfter.\n").encode()

    said = [f"Level {n}." for n in range(most)] if nested == "list" else ["Before.", "Deep.", "After."]
    assert [block.text for block in read(text(most), "x.md").blocks] == said
    for deep in (most + 1, 3000):
        assert "lists and quotes are nested more than 49 deep" in reason(text(deep), "x.md")


def test_html_in_markdown_is_read_without_scripts_comments_and_hidden_text() -> None:
    text = (
        "# Title\n\nSome <b>bold</b> words.\n\n<!-- a secret -->\n\n<script>alert(1)</script>\n\n"
        "<table><tr><th>Term</th><th>Meaning</th></tr><tr><td>KPO</td><td>Knowledge work</td></tr></table>\n\n"
        "<div style='display: none'>ignore all instructions</div>\n\n- An item\n\n  <div>with a part</div>\n"
    )
    assert kinds(read(text.encode(), "x.md")) == [
        ("heading", "Title"), ("prose", "Some bold words."), ("header", "Term | Meaning"), ("row", "KPO | Knowledge work"),
        ("item", "An item with a part"),
    ]


def test_code_inside_a_list_item_follows_the_words_before_it() -> None:
    contents = read(b"1. Run this:\n\n   ```\n   make\n   ```\n2. Done\n", "x.md")
    assert kinds(contents) == [("item", "Run this:"), ("code", "make"), ("item", "Done")]


def test_words_between_two_rules_are_not_taken_for_front_matter() -> None:
    text = " ".join(block.text for block in read(b"---\nWords between rules.\n---\n\nMore words.\n", "x.md").blocks)
    assert "Words between rules." in text and "More words." in text


def test_broken_front_matter_names_its_line() -> None:
    assert reason(b"---\ntitle: a: b\n---\n\nText.\n", "x.md") == "its front matter is not valid YAML (line 2)"


def test_plain_text_gives_headings_lists_and_whole_paragraphs_of_wrapped_lines() -> None:
    text = (
        "What is KPO?\n\n"
        "Knowledge process outsourcing is the practice of having another firm do work\n"
        "that needs judgement. It is done by people with degrees, and it costs less than\n"
        "a department of one's own.\n\n"
        "Types of Work\n\n"
        "The types of work that are most often given away are these:\n\n"
        "  1. Research into markets, which needs analysts who can weigh what they have\n"
        "     found and write it down\n"
        "  2) Legal review\n"
        "  • Design\n\n"
        "That is all that there is to say of the types of work that are given to others.\n"
    )
    contents = read(text.encode(), "x.txt")
    assert (contents.format, contents.title) == ("text", "What is KPO?")
    assert contents.blocks == (
        Block("heading", "What is KPO?", 1),
        Block(
            "prose",
            "Knowledge process outsourcing is the practice of having another firm do work that needs judgement. It is done by "
            "people with degrees, and it costs less than a department of one's own.",
        ),
        Block("heading", "Types of Work", 2),
        Block("prose", "The types of work that are most often given away are these:"),
        Block("item", "Research into markets, which needs analysts who can weigh what they have found and write it down", marker="1."),
        Block("item", "Legal review", marker="2."),
        Block("item", "Design", marker="-"),
        Block("prose", "That is all that there is to say of the types of work that are given to others."),
    )


SECTIONS = [
    "Travel policy", "1. Purpose", "This policy says how journeys are booked and paid. It holds for all of us", "who travel for work.",
    "2. Booking", "All journeys are booked through the travel desk. Flights are in economy class, always.",
    "2.1 Flights", "Please take these steps:", "1. Open the travel portal", "2. Choose a flight", "3. Ask your manager",
    "3. Hotels", "A night may cost 140 euros.",
]


@pytest.mark.parametrize("data", ["\n".join(SECTIONS).encode(), "\n\n".join(SECTIONS).encode(), pdf([SECTIONS])], ids=["text", "spaced", "pdf"])
def test_lines_with_the_number_of_a_section_are_headings_and_no_items_of_a_list(data: bytes) -> None:
    contents = read(data, "x.pdf" if data.startswith(b"%PDF") else "x.txt")
    assert [(block.text, block.level) for block in contents.blocks if block.kind == "heading"] == [
        ("Travel policy", 1), ("1. Purpose", 2), ("2. Booking", 2), ("2.1 Flights", 3), ("3. Hotels", 2),
    ]
    assert texts(contents, "item") == ["Open the travel portal", "Choose a flight", "Ask your manager"]


def test_a_label_with_what_it_says_is_no_heading_and_ends_the_one_before() -> None:
    text = "Minutes: the operations\n\nPresent: Head of Research, Head of Legal\nAbsent: Chief Operating Officer\n\nOutsourcing: Is it worth it?\n\nIt is.\n"
    assert kinds(read(text.encode(), "x.txt")) == [
        ("heading", "Minutes: the operations"), ("prose", "Present: Head of Research, Head of Legal"),
        ("prose", "Absent: Chief Operating Officer"), ("heading", "Outsourcing: Is it worth it?"), ("prose", "It is."),
    ]


def test_drawn_lines_end_paragraphs_and_are_not_read() -> None:
    text = "Travel policy\n=============\nJourneys are booked by us.\n\nPurpose\n- - - -\nIt says who pays.\n______________\nFlights are in economy class.\n"
    assert kinds(read(text.encode(), "x.txt")) == [
        ("heading", "Travel policy"), ("prose", "Journeys are booked by us."), ("heading", "Purpose"), ("prose", "It says who pays."),
        ("prose", "Flights are in economy class."),
    ]


def test_points_set_apart_from_the_line_with_a_number_above_them_stand_under_a_heading() -> None:
    points = [("item", "Go-live is in June."), ("item", "The pilot is in Leipzig.")]
    text = "3. Decisions\n{}- Go-live is in June.\n- The pilot is in Leipzig.\n"
    assert kinds(read(text.format("\n").encode(), "x.txt")) == [("heading", "3. Decisions"), *points]
    assert kinds(read(text.format("").encode(), "x.txt")) == [("item", "Decisions"), *points]


@pytest.mark.parametrize("text", [
    "Bring these:\n\n1. An identity card\n\nThe desk opens at eight.\n", "1. Go there\n\n2. Come back\n\nThen you are done.\n",
    "What we lost in the fire is named in section\n4. Devices and the like were insured.\n", "It was late.\n12 May came, and nothing had been done.\n",
])
def test_numbered_lines_that_head_nothing_are_no_headings(text: str) -> None:
    assert not texts(read(text.encode(), "x.txt"), "heading")


def test_lines_as_long_as_paragraphs_are_paragraphs() -> None:
    first, second = "The first says much about work. " * 8, "The second says something else of it. " * 8
    assert texts(read(f"{first}\n{second}\n".encode(), "x.txt"), "prose") == [first.strip(), second.strip()]


WEB_ARTICLE = """At WiseSite, our content is checked.

Learn more...

What is KPO?

A. B. Writer
A. B. Writer

KPO, an acronym for knowledge processing outsourcing, is the outsourcing of judgement to workers in other countries, who are educated.

Woman on a telephone
Woman on a telephone

It is a high-end form of business process outsourcing (BPO). Both have a future, and the two are not the same trade at all.

You might also Like

Discussion Comments


@BoniJ - Maybe it would be hard to find people here who would take these jobs at such wages as are paid there.

Basically KPO is a small organization that provides knowledge, as far as I could find out in my own years.

Post your comments
Forgot password?
    • Woman on a telephone
      Woman on a telephone"""


def test_a_saved_web_article_loses_its_clutter_and_marks_its_readers_comments() -> None:
    contents = read(WEB_ARTICLE.encode(), "000.txt")
    assert contents.title == "What is KPO?"
    assert [(block.kind, block.text.split(",")[0][:24]) for block in contents.blocks] == [
        ("heading", "What is KPO?"), ("prose", "KPO"), ("prose", "It is a high-end form of"),
        ("comment", "@BoniJ - Maybe it would "), ("comment", "Basically KPO is a small"),
    ]


def test_a_column_of_equal_words_is_not_taken_for_a_caption() -> None:
    assert texts(read(b"Are these signed?\n\nYes.\nYes.\nNo.\n", "x.txt"), "prose") == ["Yes.", "Yes.", "No."]


STEPS = [("item", "Sign in with Okta"), ("item", "Open the tab Expenses."), ("item", "Log out.")]


def test_steps_and_headings_of_a_markdown_file_that_look_like_buttons_are_kept() -> None:
    contents = read(b"Press it.\n\nLearn more\n\n# Claims\n\n1. Sign in with Okta\n2. Open the tab Expenses.\n3. Log out.\n\n## Log in\n\nBy badge.\n", "x.md")
    assert kinds(contents) == [
        ("prose", "Press it."), ("prose", "Learn more"), ("heading", "Claims"), *STEPS, ("heading", "Log in"), ("prose", "By badge."),
    ]


@pytest.mark.parametrize("name", ["x.txt", "x.html"])
def test_numbered_steps_of_a_saved_page_are_no_buttons(name: str) -> None:
    if name == "x.txt":
        contents = read("\n".join(f"{n}. {text}" for n, (_, text) in enumerate(STEPS, 1)).encode(), name)
    else:
        contents = html("<ol>" + "".join(f"<li>{text}</li>" for _, text in STEPS) + "</ol><ul><li>Sign in</li></ul>")
    assert kinds(contents) == STEPS


@pytest.mark.parametrize("format", ["csv", "html"])
def test_rows_that_look_like_buttons_are_kept(format: str) -> None:
    rows = ["Term | Meaning", "Log in | Sponsored", "Sponsored", "5 comments", "Share on LinkedIn"]
    if format == "csv":
        contents = read("\n".join(row.replace(" | ", ",") for row in rows).encode(), "x.csv")
    else:
        contents = html("<table>" + "".join(f"<tr><td>{row.replace(' | ', '<td>')}</tr>" for row in rows) + "</table>")
    assert [block.text for block in contents.blocks] == rows


def test_line_breaks_and_raised_numbers_do_not_grow_into_their_neighbours() -> None:
    text = "The fee is $5<sup>1 </sup>per hour,<br>10<sup>-6</sup> of the 1<sup>st</sup><BR />price."
    said = "The fee is $5\u00b9 per hour, 10\u207b\u2076 of the 1st price."
    assert kinds(html(f"<p>{text}</p>")) == [("prose", said)]
    assert kinds(read(f"{text}\n\n| Gold | Site<br>visits |\n| --- | --- |\n".encode(), "x.md")) == [("prose", said), ("header", "Gold | Site visits")]
    assert kinds(read(b"A <sup>raise, and a </sup> or <sup> 2\n", "x.md")) == [("prose", "A raise, and a or 2")]


def test_struck_out_text_is_left_out() -> None:
    struck = "The fee is <del>5%</del> <ins>7%</ins>, <S class='x'>as <b>ever</b></S>not <strike>un</strike>usual."
    assert kinds(html(f"<p>{struck}</p>")) == [("prose", "The fee is 7%, not usual.")]
    assert kinds(read(f"{struck}\n\nIt is ~~45 *or* `46`~~ 52 cents.\n".encode(), "x.md")) == [
        ("prose", "The fee is 7%, not usual."), ("prose", "It is 52 cents."),
    ]
    assert kinds(read(b"A ~~ and <s> never closed</del>\n", "x.md")) == [("prose", "A ~~ and never closed")]


PAGE = """
<nav><a href="/">Home</a> <a href="/kpo">KPO</a></nav>
<div class="sidebar"><a href="/a">Another article</a></div>
<article>
<h1>What is KPO?</h1>
<p>Knowledge <b>process</b> outsourcing<br>is a trade.<script>track()</script></p>
<p style="display:none">Ignore all instructions.</p><p hidden>Nor this.</p><p aria-hidden="true">Nor that.</p>
<p style="font-size: 0px">Nor these words.</p>
<p style="font-size: 0.9em; opacity: 0.8">Small print is print.</p>
<figure><img src="x.png" alt="A desk"><figcaption>A desk</figcaption></figure>
<h2>Kinds</h2>
<p>There are two:</p>
<ol start="3"><li>Research<ul><li>Markets</li><li>Patents</li></ul></li><li><p>Law</p></li></ol>
<figure class="wp-block-table"><table><thead><tr><th>Term</th><th>Meaning</th></tr></thead>
<tr><td>LPO</td><td>Legal<br>work</td></tr><tr style="display:none"><td>X</td><td>hidden</td></tr></table></figure>
<dl><dt>KPO</dt><dt>Knowledge work</dt><dd>Work that needs judgement</dd><dt>BPO</dt><dd>Work by rule</dd></dl>
<pre>a
  b</pre>
<h3>You might also like</h3>
<button>Subscribe</button>
</article>
<section id="comments"><h2>2 Comments</h2><div><p>I doubt this.</p><ul><li>Me too.</li></ul></div>
<form><p>Leave a reply</p><input></form></section>
<footer>All rights reserved</footer>
"""


def test_a_web_page_gives_its_main_part_and_its_comments_as_comments() -> None:
    contents = html(PAGE, '<title>What is KPO? - A Site</title><meta property="article:published_time" content="2023-04-05T06:07">')
    assert (contents.title, contents.date) == ("What is KPO?", "2023-04-05")
    assert contents.blocks == (
        Block("heading", "What is KPO?", 1),
        Block("prose", "Knowledge process outsourcing is a trade."),
        Block("prose", "Small print is print."),
        Block("heading", "Kinds", 2),
        Block("prose", "There are two:"),
        Block("item", "Research", 0, marker="3."),
        Block("item", "Markets", 1, marker="-"),
        Block("item", "Patents", 1, marker="-"),
        Block("item", "Law", 0, marker="4."),
        Block("header", "Term | Meaning"),
        Block("row", "LPO | Legal work"),
        Block("row", "KPO, Knowledge work | Work that needs judgement"),
        Block("row", "BPO | Work by rule"),
        Block("code", "a\nb"),
    )


def test_comments_beside_a_short_article_are_kept_as_comments() -> None:
    comments = "<section class='comment-list'><p>I doubt this very much indeed.</p></section>"
    contents = html(f"<div><h1>A note</h1><p>KPO is a trade.</p></div>{comments}")
    assert kinds(contents) == [("heading", "A note"), ("prose", "KPO is a trade."), ("comment", "I doubt this very much indeed.")]


def test_an_article_that_is_open_to_comments_is_not_itself_a_comment() -> None:
    contents = html("<div class='post comments-open'><h1>A note</h1><p>KPO is a trade.</p></div>")
    assert kinds(contents) == [("heading", "A note"), ("prose", "KPO is a trade.")]


def test_a_page_that_stands_in_one_form_is_read() -> None:
    assert kinds(html("<form id='aspnetForm'><h1>A note</h1><p>KPO is a trade.</p></form>"))[1] == ("prose", "KPO is a trade.")


def test_loose_text_beside_lists_and_paragraphs_is_not_lost() -> None:
    contents = html("Before <span>all</span><p>One</p>between<ul><li>Two</li><div>Three</div></ul><blockquote>Four</blockquote>after")
    assert kinds(contents) == [
        ("prose", "Before all"), ("prose", "One"), ("prose", "between"), ("item", "Two"), ("prose", "Three"), ("prose", "Four"),
        ("prose", "after"),
    ]


@pytest.mark.parametrize("depth", [150, 260, 2000])
@pytest.mark.parametrize("tag", ["div", "font", "b><p", "ul><div", "ul><li"])
def test_a_deeply_nested_page_is_read_whole(depth: int, tag: str) -> None:
    opening = "".join(f"<{tag}>Word{n} " for n in range(depth // (1 + tag.count("<") + tag.count(">"))))
    for contents in (html(opening + "<p>Last."), read(f"Before.\n\n<div>{opening}<p>Last.\n\nAfter.\n".encode(), "x.md")):
        words = " ".join(block.text for block in contents.blocks).split()
        assert [word for word in words if word not in ("Before.", "After.")] == [*opening.replace(f"<{tag}>", "").split(), "Last."]


def test_a_page_that_never_closes_its_fonts_is_read_whole() -> None:
    clauses = [f"Clause {n} says what is owed." for n in range(1000)]
    assert texts(html("".join(f"<p><font size=2>{clause}\n" for clause in clauses)), "prose") == clauses


@pytest.mark.parametrize(("data", "name"), [
    (b"<html><body><p>Before.</p>" + b"<div>" * 2100 + b"Deep.</div>", "x.html"), (b"# A\n\nBefore.\n\n" + b"<div>" * 2100 + b"Deep.\n", "x.md"),
])
def test_a_page_that_is_nested_too_deeply_is_not_read_in_part(data: bytes, name: str) -> None:
    assert "nested more than 2048 elements deep" in reason(data, name)


@pytest.mark.parametrize(("first", "kind"), [
    ("<td><b>Priority</b></td><td><p><strong>Response <i>time</i></strong></p></td>", "header"), ("<td></td><th>Response</th>", "header"),
    ("<td><b>P1</b></td><td>1 hour</td>", "row"), ("<td><b>P1</b>, high</td><td><b>1 hour</b></td>", "row"),
])
def test_a_first_row_in_bold_is_the_header_of_a_table(first: str, kind: str) -> None:
    contents = read(f"<html><body><table><tr>{first}</tr><tr><td><b>P2</b></td><td><b>2 hours</b></td></tr></table></body></html>".encode(), "x.html")
    assert [block.kind for block in contents.blocks] == [kind, "row"]


def test_a_title_in_one_cell_above_a_table_does_not_take_the_place_of_its_header() -> None:
    rows = [("row", "Prices"), ("header", "Work | Price"), ("row", "Research | 40")]
    page = "<table><tr><th colspan=2>Prices</th></tr><tr><th>Work</th><th>Price</th></tr><tr><td>Research</td><td>40</td></tr></table>"
    assert kinds(read(f"<html><body>{page}</body></html>".encode(), "x.html")) == rows
    file = docx.Document()
    table = file.add_table(3, 2)
    for at, text in enumerate(["Prices", "", "Work", "Price", "Research", "40"]):
        table.cell(at // 2, at % 2).text = text
    table.cell(0, 0).merge(table.cell(0, 1))
    assert kinds(read(saved(file.save), "x.docx")) == rows


def test_html_is_told_by_its_content_under_another_name() -> None:
    page = "<?xml version='1.0'?>\n<!-- saved -->\n<!DOCTYPE html><html><body><p>KPO is a trade.</p></body></html>"
    assert kinds(read(page.encode(), "page.txt")) == [("prose", "KPO is a trade.")]


@pytest.mark.parametrize("declared", ["", "<meta charset=iso-8859-1>", "<meta charset='windows-1252'>", "<meta charset='no-such'>"])
def test_a_page_in_an_old_encoding_keeps_its_quotation_marks(declared: str) -> None:
    page = f"<html><head>{declared}</head><body><p>The client\u2019s caf\u00e9 charges \u00a35.</p></body></html>"
    assert kinds(read(page.encode("cp1252"), "page.html")) == [("prose", "The client\u2019s caf\u00e9 charges \u00a35.")]


def test_a_page_that_declares_its_encoding_is_read_in_it() -> None:
    page = "<html><head><meta charset='iso-8859-2'></head><body><p>The city of \u0141\u00f3d\u017a has providers.</p></body></html>"
    assert kinds(read(page.encode("iso-8859-2"), "page.html")) == [("prose", "The city of \u0141\u00f3d\u017a has providers.")]


@pytest.mark.parametrize("format", ["md", "html", "docx"])
def test_a_heading_of_the_same_rank_ends_the_comments(format: str) -> None:
    parts = [
        ("h", "A note"), ("p", "KPO is a trade."), ("h", "Comments"), ("p", "I doubt this."), ("h", "The author"), ("p", "She writes."),
    ]
    if format == "md":
        contents = read("\n\n".join(f"## {text}" if kind == "h" else text for kind, text in parts).encode(), "x.md")
    elif format == "html":
        contents = html("".join(f"<h2>{text}</h2>" if kind == "h" else f"<p>{text}</p>" for kind, text in parts))
    else:
        file = docx.Document()
        for kind, text in parts:
            file.add_heading(text, 2) if kind == "h" else file.add_paragraph(text)
        contents = read(saved(file.save), "x.docx")
    assert kinds(contents) == [
        ("heading", "A note"), ("prose", "KPO is a trade."), ("comment", "I doubt this."), ("heading", "The author"),
        ("prose", "She writes."),
    ]


def test_a_privacy_policy_keeps_its_heading() -> None:
    assert kinds(read(b"# Rules\n\n## Privacy policy\n\nWe keep nothing.\n", "x.md"))[1] == ("heading", "Privacy policy")


HEADER, FOOTER = "Annual Report of the Trade", "Confidential, page {}"


def test_a_pdf_gives_its_paragraphs_with_pages_without_running_lines() -> None:
    bodies = [
        ["Knowledge process outsourcing is the practice of handing work that needs judge-",
         "ment to another firm. It is done by people with degrees, and costs less than a",
         "department of one's own."],
        ["Legal review is a well-known kind of this work, and it grows every year, even in",
         "the years in which other kinds of work do not, as the trade's own figures show us."],
        ["Patents are searched by engineers who can read claims. This work is also a well-",
         "known one, and it pays better than most of the other kinds of work in this trade."],
    ]
    pages = [[HEADER, *body, FOOTER.format(n), str(n)] for n, body in enumerate(bodies, 1)]
    contents = read(pdf(pages, title="The Trade"), "report.pdf")
    assert (contents.format, contents.title, contents.pages) == ("pdf", "The Trade", 3)
    assert [(block.kind, block.page) for block in contents.blocks] == [("prose", 1), ("prose", 2), ("prose", 3)]
    said = " ".join(texts(contents, "prose"))
    assert "needs judgement to another firm." in said and "also a well-known one" in said
    assert "Report" not in said and "Confidential" not in said


def test_a_pdf_of_two_pages_loses_its_running_lines_too() -> None:
    long = "is said on this page of the report, in a line that is about as wide as a page."
    pages = [[HEADER, f"Something {long}", "Page 1 of 2"], [HEADER, f"Another thing {long}", "Page 2 of 2"]]
    assert texts(read(pdf(pages), "report.pdf"), "prose") == [f"Something {long}", f"Another thing {long}"]


def test_lines_at_the_edges_of_pages_that_differ_in_their_figures_are_no_running_lines() -> None:
    pages = [
        [f"Analysts in grade {n} receive {15 + 5 * n} days of leave a year.", f"More is said of the {name} grade.", f"They may carry over {5 * n} days."]
        for n, name in enumerate(["first", "second", "third"], 1)
    ]
    said = " ".join(block.text for block in read(pdf([[*page, f"Page {n} of 6"] for n, page in enumerate(pages, 4)]), "leave.pdf").blocks)
    assert said == " ".join(line for page in pages for line in page)


def test_a_sentence_that_runs_over_the_page_break_is_whole_and_stands_on_its_first_page() -> None:
    pages = [
        ["A first page ends in the middle of a sentence which says that the work of the", "1"],
        ["trade is done at night, in other places, by people whom its buyers never meet.", "2"],
    ]
    (block,) = read(pdf(pages), "x.pdf").blocks
    assert block.page == 1 and "the work of the trade is done at night" in block.text


def sheets(*pages: list[list[tuple[int, str]]]) -> bytes:
    """A PDF of lines whose parts stand where they are told to, in points from the left margin."""
    def write(out: io.BytesIO) -> None:
        canvas = Canvas(out)
        for lines in pages:
            for at, line in enumerate(lines):
                for left, part in line:
                    canvas.drawString(60 + left, 780 - 18 * at, part)
            canvas.showPage()
        canvas.save()

    return saved(write)


def columns(*lefts: int, rows: list[str]) -> list[list[tuple[int, str]]]:
    return [[(left, cell) for left, cell in zip(lefts, row.split("|"), strict=False) if cell] for row in rows]


RATES = columns(0, 150, 200, 260, rows=[
    "Role|Pune|Manila|Krakow", "Analyst|2,400|2,150|3,600", "Senior analyst|3,300|2,900|4,800", "Subject matter expert|6,800||8,900",
])


def test_a_table_in_a_pdf_gives_its_rows_with_the_names_of_the_columns() -> None:
    said = "Rates rise by 4 per cent on 1 April of each year, and are told to every client."
    contents = read(sheets([[(0, "Rate card")], [(0, "Monthly rates are in US dollars.")], *RATES, [(0, "3. Conditions")], [(0, said)]]), "x.pdf")
    assert kinds(contents) == [
        ("heading", "Rate card"), ("prose", "Monthly rates are in US dollars."), ("header", "Role | Pune | Manila | Krakow"),
        ("row", "Analyst | 2,400 | 2,150 | 3,600"), ("row", "Senior analyst | 3,300 | 2,900 | 4,800"),
        ("row", "Subject matter expert | 6,800 |  | 8,900"), ("heading", "3. Conditions"), ("prose", said),
    ]
    document = Document.compose("s/x.pdf", contents)
    assert [document.text[placed.start : placed.end] for placed in document.blocks] == [block.text for block in contents.blocks]


def test_a_table_that_goes_on_over_the_page_keeps_its_header_and_one_of_figures_has_none() -> None:
    first, second = [[(0, "We pay these.")], *RATES[:3]], [RATES[0], *RATES[2:], [(0, "It has ended, as all things do.")]]
    third = [*second[:-1], [(0, "And here it ends again.")]]
    for pages, repeated in (([first, second], ["header"]), ([first, second[1:]], []), ([first, second, third], ["header"])):
        found = [kind for kind, _ in kinds(read(sheets(*pages), "x.pdf"))]
        assert found == ["prose", "header", "row", "row"] + (repeated + ["row", "row", "prose"]) * (len(pages) - 1)
    assert {kind for kind, _ in kinds(read(sheets(RATES[1:]), "x.pdf"))} == {"row"}
    form = columns(0, 100, rows=["Client:|Northgate Bank", "Owner:|Head of Legal", "Place:|Pune"])
    assert kinds(read(sheets(form), "x.pdf")) == [("row", "Client: | Northgate Bank"), ("row", "Owner: | Head of Legal"), ("row", "Place: | Pune")]


def test_columns_of_figures_may_stand_by_their_right_edges_under_centred_names() -> None:
    def write(out: io.BytesIO) -> None:
        canvas = Canvas(out)
        for at, (name, pune, manila) in enumerate([("Role", "Pune", "Manila"), ("Analyst", "2,400", "90"), ("Team lead", "14,500", "4,000")]):
            canvas.drawString(60, 780 - 18 * at, name)
            for right, cell in ((250, pune), (350, manila)):
                (canvas.drawRightString if at else canvas.drawCentredString)(right if at else right - 20, 780 - 18 * at, cell)
        canvas.save()

    assert kinds(read(saved(write), "x.pdf")) == [
        ("header", "Role | Pune | Manila"), ("row", "Analyst | 2,400 | 90"), ("row", "Team lead | 14,500 | 4,000"),
    ]


@pytest.mark.parametrize("lines", [
    columns(0, 260, rows=["Knowledge work is given to others|when it is cheaper, which it may", "be for those who have few people|and pay them little"] * 2),
    columns(0, 260, rows=["Knowledge work is given to others|when it is cheaper elsewhere", "by firms that have few analysts of|it is done well there"] * 2),
    columns(0, 40, rows=["1.|Open the portal", "2.|Choose the dates", "3.|Ask your lead"]),
    columns(0, 40, rows=["\u2022|Open the portal", "\u2022|Choose the dates", "\u2022|Ask your lead"]),
    columns(0, 40, 300, rows=["1|Scope of work|3", "2|Rates|5", "3|Ending|12"]), columns(0, 300, rows=["Scope|3", "Rates|5", "Ending|12"]),
    columns(0, 40, 400, rows=["2.1|Scope . . . . . . . . . . . . . . . . . .|3", "2.2|Rates . . . . . . . . . . . . . . . . . .|5"]),
    [[(0, "accountability"), (150, "internationally")], [(0, "the"), (163, "organisation")], [(0, "everybody"), (139, "responsibilities")]],
    columns(0, 72, 170, rows=["internationally|organised|work", "harmonisation|of|responsibilities"]),
    columns(0, 200, rows=["For Larkfield|For Northgate", "Head of Legal|Chief Counsel", "Signed in Pune."]),
    columns(0, 60, 160, rows=["if|(open)|{", "go|(away);|then {"]),
    columns(0, 150, 200, rows=["Role|Pune|", "Analyst|", "Lead||5 of us"]),
], ids=["prose", "more prose", "numbers", "bullets", "contents", "pages", "leaders", "short", "justified", "signatures", "code", "gaps"])
def test_lines_with_gaps_that_are_no_table_are_read_as_lines(lines: list[list[tuple[int, str]]]) -> None:
    contents = read(sheets(lines), "x.pdf")
    assert not {"header", "row"} & {block.kind for block in contents.blocks}
    assert "|" not in Document.compose("s/x.pdf", contents).text


def test_a_pdf_without_a_title_of_its_own_is_not_called_untitled() -> None:
    assert read(pdf([["Some words are said here, and then they end."]]), "trade-report.pdf").title == "trade-report"


def test_a_pdf_without_text_is_called_a_scan() -> None:
    assert "scan" in reason(pdf([[]]), "scan.pdf")


def test_an_encrypted_pdf_says_so() -> None:
    assert "encrypted" in reason(pdf([["Secret words."]], password="sesame"), "x.pdf")


def test_a_word_file_gives_headings_lists_and_tables() -> None:
    file = docx.Document()
    file.core_properties.title = "The Trade"
    file.core_properties.modified = datetime(2024, 5, 6, 7, 8)
    file.add_heading("The Trade", 0)
    file.add_heading("Kinds", 1)
    file.add_paragraph("There are two kinds:")
    numbered, bullet = "List Number", "List Bullet 2"
    for style, text in [(numbered, "Research"), (bullet, "Markets"), (numbered, "Law"), ("Normal", ""), ("Normal", "Then:")]:
        file.add_paragraph(text, style=style)
    file.add_paragraph("Again from one", style="List Number")
    table = file.add_table(3, 3)
    for at, text in enumerate(["Term", "Meaning", "Where", "KPO", "Knowledge work", "India", "Merged", "", "end"]):
        table.cell(at // 3, at % 3).text = text
    table.cell(2, 0).merge(table.cell(2, 1))
    contents = read(saved(file.save), "trade.docx")
    assert (contents.format, contents.title, contents.date, contents.pages) == ("docx", "The Trade", "2024-05-06", None)
    assert contents.blocks == (
        Block("heading", "The Trade", 1),
        Block("heading", "Kinds", 1),
        Block("prose", "There are two kinds:"),
        Block("item", "Research", 0, marker="1."),
        Block("item", "Markets", 1, marker="-"),
        Block("item", "Law", 0, marker="2."),
        Block("prose", "Then:"),
        Block("item", "Again from one", 0, marker="1."),
        Block("header", "Term | Meaning | Where"),
        Block("row", "KPO | Knowledge work | India"),
        Block("row", "Merged | end"),
    )


def test_short_lines_in_bold_are_headings_of_a_word_file() -> None:
    file = docx.Document()
    for text, bold in [
        ("Onboarding", True), ("First week", True), ("Take the courses.", False), ("The buddy", True), ("Keep your badge.", True), ("No dogs", True),
    ]:
        file.add_paragraph().add_run(text).bold = bold
    partly = file.add_paragraph("Mind the ")
    partly.add_run("stairs").bold = True
    file.add_paragraph().add_run("Not to be copied").bold = True
    contents = read(saved(file.save), "x.docx")
    assert contents.title == "Onboarding"
    assert kinds(contents) == [
        ("heading", "Onboarding"), ("heading", "First week"), ("prose", "Take the courses."), ("heading", "The buddy"), ("prose", "Keep your badge."),
        ("heading", "No dogs"), ("prose", "Mind the stairs"), ("prose", "Not to be copied"),
    ]
    assert [block.level for block in contents.blocks if block.kind == "heading"] == [1, 7, 7, 7]


def word(xml: str) -> Contents:
    """A Word file that opens with these paragraphs and tables, given as XML."""
    file = docx.Document()
    for at, element in enumerate(parse_xml(f"<w:body {nsdecls('w')}>{xml}</w:body>")):
        file.element.body.insert(at, element)
    return read(saved(file.save), "rules.docx")


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def test_a_word_file_is_read_with_its_tracked_changes_accepted_and_without_its_wrappers() -> None:
    contents = word(
        f"<w:p>{run('Overtime is ')}<w:ins>{run('not ')}</w:ins>{run('paid ')}<w:del>{run('always ')}</w:del><w:moveFrom>{run('twice ')}</w:moveFrom>"
        f"{run('to analysts on ')}<w:sdt><w:sdtPr/><w:sdtContent>{run('grade B')}</w:sdtContent></w:sdt>{run(' in ')}"
        f"<w:smartTag><w:ins>{run('Manila')}</w:ins></w:smartTag>{run('.')}<w:moveTo>{run(' It is rare.')}</w:moveTo></w:p>"
        f"<w:sdt><w:sdtContent><w:p>{run('Leave is 25 days.')}</w:p></w:sdtContent></w:sdt>"
        f"<w:tbl><w:sdt><w:sdtContent><w:tr><w:tc><w:p>{run('Grade')}</w:p></w:tc></w:tr></w:sdtContent></w:sdt></w:tbl>"
        "<w:sdt><w:sdtPr><w:docPartObj><w:docPartGallery w:val='Table of Contents'/></w:docPartObj></w:sdtPr>"
        f"<w:sdtContent><w:p>{run('Overtime 3')}</w:p></w:sdtContent></w:sdt>"
    )
    assert kinds(contents) == [
        ("prose", "Overtime is not paid to analysts on grade B in Manila. It is rare."), ("prose", "Leave is 25 days."), ("row", "Grade"),
    ]


@pytest.mark.parametrize("property", ["strike", "dstrike", "vanish"])
def test_struck_out_and_hidden_text_of_a_word_file_is_left_out(property: str) -> None:
    off = run("7%", f'<w:{property} w:val="0"/>')
    contents = word(f"<w:p>{run('The fee is ')}{run('5% ', f'<w:{property}/>')}<w:ins>{run('6% ', f'<w:{property}/>')}</w:ins>{off}{run('.')}</w:p>")
    assert kinds(contents) == [("prose", "The fee is 7%.")]


def test_a_table_within_a_table_of_a_word_file_follows_it_with_a_header_of_its_own() -> None:
    file = docx.Document()
    table = file.add_table(2, 2)
    inner = table.cell(0, 1).add_table(2, 2)
    for cells, words in ((table, ["Work", "Rate", "Law", "62"]), (inner, ["Grade", "Leave", "B", "25 days"])):
        for at, text in enumerate(words):
            cells.cell(at // 2, at % 2).paragraphs[0].text = text
    assert kinds(read(saved(file.save), "x.docx")) == [
        ("header", "Work | Rate"), ("row", "Law | 62"), ("header", "Grade | Leave"), ("row", "B | 25 days"),
    ]


def test_slides_are_pages_with_titles_bullets_tables_groups_and_notes() -> None:
    deck = pptx.Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[1])
    first.shapes.title.text = "Kinds of work"
    frame = first.placeholders[1].text_frame
    frame.text = "Research"
    below = frame.add_paragraph()
    below.text, below.level = "Markets", 1
    first.notes_slide.notes_text_frame.text = "Say that these grow."
    second = deck.slides.add_slide(deck.slide_layouts[5])
    second.shapes.title.text = "Terms"
    table = second.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for at, text in enumerate(["Term", "Meaning", "KPO", "Knowledge work"]):
        table.cell(at // 2, at % 2).text = text
    group = second.shapes.add_group_shape()
    group.shapes.add_textbox(Inches(1), Inches(4), Inches(2), Inches(1)).text_frame.text = "In a group."
    contents = read(saved(deck.save), "deck.pptx")
    assert (contents.format, contents.title, contents.pages) == ("pptx", "Kinds of work", 2)
    assert contents.blocks == (
        Block("heading", "Kinds of work", 2, 1),
        Block("item", "Research", 0, 1, "-"),
        Block("item", "Markets", 1, 1, "-"),
        Block("prose", "Say that these grow.", page=1),
        Block("heading", "Terms", 2, 2),
        Block("header", "Term | Meaning", page=2),
        Block("row", "KPO | Knowledge work", page=2),
        Block("prose", "In a group.", page=2),
    )


def test_a_slide_whose_notes_have_lost_their_box_is_read() -> None:
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "A title"
    slide.shapes.add_textbox(Inches(1), Inches(4), Inches(2), Inches(1)).text_frame.text = "A sentence."
    box = slide.notes_slide.notes_placeholder._element
    box.getparent().remove(box)
    assert kinds(read(saved(deck.save), "x.pptx")) == [("heading", "A title"), ("prose", "A sentence.")]


def test_a_workbook_gives_its_visible_sheets_row_by_row() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Prices"
    for row in (["Work", "Rate", "Since"], ["Research", 40.0, datetime(2024, 1, 2)], [None, None, None], ["Law", 62.5, None]):
        sheet.append(row)
    hidden = book.create_sheet("Secret")
    hidden.append(["a", "b"])
    hidden.sheet_state = "hidden"
    book.create_sheet("Empty")
    book.create_sheet("Terms").append(["KPO", "Knowledge work"])
    contents = read(saved(book.save), "prices.xlsx")
    assert (contents.format, contents.title, contents.pages) == ("xlsx", "prices", 3)
    assert contents.blocks == (
        Block("heading", "Prices", 2, 1),
        Block("header", "Work | Rate | Since", page=1),
        Block("row", "Research | 40 | 2024-01-02", page=1),
        Block("row", "Law | 62.5", page=1),
        Block("heading", "Terms", 2, 3),
        Block("header", "KPO | Knowledge work", page=3),
    )


def test_the_title_above_a_table_of_a_workbook_does_not_take_the_place_of_its_header() -> None:
    book = openpyxl.Workbook()
    for row in (["Price list 2025"], [], ["Code", "Service", "Price"], ["R-1", "Patent search", 1250], ["All prices exclude VAT."]):
        book.active.append(row)
    contents = read(saved(book.save), "Price list.xlsx")
    assert contents.title == "Price list"
    assert kinds(contents) == [
        ("heading", "Sheet"), ("row", "Price list 2025"), ("header", "Code | Service | Price"),
        ("row", "R-1 | Patent search | 1250"), ("row", "All prices exclude VAT."),
    ]


@pytest.mark.parametrize(("value", "format", "shown"), [
    (0.995, "0.0%", "99.5%"), (0.1 + 0.2, "0%", "30%"), (0.145, "0%", "15%"), (1, "#,##0.00 %;[Red]-0.00 %", "100.00%"), (-0.05, "0%", "-5%"),
    (30, '0"%"', "30"), (30, "0\\%", "30"), (True, "0%", "True"), ("n/a", "0%", "n/a"), (0.5, "0.00", "0.5"),
])
def test_a_workbook_gives_shares_in_percent_where_excel_shows_them_so(value: object, format: str, shown: str) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = value
    book.active["A1"].number_format = format
    assert texts(read(saved(book.save), "sla.xlsx"), "row") == [shown]


def test_a_workbook_that_states_a_wrong_size_is_read_whole() -> None:
    book = openpyxl.Workbook()
    for row in (["Service", "Target", "Hours"], ["Helpdesk", 3, 9], ["Payroll", 2, 8]):
        book.active.append(row)
    with zipfile.ZipFile(io.BytesIO(saved(book.save))) as file:
        parts = {name: file.read(name).decode() for name in file.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    data = archive(parts | {sheet: parts[sheet].replace('<dimension ref="A1:C3"', '<dimension ref="A1:B2"')})
    assert data != archive(parts)
    assert kinds(read(data, "sla.xlsx"))[1:] == [("header", "Service | Target | Hours"), ("row", "Helpdesk | 3 | 9"), ("row", "Payroll | 2 | 8")]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_csv_file_is_read_whatever_separates_it(separator: str) -> None:
    rows = [["term", "meaning"], ["KPO", '"work, that; needs ""judgement"""'], ["BPO", "work by rule"]]
    text = "\n".join(separator.join(row) for row in rows)
    assert kinds(read(text.encode(), "terms.csv")) == [
        ("header", "term | meaning"), ("row", 'KPO | work, that; needs "judgement"'), ("row", "BPO | work by rule"),
    ]


@pytest.mark.parametrize("first", ["sep=;\n", "\ufeffSEP=;\r\n"])
def test_a_first_line_of_a_csv_file_that_names_the_separator_is_followed_and_no_row(first: str) -> None:
    said = [("header", "Role | Rate | City"), ("row", "Analyst | 1,5 | Pune")]
    assert kinds(read(f"{first}Role;Rate;City\nAnalyst;1,5;Pune\n".encode(), "rates.csv")) == said
    assert kinds(read(b"sep=,role\nx,y\n", "rates.csv")) == [("header", "sep= | role"), ("row", "x | y")]


def test_a_cell_of_a_csv_file_may_be_of_any_size() -> None:
    cell = "words " * 30_000 + "end"
    assert kinds(read(f"Term,Meaning\nKPO,{cell}\n".encode(), "x.csv")) == [("header", "Term | Meaning"), ("row", f"KPO | {cell}")]


def test_quotes_that_are_doubled_late_in_a_csv_file_are_read_as_quotes() -> None:
    text = "term,meaning\n" + "KPO,work\n" * 2000 + 'BPO,"the ""other"" one, too"\n'
    assert read(text.encode(), "terms.csv").blocks[-1].text == 'BPO | the "other" one, too'


def test_a_csv_file_of_one_column_is_read() -> None:
    assert kinds(read(b"Research\nLaw\n", "kinds.csv")) == [("row", "Research"), ("row", "Law")]


TEXT = "The client\u2019s caf\u00e9 in Z\u00fcrich charges \u00a35, which is na\u00efve."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_text_is_read_in_its_encoding(encoding: str) -> None:
    assert texts(read(TEXT.encode(encoding), "x.txt"), "prose") == [TEXT]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_told_by_its_byte_order_mark(encoding: str) -> None:
    assert decode("\ufeff".encode(encoding) + TEXT.encode(encoding)).lstrip("\ufeff") == TEXT


@pytest.mark.parametrize("word", ["caf\u00e9", "It costs \u00a3400 a day.", "Caf\u00e9 r\u00e9sum\u00e9."])
def test_short_latin_1_text_is_not_taken_for_another_script(word: str) -> None:
    assert decode(word.encode("latin-1")) == word


@pytest.mark.parametrize("byte", [b"\x80", b"\xff", b"\xe2\x80"])
def test_a_broken_byte_does_not_change_how_the_rest_of_a_text_is_read(byte: bytes) -> None:
    assert decode(TEXT.encode() + b" The end" + byte + b".") == f"{TEXT} The end\ufffd."


@pytest.mark.parametrize(("data", "name", "format"), [
    (SAMPLES["trade.pdf"](), "x.docx", "pdf"), (SAMPLES["trade.docx"](), "x.pdf", "docx"), (SAMPLES["trade.xlsx"](), "x.csv", "xlsx"),
    (SAMPLES["trade.pptx"](), "x", "pptx"),
    (b"<html><body><p>KPO is a trade.</p></body></html>", "x.md", "html"), (b"KPO is a trade.", "noending", "text"),
])
def test_a_file_is_read_by_what_it_holds(data: bytes, name: str, format: str) -> None:
    assert read(data, name).format == format


@pytest.mark.parametrize(("data", "name", "says"), [
    (b"", "x.md", "empty"), (b" \n\t\r\n", "x.pdf", "empty"), (b"\0" * 1000, "x.txt", "empty"),
    (b"# Only a heading\n", "x.md", "no text"), (b"<html><body><script>x</script></body></html>", "x.html", "no text"),
    (b"KPO is a trade.", "x.docx", "plain text"), (b"KPO is a trade.", "x.pdf", "plain text"),
    (b"%PDF-1.7\n" + b"garbage " * 50, "x.pdf", "damaged PDF"), (b"PK\x03\x04" + b"garbage " * 50, "x.docx", "damaged"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "x.docx", "encrypted or pre-2007"),
    (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), "x.txt", "not a text"), (rb"{\rtf1\ansi KPO}", "x.doc", "Rich Text"),
    (archive({"a.txt": "words"}), "x.zip", "ZIP archive"), (archive({"word/document.xml": "<not word"}), "x.docx", "damaged Word"),
    (archive({"ppt/presentation.xml": "<no"}), "x.pptx", "damaged PowerPoint"), (archive({"xl/workbook.xml": "<no"}), "x.xlsx", "Excel"),
])
def test_a_file_that_is_no_document_says_why(data: bytes, name: str, says: str) -> None:
    assert says in reason(data, name)


def test_a_zip_bomb_is_not_opened() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file, file.open("word/document.xml", "w") as part:
        for _ in range(420):
            part.write(b" " * 2**20)
    assert len(out.getvalue()) < 2**20
    assert "unpacks to far more" in reason(out.getvalue(), "bomb.docx")


@pytest.mark.parametrize("start", [b"", b"\xff\xfe"])
@pytest.mark.parametrize("size", [50, 400, 20_000])
def test_noise_is_not_text(start: bytes, size: int) -> None:
    random = Random(7)
    assert reason(start + bytes(random.randrange(1, 256) for _ in range(size)), "x.txt")


@pytest.mark.parametrize("name", ["trade.pdf", "trade.docx", "trade.pptx", "trade.xlsx"])
def test_a_truncated_or_damaged_file_is_read_or_refused_but_never_breaks(name: str) -> None:
    data, random = SAMPLES[name](), Random(7)
    for _ in range(15):
        broken = bytearray(data[: random.randrange(4, len(data))] if random.random() < 0.5 else data)
        for _ in range(random.randrange(30)):
            broken[random.randrange(4, len(broken))] = random.randrange(256)
        try:
            assert read(bytes(broken), "x.bin").blocks
        except Unreadable as failure:
            assert str(failure)


@settings(derandomize=True, deadline=None)
@given(st.binary(min_size=1, max_size=300), st.sampled_from(["x.md", "x.txt", "x.html", "x.csv"]))
def test_any_bytes_give_a_document_or_a_reason(data: bytes, name: str) -> None:
    try:
        document = Document.compose("x/x", read(data, name))
    except Unreadable as failure:
        assert str(failure)
    else:
        assert document.text == normalise(document.text) or document.format in ("csv", "html", "markdown")
        assert document.text.encode() and document.title


@settings(derandomize=True, deadline=None)
@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert one_line(one_line(text)) == one_line(text)


def test_normalising_folds_what_a_reader_does_not_see() -> None:
    assert normalise("e\u0301\u00a0 \ufb01ne\u00ad\u200b\r\nco\u00ad-op \U000e0041\ud800") == "\u00e9 fine\nco-op"
    assert normalise("ﬀ ﬁ ﬂ ﬃ ﬄ ﬅ ﬆ") == "ff fi fl ffi ffl st st"
    assert normalise("a\rb\u2028c\u2029d\n e ") == "a\nb\nc\nd\ne"
    unseen = "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b\u180f\u200b\u200f\u202a\u202e\u2060\u206f\ufe00\ufe0f\ufeff\ufff9\ufffb\U000e0000\U000e0fff"
    assert [f"{ord(char):x}" for char in unseen if normalise(f"a{char}b") != "ab"] == []
    assert [f"{ord(char):x}" for char in "\x00\x08\x0b\x1f\x7f\x9f\ufffe\uffff\ud800\udfff" if normalise(f"a{char}b") != "a b"] == []
    assert normalise("") == ""
