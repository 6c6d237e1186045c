"""The inbox: a thumb or an unanswered question becomes a case of a set, with what is known filled in."""

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import yaml
from pydantic import ValidationError

from corpus.errors import EvalError
from evals.cases import FIELDS, Case, CaseSet, Phrase, Place, as_regex, columns_of, dump, read, said, to_cell
from evals.draft import slug
from evals.records import Feedback, Records

Expect = Literal["answer", "refusal", "conversation"]


def as_case(feedback: Feedback, *, expect: Expect | None = None, must_say: Sequence[Phrase] = (), taken: Sequence[str] = ()) -> Case:
    """The case that this feedback proposes; its id is none of `taken`.

    A thumb up keeps what was seen: the verdict, and for an answer the documents it cited. A thumb down, and a question that was refused, expect an
    answer unless told otherwise; what was cited then is only noted, for it may have been the fault.
    """
    liked = feedback.thumb == "up"
    seen: dict[str, Expect] = {"refused": "refusal", "conversation": "conversation"}
    wanted = expect or (seen.get(feedback.verdict, "answer") if liked else "answer")
    cited = list(dict.fromkeys(feedback.citations))
    kept = tuple(Place(document=document) for document in cited) if liked and wanted == "answer" else ()
    told = [f"thumb {feedback.thumb}" if feedback.thumb else "unanswered", feedback.reason, f"“{feedback.words}”" if feedback.words else ""]
    notes = f"From feedback {feedback.id} of {feedback.received[:10]}: {', '.join(filter(None, told))}."
    if cited and not kept:
        notes += f" It was {feedback.verdict or 'answered'} from {', '.join(cited)}."
    try:
        return Case(
            id=slug(feedback.question, taken), question=feedback.question, after=feedback.after, tags=("feedback",), expect=wanted,
            must_say=tuple(must_say), must_cite=kept, notes=notes,
        )
    except ValidationError as error:
        raise EvalError(f"no case can be made of this: {said(error.errors()[0])}", "mend what you gave, and accept again") from error


def accept(records: Records, id: int, into: Path, *, expect: Expect | None = None, must_say: Sequence[Phrase] = ()) -> Case:
    """Put open feedback into the set in the file `into` (made when it is not there), and mark it as accepted; return the case.

    Raises EvalError when there is no such open feedback, the file is no valid set, or the set asks the question already.
    """
    feedback = next((found for found in records.inbox() if found.id == id), None)
    if feedback is None:
        raise EvalError(f"there is no open feedback {id}", "`kpo eval inbox` lists what is open")
    present = _present(into)
    same = [case.id for case in present.cases if (case.question.casefold(), case.after) == (feedback.question.strip().casefold(), feedback.after)]
    if same:
        raise EvalError(f"{into} asks this already, in the case {same[0]}", f"edit that case, then run `kpo eval inbox --dismiss {id}`")
    case = as_case(feedback, expect=expect, must_say=must_say, taken=[case.id for case in present.cases])
    append(into, case)
    records.settle(id, "accepted")
    return case


def append(path: Path, case: Case) -> None:
    """Add a case at the end of a set's file, leaving what stands there, byte for byte, as it is. A file that is not there is made.

    The file changes as a whole or not at all. Raises EvalError when it holds mistakes, cannot be added to at its end, or cannot be written.
    """
    present = _present(path)
    ending = path.suffix.lower()
    try:
        _append(path, case, present, ending)
    except OSError as error:
        raise EvalError(f"{path} cannot be written: {error.strerror}", "name a file that this user can write, on a disk with room") from error


def _append(path: Path, case: Case, present: CaseSet, ending: str) -> None:
    if not path.exists():
        _write(path, dump(CaseSet(path.stem, "", (case,)), ending))
        return
    path = path.resolve()  # a link stays one
    stands = path.read_bytes()
    before = stands.decode("utf-8-sig")
    end = "\r\n" if "\r\n" in before else "\n"
    addition = {".csv": _csv_row, ".jsonl": _jsonl_row}.get(ending, _yaml_item)(before, case, end)
    draft = path.with_name(f".{path.name}.new{ending}")
    try:
        draft.write_bytes(stands + ("" if before.endswith("\n") or not before else end).encode() + addition.encode())
        found, mistakes = read(draft)
        if mistakes or found.cases != (*present.cases, case):
            raise EvalError(f"nothing can be added at the end of {path} as it is laid out", f"add this by hand:\n{addition}")
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _present(path: Path) -> CaseSet:
    if not path.exists():
        dump(CaseSet("", "", ()), path.suffix.lower())  # raises for an ending that no set has
        return CaseSet(path.stem, "", ())
    found, mistakes = read(path)
    mistakes = [mistake for mistake in mistakes if mistake.case != "the set"]  # a set may begin empty
    if mistakes:
        raise EvalError(f"{path} has mistakes, the first: {mistakes[0]}", f"mend them; `kpo eval check {path}` lists them all")
    return found


def _yaml_item(text: str, case: Case, end: str) -> str:
    """The case as one more item of the list `cases`, at the depth of those that are there."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    fields = root.value if root else ()
    column = next((value.value[-1].start_mark.column - 2 for key, value in fields if key.value == "cases" and value.value), 0)
    whole = dump(CaseSet("", "", (case,)), ".yaml")
    item = whole.partition("cases:\n")[2]
    return "".join(" " * max(column, 0) + line + end for line in item.splitlines())


def _csv_row(text: str, case: Case, end: str) -> str:
    columns, dialect = columns_of(text)
    out = io.StringIO()
    missing = [name for name in FIELDS if name not in columns and to_cell(name, getattr(case, name)) and (name, getattr(case, name)) != ("expect", "answer")]
    if missing:
        raise EvalError(f"the sheet has no column for {', '.join(missing)}", "add the column to its first line, then accept again")
    cells = [to_cell(name, getattr(case, name)) if name in FIELDS else "" for name in columns]
    odd = any("\r" in cell for cell in cells)
    csv.writer(out, dialect=dialect, lineterminator=end, quoting=csv.QUOTE_ALL if odd else csv.QUOTE_MINIMAL).writerow(cells)
    return out.getvalue()


def _jsonl_row(_: str, case: Case, end: str) -> str:
    return dump(CaseSet("", "", (case,)), ".jsonl").replace("\n", end)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(text)


def phrase(text: str) -> Phrase:
    """A phrase as it is typed: alternatives between "|", a /regular expression/ as it is."""
    options = [one.strip() for one in text.split("|") if one.strip()]
    return text if as_regex(text) is not None or len(options) < 2 else tuple(options)
