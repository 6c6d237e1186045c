"""Bytes become Contents, by what they hold and not only by what the file is called.

Runs inside the worker process of `corpus.worker`, so that a hostile file can at worst end that process.
"""

import io
import re
import unicodedata
import zipfile
from dataclasses import replace
from importlib import import_module
from typing import Protocol

from corpus.document import Contents
from corpus.normalise import one_line
from corpus.readers.clutter import without_clutter


class Unreadable(Exception):
    """This file cannot become a document; the text says why, in words for its owner. A row in the report, not a crash."""


class Reader(Protocol):
    """The seam for a format. Bytes with nothing in them to read give Contents without blocks; the caller says so."""

    def __call__(self, data: bytes, name: str) -> Contents:
        """Read a whole file. A title is given only when the file states one; `read` finds a stand-in.

        Raises Unreadable with the reason when the bytes are damaged, encrypted or of another kind.
        """


READERS = {
    "markdown": "corpus.readers.markdown",
    "text": "corpus.readers.plain",
    "html": "corpus.readers.web",
    "csv": "corpus.readers.tables",
    "xlsx": "corpus.readers.tables",
    "docx": "corpus.readers.office",
    "pptx": "corpus.readers.office",
    "pdf": "corpus.readers.pdf",
}
OFFICE_PARTS = {"word/document.xml": "docx", "ppt/presentation.xml": "pptx", "xl/workbook.xml": "xlsx"}
# What an archive may unpack to, against a small file that fills the memory ("zip bomb").
MAX_UNPACKED = 400 * 2**20
MAX_STRANGE = 0.05  # the share of characters that no text has (control, unassigned, undecodable) above which it is not text
MAX_ACCENTS = 0.3  # the share of bytes above 127 up to which a text in an 8-bit encoding is taken for a Western one
MIN_WHOLE = 4  # as many whole characters beyond ASCII as broken ones make a text damaged UTF-8; in another encoding most would be broken
XML_NO_MEMORY = 2  # libxml2's XML_ERR_NO_MEMORY, which lxml raises as a syntax error
_NOT_TEXT = "not a text, Markdown, HTML, PDF, Word, PowerPoint, Excel or CSV file"

_MARKDOWN = re.compile(
    r"^---\n|^#{1,6} \S|^\s*[-*] \[.+\]\(|\[[^\]\n]+\]\([^)\s]+\)|^\|.+\|\s*\n\|[-: |]+\|", re.M
)
# Whatever stands between the first comment's beginning and the end of one before the tag is passed over, other comments too.
_HTML = re.compile(r"\A\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?<(!doctype\s+html|html|head|body)\b", re.I | re.S)


def read(data: bytes, name: str) -> Contents:
    """The Contents of one file. Raises Unreadable with a plain reason; never gives any without text."""
    if not data.strip(b"\0 \t\r\n"):
        raise Unreadable("the file is empty")
    kind = detect(data, name)
    module = import_module(READERS[kind])
    reader: Reader = getattr(module, f"read_{kind}")
    contents = without_clutter(reader(data, name))
    contents = replace(contents, title=contents.title or _heading_title(contents) or stem(name))
    if not any(block.text for block in contents.blocks if block.kind != "heading"):
        scanned = " (a scan without a text layer?)" if kind == "pdf" else ""
        raise Unreadable(f"no text was found in it{scanned}")
    return contents


def damaged(error: Exception, reason: str) -> Unreadable:
    """What to raise for a file that broke a library. A lack of memory says nothing of the file: it raises MemoryError instead."""
    if isinstance(error, MemoryError) or getattr(error, "code", None) == XML_NO_MEMORY:
        raise MemoryError from error
    return Unreadable(reason)


def stem(name: str) -> str:
    """A file's name without its ending, as the title of last resort."""
    return one_line(name.rpartition(".")[0] or name) or "Untitled"


def _heading_title(contents: Contents) -> str:
    """The heading a document opens with, else its only level-1 heading, "" when neither is there."""
    if contents.blocks and contents.blocks[0].kind == "heading":
        return contents.blocks[0].text
    top = [block.text for block in contents.blocks if block.kind == "heading" and block.level == 1]
    return top[0] if len(top) == 1 and contents.format != "text" else ""


def detect(data: bytes, name: str) -> str:
    """Which of READERS fits these bytes; the name only decides between kinds of text. Raises Unreadable when none does."""
    if data[:1024].lstrip().startswith(b"%PDF-"):
        return "pdf"
    if data.startswith(b"PK\x03\x04"):
        return _office_kind(data)
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        raise Unreadable("an encrypted or pre-2007 Office file; save it without a password as .docx, .pptx or .xlsx")
    if data.startswith(b"{\\rtf"):
        raise Unreadable("a Rich Text (RTF) file; save it as .docx")
    text = decode(data)
    suffix = name.rpartition(".")[2].lower()
    if _HTML.search(text[:4096]) or suffix in ("html", "htm", "xhtml"):
        return "html"
    if suffix == "csv":
        return "csv"
    if suffix in ("pdf", "docx", "pptx", "xlsx"):
        raise Unreadable(f"named .{suffix}, but it does not hold one; the bytes look like plain text")
    if suffix in ("md", "markdown") or len(_MARKDOWN.findall(text[:20_000])) >= 3:
        return "markdown"
    return "text"


def _office_kind(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            if sum(part.file_size for part in archive.infolist()) > MAX_UNPACKED:
                raise Unreadable("it unpacks to far more than it weighs; not opened")
    except Unreadable:
        raise
    except Exception as error:  # a damaged table of contents raises half a dozen kinds of error
        raise Unreadable("a damaged Office file or archive") from error
    for part, kind in OFFICE_PARTS.items():
        if part in names:
            return kind
    raise Unreadable("a ZIP archive, not a document; unpack it into the folder")


def decode(data: bytes) -> str:
    """The text in these bytes: UTF-8 (or what the byte order mark says), else the most likely encoding.

    In UTF-8 of which a few bytes are damaged, U+FFFD stands in their place. Raises Unreadable for bytes that are not text.
    """
    text = _decode(data)
    sample = text[:20_000]
    strange = sum(unicodedata.category(char) in ("Cc", "Cn", "Co") or char == "\ufffd" for char in sample if char not in "\t\n\f\r")
    if strange > MAX_STRANGE * len(sample):
        raise Unreadable(_NOT_TEXT)
    return text


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return data.decode("utf-32", errors="replace")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    if b"\0" in data[:8192]:
        raise Unreadable(_NOT_TEXT)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes

        text = data.decode("utf-8-sig", errors="replace")
        broken = text.count("\ufffd")
        if sum(char > "\x7f" for char in text) - broken >= MIN_WHOLE * broken:
            return text
        # Guessing took "café" for Arabic; in English text the few bytes above 127 are Windows-1252, which contains Latin-1.
        if sum(byte > 127 for byte in data) <= MAX_ACCENTS * len(data):
            return data.decode("cp1252", errors="replace")
        best = from_bytes(data[:200_000]).best()
        if best is None or best.percent_chaos > 20:
            raise Unreadable("its character encoding could not be told; save it as UTF-8") from None
        return data.decode(best.encoding, errors="replace")
