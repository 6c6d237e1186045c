"""The Ask tab: a question streams to its answer, chats are kept and opened again, answers are judged."""

import logging
import time
from collections.abc import Generator, Iterator, Sequence
from html import escape
from typing import Any

import gradio as gr

from assistant.answer import Answer, Segment
from assistant.ask import MAX_TURNS, NARROWED, Reading, Searching, Writing, whole
from assistant.chats import Chat, Turn, earlier, title_of
from assistant.drafting import Said
from assistant.plain import plural
from assistant.question import Question
from assistant.suggest import follow_ups, topics
from assistant.web.area import Update, area
from assistant.web.desk import Asking, Desk, Place, Sitting
from assistant.web.markup import busy_html, button, clean, downloads, failed_html, mending, news, turn_html
from corpus.errors import KpoError
from corpus.normalise import one_line
from index.catalog import View

EXAMPLES = {
    "For staff": (
        "What is the difference between KPO and BPO?", "How exposed are legal occupations to AI?",
        "What should a KPO contract say about intellectual property?",
    ),
    "For new starters": ("What does SLA stand for?", "What is attrition?", "What happens in the first week?"),
    "For clients": ("How do I choose a KPO provider?", "What are the risks of KPO, and how are they reduced?", "Which pricing models are there?"),
}
BROKEN = "Something went wrong with this question. Tell whoever runs this page: its log says why."
GONE = "This answer is not kept any more."
CHAT_GONE = "This chat is not kept any more."
NOT_SENT = "It was not sent: the answer is not kept any more, or the server was started again. Press “Not right” once more."
ONE_AT_A_TIME = "One question at a time: wait for this answer, or stop it."
STOPPED = "Stopped. Nothing of the answer is kept."
SEEN_BY_ALL = "Chats are kept here. Everybody who can open this page sees them."
DELETED = "This chat was deleted in another window. Ask once more, and your question begins a new one."
MOVED_ON = "This chat has gone on in another window. Your question was added at its end, and nothing was replaced."
REASONS = ("Wrong source", "Out of date", "Incomplete", "Should have refused", "Something else")
UNTAKEN = "notice untaken"  # a notice at which the page's script leaves the question in the box
LIKED = "notice liked"  # a notice at which it shows the thumb up as given
THANKS = "Thank you. It is in the evaluators' inbox."
ALL = "Search only in chosen documents"  # as long as none is chosen
NAMED = 3  # chosen documents, folders and tags that the folded list names
SETTLE_SECONDS = 0.5
MAX_WORDS = 1_000  # characters of a remark on an answer


