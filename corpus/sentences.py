"""Sentences of a text as spans that lose nothing."""

from sentencex import segment

from corpus.document import trim


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
