"""Baselines: blessed outcomes of a set in a file that a person reviews, and what is kept there of one outcome."""

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from corpus.errors import EvalError
from evals.run import EvalRun, Outcome

BASELINES = Path(__file__).parent / "baselines"


@dataclass(frozen=True, slots=True)
class Seen:
    """What is compared of one case of one run. A baseline keeps no text: `text` is "" there, and `digest` tells whether it is the same.

    `asked` is a digest of the question and of what is expected; "" where it is not known, in a baseline of old.
    """

    verdict: str
    passed: bool
    failed_at: str
    cited: tuple[str, ...]
    digest: str
    metrics: Mapping[str, float]
    text: str = ""
    error: str = ""
    asked: str = ""
    protected: bool = False

    @classmethod
    def of(cls, outcome: Outcome) -> "Seen":
        """What is compared of an outcome."""
        cited = tuple(sorted({str(citation["document"]) for citation in outcome.citations}))
        return cls(
            outcome.verdict, outcome.passed, outcome.failed_at, cited, text_digest(outcome.text), outcome.metrics, outcome.text, outcome.error,
            text_digest(f"{outcome.expect}: {outcome.question}"), outcome.protected,
        )

    def same(self, other: "Seen") -> bool:
        """Is this the same outcome: verdict, stage, facts said, documents cited, and words?"""
        mine, theirs = ((one.verdict, one.passed, one.failed_at, one.cited, one.digest, one.metrics.get("facts_said")) for one in (self, other))
        return mine == theirs


def text_digest(text: str) -> str:
    """12 hex digits of sha256, whatever the white space; "" for an empty text."""
    return hashlib.sha256(" ".join(text.split()).encode("utf-8", "replace")).hexdigest()[:12] if text.strip() else ""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The blessed outcomes of a set, read back from their file."""

    set_name: str
    set_digest: str
    blessed: str
    fingerprint: dict[str, str]
    cases: dict[str, Seen]

    @property
    def name(self) -> str:
        """What reports call it."""
        return f"baseline of {self.blessed}"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")
    verdict: Literal["answered", "refused", "conversation", ""]
    passed: bool
    failed_at: str = ""
    said: float | None = None
    cited: tuple[str, ...] = ()
    text: str = ""
    asked: str = ""
    protected: bool = False


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    set: str
    set_digest: str
    blessed: str
    fingerprint: dict[str, str]
    passed: str
    cases: dict[str, _Entry]


def bless(run: EvalRun) -> str:
    """The run as the text of a baseline file: YAML, sorted, one line a case. The same run gives the same bytes.

    Raises EvalError for a run that was interrupted or has no cases.
    """
    check_usable(run)
    head = {
        "set": run.set_name,
        "set_digest": run.set_digest,
        "blessed": run.started[:10],
        "fingerprint": dict(sorted(run.fingerprint.items())),
        "passed": f"{sum(o.passed for o in run.outcomes)} of {len(run.outcomes)}",
    }
    lines = [_line(outcome) for outcome in sorted(run.outcomes, key=lambda o: o.case)]
    note = "# Blessed outcomes, written by `kpo eval bless`. Review a change of this file as you review code: each line is what one question got.\n"
    top: str = yaml.safe_dump(head, sort_keys=False, allow_unicode=True, width=10_000)
    return note + top + "cases:\n" + "".join(lines)


def _line(outcome: Outcome) -> str:
    seen = Seen.of(outcome)
    entry: dict[str, Any] = {"verdict": seen.verdict, "passed": seen.passed}
    if seen.failed_at:
        entry["failed_at"] = seen.failed_at
    if "facts_said" in seen.metrics:
        entry["said"] = round(seen.metrics["facts_said"], 4)
    if seen.cited:
        entry["cited"] = list(seen.cited)
    if seen.digest:
        entry["text"] = seen.digest
    entry["asked"] = seen.asked
    if seen.protected:
        entry["protected"] = True
    # A mapping in braces, without its own braces: the library quotes what YAML would misread ("no", "1e5").
    text: str = yaml.safe_dump({outcome.case: entry}, sort_keys=False, allow_unicode=True, default_flow_style=True, width=math.inf)
    return f"  {text[1:-2]}\n"


def read_baseline(text: str, where: str = "the baseline") -> Baseline:
    """The baseline in the text of a file, YAML or JSON. Raises EvalError that names what is wrong."""
    remedy = "write it anew with `kpo eval bless`, or take it from version control"
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise EvalError(f"{where} is not valid YAML: {error}", remedy) from error
    try:
        found = _File.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise EvalError(f"{where} is not a baseline: {place}: {first['msg']} (it is {first['input']!r:.80})", remedy) from error
    cases = {
        id: Seen(
            entry.verdict, entry.passed, entry.failed_at, entry.cited, entry.text, {} if entry.said is None else {"facts_said": entry.said},
            error="crashed or timed out" if entry.failed_at == "error" else "", asked=entry.asked, protected=entry.protected,
        )
        for id, entry in found.cases.items()
    }
    return Baseline(found.set, found.set_digest, found.blessed, found.fingerprint, cases)


def baseline_path(set_name: str, folder: Path = BASELINES) -> Path:
    """Where the baseline of a set lies; a name that is no file name has its odd characters replaced."""
    return folder / ((re.sub(r"[^\w+-]+", "-", set_name).strip("-") or "set") + ".yaml")


def load_baseline(set_name: str, folder: Path = BASELINES) -> Baseline:
    """The blessed baseline of a set. Raises EvalError when there is none."""
    path = baseline_path(set_name, folder)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise EvalError(f"the set {set_name} has no baseline: there is no {path}", "run the set, look at the report, then `kpo eval bless`") from error
    except (OSError, UnicodeDecodeError) as error:
        raise EvalError(f"the baseline {path} cannot be read: {error}", "take it from version control") from error
    return read_baseline(text, str(path))


def write_baseline(run: EvalRun, folder: Path = BASELINES) -> Path:
    """Bless a run: write its baseline file, over the one that is there; return its path.

    Raises EvalError when that is the baseline of a set with another name, or the file cannot be written.
    """
    text, path = bless(run), baseline_path(run.set_name, folder)
    try:
        if path.is_file() and (other := _set_in(path)) not in ("", run.set_name):
            raise EvalError(f"{path} is the baseline of {other}, and {run.set_name} would be written over it", "give one of the two sets another name")
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise EvalError(f"the baseline {path} cannot be written: {error}", "choose another folder with --baselines") from error
    return path


def _set_in(path: Path) -> str:
    """The name of the set whose baseline a file is; "" for what is none."""
    try:
        return read_baseline(path.read_text(encoding="utf-8")).set_name
    except (EvalError, UnicodeDecodeError):
        return ""


def check_usable(run: EvalRun) -> None:
    """Raise EvalError for a run that was interrupted or has no cases: it can be neither blessed nor compared."""
    if not run.finished:
        raise EvalError(f"run {run.id} was interrupted after {len(run.outcomes)} cases", "take it up again with `kpo eval run`, then compare")
    if not run.outcomes:
        raise EvalError(f"run {run.id} has no cases", "run the set again, with fewer filters")
