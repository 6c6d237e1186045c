"""Commands of the index: ingest, sources, show, search, terms, models. Results go to stdout, progress and messages to stderr."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from corpus.errors import CorpusError


def path(given: str) -> Path:
    """The path that an argument names. Raises CorpusError for an empty one, which would be the folder that the command runs in."""
    if not given:
        raise CorpusError("a path is empty", "name a file or folder; . is the one that you are in")
    return Path(given)


DataDir = Annotated[
    Path | None, typer.Option("--data-dir", parser=path, help="The data folder (default: KPO_DATA_DIR, else data/).", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]

commands = typer.Typer()


def house(ctx: typer.Context, data_dir: Path | None) -> Any:
    """The house with this data folder; the roof put the maker of houses into the context."""
    make: Callable[[Path | None], Any] = ctx.obj
    return make(data_dir)


def print_json(value: object) -> None:
    """One JSON value on stdout, readable."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


@commands.command()
def ingest(
    ctx: typer.Context,
    paths: Annotated[list[Path] | None, typer.Argument(parser=path, help="Folders or files to add as sources. None: bring all up to date.")] = None,
    no_shipped: Annotated[bool, typer.Option("--no-shipped", help="Leave out the shipped handbook, from now on.")] = False,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make all passages and vectors anew.")] = False,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Bring the index up to date with its source folders, and add PATHs to them."""
    from index.progress import follow, report

    rows = follow(house(ctx, data_dir).ingest(paths or [], with_shipped=False if no_shipped else None, rebuild=rebuild))
    if as_json:
        print_json([asdict(row) for row in rows])
    else:
        report(rows)
    raise typer.Exit(1 if any(row.status == "failed" for row in rows) else 0)


@commands.command()
def sources(
    ctx: typer.Context,
    remove: Annotated[
        Path | None, typer.Option("--remove", parser=path, help="Take this source out, with all that came from it.", show_default=False)
    ] = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """List the source folders and their documents, or remove a source."""
    home = house(ctx, data_dir)
    if remove is not None:
        from corpus.sources import shown

        name = home.remove_source(remove)
        typer.echo(f"removed the source {shown(name)} and all that came from it", err=True)
    with home.catalog().reading() as view:
        folders, entries, problems = view.sources(), view.entries(), view.problems()
    if as_json:
        print_json({
            "sources": [{"name": s.name, "path": str(s.path)} for s in folders],
            "documents": [asdict(entry) for entry in entries],
            "problems": [{"id": id, "reason": reason} for id, reason in problems.items()],
        })
        return
    from index.progress import table

    for folder in folders:
        mine = [e for e in entries if e.source == folder.name]
        table(
            f"{folder.name}: {folder.path}",
            ("document", "title", "date", "pages", "passages"),
            [(e.id, e.title, e.date or "", e.pages or "", e.passages) for e in mine],
        )
    if problems:
        table("problems", ("file", "reason"), list(problems.items()))


@commands.command()
def show(
    ctx: typer.Context,
    document: Annotated[str, typer.Argument(help="A document id, as `kpo sources` lists them.")],
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Print a document's normalised text, the one that offsets point into."""
    with house(ctx, data_dir).catalog().reading() as view:
        found = view.document(document)
        if found is None:
            from rapidfuzz import process

            near = process.extractOne(document, [entry.id for entry in view.entries()])
            raise CorpusError(f"there is no document {document!r}", f"did you mean {near[0]!r}? `kpo sources` lists them" if near else "run `kpo ingest`")
    if as_json:
        print_json({
            "id": found.id, "title": found.title, "date": found.date, "pages": found.pages, "format": found.format, "digest": found.digest,
            "summary": found.summary, "tags": list(found.tags), "sources": list(found.provenance), "text": found.text,
        })
    else:
        typer.echo(found.text, nl=False)


@commands.command()
def search(
    ctx: typer.Context,
    question: str,
    k: Annotated[int, typer.Option("-k", min=1, max=100, help="How many passages.")] = 5,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Ranked passages for a question, without an answer."""
    from corpus.sources import shown

    retrieval = house(ctx, data_dir).retrieval()
    with retrieval.reading() as view:
        found = retrieval.search(view, question, k=k)
        titles = {entry.id: entry.title for entry in view.entries()}
    rows = [
        {
            "document": hit.passage.document, "title": titles[hit.passage.document], "page": hit.passage.page, "heading": hit.passage.heading,
            "text": hit.passage.text, "start": hit.passage.start, "end": hit.passage.end, "score": round(hit.score, 4), "found_by": list(hit.found_by),
        }
        for hit in found.hits
    ]
    if as_json:
        print_json(rows)
        return
    for at, row in enumerate(rows, 1):
        page = f", page {row['page']}" if row["page"] else ""
        typer.secho(f"{at}. {row['title']} > {row['heading']}{page}  {row['score']:.2f}  ({', '.join(row['found_by'])})", bold=True)
        typer.echo(f"   {shown(row['document'])} [{row['start']}:{row['end']}]")
        typer.echo("   " + row["text"].replace("\n", "\n   ") + "\n")
    if not rows:
        typer.echo("nothing found", err=True)


@commands.command()
def terms(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(help="A term or an abbreviation; none lists all.")] = "",
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """List or search the terms that the documents define."""
    from corpus.sources import shown
    from index.terms import cells, look_up

    with house(ctx, data_dir).catalog().reading() as view:
        found, read_as = look_up(view, text)
        rows_of = cells(view, (term for entry in found for term in entry.places[: None if text else 1]))
        titles = {entry.id: entry.title for entry in view.entries()}
    rows: list[dict[str, Any]] = [
        {
            "name": entry.name, "abbreviations": list(entry.abbreviations),
            "definitions": [
                {
                    "text": term.definition, "document": term.document, "title": titles[term.document], "start": term.start, "end": term.end,
                    "passage": term.passage, "defines": term.defines,
                }
                for term in entry.places
            ],
        }
        for entry in found
    ]
    for typed, read in read_as:
        typer.echo(f"read {typed!r} as {read!r}", err=True)
    if as_json:
        print_json(rows)
        return
    for entry in found:
        short = f" ({', '.join(entry.abbreviations)})" if entry.abbreviations else ""
        typer.secho(f"{entry.name}{short}", bold=True)
        for term in entry.places[: None if text else 1]:
            said = "\n  ".join(f"{column}: {cell}" if column else cell for column, cell in rows_of[term]) if term in rows_of else term.definition
            typer.echo(f"  {said}\n    {shown(term.document)} [{term.start}:{term.end}]")
    if not rows:
        typer.echo(f"no document defines {text!r}" if text else "no document defines a term", err=True)


@commands.command()
def models(ctx: typer.Context, as_json: Json = False, data_dir: DataDir = None) -> None:
    """Prepare the models, once, and list them. Fetches nothing."""
    rows = house(ctx, data_dir).models()
    if as_json:
        print_json(rows)
        return
    for row in rows:
        typer.secho(f"{row['use']}: {row['name']}", bold=True)
        for key in ("source", "licence", "precision", "sha256", "where"):
            typer.echo(f"  {key:10} {row[key]}")
