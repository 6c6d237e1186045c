"""Events of an ingestion as a progress bar, and its report as a table, for the terminal."""

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from corpus.sources import shown
from index.ingest import Embedded, Event, Row, Started, Waiting

UNFOLDED = 1_000  # columns: wider than any row, so that each stands on one line
_COLOURS = {"added": "green", "replaced": "cyan", "removed": "yellow", "failed": "bold red"}


def follow(events: Iterable[Event]) -> list[Row]:
    """Show the events as they come, on stderr; return the rows of the report."""
    rows: list[Row] = []
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<40.40}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("looking at the sources", total=None)
        for event in events:
            match event:
                case Waiting():
                    progress.update(task, description="waiting for another ingestion to end")
                case Started():
                    progress.update(task, total=event.files, completed=0, description="reading")
                case Embedded():
                    progress.update(task, description=f"{_name(event.id)}: {event.done} of {event.total} passages")
                case Row():
                    rows.append(event)
                    if event.status != "removed":
                        progress.update(task, advance=1, description=_name(event.id))
    return rows


def _name(id: str) -> str:
    return shown(id.rpartition("/")[2])


def report(rows: Sequence[Row]) -> None:
    """The rows that changed something or failed as a table on stdout, then the counts of all."""
    changed = [row for row in rows if row.status != "unchanged"]
    if changed:
        table(
            "", ("status", "document", "pages", "characters", "passages", "reason"),
            [(row.status, row.id, row.pages or "", row.characters or "", row.passages or "", row.reason) for row in changed],
        )
    counts = Counter(row.status for row in rows)
    print(", ".join(f"{counts[status]} {status}" for status in ("added", "replaced", "unchanged", "removed", "failed")))


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table on stdout; what documents and file names say is shown as it is, never read as markup and never as commands to the terminal."""
    drawn = Table(title=Text(shown(title)) if title else None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        right = column in ("pages", "characters", "passages")
        drawn.add_column(column, justify="right" if right else "left", overflow="fold", no_wrap=column in ("status",) or right)
    for row in rows:
        drawn.add_row(*(Text(shown(cell), style=_COLOURS.get(str(cell), "")) for cell in row))
    console = Console()
    if not console.is_terminal:  # a pipe or a file, where an id that is folded over two lines could not be found again
        console.width = UNFOLDED
    console.print(drawn)
