"""Terms: what documents define, harvested from any of them, each with the verbatim sentence that says so."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from corpus.document import Document, Passage, header_of
from corpus.sentences import says_what

# "Legal process outsourcing (LPO)": up to eight words, then their initials in brackets.
_WORDS = r"(?:[A-Za-z][\w'’/&]*[ -]|& ){%s,8}[A-Za-z][\w'’/&]*"  # no word holds a hyphen: that took minutes on "a-a-a-a-…"
_LONG_SHORT = re.compile(rf"\b({_WORDS % 1}) \(([A-Z][A-Za-z&]{{1,7}})\)")
# "LPO (legal process outsourcing)"
_SHORT_LONG = re.compile(rf"\b([A-Z][A-Z&]{{1,7}}s?) \(({_WORDS % 1})\)")
# "LPO stands for legal process outsourcing", "KPO, an acronym for knowledge processing outsourcing, is"
_STANDS_FOR = re.compile(
    r"\b([A-Z][A-Z&]{1,7}s?),? (?:stands for|is short for|is an? (?:acronym|abbreviation) (?:for|of)|"
    rf"an? (?:acronym|abbreviation) (?:for|of)|means) (?:the |an? )?[\"'“‘]?({_WORDS % 0})"
)
_TERM_COLUMN = re.compile(r"(term|word|name|concept)s?", re.I)
_SHORT_COLUMN = re.compile(r"(abbreviation|acronym|short form)s?", re.I)
_MEANING_COLUMN = re.compile(r"(meaning|definition|description|explanation|full form|stands for|what it means|expansion)s?", re.I)
# "Passwords are changed every 90 days": a rule about what the heading names, not what it is.
_RULES = re.compile(
    r"(?:(?!\b(?:is|are)\b).)*\b(?:is|are) (?:no longer\b|(?:only |always |usually |normally )?"
    r"(?!used|called|known|meant|intended|designed|formed)(?:[a-z]+ed|paid|kept|given|sent|held|set) "
    r"(?:every|by|at|in|on|to|for|after|before|within|when|if|with|from|until|once|only|each|per|up)\b)", re.S
)
# "Definitions", "7. Key terms", "Terms and definitions", "Glossary of terms": a section of words and their meanings; not "Terms of payment"
_OF_MEANINGS = re.compile(
    r"(?:[\dA-Z.]+[.)]? )?(?:(?:the|our|key|main|important|common) )*(?:definitions|(?:defined )?terms|glossary|terminology|vocabulary)"
    r"(?: (?:and|of) (?:definitions|terms|abbreviations|acronyms|words))?(?: used\b.*| in this \w+)?", re.I
)
# "Shadowing means that …", "A scope sheet is a one-page list of …"; not "The following is a list of words"
_MEANS = re.compile(
    r"(?:(?:an?|the) )?+[\"'“‘]?"
    r"(?P<name>(?!(?:this|that|these|those|it|they|we|you|he|she|there|here|all|each|one|some|such|both|which|what|if|when|in|for|following|above|below)\b)"
    r"[\w&/-]+(?: (?!(?:is|are|means?)\b)[\w&'’/-]+){0,4}?)[\"'”’]? "
    r"(?:means?|refers? to|denotes?|(?:is|are) defined as|is (?:an?|the|any|anyone|anything|what|when|how)|are (?:the|all|any))\b", re.I
)
_SMALL = {"of", "and", "the", "for", "in", "on", "to", "a", "an", "as", "or", "with", "&"}
MAX_NAME_WORDS = 10


@dataclass(frozen=True, slots=True)
class Term:
    """What one place in one document says that a word means.

    `document.text[start:end] == definition` holds for the sentence that defines or expands it; `passage` is the id of the passage it
    stands in. `defines` is False where the sentence only gives the long form of an abbreviation.
    """

    name: str
    abbreviations: tuple[str, ...]
    definition: str
    document: str
    start: int
    end: int
    passage: str
    defines: bool

    def __post_init__(self) -> None:
        if not self.name or not self.definition or self.end - self.start != len(self.definition):
            raise ValueError(f"the term {self.name!r} of {self.document} has no definition at {self.start}:{self.end}")


def harvest(document: Document, passages: list[Passage]) -> list[Term]:
    """The terms of one document in reading order, one for each name: the place that defines it, else the first that expands it.

    Readers' comments are opinion and define nothing.
    """
    best: dict[str, Term] = {}
    for passage in passages:
        if passage.kind == "comment":
            continue
        for term in (*_from_heading(passage), *_from_row(passage), *_from_sentences(passage), *_from_meanings(passage)):
            key = term.name.lower()
            if key not in best or term.defines and not best[key].defines:
                best[key] = term
    return sorted(best.values(), key=lambda term: (term.start, term.name))


def split_name(heading: str) -> tuple[str, tuple[str, ...]]:
    """"Legal process outsourcing (LPO)" as its name and its abbreviations; a heading without brackets has none."""
    whole = heading.rstrip()
    opens = whole.find("(", max(1, whole.rfind(")", 0, -1) + 1))
    name, last = whole[:opens].rstrip(), whole[opens + 1 : -1]
    if opens < 0 or not whole.endswith(")") or not last:
        return heading.strip(), ()
    inside = [part.strip() for part in re.split(r",|/|\bor\b", last) if part.strip()]
    if all(len(part.split()) == 1 and part.upper() == part or _initials(name, part) for part in inside):
        return name.strip(), tuple(inside)
    return heading.strip(), ()


def _term(passage: Passage, name: str, short: tuple[str, ...], at: int, *, defines: bool) -> Term:
    unit = passage.units[at]
    return Term(name, short, passage.quote(unit), passage.document, unit.start, unit.end, passage.id, defines)


def _from_heading(passage: Passage) -> Iterator[Term]:
    if passage.kind == "definition":
        name, short = split_name(passage.heading)
        if len(name.split()) <= MAX_NAME_WORDS and not name.endswith("?") and not _RULES.match(passage.quote(passage.units[0])):
            yield _term(passage, name, short, 0, defines=True)


def _from_row(passage: Passage) -> Iterator[Term]:
    if passage.kind != "row":
        return
    cells = [cell.strip() for cell in passage.text.split(" | ")]
    header = header_of(passage)
    columns = _columns(header.split(" | ")) if header else (0, 1, None) if len(cells) == 2 else None
    if columns is None or len(cells) <= max(columns[:2]):
        return
    at, meaning, short_at = columns
    if not cells[meaning] or not any(letter.isalpha() for letter in cells[at]) or len(cells[at].split()) > MAX_NAME_WORDS:
        return
    name, short = split_name(cells[at])
    if _initials(cells[meaning], name) and name.upper() == name:
        name, short = cells[meaning], (name,)
    if short_at is not None and short_at < len(cells):
        short = tuple(dict.fromkeys([*short, *(part for part in re.split(r"[\s,;/]+", cells[short_at]) if sum(map(str.isupper, part)) > 1)]))
    yield _term(passage, name, short, 0, defines=True)


def _columns(header: Sequence[str]) -> tuple[int, int, int | None] | None:
    """The places of the name, its meaning and its short form, which may be missing, in a glossary's header; None for any other table.

    Where no column is called a term the abbreviation is the name. What is called a "name" may be a person or an article: its meaning must
    follow at once, or an abbreviation be given.
    """
    term, short, meaning = (
        next((at for at, column in enumerate(header) if kind.fullmatch(column.strip())), None) for kind in (_TERM_COLUMN, _SHORT_COLUMN, _MEANING_COLUMN)
    )
    if meaning is None:
        return None
    if term is None:
        return None if short is None else (short, meaning, None)
    glossary = short is not None or meaning == term + 1 or not header[term].strip().lower().startswith("name")
    return (term, meaning, short) if glossary else None


def _from_sentences(passage: Passage) -> Iterator[Term]:
    for at, unit in enumerate(passage.units):
        sentence = passage.quote(unit)
        for found in _LONG_SHORT.finditer(sentence):
            name = _long_form(found.group(1), found.group(2))
            if name:
                opens = found.start() + len(found.group(1)) - len(name) <= 4
                defines = opens and says_what(sentence[found.end() :])
                yield _term(passage, name, (_singular(found.group(2)),), at, defines=defines)
        for found in (*_STANDS_FOR.finditer(sentence), *_SHORT_LONG.finditer(sentence)):
            name = _opening(found.group(2), found.group(1))
            if name:
                rest = sentence[found.start(2) + len(name) :]
                defines = found.start() <= 4 and says_what(rest.removeprefix(")"))
                yield _term(passage, name, (_singular(found.group(1)),), at, defines=defines)


def _from_meanings(passage: Passage) -> Iterator[Term]:
    """What the sentences of a section of definitions define. Abbreviations are left to what spells them out."""
    if passage.kind == "row" or not _OF_MEANINGS.fullmatch(passage.heading.strip()):
        return
    for at, unit in enumerate(passage.units):
        found = _MEANS.match(passage.quote(unit))
        if found and not found["name"].isupper():
            yield _term(passage, found["name"], (), at, defines=True)


def _initials(words: str, short: str) -> bool:
    return bool(_long_form(words, short))


def _long_form(words: str, short: str) -> str:
    """The last words of `words` whose initials spell `short` ("Information Technology Enabled Services", "ITES"), "" when none do."""
    room = len(short.lower())  # for the initials of words that are not small
    for found in reversed([*re.finditer(r"(?<![^ -])[^ -]*", words)]):
        if found.group().lower() in _SMALL:
            continue
        if _spells(words[found.start() :], short):
            return words[found.start() :]
        room -= bool(found.group())
        if room < 0:
            break
    return ""


def _opening(words: str, short: str) -> str:
    """The first words of `words` whose initials spell `short`, "" when none do."""
    for at in [*(found.start() for found in re.finditer(r"[ -]", words)), len(words)]:
        if _spells(words[:at], short):
            return words[:at]
    return ""


def _spells(words: str, short: str) -> bool:
    """Do the initials of these words give `short`?

    Small words may be passed over, but not at the edges ("research and development", "R&D"; "software as a service", "SaaS"),
    and a word in capitals may give all of its letters ("IT-enabled services", "ITES").
    """
    letters = "".join(letter for letter in _singular(short) if letter.isalpha()).lower()
    parts = re.split(r"[ -]", words)
    if parts[0].lower() in _SMALL or parts[-1].lower() in _SMALL:
        return False
    large = [part for part in parts if part.lower() not in _SMALL]
    initials = {
        "".join(part[:1] for part in large), "".join(part[:1] for part in parts),
        "".join(part if part.isupper() else part[:1] for part in large),
    }
    return letters in {found.lower() for found in initials}


def _singular(short: str) -> str:
    """"SLAs" as "SLA"."""
    return short[:-1] if short.endswith("s") and short[:-1].isupper() else short
