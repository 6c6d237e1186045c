"""The page: the tabs side by side with the source viewer, and the one channel through which buttons in answers reach the server."""

import json
from collections.abc import Callable, Iterator
from functools import partial, wraps
from inspect import isgeneratorfunction
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from assistant.web.area import Update, area
from assistant.web.chat import GONE, ChatTab
from assistant.web.desk import FROM_HERE_ONLY, Desk, Sitting, came_through_a_proxy
from assistant.web.glossary import GlossaryTab
from assistant.web.markup import mending, news
from assistant.web.sources import SourcesTab
from assistant.web.viewer import Opening, gone_html, missing_html, viewer_html
from corpus.errors import KpoError

HERE = Path(__file__).parent
WATCHING = 8  # pages that may watch an ingestion at the same time
NOT_THERE = "This document is not in the index any more."
CHANGED = "This document has changed since the page was loaded. Look at it again from the list."


def theme() -> gr.themes.Base:
    """The look, from fonts that the system has: nothing is loaded from elsewhere."""
    fonts = ["Inter", "ui-sans-serif", "system-ui", "Segoe UI", "Liberation Sans", "sans-serif"]
    look = gr.themes.Base(
        primary_hue=gr.themes.colors.teal, secondary_hue=gr.themes.colors.slate, neutral_hue=gr.themes.colors.slate,
        font=fonts, font_mono=["ui-monospace", "Consolas", "monospace"], radius_size=gr.themes.sizes.radius_md,
    )
    return look.set(
        body_background_fill="#f6f7f9", body_background_fill_dark="#0c1320", background_fill_primary="#ffffff", background_fill_primary_dark="#131c2b",
        background_fill_secondary="#f1f4f6", background_fill_secondary_dark="#1a2536", border_color_primary="#d9dfe5", border_color_primary_dark="#2b3950",
        body_text_color="#16202c", body_text_color_dark="#e4eaf1", body_text_color_subdued="#526071", body_text_color_subdued_dark="#a3b1c4",
        button_primary_background_fill="#0f766e", button_primary_background_fill_hover="#115e59", button_primary_background_fill_dark="#0f766e",
        button_primary_text_color="#ffffff", button_primary_text_color_dark="#ffffff", input_background_fill="#ffffff", input_background_fill_dark="#0f1826",
        block_label_text_color="#3d4a5a", block_label_text_color_dark="#c3cedc", block_info_text_color="#526071", block_info_text_color_dark="#a3b1c4",
        input_placeholder_color="#687688", input_placeholder_color_dark="#8d9db2", block_title_text_color="#3d4a5a", block_title_text_color_dark="#c3cedc",
    )


def build(desk: Desk) -> gr.Blocks:
    """The page as gradio Blocks. Each browser tab has a Sitting of its own on the server; all see the same chats and documents."""
    blocks: gr.Blocks
    with gr.Blocks(title="KPO Assistant", analytics_enabled=False, fill_width=True, delete_cache=(3600, 3600)) as blocks:
        Page(desk).wire(blocks)
    return blocks


