"""What `kpo eval new` writes: a small set that says of itself how a set is written, and that the shipped handbook can be asked."""

import json
from pathlib import Path

from corpus.errors import EvalError
from evals.cases import ENDINGS, Case, CaseSet, Place, dump

_YAML = """\
# A set of regression questions. `kpo eval check FILE` tells what is wrong in it, `kpo eval run FILE` asks the questions.
name: {name}
description: One sentence on what these questions are about.
cases:
  # id: letters, digits, "-", "_" and "."; reports name the case by it, so it stays when the question is reworded.
  - id: what-is-attrition
    question: What is attrition?
    # Tags are your own; `kpo eval run --tag definition` asks only these, and a comparison tells which tag got worse.
    tags: [definition]
    # answer (the default), refusal (the documents do not say it), or conversation (small talk).
    expect: answer
    # Every entry must be said, in small or capital letters; a list in a list: one of these; /between slashes/: a regular expression.
    must_say:
      - rate
      - [leave, leaving, departures]
    # Where the answer may be found; one of these must be cited. `kpo sources` lists the ids. A heading or a page may be named.
    must_cite:
      - handbook/attrition-and-training.md
      - {{document: handbook/glossary.md, heading: Attrition}}
    notes: Why this case exists, for whoever reads it in a year.

  # A follow-up: `after` holds the earlier questions of the conversation, oldest first.
  - id: attrition-follow-up
    question: Why does it matter?
    after: ["What is attrition?"]
    tags: [follow-up]
    must_cite: [handbook/attrition-and-training.md]

  # What the documents cannot answer is worth as much: without such cases a set cannot tell whether the assistant refuses when it should.
  - id: no-share-prices
    question: What was the share price of Genpact yesterday?
    tags: [refusal]
    expect: refusal
    # A protected case may never fall, whatever the statistics say of the rest.
    protected: true

  # More fields: must_not_say (like must_say, none may be said), reference (an answer to measure words against: token F1 and ROUGE-L).
"""

_CASES = (
    Case(
        id="what-is-attrition", question="What is attrition?", tags=("definition",), must_say=("rate", ("leave", "leaving", "departures")),
        must_cite=(Place(document="handbook/attrition-and-training.md"), Place(document="handbook/glossary.md", heading="Attrition")),
        notes=(
            "How a set is written: every entry of must_say must be said, entries stand on lines of their own, alternatives between | signs, "
            "/a regular expression/ between slashes. must_cite names documents (kpo sources lists them), with > a heading or @ a page; "
            "one of them must be cited."
        ),
    ),
    Case(
        id="attrition-follow-up", question="Why does it matter?", after=("What is attrition?",), tags=("follow-up",),
        must_cite=(Place(document="handbook/attrition-and-training.md"),), notes="after holds the earlier questions of the conversation, oldest first.",
    ),
    Case(
        id="no-share-prices", question="What was the share price of Genpact yesterday?", tags=("refusal",), expect="refusal", protected=True,
        notes="expect is answer, refusal (the documents do not say it) or conversation. protected: may never fall, whatever the statistics say.",
    ),
)


def write(path: Path) -> None:
    """Write a starter set. Raises EvalError when something is there already, or no set has such an ending."""
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise EvalError(f"{path} would be no question set", f"its name must end in {', '.join(ENDINGS)}")
    name = json.dumps(path.stem, ensure_ascii=False)
    text = _YAML.format(name=name) if ending in (".yaml", ".yml") else dump(CaseSet(path.stem, "", _CASES), ending)
    save_new(path, text)


def save_new(path: Path, text: str) -> None:
    """Write a file that is not there yet. Raises EvalError when it is: nothing is ever written over."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
    except OSError as error:
        if path.exists():
            raise EvalError(f"{path} is there already", "choose another name, or move the file away") from error
        raise EvalError(f"{path} cannot be written: {error}", "choose another place") from error
