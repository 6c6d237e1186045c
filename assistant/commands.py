"""Commands of the assistant: ask and status."""

import json
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from corpus.errors import KpoError, QuestionError
from corpus.sources import shown
from index.commands import DataDir, Json, house, print_json

commands = typer.Typer()


@commands.command()
def ask(
    ctx: typer.Context,
    question: Annotated[str, typer.Argument(help="The question; - reads questions from standard input, one a line.")],
    after: Annotated[
        list[str] | None, typer.Option("--after", help="An earlier question of the conversation, oldest first; may be repeated.", show_default=False)
    ] = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Answer a question with quoted, cited sentences, or refuse."""
    from assistant.ask import whole
    from assistant.question import Question

    text = whole(question)
    assistant = house(ctx, data_dir).assistant(drafts=True)
    if question == "-":
        raise typer.Exit(0 if _ask_lines(assistant, as_json) else 1)
    answer = assistant.answer(Question(text, tuple(after or ())))
    if as_json:
        print_json(answer.as_json())
    else:
        typer.echo(as_text(answer))


def _ask_lines(assistant: Any, as_json: bool) -> bool:
    """Answer each line of standard input; whether all were well. A bad line is an object with `error` and `remedy`, and the rest goes on.

    Raises QuestionError when there is no standard input.
    """
    if sys.stdin is None:
        raise QuestionError("standard input is closed, and - reads questions from there", "name a file of questions with `< FILE`, or a question in place of -")
    well = True
    for line in sys.stdin.buffer:
        if not line.strip():
            continue
        try:
            answer = assistant.answer(_question(line))
            typer.echo(json.dumps(answer.as_json(), ensure_ascii=False) if as_json else as_text(answer) + "\n")
        except KpoError as error:
            well = False
            typer.echo(json.dumps({"error": error.message, "remedy": error.remedy}, ensure_ascii=False))
    return well


def _question(line: bytes) -> Any:
    from assistant.ask import whole
    from assistant.question import Question

    remedy = 'write a plain question, or an object such as {"question": "What is KPO?", "after": []}'
    try:
        text = line.decode("utf-8-sig").strip()
    except ValueError as error:
        raise QuestionError(f"this line is not UTF-8: {line[:80]!r}", remedy) from error
    if not text.startswith("{"):
        return Question(whole(text))
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise QuestionError(f"this line is not valid JSON: {text[:80]}", remedy) from error
    asked, after = given.get("question"), given.get("after", [])
    if not isinstance(asked, str) or not isinstance(after, list) or not all(isinstance(turn, str) for turn in after):
        raise QuestionError(f"this line has no question, or its `after` is not a list of texts: {text[:80]}", remedy)
    return Question(whole(asked), tuple(after))


def as_text(answer: Any) -> str:
    """An answer for the terminal: what was understood, the text, the sources."""
    return "\n".join(_lines(answer))


def _lines(answer: Any) -> Iterator[str]:
    for typed, read in answer.corrections:
        yield f"(read {typed!r} as {read!r})"
    if answer.standalone != answer.question and answer.verdict != "conversation":
        yield f"(searched for: {answer.standalone})"
    yield answer.text
    if answer.verdict == "refused":
        yield ""
        yield "Searched for: " + (", ".join(answer.searched) or "nothing, the question has no words")
        if answer.nearest:
            yield "The documents do say something about:"
            yield from (f"  - {topic}" for topic in answer.nearest)
            yield "Name the term or the company you mean, or ask for one thing at a time."
    if answer.citations:
        yield ""
        yield "Sources"
        markers_at: dict[tuple[str, str, int | None], list[int]] = {}
        for citation in answer.citations:
            markers_at.setdefault((citation.title, citation.heading, citation.page), []).append(citation.marker)
        for (title, heading, page), markers in markers_at.items():
            place = f" > {heading}" if heading and heading != title else ""
            yield f"  {' '.join(f'[{n}]' for n in markers)} {title}{place}" + (f", page {page}" if page else "")
    yield from (f"Note: {note}" for note in answer.notes)


@commands.command()
def status(ctx: typer.Context, as_json: Json = False, data_dir: DataDir = None) -> None:
    """Settings and where they came from, what is indexed, models, and the health of the index."""
    facts = house(ctx, data_dir).status()
    if as_json:
        print_json(facts)
        return
    typer.secho("Settings", bold=True)
    for row in facts["settings"]:
        typer.echo(f"  {row['name']:22} {row['value']}  ({row['from']})")
    typer.secho("Index", bold=True)
    for key, value in facts["index"].items():
        typer.echo(f"  {key:22} {shown(value)}")
    typer.secho("Models", bold=True)
    for row in facts["models"]:
        typer.echo(f"  {row['use']:22} {row['name']}, {row['precision']}, sha256 {row['sha256'][:12]}")
    typer.secho("Language model", bold=True)
    for key, value in facts["llm"].items():
        typer.echo(f"  {key:22} {value}")