class Page:
    """The parts of the page, and what its buttons do. Built inside a gradio Blocks; a method returns the parts it changes."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.sitting: gr.State = gr.State(Sitting())
        # The script writes {"do": …, "arg": …} into one of these: `asked` for what streams an answer, `shelved` for what changes documents.
        self.act = gr.Textbox(visible="hidden", elem_id="act", label="action", show_label=False)
        self.shelved = gr.Textbox(visible="hidden", elem_id="shelved", label="shelved", show_label=False)
        self.asked = gr.Textbox(visible="hidden", elem_id="asked", label="asked", show_label=False)
        area((HERE / "header.html").read_text(encoding="utf-8"), elem_id="header")
        self.notice = area("", elem_id="notice")
        with gr.Row(elem_id="desk"):
            with gr.Column(elem_id="main", min_width=300), gr.Tabs(elem_id="tabs", selected="ask") as self.tabs:
                with gr.Tab("Ask", id="ask"):
                    self.chat = ChatTab(desk, self.notice)
                with gr.Tab("Sources", id="sources") as self.sources_tab:
                    self.sources = SourcesTab(desk)
                with gr.Tab("Glossary", id="glossary") as self.glossary_tab:
                    self.glossary = GlossaryTab(desk)
            with gr.Column(elem_id="side", min_width=300):
                self.viewer = area("", elem_id="source")

    def wire(self, blocks: gr.Blocks) -> None:
        """Say what happens on which event of the page, and which parts that changes."""
        chat, sources, glossary, sitting, when = self.chat, self.sources, self.glossary, self.sitting, self._when
        # Without `preprocess`: gradio would turn away a chosen document that has left the list since, and all after the server was started again.
        asking, kept = [self.tabs, *chat.asking()], [chat.shown, chat.edited]
        answered = when(self.asked.change, self.ask, [self.asked, sitting, chat.only, *kept], asking, trigger_mode="multiple", preprocess=False)
        when(answered.then, chat.suggest, [sitting, chat.only], [chat.next], preprocess=False)
        stopped = when(chat.stop.click, chat.stopped, [chat.box, sitting], chat.stopping(), cancels=[answered])
        when(stopped.then, chat.settled, [sitting], chat.stopping())
        when(self.act.change, self.handle, [self.act, sitting, *kept], [self.viewer, *chat.opening()], trigger_mode="multiple")
        when(self.shelved.change, self.shelve, [self.shelved], sources.changing(), trigger_mode="multiple", concurrency_limit=WATCHING)
        when(chat.tell.click, chat.complain, [sitting, chat.reason, chat.words], chat.judging())
        when(chat.leave.click, chat.unjudged, [sitting], chat.judging())
        when(chat.find.change, chat.search, [sitting, chat.find], [chat.list], trigger_mode="always_last")
        when(chat.only.focus, chat.choices, [], [chat.only])
        when(chat.only.change, chat.narrowed, [chat.only], [chat.narrow], trigger_mode="always_last", preprocess=False)
        reading = partial(gr.on, [sources.add.click, sources.folder.submit])
        when(reading, self.read_folder, [sources.folder], sources.changing(), concurrency_limit=WATCHING)
        # One event with two causes, and the last one waits for the first: a list asked for earlier never comes in after a later one.
        finding = partial(gr.on, [sources.find.change, self.sources_tab.select])
        when(finding, sources.search, [sources.find], [sources.list], trigger_mode="always_last")
        when(self.sources_tab.select, sources.watch, [], sources.changing(), concurrency_limit=WATCHING)
        looking_up = partial(gr.on, [glossary.find.change, self.glossary_tab.select])
        when(looking_up, glossary.search, [glossary.find], [glossary.list], trigger_mode="always_last")
        when(blocks.load, chat.arrive, [sitting], [chat.list, chat.only])

    def _when(self, happens: Callable[..., Any], act: Callable[..., Any], given: list[Any], changes: list[Any], **how: Any) -> Any:
        """Have an event change these parts of the page; an error is told in a notice."""
        guarded = _streaming if isgeneratorfunction(act) else _guarded
        outputs = [*changes, self.notice]
        return happens(fn=guarded(act, self.notice), inputs=given, outputs=outputs, show_progress="hidden", api_visibility="private", **how)

    def ask(self, command: str, sitting: Sitting, only: list[str] | None, shown: str, edited: str) -> Iterator[Update]:
        """A question that was typed or clicked, or one of the open chat that is to be asked again."""
        do, arg = understood(command)
        self.chat.adopt(sitting, _number(shown), _number(edited))
        if do == "type":
            yield from self.chat.ask(arg, sitting, only, typed=True)
        elif do == "ask":
            yield {self.tabs: gr.update(selected="ask")}
            yield from self.chat.ask(arg, sitting, only)
        elif do == "again":
            yield from self.chat.ask("", sitting, only, again=_number(arg))

    def handle(self, command: str, sitting: Sitting, shown: str, edited: str) -> Update:
        """What a button of the page asks for. Whatever it says, it can only open, name and delete what is kept here."""
        chat = self.chat
        do, arg = understood(command)
        chat.adopt(sitting, _number(shown), _number(edited))
        match do:
            case "cite" | "topic" | "view" | "more":
                return {self.viewer: _opened(self._desk, do, arg)}
            case "close":
                return {self.viewer: ""}
            case "new":
                return {**chat.open(sitting, None), self.viewer: ""}
            case "chat":
                return {**chat.open(sitting, _number(arg)), self.viewer: ""}
            case "answer":
                return chat.answer(sitting, _number(arg))
            case "rename":
                number, _, title = arg.partition("|")
                return chat.rename(sitting, _number(number), title)
            case "delete":
                return chat.delete(sitting, _number(arg))
            case "edit":
                return chat.edit(sitting, _number(arg))
            case "resume":
                return chat.resume(sitting, _number(arg))
            case "unedit":
                return chat.unedit(sitting)
            case "up":
                return chat.like(_number(arg))
            case "down":
                return chat.dislike(sitting, _number(arg))
        return {}

    def shelve(self, command: str, request: gr.Request) -> Iterator[Update]:
        """What a button asks to be done with documents; refused to whoever is not at this computer."""
        do, arg = ("", "") if came_through_a_proxy(request.headers) else understood(command)
        match do:
            case "read":
                yield from self.sources.read(uploads=arg == "uploads")
            case "remove":
                yield from self.sources.remove(arg)
            case "forget":
                yield from self.sources.forget(arg)
            case "":
                yield {self.sources.progress: news(FROM_HERE_ONLY, "trouble")}

    def read_folder(self, folder: str, request: gr.Request) -> Iterator[Update]:
        """Read a folder of this computer; refused to whoever is not at it."""
        if came_through_a_proxy(request.headers):
            yield {self.sources.progress: news(FROM_HERE_ONLY, "trouble")}
        else:
            yield from self.sources.read(folder)


def understood(command: str) -> tuple[str, str]:
    """What the page's script wrote, as what to do and with what; ("", "") for anything else."""
    try:
        said = json.loads(command)
        return str(said["do"]), str(said["arg"])
    except (ValueError, TypeError, KeyError):
        return "", ""


