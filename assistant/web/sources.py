"""The Sources tab: every document with its state, search within them, and putting them in, replacing, removing and reading them again."""

import os
import time
from collections.abc import Callable, Iterator
from datetime import date
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

import gradio as gr

from assistant.library import Progress, in_words
from assistant.plain import is_old
from assistant.web.area import Update, area
from assistant.web.desk import Desk
from assistant.web.markup import button, clean, lines, mending, news
from corpus.document import Passage
from corpus.errors import KpoError
from corpus.sources import digest_of, expanded
from corpus.worker import MAX_FILE
from index.catalog import Entry, View
from index.lexical import content_words

SHOWN = 300  # documents listed at most; the search finds the others
FOUND = 20  # passages that a search shows
LOOK_SECONDS = 0.4  # how often a page looks how far an ingestion is
READ_ONLY = "Documents are looked after by the operator of this server, with `kpo ingest` or on the machine itself."


class SourcesTab:
    """The components of the tab, and what happens to them. Built inside a gradio Blocks; a method returns the components it changes."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        with gr.Column(elem_id="sources"):
            area(_intake(desk.may_edit), elem_id="intake")
            with gr.Row(elem_id="folder-row", visible=desk.may_edit):
                self.folder = gr.Textbox(
                    label="Or read a folder of this computer, where it is", placeholder="The whole path of the folder", max_length=1_000,
                    scale=8, elem_id="folder",
                )
                self.add = gr.Button("Read folder", scale=0, min_width=120, elem_id="add-folder")
            self.progress = area(elem_id="progress")
            self.find = gr.Textbox(label="Search in the sources", placeholder="A title, a file, or words of the text", max_length=200, elem_id="find-source")
            self.list = area(elem_id="documents")

    def changing(self) -> list[Any]:
        """The components that an ingestion changes."""
        return [self.progress, self.list, self.folder, self.find]

    def search(self, search: str) -> Update:
        """Show the documents that fit."""
        return {self.list: self.listed(search)}

    def listed(self, search: str = "") -> str:
        """The documents by source, and with a search only those that fit, below the passages that hold its words."""
        with self._desk.assistant.retrieval.catalog.reading() as view:
            entries, problems, sources = view.entries(), view.problems(), view.sources()
            hits = _passages(view, search)
        wanted = " ".join(search.split()).casefold()
        fitting = [entry for entry in entries if wanted in f"{entry.title} {entry.id} {' '.join(entry.tags)}".casefold()]
        held = f'{_count(len(entries), "document")}, {_count(sum(entry.passages for entry in entries), "passage")}'
        parts = [] if wanted else [f'<p class="note">{held}.</p>']
        if wanted:
            parts.append(_found(hits, {entry.id: entry.title for entry in entries}))
        paths = {source.name: source.path for source in sources}
        unread = self._desk.library.unread() if self._desk.may_edit else {}
        names = sorted({entry.source for entry in entries} | set(paths))
        by_source = {name: list(group) for name, group in groupby(sorted(fitting[:SHOWN], key=lambda e: (e.source, e.id)), key=lambda e: e.source)}
        for name in names:
            lost = {} if wanted else {id: why for id, why in problems.items() if id.partition("/")[0] == name and id not in {e.id for e in entries}}
            if by_source.get(name) or lost or not wanted:
                parts.append(self._source(name, paths.get(name), by_source.get(name, []), problems, lost, unread))
        if len(fitting) > SHOWN:
            parts.append(f'<p class="note">{len(fitting) - SHOWN} more: search for them.</p>')
        if wanted and not fitting and not hits:
            parts.append('<p class="note">No document and no passage holds that.</p>')
        return clean("".join(parts))

    def _source(
        self, name: str, path: Path | None, entries: list[Entry], problems: dict[str, str], lost: dict[str, str], unread: dict[str, Path]
    ) -> str:
        rows = "".join(self._row(entry, problems.get(entry.id, ""), unread.get(entry.id)) for entry in entries)
        rows += "".join(
            f'<tr><th scope="row">{escape(id.partition("/")[2] or id)}</th>'
            f'<td class="state" colspan="4"><span class="bad">Not read</span> {escape(why)}</td>'
            f'<td class="tools">{_actions(id, id.partition("/")[2], _digest(unread[id])) if id in unread else ""}</td></tr>'
            for id, why in lost.items()
        )
        columns = "".join(f'<th scope="col">{column}</th>' for column in ("Document", "State", "Date", "Pages", "Passages", "Actions"))
        where = f'<small>{escape(str(path))}</small>' if path and self._desk.may_edit else ""
        forget = ""
        if self._desk.may_edit and path and path != self._desk.library.folder.resolve():  # what was put in here is removed, else it would come back
            forget = button("forget", name, "Leave out", label=f"Leave out all documents of {name}", kind="tool arm")
        head = f"<header class=\"source\"><h3>{escape(name)}</h3>{where}{forget}</header>"
        table = f'<table class="documents"><thead><tr>{columns}</tr></thead><tbody>{rows}</tbody></table>' if rows else '<p class="note">No documents yet.</p>'
        return f'<section class="source">{head}{table}</section>'

    def _row(self, entry: Entry, problem: str, unread: Path | None) -> str:
        state = f'<span class="bad">Problem</span> {escape(problem)}' if problem else '<span class="good">Ready</span>'
        if is_old(entry.date, self._desk.old_after_months, date.today()):
            state += ' <span class="old">Old</span>'
        name = entry.id.partition("/")[2]
        actions = ""
        if self._desk.may_edit and self._desk.library.may_change(entry):
            actions = _actions(entry.id, self._desk.library.upload_name(entry), _digest(unread) if unread else entry.file_digest)
        opened = button("view", f"0|||{entry.id}", entry.title, kind="link")
        cells = (
            f'<th scope="row">{opened}<small>{escape(name)}</small></th>', f'<td class="state">{state}</td>',
            f'<td class="date">{escape(entry.date or "")}</td>', _number("Pages", entry.pages), _number("Passages", entry.passages),
            f'<td class="tools">{actions}</td>',
        )
        return f"<tr>{''.join(cells)}</tr>"

    def read(self, folder: str | None = None, *, uploads: bool = False) -> Iterator[Update]:
        """Bring all sources up to date, or only what was put in here, or a folder of this computer; one that is not there says so."""
        library = self._desk.library
        if folder is not None:
            path = expanded(_unquoted(folder.strip()))
            if not path.is_absolute() or not os.path.exists(path):  # Path.exists raises for what may not be looked into, and for too long a name
                said = f"There is no folder “{folder.strip()}” on this computer, or it may not be looked into. Give the whole path, with all its folders."
                yield {self.progress: news(said, "trouble")}
                return
            yield from self._done(lambda: library.start([path]))
        elif uploads and library.folder.is_dir():
            yield from self._done(lambda: library.start([library.folder]))
        else:
            yield from self._done(library.start_all)

    def remove(self, document: str) -> Iterator[Update]:
        """Delete a file that was put in here, and take its document out."""
        yield from self._done(lambda: self._desk.library.remove(document))

    def forget(self, source: str) -> Iterator[Update]:
        """Take a source folder out of the index; its files stay where they are."""
        yield from self._done(lambda: self._desk.library.forget(source))

    def _done(self, act: Callable[[], None]) -> Iterator[Update]:
        """Do it, where documents may be changed, and follow the ingestion that it began."""
        if not self._desk.may_edit:
            return
        try:
            act()
        except KpoError as error:
            yield {self.progress: news(mending(error), "trouble")}
            return
        yield {self.folder: ""}
        yield from self.follow()

    def watch(self) -> Iterator[Update]:
        """An ingestion that runs, whoever began it; nothing when none does."""
        if self._desk.library.progress().running:
            yield from self.follow()

    def follow(self) -> Iterator[Update]:
        """What the newest ingestion does until it has ended, then its results and all documents as they are after it, whatever was searched for."""
        while (progress := self._desk.library.progress()).running:
            yield {self.progress: progress_html(progress, time.monotonic())}
            time.sleep(LOOK_SECONDS)
        yield {self.progress: progress_html(progress, time.monotonic()), self.list: self.listed(), self.find: ""}


def _unquoted(path: str) -> str:
    """A path without the quotation marks that file managers put round it when they copy it."""
    return path[1:-1] if len(path) > 2 and path[0] == path[-1] and path[0] in "\"'" else path


def progress_html(progress: Progress, now: float) -> str:
    """How far an ingestion is, with the time left, and a result for each file that was new, changed or failed."""
    parts = []
    if progress.running:
        if progress.waiting:
            doing = "Waiting for another ingestion to end"
        elif not progress.files:
            doing = "Looking at the sources"
        else:
            doing = f"{progress.done} of {progress.files} files"
            left = progress.seconds_left(now)
            doing += f", about {_duration(left)} left" if left is not None else ""
            doing += f": {progress.at.rpartition('/')[2]}" if progress.at else ""
        done = round(100 * (progress.done + progress.share) / progress.files) if progress.files else 0
        parts.append(f'<p class="doing">{escape(doing)}</p><div class="bar-{min(100, done) // 5 * 5} bar"><span></span></div>')
    told = [row for row in progress.rows if row.status != "unchanged"]
    same = len(progress.rows) - len(told)
    items = "".join(
        f'<li class="{row.status}"><strong>{escape(row.id.rpartition("/")[2])}</strong> {escape(in_words(row))}</li>' for row in reversed(told[-200:])
    )
    parts += [f'<p class="trouble">{escape(progress.error)}</p>'] if progress.error else []
    if not progress.running and progress.rows:
        failed = sum(row.status == "failed" for row in told)
        summary = f"Done. {len(told) - failed} changed, {same} as before, {failed} not read."
        parts.append(f'<p class="doing">{summary} It counts from the next question on.</p>')
    return clean(f'<div class="ingestion">{"".join(parts)}<ul>{items}</ul></div>')


def _digest(path: Path) -> str:
    """What a file holds, "" when it cannot be read."""
    try:
        return digest_of(path)
    except OSError:
        return ""


def _actions(document: str, name: str, digest: str) -> str:
    """The buttons of a file that was put in here under this name; `digest` is what it holds, which a replacement takes the place of.

    What it holds is not known of a file that cannot be read ("" then): such a one can only be removed.
    """
    replace = button("replace", f"{digest}|{name}", "Replace", label=f"Replace {name}", kind="tool") if digest else ""
    return replace + button("remove", document, "Remove", label=f"Remove {name}", kind="tool arm")


def _number(column: str, n: int | None) -> str:
    """A cell with a number, empty for none, and the column's name, which a phone shows instead of the table's head."""
    return f'<td class="n"><span class="column">{column} </span>{n}</td>' if n else '<td class="n"></td>'


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _duration(seconds: float) -> str:
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} min"


def _intake(may_edit: bool) -> str:
    if not may_edit:
        return clean(f'<p class="note">{READ_ONLY.replace("`", "“", 1).replace("`", "”", 1)}</p>')
    return clean(
        f'<div class="drop" data-limit="{MAX_FILE}"><p><strong>Drop files or folders here</strong></p>'
        f"<p>PDF, Word, PowerPoint, Excel, HTML, Markdown, text, CSV; up to {MAX_FILE // 2**20} MB each</p>"
        f'<p>{button("pick", "files", "Choose files", kind="tool")}{button("pick", "folder", "Choose a folder", kind="tool")}'
        f'{button("read", "", "Read again", kind="tool")}</p></div><ul class="arriving"></ul>'
    )


def _passages(view: View, search: str) -> list[Passage]:
    subject = content_words(search) if search.strip() else []
    ids = view.lexical(subject, FOUND) if subject else []
    found = view.passages(ids)
    return [found[id] for id in ids]


def _found(passages: list[Passage], titles: dict[str, str]) -> str:
    items = "".join(
        f"<li>{button('view', f'{p.start}|||{p.document}', f'{titles.get(p.document, p.document)}: {p.heading}', kind='link')}"
        f"<p>{lines(p.text[:300])}{'…' if len(p.text) > 300 else ''}</p></li>"
        for p in passages
    )
    return f'<section class="found"><h3>In the text</h3><ul>{items}</ul></section>' if items else ""
