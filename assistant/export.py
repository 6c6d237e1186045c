"""An answer or a chat to take along: Markdown, Word or PDF, each with the quotations and where they stand.

One walk turns turns into parts; each format only says how a part looks. All text is one that documents or people wrote, so each format
escapes it in its own way.
"""

import io
import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Literal

from assistant.answer import Answer
from assistant.chats import Turn
from assistant.plain import confidence, place, why_sure
from corpus.normalise import one_line

Format = Literal["md", "docx", "pdf"]
MEDIA = {
    "md": "text/markdown; charset=utf-8",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}
CHANGED = "The document has changed since; the quotation is as it stood then."
# A font with more letters than the one that reportlab brings, where the system has it.
_FONTS = ("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf")


@dataclass(frozen=True, slots=True)
class Part:
    """A paragraph of an export. `label` is what stands before an item ("-", "3.") or a source ("[2]")."""

    kind: Literal["title", "question", "note", "text", "item", "row", "heading", "source", "quote"]
    text: str
    label: str = ""


def parts(title: str, turns: Sequence[Turn], changed: Collection[str] = ()) -> Iterator[Part]:
    """What an export says, in order. `changed` are digests of documents that are not what they were when they were quoted."""
    yield Part("title", title)
    for turn in turns:
        yield Part("question", turn.question)
        yield Part("note", f"Asked on {turn.at[:10]}" + (f", only in: {', '.join(turn.narrowed)}" if turn.narrowed else ""))
        if turn.answer is None:
            yield Part("note", "The stored answer is damaged and is left out.")
        else:
            yield from _answer(turn.answer, changed)


def _answer(answer: Answer, changed: Collection[str]) -> Iterator[Part]:
    if answer.standalone != answer.question and answer.verdict != "conversation":
        yield Part("note", f"Searched for: {answer.standalone}")
    running: list[str] = []
    for segment in answer.segments:
        marked = " ".join([segment.text, *(f"[{marker}]" for marker in segment.markers)])
        if segment.kind in ("item", "row"):
            yield from _flushed(running)
            label = segment.label if segment.label.rstrip(".").isdigit() else "-"
            yield Part("item", marked, label) if segment.kind == "item" else Part("row", marked)
        else:
            running.append(marked)
    yield from _flushed(running)
    if answer.verdict == "answered":
        yield Part("note", f"{confidence(answer)}: {why_sure(answer)}.")
    for note in answer.notes:
        yield Part("note", note[:1].upper() + note[1:] + ".")
    if answer.citations:
        yield Part("heading", "Sources")
    for citation in answer.citations:
        yield Part("source", f"{place(citation)}. File: {citation.document}", f"[{citation.marker}]")
        yield Part("quote", f"“{citation.quote}”")
        if citation.digest in changed:
            yield Part("note", CHANGED)


def _flushed(running: list[str]) -> Iterator[Part]:
    if running:
        yield Part("text", " ".join(running))
        running.clear()


def export(form: Format, title: str, turns: Sequence[Turn], changed: Collection[str] = ()) -> bytes:
    """The bytes of a file in this format. No turns give a file with its title alone."""
    whole = [Part(part.kind, one_line(part.text), part.label) for part in parts(title, turns, changed)]
    return {"md": _markdown, "docx": _docx, "pdf": _pdf}[form](whole)


def file_name(title: str, form: Format) -> str:
    """A name that every file system takes: letters, digits and hyphens of the title."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain)[:10])[:60] + f".{form}" if re.search(r"[a-z0-9]", plain) else f"answer.{form}"


def _markdown(whole: Sequence[Part]) -> bytes:
    shapes = {
        "title": "# {}", "question": "## {}", "heading": "### {}", "note": "*{}*", "text": "{}", "row": "- {}", "quote": "> {}", "source": "{}",
    }
    lines: list[str] = []
    before = ""
    for part in whole:
        text = _escaped(part.text)
        tight = part.kind == before and part.kind in ("item", "row")
        lines += [] if tight or not lines else [""]
        lines.append(f"{part.label} {text}" if part.kind == "item" else f"{_escaped(part.label)} {text}" if part.label else shapes[part.kind].format(text))
        before = part.kind
    return ("\n".join(lines) + "\n").encode()


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    safe = re.sub(r"([\\`*_{}\[\]<>#|~&$!])", r"\\\1", text)
    return re.sub(r"^(\s*)([-+=]|\d+[.)])", lambda found: found[1] + found[2][:-1] + "\\" + found[2][-1], safe)


def _docx(whole: Sequence[Part]) -> bytes:
    import docx

    file = docx.Document()
    styles = {
        "title": "Title", "question": "Heading 1", "heading": "Heading 2", "note": "Normal", "text": "Normal", "item": "Normal", "row": "List Bullet",
        "source": "Normal", "quote": "Quote",
    }
    for part in whole:
        bullet = part.kind == "item" and part.label == "-"
        text = part.text if bullet or not part.label else f"{part.label} {part.text}"
        paragraph = file.add_paragraph(style="List Bullet" if bullet else styles[part.kind])
        paragraph.add_run(text).italic = part.kind == "note"
    out = io.BytesIO()
    file.save(out)
    return out.getvalue()


def _pdf(whole: Sequence[Part]) -> bytes:
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph, SimpleDocTemplate

    font, letters = _font()
    plain = ParagraphStyle("text", fontName=font, fontSize=10, leading=14.5, spaceAfter=7)
    styles = {
        "title": ParagraphStyle("title", plain, fontSize=17, leading=22, spaceAfter=12),
        "question": ParagraphStyle("question", plain, fontSize=13, leading=17, spaceBefore=14, textColor="#0f766e"),
        "heading": ParagraphStyle("heading", plain, fontSize=11, spaceBefore=6),
        "note": ParagraphStyle("note", plain, fontSize=8.5, leading=12, textColor="#475569"),
        "text": plain,
        "item": ParagraphStyle("item", plain, leftIndent=22, bulletIndent=6),
        "row": ParagraphStyle("row", plain, leftIndent=22, bulletIndent=6),
        "source": ParagraphStyle("source", plain, spaceAfter=2),
        "quote": ParagraphStyle("quote", plain, leftIndent=22, textColor="#334155"),
    }
    story: list[Any] = []
    for part in whole:
        bullet = {"item": "•" if part.label == "-" else part.label, "row": "•"}.get(part.kind)
        text = f"{part.label} {part.text}" if part.label and not bullet else part.text
        story.append(Paragraph(escape(_printable(text, letters), quote=False), styles[part.kind], bulletText=bullet))
    out = io.BytesIO()
    title = whole[0].text if whole else ""
    SimpleDocTemplate(out, pagesize=A4, title=title, author="KPO Assistant", invariant=1).build(story)
    return out.getvalue()


def _font() -> tuple[str, Collection[int]]:
    """The font of a PDF, and which characters it has."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    path = next((path for path in _FONTS if Path(path).is_file()), "Vera.ttf")
    name = Path(path).stem
    if name not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(name, path))
    return name, pdfmetrics.getFont(name).face.charToGlyph


def _printable(text: str, letters: Collection[int]) -> str:
    """The text in letters that the font has: without their accents where it lacks them, a question mark where it lacks all."""

    def printed(char: str) -> str:
        if ord(char) in letters:
            return char
        bare = [part for part in unicodedata.normalize("NFKD", char) if ord(part) in letters]
        return "".join(bare) or "?"

    return "".join(map(printed, text))
