"""Commands for public benchmarks: beir and qa. Figures go to stdout, progress to stderr."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from index.commands import DataDir, Json, house, print_json

commands = typer.Typer()

Half = Literal["even", "odd", "all"]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Only so many questions, always the same ones.", show_default=False)]


@commands.command()
def beir(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A folder with corpus.jsonl, queries.jsonl and qrels/*.tsv.")],
    limit: Limit = None,
    split: Annotated[str | None, typer.Option("--split", help="Which file of qrels/ (default: test).", show_default=False)] = None,
    half: Annotated[Half, typer.Option("--half", help="Questions of one parity of sha256(id) only.")] = "all",
    as_json: Json = False,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Where the benchmark's index stands (default: below the data folder).", show_default=False)
    ] = None,
) -> None:
    """Measure retrieval on a public benchmark: lexical, dense, fused, fused and reranked."""
    from evals.beir import MEASURES, folder_for, load, run
    from index.progress import table

    benchmark = load(folder, split=split, limit=limit, half=half)
    home = house(ctx, data_dir or folder_for(folder, house(ctx, None).settings.data_dir))
    report = _last(run(benchmark, home.catalog(), home.embedder(), home.retrieval))
    if as_json:
        print_json(report.as_json())
        return
    built = report.built
    table(
        f"{report.name}: {report.questions} questions over {built.documents} documents", ("searched by", *MEASURES, "questions/s"),
        [(row.system, *(f"{row.measures[name]:.3f}" for name in MEASURES), f"{row.questions_per_second:.1f}") for row in report.results],
    )
    how = ", when it was built" if built.reused else ""
    typer.echo(f"{built.passages} passages indexed in {built.seconds:.1f} s, {built.documents_per_second:.1f} documents/s{how}")


@commands.command()
def qa(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="Question files with their passages; those of a set together.")],
    format: Annotated[Literal["clapnq", "squad"] | None, typer.Option("--format", help="Default: by the file's ending.", show_default=False)] = None,
    limit: Limit = None,
    half: Annotated[Half, typer.Option("--half", help="The half that is reported; constants are always fitted on the even one.")] = "odd",
    refused: Annotated[float, typer.Option("--refused", min=0.0, max=1.0, help="Share of the even half's answerable questions that may be refused.")] = 0.12,
    caught: Annotated[
        float | None,
        typer.Option("--caught", min=0.0, max=1.0, help="Instead: share of the even half's unanswerable questions that must be refused.", show_default=False),
    ] = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Measure answers and refusals on a public set, each question with its passage given."""
    from evals.qa import FIGURES, load, run
    from index.progress import table

    items = load(files, format=format, limit=limit)
    home = house(ctx, data_dir)
    report = _last(run(items, home.embedder(), home.reranker(), half=half, refused=refused, caught=caught))
    if as_json:
        print_json(report.as_json())
        return
    title = f"{', '.join(file.name for file in files)}: {report.answerable} answerable and {report.unanswerable} unanswerable questions, half: {half}"
    table(title, ("measure", "value"), [(said, _shown(getattr(report, name))) for name, said in FIGURES.items()])


def _shown(value: float | None) -> str:
    return "not measurable here" if value is None else f"{value:.3f}" if value < 10 else f"{value:.1f}"


def _last(events: Iterable[Any]) -> Any:
    """Show the events' progress on stderr; return the last one, the report."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    report = None
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        tasks: dict[str, Any] = {}
        for event in events:
            if hasattr(event, "done"):
                stage = type(event).__name__.lower()
                if stage not in tasks:
                    tasks[stage] = progress.add_task(stage, total=event.total)
                progress.update(tasks[stage], completed=event.done)
            else:
                report = event
    return report
