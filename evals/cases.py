"""Cases: regression questions with what is expected of their answers, in YAML for people, CSV for spreadsheets, JSONL for machines.

All mistakes of a file are reported at once, with file, line and case id.
"""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from corpus.errors import EvalError

Phrase = str | tuple[str, ...]  # said literally or as /regex/; a tuple: one of these
FIELDS = ("id", "question", "after", "tags", "expect", "must_say", "must_not_say", "must_cite", "reference", "protected", "notes")
ENDINGS = (".yaml", ".yml", ".csv", ".jsonl")


class Place(BaseModel):
    """Where an answer may be found: a document, optionally a heading or a page of it. Never a passage: re-chunking cannot rot a set."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    document: str = Field(min_length=1)
    heading: str | None = None
    page: int | None = Field(None, ge=1)

    def matches(self, document: str, heading: str, page: int | None) -> bool:
        """Does a citation or a hit stand here?"""
        same_heading = self.heading is None or self.heading.casefold() == heading.casefold()
        return self.document == document and same_heading and (self.page is None or self.page == page)

    def __str__(self) -> str:
        heading = f" > {self.heading}" if self.heading else ""
        return f"{self.document}{heading}" + (f" @ {self.page}" if self.page else "")


class Case(BaseModel):
    """One regression question.

    `must_say`: every entry must be said in the answer's text (case does not matter; an entry may be a list of alternatives, or /regex/);
    `must_not_say`: none may be; `must_cite`: the places where the answer may be found, of which one must be cited;
    `protected`: may never fall, whatever the statistics say.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: str = Field(pattern=r"^[A-Za-z0-9][\w.-]*$")
    question: str = Field(min_length=1, max_length=2000)
    after: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    expect: Literal["answer", "refusal", "conversation"] = "answer"
    must_say: tuple[Phrase, ...] = ()
    must_not_say: tuple[Phrase, ...] = ()
    must_cite: tuple[Place, ...] = ()
    reference: str | None = None
    protected: bool = False
    notes: str = ""

    @field_validator("must_cite", mode="before")
    @classmethod
    def _places(cls, given: Any) -> Any:
        return [{"document": place} if isinstance(place, str) else place for place in given] if isinstance(given, list | tuple) else given

    @field_validator("must_say", "must_not_say", mode="before")
    @classmethod
    def _phrases(cls, given: Any) -> Any:
        """Numbers of YAML ("48") are meant as text."""
        if not isinstance(given, list | tuple):
            return given
        return tuple(tuple(str(one) for one in entry) if isinstance(entry, list | tuple) else str(entry) for entry in given)

    @field_validator("must_say", "must_not_say")
    @classmethod
    def _regexes(cls, given: tuple[Phrase, ...]) -> tuple[Phrase, ...]:
        for entry in given:
            for one in (entry,) if isinstance(entry, str) else entry:
                pattern = as_regex(one)
                if pattern is not None:
                    try:
                        re.compile(pattern)
                    except re.error as error:
                        raise ValueError(f"{one} is not a valid regular expression: {error}") from error
        return given

    def as_dict(self) -> dict[str, Any]:
        """The case with the fields that are set, in the order of FIELDS, as a person would write it."""
        data = self.model_dump(mode="json", exclude_defaults=True) | {"expect": self.expect}
        if self.must_cite:
            data["must_cite"] = [p.document if not p.heading and not p.page else p.model_dump(exclude_none=True) for p in self.must_cite]
        return {name: data[name] for name in FIELDS if name in data}


def as_regex(phrase: str) -> str | None:
    """The pattern of "/pattern/"; None for a literal phrase."""
    return phrase[1:-1] if len(phrase) > 2 and phrase.startswith("/") and phrase.endswith("/") else None


