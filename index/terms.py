"""Terms of all documents, put together: one entry a name, with every place that says what it means."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from corpus.document import by_columns
from corpus.terms import Term
from index.catalog import View
from index.lexical import singular, words

# "KPO is mostly done in India": how or where it is, after what it is
_OF_HOW = re.compile(r"(?:(?!\b(?:is|are)\b).)*\b(?:is|are) (?:mostly|mainly|largely|often|usually|normally|commonly|now|still|also|more|most)\b", re.S)


@dataclass(frozen=True, slots=True)
class TermEntry:
    """A name with its abbreviations and the places that define it (first, the strongest before the others) or only spell it out, one a document."""

    name: str
    abbreviations: tuple[str, ...]
    places: tuple[Term, ...]


def entries(terms: Sequence[Term]) -> list[TermEntry]:
    """One entry for each name, upper and lower case apart, sorted by name. Places that are equally strong keep their order."""
    groups: dict[tuple[str, ...], list[Term]] = {}
    for term in terms:
        groups.setdefault(tuple(words(term.name)), []).append(term)
    found = []
    for group in groups.values():
        places = sorted(group, key=lambda term: (not term.defines, _OF_HOW.match(term.definition) is not None))
        short = dict.fromkeys(s for term in places for s in term.abbreviations)
        found.append(TermEntry(places[0].name, tuple(short), tuple(places)))
    return sorted(found, key=lambda entry: entry.name.lower())


def cells(view: View, terms: Iterable[Term]) -> dict[Term, list[tuple[str, str]]]:
    """The terms that stand in a table's row, with its cells after the names of their columns; in a row without a header all stand after the first."""
    found = {}
    for term in terms:
        row = view.passages([term.passage])[term.passage] if " | " in term.definition else None
        if row is not None and row.kind == "row" and row.text == term.definition:
            first, *others = row.text.split(" | ")
            found[term] = by_columns(row) or [(first, "; ".join(others))]
    return found


def matching(terms: Sequence[Term], text: str) -> list[TermEntry]:
    """The entries whose name or abbreviation is `text`, in the singular or the plural; when none is, those that contain it.

    All entries for a blank text, none for one without a letter or a digit.
    """
    everything = entries(terms)
    if not text.strip():
        return everything
    wanted, one = " ".join(words(text)), _singular(text)
    if not wanted:
        return []
    names = [(entry, (entry.name, *entry.abbreviations)) for entry in everything]
    exact = [entry for entry, known in names if any(_singular(name) == one for name in known)]
    return exact or [entry for entry, known in names if any(wanted in " ".join(words(name)) or f" {one} " in f" {_singular(name)} " for name in known)]


def _singular(text: str) -> str:
    """The words of a text, each without the ending of a plural."""
    return " ".join(map(singular, words(text)))
