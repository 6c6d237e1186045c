"""Questions with their answers as a page to read: what a member of staff would see, for a person to judge."""

from collections.abc import Iterator, Sequence

from assistant.answer import Answer
from assistant.ask import Assistant
from assistant.question import Question
from evals.cases import Case


def asked(assistant: Assistant, cases: Sequence[Case]) -> Iterator[tuple[Case, Answer]]:
    """Each case with its answer, in order."""
    for case in cases:
        yield case, assistant.answer(Question(case.question, case.after))


def as_markdown(case: Case, answer: Answer) -> str:
    """One question as a section: the conversation before it, how it was understood, the answer, and its sources."""
    said = [f"## {_plain(case.question)}"]
    if case.after:
        said.append("After: " + "; ".join(f"“{_plain(turn)}”" for turn in case.after))
    if answer.standalone != answer.question:
        said.append(f"Searched for: {_plain(answer.standalone)}")
    said.append(_lines(answer))
    if answer.citations:
        places = (" > ".join(dict.fromkeys(filter(None, (c.title, c.heading)))) for c in answer.citations)
        said.append("\n".join(f"- [{c.marker}] {_plain(place)}" for c, place in zip(answer.citations, places, strict=True)))
    elif answer.nearest:
        said.append("Nearest topics: " + "; ".join(map(_plain, answer.nearest)))
    said += [f"Note: {_plain(note)}" for note in answer.notes]
    said.append(f"*{answer.verdict}, {answer.kind}, confidence {answer.confidence:.2f}; the set expects: {case.expect}*")
    return "\n\n".join(said) + "\n"


def _lines(answer: Answer) -> str:
    """The answer's text with tables as Markdown tables."""
    out: list[str] = []
    for line in answer.text.split("\n"):
        follows = out and out[-1].startswith("|")
        if " | " not in line:
            out.append(line)
            continue
        cells = f"| {line} |"
        if not follows and not (len(out) > 1 and out[-1] == "" and out[-2].startswith("|")):
            out += [cells, "|" + " --- |" * (line.count(" | ") + 1)]
        else:
            while out and out[-1] == "":
                out.pop()
            out.append(cells)
    return "\n".join(out)


def _plain(text: str) -> str:
    return " ".join(text.split())