class ChatTab:
    """The components of the tab, and what happens to them. Built inside a gradio Blocks; a method returns the components it changes."""

    def __init__(self, desk: Desk, notice: gr.Markdown) -> None:
        self._desk = desk
        self.notice = notice
        # What is not needed at first is not visible at first: the browser does not build it before the page can be used.
        with gr.Row(elem_id="talk"):
            with gr.Column(elem_id="chats-column", scale=0, min_width=230):
                area(clean(f'<nav aria-label="New chat">{button("new", "", "New chat", kind="new")}</nav>'))
                self.find = gr.Textbox(label="Search chats", show_label=False, placeholder="Search chats", elem_id="find-chat", container=False, max_length=200)
                self.list = area(elem_id="chats")
            with gr.Column(elem_id="chat-column"):
                with gr.Column(elem_id="chat"):
                    self.thread = area(welcome(), elem_id="thread")
                    self.live = area(elem_id="live")
                    self.next = area(elem_id="next")
                    with gr.Column(visible=False, elem_id="judge") as self.judge:
                        self.judged = area(elem_id="judged")
                        self.reason = gr.Radio(REASONS, label="What was wrong?", elem_id="reason", visible=False)
                        self.words = gr.Textbox(label="In your words (optional)", lines=2, max_lines=5, max_length=MAX_WORDS, elem_id="words")
                        with gr.Row():
                            self.tell = gr.Button("Send", variant="primary", size="sm", elem_id="tell")
                            self.leave = gr.Button("Cancel", variant="secondary", size="sm", elem_id="leave")
                # The ids of the chat that is shown and of the turn that is edited. The page sends them back, which a server that was started since needs.
                self.shown = gr.Textbox(visible="hidden", elem_id="shown", label="chat", show_label=False)
                self.edited = gr.Textbox(visible="hidden", elem_id="edited", label="edited", show_label=False)
                self.editing = area(elem_id="editing")
                with gr.Row(elem_id="ask"):
                    self.box = gr.Textbox(
                        placeholder="Ask about knowledge process outsourcing", label="Your question", show_label=False, container=False,
                        autofocus=True, scale=8, lines=1, max_lines=6, elem_id="question",
                    )
                    self.send = gr.Button("Ask", variant="primary", scale=0, min_width=84, elem_id="send")
                    self.stop = gr.Button("Stop", variant="stop", scale=0, min_width=84, visible=False, elem_id="stop")
                with gr.Accordion(ALL, open=False, elem_id="narrow") as self.narrow:
                    self.only = gr.Dropdown(
                        label="Documents, folders or tags; nothing chosen searches everything", multiselect=True, choices=[], elem_id="only", filterable=True,
                        visible=False,
                    )

    def asking(self) -> list[Any]:
        """The components that `ask` changes."""
        return [self.thread, self.shown, self.live, self.next, self.editing, self.edited, self.box, self.send, self.stop, self.list, self.judge]

    def opening(self) -> list[Any]:
        """The components that opening, renaming and deleting a chat change."""
        return [self.thread, self.shown, self.live, self.next, self.list, self.editing, self.edited, self.box, self.only, *self.judging()]

    def judging(self) -> list[Any]:
        """The components that judging an answer changes."""
        return [self.judge, self.judged, self.reason, self.words]

    def stopping(self) -> list[Any]:
        """The components that a stop changes."""
        return [self.thread, self.shown, self.live, self.next, self.editing, self.edited, self.box, self.send, self.stop]

    def arrive(self, sitting: Sitting) -> Update:
        """What a page that is loaded shows of the chats, and lets one choose."""
        return {self.list: self.chat_list(sitting), **self.choices()}

    def choices(self) -> Update:
        """What a search can be narrowed to now."""
        with self._desk.assistant.retrieval.catalog.reading() as view:
            return {self.only: gr.update(choices=places(view), visible=True)}

    def adopt(self, sitting: Sitting, shown: int, edited: int) -> None:
        """Take up the chat that the page shows and the turn that it edits, when the server was started after the page was opened.

        What was said there is read from the store; what is not there any more is not taken up.
        """
        if not sitting.begun:
            sitting.begun = True
            sitting.chat = shown if self._desk.chats.title(shown) is not None else None
            turn = self._desk.chats.turn(edited)
            sitting.editing = turn if turn and turn.chat == sitting.chat else None

    def ask(self, text: str, sitting: Sitting, chosen: Sequence[str] | None, *, typed: bool = False, again: int | None = None) -> Iterator[Update]:
        """Stream one answer: what is being done, then the whole of it. While one is being answered, nothing else is asked.

        What is `typed` takes the place of a question that is being edited; `again` is a turn of the open chat to be asked again.
        One that is too long stays in the box.
        """
        try:
            text = whole(str(text))
        except KpoError as error:
            yield {self.notice: news(mending(error), UNTAKEN)}
            return
        if not text and again is None:
            return
        if sitting.asking is None:
            asking = sitting.asking = Asking(text, typed, sitting.editing if typed else None)
            try:
                yield from self._asked(asking, sitting, chosen, again)
            finally:
                if sitting.asking is asking:
                    sitting.asking = None
        elif sitting.asking.question != text:  # else it was clicked twice
            yield {self.notice: news(ONE_AT_A_TIME)}

    def _asked(self, asking: Asking, sitting: Sitting, chosen: Sequence[str] | None, again: int | None) -> Iterator[Update]:
        if sitting.chat is not None and self._desk.chats.title(sitting.chat) is None:
            with sitting.showing:
                sitting.chat, sitting.newest = None, None
                sitting.empty += 1
            yield {self.shown: "", **self._edited(sitting, None), self.list: self.chat_list(sitting), self.notice: news(DELETED, UNTAKEN)}
            return
        place = chat, _ = sitting.place
        kept = self._desk.chats.turns(chat) if chat is not None else []
        repeated = next((turn for turn in kept if turn.id == again), None)
        if again is not None and repeated is None:
            yield {self.notice: news(GONE)}
            return
        text, replaced = (repeated.question, repeated) if repeated else (asking.question, asking.editing)
        in_place = replaced is not None and bool(kept) and kept[-1].id == replaced.id
        kept = kept[:-1] if in_place else kept
        head = self._head(chat, kept, text)
        left = {self.box: ""} if sitting.editing and not asking.typed else {}  # of what is typed, the page's script empties the box
        sitting.newest = None
        begun = {
            **head, self.live: busy_html(text, [_searching(text)]), self.next: "", **left, **self._edited(sitting, None),
            self.judge: gr.update(visible=False), self.send: gr.update(visible=False), self.stop: gr.update(visible=True),
        }
        yield from self._show(asking, sitting, place, begun)
        idle: Update = {self.send: gr.update(visible=True), self.stop: gr.update(visible=False)}
        try:
            with self._desk.assistant.retrieval.catalog.reading() as view:
                documents, narrowed = narrow(view, chosen or ())
            answer = yield from self._answered(Question(text, earlier(kept)[-MAX_TURNS:], documents), asking, sitting, place)
            if answer is None:
                return
            with self._desk.assistant.retrieval.catalog.reading() as view:
                near = topics(view, answer)
            with sitting.showing:
                if sitting.asking is not asking:
                    return
                turn = self._desk.chats.keep(chat, answer, narrowed=narrowed, topics=near, instead_of=replaced.id if replaced else None)
                if answer.verdict == "refused" and documents is None:  # else another document may hold it
                    self._desk.receive(answer.standalone, verdict="refused")
                before = [other for other in self._desk.chats.turns(turn.chat) if other.id < turn.id]
                if replaced and not (in_place and [other.id for other in before] == [other.id for other in kept]):
                    idle[self.notice] = news(MOVED_ON)
                shown: Update = {}
                if sitting.place == place:  # else the answer waits in its own chat
                    sitting.chat, sitting.newest = turn.chat, turn.id
                    shown = {**self._head(turn.chat, before, text), self.live: self._turn(turn, last=True)}
                shown[self.list] = self.chat_list(sitting)
                sitting.asking = None  # a stop comes too late now
                yield {**shown, **idle}
        except KpoError as error:
            yield from self._failed(asking, sitting, place, text, mending(error), idle)
        except Exception:  # whatever else goes wrong must not leave the page waiting for ever; the log has the rest
            logging.getLogger(__name__).exception("a question could not be answered")
            yield from self._failed(asking, sitting, place, text, BROKEN, idle)

    def _answered(self, question: Question, asking: Asking, sitting: Sitting, place: Place) -> Generator[Update, None, Answer | None]:
        """Show how far the answer is, stage by stage; return it, None when it was stopped."""
        text = question.text
        stages = [_searching(text)]
        written: list[Segment] = []
        for event in self._desk.assistant.ask(question):
            if sitting.asking is not asking:
                return None
            match event:
                case Searching():
                    stages = [_searching(event.standalone or text)]
                case Reading():
                    stages += [f"Found {plural(event.passages, 'passage')} in {plural(event.documents, 'document')}", "Reading"]
                case Writing():
                    stages.append(f"{event.model} writes, and each sentence is checked")
                case Said():
                    written.append(event.segment)
                case Answer():
                    return event
            yield from self._show(asking, sitting, place, {self.live: busy_html(text, stages, written)})
        raise AssertionError("ask ends with an Answer")

    def _show(self, asking: Asking, sitting: Sitting, place: Place, changed: Update) -> Iterator[Update]:
        """Show how far a question is, unless it was stopped or its chat left: the page of another one must not show this."""
        with sitting.showing:
            if sitting.asking is asking and sitting.place == place:
                yield changed

    def _failed(self, asking: Asking, sitting: Sitting, place: Place, text: str, why: str, idle: Update) -> Iterator[Update]:
        """Say why a question was not answered, with the question in the box again; only a notice when its chat was left, nothing when it was stopped."""
        with sitting.showing:
            if sitting.asking is not asking:
                return
            if sitting.place == place:
                yield {self.live: failed_html(text, why), self.box: text, **self._edited(sitting, asking.editing), **idle}
            else:
                yield {self.notice: news(f"“{text}” was not answered in the chat that you left. {why}"), **idle}

    def suggest(self, sitting: Sitting, chosen: Sequence[str] | None) -> Iterator[Update]:
        """What to ask next, under the newest answer, one question after another as each has been tried in the chosen documents."""
        turn = self._desk.chats.turn(sitting.newest) if sitting.newest is not None else None
        if turn is None or turn.answer is None or turn.answer.verdict != "answered":
            return
        found: list[str] = []
        asked = [other.question for other in self._desk.chats.turns(turn.chat)]
        try:
            with self._desk.assistant.retrieval.catalog.reading() as view:
                documents, _ = narrow(view, chosen or ())
            for question in follow_ups(self._desk.assistant, turn.answer, asked, documents):
                if sitting.newest != turn.id:
                    return
                found.append(question)
                yield {self.next: clean(f'<section class="next" aria-label="Ask next"><p>Ask next</p>{asks(found, "chip")}</section>')}
        except KpoError:  # the index was taken away; the next question says so
            return

    def stopped(self, typing: str, sitting: Sitting) -> Update:
        """Stop the question being answered, which gives it back to the box unless something else is being typed, and show the chat as it was.

        What is on its way to the page is waited for; when that is the whole answer, it stays.
        """
        with sitting.showing:
            asking, sitting.asking = sitting.asking, None
        changed: Update = {self.send: gr.update(visible=True), self.stop: gr.update(visible=False)}
        if asking is not None:
            changed[self.notice] = news(STOPPED)
            if asking.question and not typing.strip():
                changed |= {self.box: asking.question, **self._edited(sitting, asking.editing)}
        try:
            changed |= self._shown(sitting)
        except KpoError as error:  # the question is stopped all the same
            changed[self.notice] = news(mending(error))
        return changed

    def settled(self, sitting: Sitting) -> Update:
        """Show the chat once more a moment after a stop: a page may work off what it was sent for the question only after what it was sent for the stop."""
        time.sleep(SETTLE_SECONDS)
        return self._shown(sitting) if sitting.asking is None else {}

    def open(self, sitting: Sitting, chat: int | None) -> Update:
        """Show a kept chat; None, and one that is not there any more, which is told, show an empty one, which searches all documents."""
        known = chat is not None and self._desk.chats.title(chat) is not None
        with sitting.showing:
            sitting.begun, sitting.chat, sitting.newest = True, (chat if known else None), None
            sitting.empty += not known
        changed: Update = {} if known else {self.only: []}
        if chat is not None and not known:
            changed[self.notice] = news(CHAT_GONE)
        return {**self._shown(sitting), **self._edited(sitting, None), **self.unjudged(sitting), **changed, self.list: self.chat_list(sitting)}

    def answer(self, sitting: Sitting, turn: int) -> Update:
        """Show the chat of an answer; an empty one, with a notice, when the answer is not there any more."""
        found = self._desk.chats.turn(turn)
        return self.open(sitting, found.chat) if found else {**self.open(sitting, None), self.notice: news(GONE)}

    def narrowed(self, chosen: Sequence[str] | None) -> Update:
        """Name what is chosen where that can be read when the list is folded away."""
        if not chosen:
            return {self.narrow: gr.update(label=ALL)}
        with self._desk.assistant.retrieval.catalog.reading() as view:
            labels = {value: label for label, value in places(view)}
        names = [labels.get(value, "what is not there any more") for value in chosen]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        return {self.narrow: gr.update(label=f"Searching only in {', '.join(names[:NAMED])}{more}")}

    def search(self, sitting: Sitting, search: str) -> Update:
        """Show the chats that hold this, until something else is searched for."""
        sitting.search = search
        return {self.list: self.chat_list(sitting)}

    def rename(self, sitting: Sitting, chat: int, title: str) -> Update:
        """Give a chat another name. It may have been left since; while a question is being answered, its name is shown with the answer."""
        self._desk.chats.rename(chat, title)
        shown = self._shown(sitting) if sitting.chat == chat and sitting.asking is None else {}
        return {**shown, self.list: self.chat_list(sitting)}

    def delete(self, sitting: Sitting, chat: int) -> Update:
        """Forget a chat; when it is the open one, an empty one is shown."""
        self._desk.chats.delete(chat)
        return self.open(sitting, None) if sitting.chat == chat else {self.list: self.chat_list(sitting)}

    def edit(self, sitting: Sitting, turn: int) -> Update:
        """Put the question of a turn into the box; what is typed and asked next takes its place."""
        found = self._desk.chats.turn(turn)
        if found is None or found.chat != sitting.chat:
            return {self.notice: news(GONE)}
        return {self.box: found.question, **self._edited(sitting, found)}

    def resume(self, sitting: Sitting, turn: int) -> Update:
        """Go on editing this question on a page that was loaded again, which has kept its box; nothing when it is not the open chat's."""
        found = self._desk.chats.turn(turn)
        return self._edited(sitting, found) if found is not None and found.chat == sitting.chat else {}

    def unedit(self, sitting: Sitting) -> Update:
        """Leave the question that is being edited as it is. The page's script puts into the box what stood there before."""
        return self._edited(sitting, None)

    def _edited(self, sitting: Sitting, turn: Turn | None) -> Update:
        """Begin to edit this turn, and show that; None ends it."""
        sitting.editing = turn
        if turn is None:
            return {self.editing: "", self.edited: ""}
        cancel = button("unedit", "", "Cancel", label="Cancel editing", kind="tool")
        said = clean(f'<p class="editing">Editing “{escape(turn.question)}”. What you ask now takes its place. {cancel}</p>')
        return {self.editing: said, self.edited: str(turn.id)}

    def like(self, turn: int) -> Update:
        """A thumb up for an answer goes to the inbox."""
        return {self.notice: news(THANKS, LIKED) if self._receive(turn, "up") else news(GONE)}

    def dislike(self, sitting: Sitting, turn: int) -> Update:
        """Ask what was wrong with an answer."""
        found = self._desk.chats.turn(turn)
        if found is None:
            return {self.notice: news(GONE)}
        blank = self.unjudged(sitting)
        sitting.judging = turn
        shown = gr.update(visible=True)
        return {**blank, self.judge: shown, self.reason: shown, self.judged: news(f"About the answer to “{found.question}”", "judged")}

    def unjudged(self, sitting: Sitting) -> Update:
        """Judge nothing; what was said of one answer must not stand under the next."""
        sitting.judging = None
        return {self.judge: gr.update(visible=False), self.reason: None, self.words: ""}

    def complain(self, sitting: Sitting, reason: str | None, words: str | None) -> Update:
        """A thumb down with its reason and words goes to the inbox; nothing does when no answer is being judged."""
        said = one_line(str(words or ""))[:MAX_WORDS]
        sent = sitting.judging is not None and self._receive(sitting.judging, "down", reason if reason in REASONS else "", said)
        return {**self.unjudged(sitting), self.notice: news(THANKS)} if sent else {self.notice: news(NOT_SENT)}

    def _receive(self, turn: int, thumb: str, reason: str = "", words: str = "") -> bool:
        found = self._desk.chats.turn(turn)
        if found is None or found.answer is None:
            return False
        answer = found.answer
        words += f" ({NARROWED} {', '.join(found.narrowed)})" if found.narrowed else ""
        cited = list(dict.fromkeys(citation.document for citation in answer.citations))
        self._desk.receive(answer.standalone, verdict=answer.verdict, thumb=thumb, reason=reason, words=words.strip(), citations=cited)
        return True

    def chat_list(self, sitting: Sitting) -> str:
        """The kept chats that hold what is searched for, newest first."""
        found = self._desk.chats.listed(sitting.search)
        if not found:
            return clean(f'<p class="note">{"No chat holds that." if sitting.search.strip() else SEEN_BY_ALL}</p>')
        left = self._desk.chats.count(sitting.search) - len(found)
        more = f'<p class="note">{left:,} more: search for them.</p>' if left > 0 else ""
        return clean(f'<nav aria-label="Chats"><ul>{"".join(self._entry(chat, sitting) for chat in found)}</ul></nav>{more}')

    def _entry(self, chat: Chat, sitting: Sitting) -> str:
        opened = button("chat", chat.id, chat.title, kind="chat", current=chat.id == sitting.chat)
        delete = button("delete", chat.id, "Delete", label=f"Delete the chat {chat.title}", kind="delete")
        return f"<li>{opened}<small>{chat.changed[:10]}</small>{delete}</li>"

    def _shown(self, sitting: Sitting) -> Update:
        """The whole of the open chat."""
        turns = self._desk.chats.turns(sitting.chat) if sitting.chat is not None else []
        if not turns:
            return {self.thread: welcome(), self.shown: "", self.live: "", self.next: ""}
        return {**self._head(sitting.chat, turns[:-1], turns[-1].question), self.live: self._turn(turns[-1], last=True), self.next: ""}

    def _head(self, chat: int | None, turns: Sequence[Turn], newest: str) -> Update:
        """What stands above the newest question: the chat's name, and its turns before. Nothing when there is no chat yet."""
        title = self._desk.chats.title(chat) if chat is not None else None
        if chat is None or title is None:
            return {self.thread: "", self.shown: ""}
        repeats = " repeats" if not turns and title == title_of(newest) else ""  # the only question stands directly below
        tools = f'<div class="tools">{button("rename", title, "Rename", kind="tool")}{downloads("chat", chat, "this chat")}</div>'
        head = f'<header class="chat-title{repeats}" data-chat="{chat}"><h2>{escape(title)}</h2>{tools}</header>'
        digests = self._desk.digests()
        return {self.thread: clean(head) + "".join(self._turn(turn, digests=digests) for turn in turns), self.shown: str(chat)}

    def _turn(self, turn: Turn, *, last: bool = False, digests: dict[str, str] | None = None) -> str:
        known = self._desk.digests() if digests is None else digests
        return turn_html(turn, known, last=last, refusal_note=self._desk.refusal_note, old_after=self._desk.old_after_months)


