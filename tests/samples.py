"""Small source files of every format, made by the libraries that people make them with."""

import io
from collections.abc import Callable

import docx
import openpyxl
import pptx
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

PROSE = [
    "Knowledge process outsourcing (KPO) is the practice of giving work that needs judgement to another firm.",
    "Dr. Meyer of No. 7 says that it costs 3.5 times less, i.e. much less, than a department of one's own.",
    "A na\u00efve buyer \u2013 in Z\u00fcrich or \u0141\u00f3d\u017a \u2013 pays \u00a35 too much; \u65e5\u672c\u8a9e is hardly spoken.",
]
LEAD = "Three kinds of work are given away most:"
ITEMS = ["Research into markets and patents.", "Legal review, which pays well.", "Engineering and design."]
TABLE = [
    ["Term", "Meaning"], ["KPO", "Knowledge process outsourcing"], ["BPO", "Business process outsourcing"],
    ["LPO", "Legal process outsourcing"],
]


def saved(write: Callable[[io.BytesIO], object]) -> bytes:
    """What `write` puts into a file."""
    out = io.BytesIO()
    write(out)
    return out.getvalue()


def pdf(pages: list[list[str]], *, title: str = "", password: str | None = None) -> bytes:
    """A PDF of these lines, page by page."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, encrypt=password)
    if title:
        canvas.setTitle(title)
    for lines in pages:
        for at, line in enumerate(lines):
            canvas.drawString(72, 780 - 16 * at, line)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def markdown_sample() -> bytes:
    table = ["| " + " | ".join(row) + " |" for row in TABLE]
    table.insert(1, "| --- | --- |")
    parts = ["# The trade", *PROSE, "## Kinds", LEAD, "\n".join(f"- {item}" for item in ITEMS), "\n".join(table)]
    return "\n\n".join(parts).encode()


def text_sample() -> bytes:
    return "\n\n".join(["The trade", *PROSE, "Kinds", LEAD, "\n".join(f"  {n}. {item}" for n, item in enumerate(ITEMS, 1))]).encode()


def html_sample() -> bytes:
    rows = [f"<tr><th>{a}</th><th>{b}</th></tr>" if a == "Term" else f"<tr><td>{a}</td><td>{b}</td></tr>" for a, b in TABLE]
    paragraphs, items = [f"<p>{text}</p>" for text in PROSE], [f"<li>{text}</li>" for text in ITEMS]
    body = ["<h1>The trade</h1>", *paragraphs, f"<h2>Kinds</h2><p>{LEAD}</p><ul>", *items, "</ul>"]
    comments = "<section id='comments'><p>I doubt every word of this, and so does everybody.</p></section>"
    return f"<html><body>{''.join(body)}<table>{''.join(rows)}</table>{comments}</body></html>".encode()


def pdf_sample() -> bytes:
    return pdf([[PROSE[0], "He who buys it is called a client."], [PROSE[1]], [LEAD, *(f"- {item}" for item in ITEMS)]])


def docx_sample() -> bytes:
    file = docx.Document()
    file.add_heading("The trade", 1)
    for paragraph in (*PROSE, LEAD):
        file.add_paragraph(paragraph)
    for item in ITEMS:
        file.add_paragraph(item, style="List Bullet")
    table = file.add_table(len(TABLE), 2)
    for at, row in enumerate(TABLE):
        for across, cell in enumerate(row):
            table.cell(at, across).text = cell
    return saved(file.save)


def pptx_sample() -> bytes:
    deck = pptx.Presentation()
    for title, lines in (("The trade", PROSE), ("Kinds", ITEMS)):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text_frame.text = "\n".join(lines)
    return saved(deck.save)


def xlsx_sample() -> bytes:
    book = openpyxl.Workbook()
    for row in TABLE:
        book.active.append(row)
    return saved(book.save)


def csv_sample() -> bytes:
    return "\n".join(";".join(row) for row in TABLE).encode()


SAMPLES = {
    "trade.md": markdown_sample, "trade.txt": text_sample, "trade.html": html_sample, "trade.pdf": pdf_sample, "trade.docx": docx_sample,
    "trade.pptx": pptx_sample, "trade.xlsx": xlsx_sample, "trade.csv": csv_sample,
}
