"""Sentences of a text as spans that lose nothing, and those that say what a name means."""

import re

from sentencex import segment

from corpus.document import trim

# "is the rate at which …", ", as a rule, means …"; not "is named in both lists", "arise because KPO means …"
_SAYS_WHAT = re.compile(
    r"(?:(?!\b(?:is|are|was|were|arises?|because)\b).){0,80}?\b(?:is|are|means?|refers? to|stands? for|describes?|denotes?)\b"
    r"(?! (?:not|never|named|described|expected|mentioned|listed|used by)\b)", re.I | re.S
)


def says_what(rest: str) -> bool:
    """Does a sentence that opens with a name go on to say what the name means? `rest` is what follows the name."""
    return _SAYS_WHAT.match(rest) is not None


def pieces(text: str) -> list[str]:
    """`text` cut after each sentence; joined again they are `text`. Empty text gives an empty list."""
    return list(segment("en", text)) if text else []


def sentences(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The spans of the sentences of `text[start:end]`, without the white space between them."""
    spans, at = [], start
    for piece in pieces(text[start:end]):
        span = trim(text, at, at + len(piece))
        at += len(piece)
        if span[0] < span[1]:
            spans.append(span)
    return spans
