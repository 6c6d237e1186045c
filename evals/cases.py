"""Cases: regression questions with what is expected of their answers, in YAML for people, CSV for spreadsheets, JSONL for machines.

All mistakes of a file are reported at once, with file, line and case id.
"""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import regex
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from corpus.errors import EvalError
from index.catalog import Catalog

Phrase = str | tuple[str, ...]  # said literally or as /regex/; a tuple: one of these
Line = Annotated[str, Field(min_length=1)]
FIELDS = ("id", "question", "after", "tags", "expect", "must_say", "must_not_say", "must_cite", "reference", "protected", "notes")
ENDINGS = (".yaml", ".yml", ".csv", ".jsonl")
SETS = Path(__file__).parent / "sets"


class Place(BaseModel):
    """Where an answer may be found: a document, optionally a heading or a page of it. Never a passage: re-chunking cannot rot a set."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)
    document: str = Field(min_length=1)
    heading: str | None = Field(default=None, min_length=1)
    page: int | None = Field(default=None, ge=1)

    def matches(self, document: str, heading: str, page: int | None) -> bool:
        """Does a citation or a hit stand here?"""
        same_heading = self.heading is None or self.heading.casefold() == heading.casefold()
        return self.document == document and same_heading and (self.page is None or self.page == page)

    def __str__(self) -> str:
        heading = f" > {self.heading}" if self.heading else ""
        return f"{self.document}{heading}" + (f" @ {self.page}" if self.page else "")


class Case(BaseModel):
    """One regression question.

    `must_say`: every entry must be said in the text of an answer (case does not matter; an entry may be a list of alternatives, or /regex/);
    `must_not_say`: none may be, in whatever is shown; `must_cite`: the places where the answer may be found, of which one must be cited;
    `protected`: may never fall, whatever the statistics say.
    White space at the ends of a text is no part of it; an empty `reference` is none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)
    id: str = Field(pattern=r"^[A-Za-z0-9][\w.-]*$")
    question: str = Field(min_length=1, max_length=2000)
    after: tuple[Line, ...] = ()
    tags: tuple[Line, ...] = ()
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
        """Numbers of JSON (48) are meant as text."""

        def text(one: Any) -> str:
            if isinstance(one, bool) or not isinstance(one, str | int | float):
                raise ValueError("a phrase is a text: put it into quotes")
            return str(one)

        if not isinstance(given, list | tuple):
            return given
        return tuple(tuple(map(text, entry)) if isinstance(entry, list | tuple) else text(entry) for entry in given)

    @field_validator("must_say", "must_not_say")
    @classmethod
    def _regexes(cls, given: tuple[Phrase, ...]) -> tuple[Phrase, ...]:
        for entry in given:
            if not entry or not all(entry):
                raise ValueError("an empty phrase is always said; take it out")
            for one in (entry,) if isinstance(entry, str) else entry:
                pattern = as_regex(one)
                if pattern is not None:
                    try:
                        regex.compile(pattern)
                    except regex.error as error:
                        raise ValueError(f"{one} is not a valid regular expression: {error}") from error
        return given

    @field_validator("reference")
    @classmethod
    def _no_empty_reference(cls, given: str | None) -> str | None:
        return given or None

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
        text = f"{self.file}:{self.line}: {self.case or 'case without an id'}: {self.reason}"
        return text.encode("utf-8", "backslashreplace").decode()  # JSON can hold what no output takes


def load(path: Path) -> CaseSet:
    """The set in a file. Raises EvalError that names every mistake in it."""
    found, mistakes = read(path)
    if mistakes:
        listed = "\n  ".join(str(mistake) for mistake in mistakes)
        raise EvalError(f"{path} has {len(mistakes)} mistake{'s' if len(mistakes) > 1 else ''}:\n  {listed}", f"mend them, then run `kpo eval check {path}`")
    return found


def read(path: Path) -> tuple[CaseSet, list[Mistake]]:
    """The valid cases of a file, and every mistake. Raises EvalError when the file itself cannot be read, or not to its end."""
    found, wrong = _read(path)
    for one in wrong:
        if isinstance(one, EvalError):
            raise one
    return found, [one for one in wrong if isinstance(one, Mistake)]