def welcome() -> str:
    """What an empty chat shows: what this is, and questions to begin with."""
    groups = "".join(f"<section><h3>{escape(persona)}</h3>{asks(questions, 'example')}</section>" for persona, questions in EXAMPLES.items())
    lead = "Ask a question. Every sentence of the answer is quoted from a document that you can open; what the documents do not say is not said."
    return clean(f'<div class="welcome"><h2>What do you want to know?</h2><p>{lead}</p><div class="examples">{groups}</div></div>')


def asks(questions: Sequence[str], kind: str) -> str:
    """Questions as buttons that ask them."""
    return f'<ul class="{kind}s">' + "".join(f"<li>{button('ask', question, question, kind=kind)}</li>" for question in questions) + "</ul>"


def places(view: View) -> list[tuple[str, str]]:
    """What a search can be narrowed to: folders, tags, documents; as what is shown and what it stands for."""
    entries = view.entries()
    folders = sorted({folder for entry in entries for folder in _folders(entry.id)})
    tags = sorted({tag for entry in entries for tag in entry.tags})
    return [
        *((f"Folder {folder}", f"folder:{folder}") for folder in folders), *((f"Tag {tag}", f"tag:{tag}") for tag in tags),
        *((f"{entry.title} ({entry.source})", f"document:{entry.id}") for entry in entries),
    ]


def narrow(view: View, chosen: Sequence[str]) -> tuple[frozenset[str] | None, list[str]]:
    """The documents that are meant, and in words; None for nothing chosen. What is not there any more stands for no document."""
    if not chosen:
        return None, []
    labels = {value: label for label, value in places(view)}
    meant: set[str] = set()
    for entry in view.entries():
        own = {f"document:{entry.id}", *(f"tag:{tag}" for tag in entry.tags), *(f"folder:{folder}" for folder in _folders(entry.id))}
        if own & set(chosen):
            meant.add(entry.id)
    return frozenset(meant), [labels[value] for value in chosen if value in labels]


def _folders(document: str) -> list[str]:
    """The folders around a document: "a/b/c.md" stands in "a" and "a/b"."""
    pieces = document.split("/")[:-1]
    return ["/".join(pieces[: n + 1]) for n in range(len(pieces))]


def _searching(text: str) -> str:
    return f"Searching for “{text}”"
