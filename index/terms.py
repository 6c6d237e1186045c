"""Terms of all documents, put together: one entry a name, with every place that says what it means."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from corpus.document import by_columns
from corpus.terms import Term
from index.catalog import View
from index.lexical import content_words, singular, words
from index.spelling import correct, shortened_to

# "KPO is mostly done in India": how or where it is, after what it is
_OF_HOW = re.compile(r"(?:(?!\b(?:is|are)\b).)*\b(?:is|are) (?:mostly|mainly|largely|often|usually|normally|commonly|now|still|also|more|most)\b", re.S)
# "Staff turnover, churn and people leaving are other names for attrition."
_OTHER_NAMES = re.compile(r"([^.!?\n]{1,200}?) (?:is another name|are other names) for ")


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


def look_up(view: View, text: str) -> tuple[list[TermEntry], tuple[tuple[str, str], ...]]:
    """What `matching` finds for `text` or, when that is nothing, for what it was most likely meant to be, with the pairs (typed, read as).

    That is its subject ("what is attrition"), a name with other spaces ("turn around time"), a name that a definition gives as another one ("churn"),
    or what is left when its misspellings are mended. Nothing and no pairs when none of these is a term either.
    """
    terms = view.terms()
    subject = content_words(text)
    found = matching(terms, text) or (matching(terms, " ".join(subject)) if subject else [])
    if found or not subject:
        return found, ()
    everything = entries(terms)
    known = [name for entry in everything for name in (entry.name, *entry.abbreviations)]
    others = _other_names(view, everything)
    named = _named(subject, known, others)
    if named:
        return matching(terms, named), ((" ".join(subject), named),)
    mended, pairs = correct(" ".join(subject), dict(Counter(word for name in (*known, *others) for word in words(name))))
    short = shortened_to(mended, known)
    if short:
        return matching(terms, short), ((mended, short),)
    better = content_words(mended)
    found = matching(terms, _named(better, known, others) or " ".join(better)) if pairs else []
    return found, pairs if found else ()


def _named(subject: Sequence[str], known: Iterable[str], others: Mapping[str, str]) -> str:
    """The term that is called so, but for the spaces, or has this as another name or as the end of one; "" for none."""
    squeezed, said = "".join(map(singular, subject)), " ".join(map(singular, subject))
    for name in known:
        if "".join(map(singular, words(name))) == squeezed:
            return name
    return next((name for other, name in others.items() if f" {other}".endswith(f" {said}")), "")


def _other_names(view: View, found: Iterable[TermEntry]) -> dict[str, str]:
    """The other names that the passages which define a term give it, in the singular, each with the term's name."""
    others: dict[str, str] = {}
    for entry in found:
        for term in entry.places:
            said = _OTHER_NAMES.search(view.passages([term.passage])[term.passage].text) if term.defines else None
            for other in re.split(r", | and ", said.group(1)) if said else ():
                others.setdefault(_singular(other.removeprefix("The ").strip()), entry.name)
    return others


def _singular(text: str) -> str:
    """The words of a text, each without the ending of a plural."""
    return " ".join(map(singular, words(text)))