def checked(path: Path) -> tuple[CaseSet, list[str]]:
    """As `read`, with the mistakes in words, and among them what makes `read` raise where the rows can be looked at all the same.

    That is a CSV file with unknown columns, or with a quote that is not closed. Raises EvalError for any other file that cannot be read.
    """
    found, wrong = _read(path)
    return found, [f"{one.message}; {one.remedy}" if isinstance(one, EvalError) else str(one) for one in wrong]


def _read(path: Path) -> tuple[CaseSet, list[Mistake | EvalError]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
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
    ids: set[str] = set()
    wrong: list[Mistake | EvalError] = []
    for line, row, *twice in rows:
        if not isinstance(row, dict):
            wrong.append(row if isinstance(row, EvalError) else Mistake(str(path), line, "", row))
            continue
        id = str(row.get("id", ""))
        try:
            case = Case.model_validate(row)
        except ValidationError as error:
            wrong += [Mistake(str(path), line, id, said(detail)) for detail in error.errors()]
        else:
            if case.id in ids:
                wrong.append(Mistake(str(path), line, id, "another case has this id"))
            ids.add(case.id)
            if not twice:
                cases[case.id] = case
        wrong += [Mistake(str(path), line, id, f"the field {name!r} is there twice") for name in twice]
    if not cases and not wrong:
        wrong.append(Mistake(str(path), 1, "the set", "has no cases"))
    return CaseSet(name, description, tuple(cases.values())), wrong


def said(detail: Any) -> str:
    """What pydantic finds wrong with a field, in the words of these pages."""
    where = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"there is no field {where!r}; the fields are {', '.join(FIELDS)}"
    if detail["type"] == "tuple_type":
        return f"{where}: write a list, in brackets or with a line and a dash for each entry (it is {detail['input']!r:.80})"
    return f"{where}: {detail['msg'].removeprefix('Value error, ')}" + (f" (it is {detail['input']!r:.80})" if detail["type"] != "missing" else "")


class _AsTyped(yaml.SafeLoader):
    """YAML whose texts stay as they are typed: no, 010, 1.10 and 12:30 are words here, to be looked for in answers."""

    yaml_implicit_resolvers = {  # as the library declares it
        first: [(tag, pattern) for tag, pattern in found if tag.endswith((":null", ":merge"))]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _typed_names(root: Any) -> dict[int, list[str]]:
    """The names in each case's node as they are typed: to make the data the library puts what is merged (`<<`) into the nodes, override or not."""
    lists = [value for key, value in root.value if key.value == "cases"] if isinstance(root, yaml.MappingNode) else []
    nodes = [node for found in lists if isinstance(found, yaml.SequenceNode) for node in found.value]
    return {id(node): [str(key.value) for key, _ in node.value] for node in nodes if isinstance(node, yaml.MappingNode)}


# A row: the line it begins on, a case's fields (or in words why it is no case, or the error that is the whole file's), and the fields that are there twice.
Row = tuple[Any, ...]


def _yaml_rows(path: Path, text: str) -> tuple[str, str, list[Row]]:
    try:
        loader = _AsTyped(text)  # parsed once: the nodes know their lines, the data come of the nodes
        root = loader.get_single_node()
        typed = _typed_names(root)
        data = loader.construct_document(root) if root else None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise EvalError(f"{path} is not valid YAML{where}: {getattr(error, 'problem', error)}", "mend that line") from error
    except (RecursionError, ValueError) as error:  # nested without end; a date that is none
        raise EvalError(f"{path} is not valid YAML: {error}", "compare it with what `kpo eval new` writes") from error
    if not isinstance(data, dict) or not isinstance(data.get("cases"), list):
        raise EvalError(f"{path} has no list of cases", "it begins with `name:`, `description:` and `cases:`; `kpo eval new` writes an example")
    nodes: list[Any] = []
    rows: list[Row] = []
    for key, value in root.value if root else ():
        if key.value == "cases":
            nodes = value.value
        elif key.value not in ("name", "description"):
            rows.append((key.start_mark.line + 1, f"a set has no field {key.value!r}; its fields are name, description and cases"))
    for node, row in zip(nodes, data["cases"], strict=True):
        line = node.start_mark.line + 1
        if isinstance(row, dict):
            names = typed[id(node)]
            rows.append((line, row, *(name for name in dict.fromkeys(names) if names.count(name) > 1)))  # YAML lets the last one win in silence
        else:
            rows.append((line, f"a case is a mapping of fields, not {row!r:.80}"))
    return str(data.get("name") or path.stem), str(data.get("description") or ""), rows


def _jsonl_rows(text: str) -> list[Row]:
    rows: list[Row] = []
    for number, line in enumerate(text.split("\n"), 1):  # not splitlines: U+2028 may stand within a JSON text
        if line.strip():
            try:
                row = json.loads(line)
                rows.append((number, row if isinstance(row, dict) else "a line is one JSON object"))
            except (ValueError, RecursionError) as error:
                rows.append((number, f"not valid JSON: {error}"))
    return rows


# In a spreadsheet cell: entries on lines of their own (or between " ; "), alternatives between " | ". A cell that begins with [ and is a JSON list
# is read as that: so are entries written that hold such signs themselves.
_ENTRIES = re.compile(r"\r?\n| ; ")
_LISTS = ("after", "tags", "must_say", "must_not_say", "must_cite")


def _csv_rows(path: Path, text: str) -> list[Row]:
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # the library's own limit is below what `dump` may write
    reader = csv.reader(io.StringIO(text, newline=""), dialect=_dialect(text), strict=True)  # else a quote that is not closed swallows cases
    columns: list[str] = []
    rows: list[Row] = []
    line = 1
    try:
        for cells in reader:
            if not columns:
                columns, wrong = _columns(path, cells) if any(cells) else ([], [])
                rows += [(line, error) for error in wrong]
            elif len(cells) > len(columns) and any(cells[len(columns) :]):
                rows.append((line, f"{len(cells)} cells under {len(columns)} columns: a comma within a text needs quotes around the cell"))
            elif any(cell.strip() for cell in cells):
                given = {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if name and cell.strip()}
                rows.append((line, {name: _from_cell(name, cell) for name, cell in given.items()}))
            line = reader.line_num + 1
    except csv.Error as error:
        remedy = "close the quotes around the cells from that line on, or save it again as CSV from the spreadsheet"
        rows.append((line, EvalError(f"{path}:{line} is not valid CSV: {error}", remedy)))
    if not columns and not rows:
        _columns(path, [])  # an empty file: says which columns there are
    return rows


def columns_of(text: str) -> tuple[list[str], type[csv.Dialect]]:
    """The columns of a CSV file's first line, as FIELDS spells them, and how its cells are set apart."""
    dialect = _dialect(text)
    return [name.strip().lower() for name in next(csv.reader(io.StringIO(text, newline=""), dialect=dialect), [])], dialect


def _columns(path: Path, header: Sequence[str]) -> tuple[list[str], list[EvalError]]:
    """The columns, "" for one to pass over, and what is wrong with them. Raises EvalError when no row could be right under them."""
    columns = [name.strip().lower() for name in header]
    named = [name for name in columns if name]
    error = EvalError(f"{path} has the columns {', '.join(named) or 'none'}", f"the columns are {', '.join(FIELDS)}; id and question must be there, none twice")
    if not {"id", "question"} <= set(named) or len(set(named)) < len(named):
        raise error
    return [name if name in FIELDS else "" for name in columns], [error] if set(named) - set(FIELDS) else []


def _dialect(text: str) -> type[csv.Dialect]:
    first = text.partition("\n")[0]

    class Found(csv.excel):
        delimiter = max(",;\t", key=first.count)

    return Found


def _from_cell(name: str, value: str) -> Any:
    if name == "protected":
        return {"yes": True, "true": True, "1": True, "x": True, "no": False, "false": False, "0": False}.get(value.lower(), value)
    if name not in _LISTS:
        return value
    if value.startswith("["):
        with suppress(ValueError, RecursionError):
            return json.loads(value)
    entries = [entry.strip() for entry in _ENTRIES.split(value) if entry.strip()]
    if name == "must_cite":
        return [_place(entry) for entry in entries]
    if name.startswith("must"):
        return [entry if as_regex(entry) is not None or " | " not in entry else [one.strip() for one in entry.split(" | ")] for entry in entries]
    return entries


def _place(text: str) -> dict[str, Any]:
    found = re.fullmatch(r"(?P<document>.+?)(?: > (?P<heading>.+?))?(?: @ (?P<page>\d+))?", text)
    return {name: value for name, value in (found.groupdict() if found else {"document": text}).items() if value}


def to_cell(name: str, value: Any) -> str:
    """A case's field as a spreadsheet shows it; `read` gives the same field back. "" for one that is not set."""
    if name == "protected":
        return "yes" if value else ""
    if name not in _LISTS or not value:
        return str(value or "")
    if name == "must_cite":
        plain = "\n".join(str(place) for place in value)
        wanted: list[Any] = [place.model_dump(exclude_none=True) for place in value]
        same = _from_cell(name, plain) == [{key: str(one) for key, one in place.items()} for place in wanted]
    else:
        plain = "\n".join(entry if isinstance(entry, str) else " | ".join(entry) for entry in value)
        wanted = [entry if isinstance(entry, str) else list(entry) for entry in value]
        same = _from_cell(name, plain) == wanted
    return plain if same else json.dumps(wanted, ensure_ascii=False)


# Writes line ends other than "\n" as escapes: the library's own dumper writes them plainly, and its loader reads them back as spaces.
_Dumper: Any = type("_Dumper", (yaml.SafeDumper,), {})


def _text(dumper: Any, text: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if re.search("[\r\x85\u2028\u2029]", text) else None)


_Dumper.add_representer(str, _text)


def dump(found: CaseSet, ending: str) -> str:
    """The set as the text of a file with this ending. `read` gives the same cases back."""
    if ending in (".yaml", ".yml"):
        data = {"name": found.name, "description": found.description, "cases": [case.as_dict() for case in found.cases]}
        return str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=140))
    if ending == ".jsonl":
        return "".join(json.dumps(case.as_dict(), ensure_ascii=False) + "\n" for case in found.cases)
    if ending == ".csv":
        rows = [{name: to_cell(name, getattr(case, name)) for name in FIELDS} for case in found.cases]
        # The writer puts a lone carriage return into no quotes, and the reader takes it for the end of a row.
        odd = any("\r" in cell for row in rows for cell in row.values())
        out = io.StringIO()
        writer = csv.DictWriter(out, FIELDS, lineterminator="\n", quoting=csv.QUOTE_ALL if odd else csv.QUOTE_MINIMAL)
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue()
    raise EvalError(f"no question set ends in {ending!r}", f"the endings are {', '.join(ENDINGS)}")


