"""What is said of an answer in plain words, on the page and in exports: how sure it is and why, where a quotation stands, how old it is."""

import re
from collections.abc import Collection
from datetime import date

from assistant.answer import Answer, Citation
from assistant.ask import disputed, unquoted
from assistant.opposites import is_negated
from assistant.topic import sides_of
from assistant.vocabulary import stem, stems_in
from index.lexical import STOPWORDS, words

_NOT = re.compile(r"\b(?:not|no|cannot|\w+n['’]t)\b(?!\.? ?\d)", re.I)
CONFIDENCE = ((0.8, "Confident"), (0.6, "Fairly sure"), (0.0, "Not sure: read the source"))
_DISPUTED = re.compile(re.escape(disputed(0, 0)).replace("0", r"\d+"))  # the note of disagreement, whatever its markers


def confidence(answer: Answer) -> str:
    """How sure the assistant is that the documents hold what was asked for; never "Confident" of a denial that no quotation holds."""
    return next(words for least, words in CONFIDENCE[_lacks_denial(answer) :] if answer.confidence >= least)


def why_sure(answer: Answer) -> str:
    """What speaks for and against the answer, as far as a reader can check it: where its quotations come from, which words they lack.

    Of a comparison only its sides count, for what tells them apart need not call itself a difference; and not those of which a note says it already.
    """
    documents = len({citation.document for citation in answer.citations})
    said = {root for citation in answer.citations for root in stems_in(f"{citation.title} {citation.heading} {citation.quote}")}
    sides = sides_of(answer.standalone)
    noted = [side for side in sides if unquoted(side) in answer.notes]
    about = _NOT.sub("not", " ".join(side for side in sides or [answer.standalone] if side not in noted))
    asked = [word for word in dict.fromkeys(words(about)) if word not in STOPWORDS]
    lacking = [word for word in asked if stem(word) not in said] + ["not"] * _lacks_denial(answer)
    places = f"{plural(len(answer.citations), 'quotation')} from {plural(documents, 'document')}"
    if not lacking:
        return places if noted else f"{places}; every word you asked about stands in them or in their headings"
    return f"{places}; not in them: " + ", ".join(f"“{word}”" for word in lacking)


def _lacks_denial(answer: Answer) -> bool:
    """Does the question hold a "not" (which is a stopword to the search), and no quotation or heading deny anything?"""
    return bool(_NOT.search(answer.standalone)) and not any(is_negated(f"{citation.heading} {citation.quote}") for citation in answer.citations)


def place(citation: Citation) -> str:
    """Where a quotation stands, on one line: document, section, page, date."""
    page = f"page {citation.page}" if citation.page else ""
    heading = citation.heading if citation.heading != citation.title else ""
    return ", ".join(filter(None, (citation.title, heading, page, citation.date)))


def is_old(stated: str | None, months: int | None, today: date) -> bool:
    """Is a document's date more than so many months ago? Never without a date, a readable one, or a number of months."""
    found = re.match(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?", stated or "")
    if months is None or not found:
        return False
    year, month, day = int(found[1]), int(found[2] or 12), int(found[3] or 28)
    return (today.year - year) * 12 + today.month - month - (today.day < day) >= months


def plural(n: int, noun: str) -> str:
    """"1 case", "2 cases"."""
    return f"{n} {noun}{'' if n == 1 else 's'}"


def months_in_words(months: int) -> str:
    """24 as "2 years", 7 as "7 months"."""
    return plural(months // 12, "year") if months % 12 == 0 else plural(months, "month")


def disagree(notes: Collection[str]) -> list[str]:
    """The notes that tell of sources which say different things, as `ask.disputed` writes them: others may quote anything."""
    return [note for note in notes if _DISPUTED.fullmatch(note)]