@dataclass(frozen=True, slots=True)
class CaseSet:
    """A named list of cases. `digest` changes with any field that can change an outcome."""

    name: str
    description: str
    cases: tuple[Case, ...]

    @property
    def digest(self) -> str:
        """16 hex digits over the cases, whatever their order and file format."""
        rows = sorted(json.dumps({k: v for k, v in case.as_dict().items() if k != "notes"}, sort_keys=True) for case in self.cases)
        return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with one case of a file."""

    file: str
    line: int
    case: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.case or 'case without an id'}: {self.reason}"


def load(path: Path) -> CaseSet:
    """The set in a file. Raises EvalError that names every mistake in it."""
    found, mistakes = read(path)
    if mistakes:
        listed = "\n  ".join(str(mistake) for mistake in mistakes)
        raise EvalError(f"{path} has {len(mistakes)} mistake{'s' if len(mistakes) > 1 else ''}:\n  {listed}", f"mend them, then run `kpo eval check {path}`")
    return found


def read(path: Path) -> tuple[CaseSet, list[Mistake]]:
    """The valid cases of a file, and every mistake. Raises EvalError when the file itself cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise EvalError(f"the question set {path} cannot be read: {error}", "check the path, and save it as UTF-8") from error
    ending = path.suffix.lower()
    if ending in (".yaml", ".yml"):
        name, description, rows = _yaml_rows(path, text)
    elif ending == ".csv":
        name, description, rows = path.stem, "", _csv_rows(path, text)
    elif ending == ".jsonl":
        name, description, rows = path.stem, "", _jsonl_rows(text)
    else:
        raise EvalError(f"{path} is not a question set", f"its name must end in {', '.join(ENDINGS)}")
    cases: dict[str, Case] = {}
    mistakes: list[Mistake] = []
    for line, row in rows:
        id = str(row.get("id", "")) if isinstance(row, dict) else ""
        if isinstance(row, str):
            mistakes.append(Mistake(str(path), line, "", row))
            continue
        try:
            case = Case.model_validate(row)
        except ValidationError as error:
            mistakes += [Mistake(str(path), line, id, _said(detail)) for detail in error.errors()]
            continue
        if case.id in cases:
            mistakes.append(Mistake(str(path), line, id, "another case has this id"))
        cases[case.id] = case
    if not cases and not mistakes:
        mistakes.append(Mistake(str(path), 1, "the set", "has no cases"))
    return CaseSet(name, description, tuple(cases.values())), mistakes


def _said(detail: Any) -> str:
    where = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"there is no field {where!r}; the fields are {', '.join(FIELDS)}"
    return f"{where}: {detail['msg'].removeprefix('Value error, ')}" + (f" (it is {detail['input']!r})" if detail["type"] != "missing" else "")


def _yaml_rows(path: Path, text: str) -> tuple[str, str, list[tuple[int, Any]]]:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise EvalError(f"{path} is not valid YAML{where}: {getattr(error, 'problem', error)}", "mend that line") from error
    if not isinstance(data, dict) or not isinstance(data.get("cases"), list):
        raise EvalError(f"{path} has no list of cases", "it begins with `name:`, `description:` and `cases:`; `kpo eval new` writes an example")
    lines = [1] * len(data["cases"])
    for key, value in root.value:
        if key.value == "cases":
            lines = [node.start_mark.line + 1 for node in value.value]
    rows = [(line, row if isinstance(row, dict) else f"a case is a mapping of fields, not {row!r}") for line, row in zip(lines, data["cases"], strict=True)]
    return str(data.get("name") or path.stem), str(data.get("description") or ""), rows


