"""Terms of all documents, put together: one entry a name, with every place that says what it means."""

from collections.abc import Sequence
from dataclasses import dataclass

from corpus.terms import Term
from index.lexical import words


@dataclass(frozen=True, slots=True)
class TermEntry:
    """A name with its abbreviations and the places that define it (first) or only spell it out, one a document."""

    name: str
    abbreviations: tuple[str, ...]
    places: tuple[Term, ...]


def entries(terms: Sequence[Term]) -> list[TermEntry]:
    """One entry for each name, upper and lower case apart, sorted by name."""
    groups: dict[tuple[str, ...], list[Term]] = {}
    for term in terms:
        groups.setdefault(tuple(words(term.name)), []).append(term)
    found = []
    for group in groups.values():
        places = sorted(group, key=lambda term: (not term.defines, term.document, term.start))
        short = dict.fromkeys(s for term in places for s in term.abbreviations)
        found.append(TermEntry(places[0].name, tuple(short), tuple(places)))
    return sorted(found, key=lambda entry: entry.name.lower())


def matching(terms: Sequence[Term], text: str) -> list[TermEntry]:
    """The entries whose name or abbreviation is `text`; when none is, those that contain it. All entries for an empty text."""
    everything = entries(terms)
    wanted = words(text)
    if not wanted:
        return everything
    names = [(entry, [words(name) for name in (entry.name, *entry.abbreviations)]) for entry in everything]
    exact = [entry for entry, known in names if wanted in known]
    return exact or [entry for entry, known in names if any(" ".join(wanted) in " ".join(name) for name in known)]
