"""Text as a reader sees it: one Unicode form, no invisible characters, one kind of space.

The normalised text is the document: citations point into it, so it is made once, at ingestion.
"""

import re
import unicodedata

_LIGATURES = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
)
# Soft hyphens, zero-width characters, bidirectional controls, variation selectors and tag characters: a reader
# does not see them, and hidden text is a known way to smuggle instructions into documents.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
_SPACE = re.compile(r"[^\S\n]+")


def normalise(text: str) -> str:
    """`text` in NFC, without ligatures, control or invisible characters, runs of spaces folded to one.

    Line breaks stay. Empty text stays empty. Normalising twice changes nothing.
    """
    text = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n").translate(_LIGATURES))
    text = _CONTROL.sub(" ", text.replace("\u2028", "\n").replace("\u2029", "\n"))
    text = unicodedata.normalize("NFC", text)
    return "\n".join(_SPACE.sub(" ", line).strip() for line in text.split("\n"))


def one_line(text: str) -> str:
    """`text` normalised and on one line."""
    return " ".join(normalise(text).split())
