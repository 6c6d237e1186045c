"""What the assistant says: an Answer of quoted segments, each with the Citation that proves it.

An ungrounded answer cannot be constructed: an Answer checks itself when it is built.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from assistant.check import Dropped, Support
from assistant.llm import Usage
from corpus.document import Document, Passage
from index.search import Hit

Verdict = Literal["answered", "refused", "conversation"]
SegmentKind = Literal["quote", "item", "row", "said", "own"]
MAX_QUESTION = 2_000  # characters; a longer question is a document in disguise


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote and where it stands: `document.text[start:end] == quote`. Made by `Citation.of`, which proves that; it checks what it can itself."""

    marker: int
    document: str
    title: str
    page: int | None
    heading: str
    quote: str
    start: int
    end: int
    score: float
    date: str | None
    digest: str
    passage: str

    def __post_init__(self) -> None:
        if self.marker < 1:
            raise ValueError(f"markers count from 1, this one is {self.marker}")
        if not self.quote.strip() or len(self.quote) != self.end - self.start or self.start < 0:
            raise ValueError(f"the quote {self.quote[:60]!r} does not fill its span {self.start}:{self.end}")

    @classmethod
    def of(cls, marker: int, document: Document, passage: Passage, start: int, end: int, score: float) -> "Citation":
        """A citation of `document.text[start:end]`. Raises ValueError unless that lies within the passage, verbatim."""
        passage.prove(document)
        if not passage.start <= start < end <= passage.end:
            raise ValueError(f"the quote {start}:{end} leaves the passage {passage.start}:{passage.end} of {document.id}")
        return cls(
            marker, document.id, document.title, passage.page, passage.heading, document.text[start:end], start, end,
            round(score, 4), document.date, document.digest, passage.id,
        )


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of an answer: a quote with its marker, or words of the assistant's own without one.

    Kinds: "quote" runs on in a paragraph, "item" is a list item (`label` is what stands before it: "-", "3."), "row" is a table row with its cells
    between " | ", "said" is a language model's sentence with the Support that proves it (`also`: the markers after the first), "own" is said by the
    assistant and claims nothing.
    """

    kind: SegmentKind
    text: str
    marker: int | None = None
    label: str = ""
    also: tuple[int, ...] = ()
    proof: Support | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if (self.kind == "own") != (self.marker is None):
            raise ValueError("a quoted segment has a marker, the assistant's own words have none")
        if (self.kind == "said") != (self.proof is not None) or (self.also and self.kind != "said"):
            raise ValueError("a sentence that was drafted has a proof, nothing else has")
        if self.proof is not None and (self.proof.sentence != self.text or len(self.proof.spans) != len(self.markers)):
            raise ValueError(f"the proof of {self.text[:60]!r} is of something else")
        if not self.text.strip():
            raise ValueError("a segment says something")

    @property
    def markers(self) -> tuple[int, ...]:
        """All markers, in the order of reading; none for the assistant's own words."""
        return () if self.marker is None else (self.marker, *self.also)


@dataclass(frozen=True, slots=True)
class Draft:
    """What became of a language model's draft: how many sentences were kept, those that were dropped, and what it took.

    `usage` None: the model gave up before its end.
    """

    kept: int
    dropped: tuple[Dropped, ...] = field(default=(), repr=False)
    usage: Usage | None = None

    def as_json(self) -> dict[str, Any]:
        """Counts and reasons; the dropped sentences are not told, for they may be false."""
        used = self.usage
        return {
            "kept": self.kept,
            "dropped": [drop.why for drop in self.dropped],
            "usage": used and {
                "model": used.model, "prompt_tokens": used.prompt_tokens, "completion_tokens": used.completion_tokens, "seconds": used.seconds,
                "cost": used.cost, "counted": used.counted,
            },
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole answer to one question. Markers and citations are the same set; answered means cited, anything else is not."""

    question: str
    standalone: str
    verdict: Verdict
    segments: tuple[Segment, ...]
    citations: tuple[Citation, ...] = ()
    confidence: float = 0.0
    nearest: tuple[str, ...] = ()
    kind: str = "fact"
    writer: str = "extractive"
    corrections: tuple[tuple[str, str], ...] = ()
    searched: tuple[str, ...] = ()
    generation: int = 0
    notes: tuple[str, ...] = ()
    draft: Draft | None = field(default=None, compare=False)
    timings_ms: dict[str, float] = field(default_factory=dict, compare=False)
    hits: tuple[Hit, ...] = field(default=(), compare=False, repr=False)
    features: tuple[float, ...] = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        used = [marker for segment in self.segments for marker in segment.markers]
        if sorted(set(used)) != [citation.marker for citation in self.citations]:
            raise ValueError("markers and citations differ")
        if (self.verdict == "answered") != bool(self.citations):
            raise ValueError("an answer has citations; a refusal and small talk have none")
        if not 0.0 <= self.confidence <= 1.0:
            raise ValueError(f"confidence {self.confidence} is not within 0..1")
        cited = {citation.marker: citation for citation in self.citations}
        for segment in self.segments:
            if segment.proof is not None:
                for marker, span in zip(segment.markers, segment.proof.spans, strict=True):
                    if (cited[marker].document, cited[marker].start, cited[marker].quote) != (span.source.passage.document, span.start, span.text):
                        raise ValueError(f"the quote of [{marker}] is not what {segment.text[:60]!r} rests on")
            elif segment.marker is not None and segment.text not in cited[segment.marker].quote:
                raise ValueError(f"the segment {segment.text[:60]!r} is not in the quote it cites")

    @property
    def text(self) -> str:
        """The answer as plain text with `[n]` markers; square brackets of the sources are written \\[ \\]."""
        return render(self.segments)

    def as_json(self) -> dict[str, Any]:
        """The object of `kpo ask --json`. Fields are only ever added."""
        return {
            "question": self.question,
            "standalone": self.standalone,
            "verdict": self.verdict,
            "text": self.text,
            "confidence": round(self.confidence, 3),
            "citations": [
                {
                    "marker": c.marker, "document": c.document, "title": c.title, "page": c.page, "heading": c.heading, "quote": c.quote,
                    "start": c.start, "end": c.end, "score": c.score, "date": c.date, "digest": c.digest,
                }
                for c in self.citations
            ],
            "nearest": list(self.nearest),
            "timings_ms": self.timings_ms,
            "kind": self.kind,
            "writer": self.writer,
            "corrections": [{"typed": typed, "read_as": read} for typed, read in self.corrections],
            "searched": list(self.searched),
            "generation": self.generation,
            "notes": list(self.notes),
            "draft": self.draft and self.draft.as_json(),
        }


def render(segments: Sequence[Segment]) -> str:
    """Segments as plain text: sentences run on, items and rows stand on lines of their own."""
    out = ""
    before: Segment | None = None
    for segment in segments:
        text = re.sub(r"([\[\]])", r"\\\1", segment.text)
        marked = " ".join([text, *(f"[{marker}]" for marker in segment.markers)])
        if segment.kind == "item":
            marked = f"{segment.label or '-'} {marked}"
        alone = {"item", "row"}
        if before is None:
            glue = ""
        elif segment.kind in alone and before.kind == segment.kind:
            glue = "\n"
        elif segment.kind in alone or before.kind in alone or "own" in (segment.kind, before.kind):
            glue = "\n\n"
        else:
            glue = " "
        out += glue + marked
        before = segment
    return out