def stale(case: Case, documents: Iterable[str]) -> bool:
    """Has every document that the case may cite gone from the index?"""
    known = set(documents)
    return bool(case.must_cite) and not any(place.document in known for place in case.must_cite)


def doubts(found: CaseSet, catalog: Catalog) -> tuple[list[str], list[str]]:
    """What the index has to say of a set: its stale cases, and cases that name a document, a heading or a page that is not there, or want said
    what no document that may be cited says, or what takes too long to look for. An answer by quotation can say only what these say; a doubt is
    no mistake.
    """
    from evals.metrics import says

    gone: list[str] = []
    unsure: list[str] = []
    with catalog.reading() as view:
        known = [entry.id for entry in view.entries()]
        documents = {id: view.document(id) for id in {place.document for case in found.cases for place in case.must_cite}}
        headings = {id: {(p.heading.casefold(), p.page) for p in view.passages_of(id)} for id in documents}
    for case in found.cases:
        if stale(case, known):
            gone.append(f"{case.id}: stale, the index has none of {', '.join(place.document for place in case.must_cite)}")
            continue
        there = [text for place in case.must_cite if (text := documents[place.document]) is not None]
        for place in case.must_cite:
            if documents[place.document] is None:
                unsure.append(f"{case.id}: there is no document {place.document}")
            elif not any(place.matches(place.document, heading, page) for heading, page in headings[place.document]):
                unsure.append(f"{case.id}: {place.document} has no passage at {place}")
        for said in case.must_say if there else ():
            try:
                if not any(says(document.text, said) for document in there):
                    unsure.append(f"{case.id}: no document that may be cited says {said!r}")
            except EvalError as error:
                unsure.append(f"{case.id}: {error.message}; {error.remedy}")
    return gone, unsure


def merged(sets: Sequence[CaseSet]) -> CaseSet:
    """Several sets as one; ids get the set's name in front when there is more than one. Raises EvalError for equal names."""
    if len(sets) == 1:
        return sets[0]
    if len({one.name for one in sets}) < len(sets):
        raise EvalError("two of the question sets have the same name", "give each file's set a name of its own")
    cases = tuple(case.model_copy(update={"id": f"{one.name}.{case.id}", "tags": (*case.tags, one.name)}) for one in sets for case in one.cases)
    return CaseSet("+".join(one.name for one in sets), "", cases)