def _number(text: str) -> int:
    """The number that is written there; 0, which nothing has, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


def _guarded(act: Callable[..., Update], notice: gr.Markdown) -> Callable[..., Update]:
    """What happens on an event, with an error that has a remedy told in the notice: the index or the records may be locked, damaged or gone."""

    @wraps(act)
    def told(*given: Any) -> Update:
        try:
            return act(*given) or {notice: gr.skip()}
        except KpoError as error:
            return {notice: news(mending(error))}

    return told


def _streaming(act: Callable[..., Iterator[Update]], notice: gr.Markdown) -> Callable[..., Iterator[Update]]:
    """The same for what changes the page in steps. What takes no step changes nothing, for which gradio wants to hear of a part."""

    @wraps(act)
    def told(*given: Any) -> Iterator[Update]:
        try:
            updates = iter(act(*given))
            yield next(updates, {notice: gr.skip()})
            yield from updates
        except KpoError as error:
            yield {notice: news(mending(error))}

    return told


def _opened(desk: Desk, do: str, arg: str, at: int | None = None) -> str:
    """The viewer for a button that opens a source; `at` is another place of it, to be read on from there."""
    match do:
        case "cite":
            return _cited(desk, arg, at)
        case "topic":
            return _topic(desk, arg)
        case "view":
            return _viewed(desk, arg, at)
    place, _, by = arg.partition("|")
    do, _, arg = by.partition("|")
    return _opened(desk, do, arg, _number(place)) if do in ("cite", "view") else missing_html(NOT_THERE)


def _cited(desk: Desk, arg: str, at: int | None) -> str:
    """The viewer for "<turn>-<marker>", at its quotation unless told otherwise."""
    number, _, marker = arg.partition("-")
    turn = desk.chats.turn(_number(number))
    citation = next((c for c in turn.answer.citations if str(c.marker) == marker), None) if turn and turn.answer else None
    if turn is None or citation is None:
        return missing_html(GONE)
    with desk.assistant.retrieval.catalog.reading() as view:
        document = view.document(citation.document)
    if document is None or document.digest != citation.digest:
        return gone_html(citation)
    picture = urlencode({"turn": turn.id, "marker": citation.marker})
    place = citation.start if at is None else min(at, len(document.text) - 1)
    opening = Opening(place, (citation.start, citation.end), citation.page, picture, citation.marker, f"cite|{arg}")
    return viewer_html(document, opening, old_after=desk.old_after_months)


def _topic(desk: Desk, arg: str) -> str:
    """The viewer for "<turn>-<which of its topics>"."""
    number, _, which = arg.partition("-")
    turn = desk.chats.turn(_number(number))
    at = _number(which)
    if turn is None or at >= len(turn.topics):
        return missing_html(GONE)
    topic = turn.topics[at]
    return _viewed(desk, f"{topic.start}||{topic.digest}|{topic.document}", None)


def _viewed(desk: Desk, arg: str, at: int | None) -> str:
    """The viewer for "<start>|<end>|<digest>|<document>", at its start unless told otherwise.

    Without an end nothing is marked, without a digest any state of it will do.
    """
    first, _, rest = arg.partition("|")
    end, _, rest = rest.partition("|")
    digest, _, id = rest.partition("|")
    with desk.assistant.retrieval.catalog.reading() as view:
        document = view.document(id)
    if document is None:
        return missing_html(NOT_THERE)
    if digest and digest != document.digest:
        return missing_html(CHANGED)
    start = min(_number(first), len(document.text) - 1)
    place = start if at is None else min(at, len(document.text) - 1)
    mark = (start, _number(end)) if _number(end) > start else None
    shown = start if mark else place
    page = next((block.page for block in document.blocks if block.start <= shown < block.end), None)
    picture = urlencode({"document": id, "page": page}) if page else ""
    return viewer_html(document, Opening(place, mark, page, picture, by=f"view|{arg}"), old_after=desk.old_after_months)