def _jsonl_rows(text: str) -> list[tuple[int, Any]]:
    rows: list[tuple[int, Any]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                row = json.loads(line)
                rows.append((number, row if isinstance(row, dict) else "a line is one JSON object"))
            except ValueError as error:
                rows.append((number, f"not valid JSON: {error}"))
    return rows


# In a spreadsheet cell: entries on lines of their own (or between " ; "), alternatives between " | ".
_ENTRIES = re.compile(r"\n| ; ")
_LISTS = ("after", "tags", "must_say", "must_not_say", "must_cite")


def _csv_rows(path: Path, text: str) -> list[tuple[int, Any]]:
    reader = csv.DictReader(io.StringIO(text), dialect=_dialect(text))
    unknown = [name for name in reader.fieldnames or [] if name and name not in FIELDS]
    if unknown or "question" not in (reader.fieldnames or []):
        raise EvalError(
            f"{path} has the columns {', '.join(reader.fieldnames or ['none'])}", f"the columns are {', '.join(FIELDS)}; id and question must be there"
        )
    rows = []
    for row in reader:
        line = reader.line_num
        cells = {name: (value or "").strip() for name, value in row.items() if name and isinstance(value, str)}
        if any(cells.values()):
            rows.append((line, {name: _from_cell(name, value) for name, value in cells.items() if value}))
    return rows


def _dialect(text: str) -> type[csv.Dialect]:
    first = text.partition("\n")[0]

    class Found(csv.excel):
        delimiter = max(",;\t", key=first.count)

    return Found


def _from_cell(name: str, value: str) -> Any:
    if name == "protected":
        return value.lower() in ("yes", "true", "1", "x")
    if name not in _LISTS:
        return value
    entries = [entry.strip() for entry in _ENTRIES.split(value) if entry.strip()]
    if name == "must_cite":
        return [_place(entry) for entry in entries]
    if name.startswith("must"):
        return [entry if as_regex(entry) is not None or " | " not in entry else entry.split(" | ") for entry in entries]
    return entries


def _place(text: str) -> dict[str, Any]:
    found = re.fullmatch(r"(?P<document>.+?)(?: > (?P<heading>.+?))?(?: @ (?P<page>\d+))?", text)
    return {name: value for name, value in (found.groupdict() if found else {"document": text}).items() if value}


def _to_cell(name: str, value: Any) -> str:
    if name == "must_cite":
        return "\n".join(str(place) for place in value)
    if name in _LISTS:
        return "\n".join(entry if isinstance(entry, str) else " | ".join(entry) for entry in value)
    if name == "protected":
        return "yes" if value else ""
    return str(value or "")


def dump(found: CaseSet, ending: str) -> str:
    """The set as the text of a file with this ending. `read` gives the same cases back."""
    if ending in (".yaml", ".yml"):
        data = {"name": found.name, "description": found.description, "cases": [case.as_dict() for case in found.cases]}
        return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=140)
    if ending == ".jsonl":
        return "".join(json.dumps(case.as_dict(), ensure_ascii=False) + "\n" for case in found.cases)
    if ending == ".csv":
        out = io.StringIO()
        writer = csv.DictWriter(out, FIELDS, lineterminator="\n")
        writer.writeheader()
        for case in found.cases:
            writer.writerow({name: _to_cell(name, getattr(case, name)) for name in FIELDS})
        return out.getvalue()
    raise EvalError(f"no question set ends in {ending!r}", f"the endings are {', '.join(ENDINGS)}")


def stale(case: Case, documents: Iterable[str]) -> bool:
    """Has every document that the case may cite gone from the index?"""
    known = set(documents)
    return bool(case.must_cite) and not any(place.document in known for place in case.must_cite)


def merged(sets: Sequence[CaseSet]) -> CaseSet:
    """Several sets as one; ids get the set's name in front when there is more than one. Raises EvalError for equal names."""
    if len(sets) == 1:
        return sets[0]
    if len({one.name for one in sets}) < len(sets):
        raise EvalError("two of the question sets have the same name", "give each file's set a name of its own")
    cases = tuple(case.model_copy(update={"id": f"{one.name}.{case.id}", "tags": (*case.tags, one.name)}) for one in sets for case in one.cases)
    return CaseSet("+".join(one.name for one in sets), "", cases)
