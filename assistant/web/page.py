"""The chat page: ask, read the answer, open its sources."""

import itertools
import logging
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any, Protocol

import gradio as gr

from assistant.answer import MAX_QUESTION, Answer
from assistant.ask import Assistant, Reading, Searching
from assistant.drafting import Said
from assistant.question import Question
from assistant.web.markup import answer_html, clean, said_html, source_html
from corpus.errors import KpoError

HERE = Path(__file__).parent
KEPT_ANSWERS = 200  # answers of one chat whose citations can be opened
EXAMPLES = {
    "Staff": (
        "What is the difference between KPO and BPO?", "How exposed are legal occupations to AI?",
        "What should a KPO contract say about intellectual property?",
    ),
    "Onboarding": ("What does SLA stand for?", "What is attrition?", "What happens in the first week?"),
    "Clients": ("How do I choose a KPO provider?", "What are the risks of KPO, and how are they reduced?", "Which pricing models are there?"),
}
EMPTY_PANEL = '<section><p class="note">Click a marker such as [1] in an answer to read the quotation in its source.</p></section>'
BROKEN = "Something went wrong with this question. The terminal that serves this page says what; your question is in the box again."
# The thumb up, then what may be wrong with an answer; gradio shows any but "Like" as a flag with these choices.
FEEDBACK = ("Like", "Wrong source", "Out of date", "Incomplete", "Should have refused", "Something else")
Chat = list[dict[str, Any]]


def theme() -> gr.themes.Base:
    """The look, from fonts that the system has: nothing is loaded from elsewhere."""
    fonts = ["Inter", "ui-sans-serif", "system-ui", "Segoe UI", "Liberation Sans", "sans-serif"]
    return gr.themes.Base(
        primary_hue=gr.themes.colors.teal, secondary_hue=gr.themes.colors.slate, neutral_hue=gr.themes.colors.slate,
        font=fonts, font_mono=["ui-monospace", "Consolas", "monospace"], radius_size=gr.themes.sizes.radius_md,
    )


class Receive(Protocol):
    """Where feedback goes: the evaluators' inbox. Questions that were refused land there by themselves."""

    def __call__(
        self, question: str, *, after: Sequence[str] = (), verdict: str = "", thumb: str = "", reason: str = "", citations: Sequence[str] = ()
    ) -> object: ...


def build(assistant: Assistant, receive: Receive | None = None) -> gr.Blocks:
    """The page as gradio Blocks. Each browser tab has its own earlier questions and answers, kept on the server.

    Without `receive` there are no thumbs, and refused questions go nowhere.
    """
    page: gr.Blocks
    with gr.Blocks(title="KPO Assistant", analytics_enabled=False, fill_width=True, delete_cache=(3600, 3600)) as page:
        told: gr.State = gr.State(_blank())
        gr.Markdown((HERE / "header.html").read_text(encoding="utf-8"), elem_id="header", sanitize_html=False)  # gr.HTML needs eval, which the policy forbids
        with gr.Row(elem_id="desk"):
            with gr.Column(scale=3, min_width=320):
                chat = gr.Chatbot(
                    elem_id="chat", show_label=False, label="Conversation", sanitize_html=True, allow_tags=False, latex_delimiters=[],
                    feedback_options=FEEDBACK if receive else None, buttons=["copy"], autoscroll=False,
                    placeholder="Ask about knowledge process outsourcing. Every sentence of an answer is quoted from a source.",
                )
                with gr.Row(elem_id="ask"):
                    box = gr.Textbox(
                        placeholder="Your question", label="Your question", show_label=False, container=False, max_length=MAX_QUESTION, autofocus=True,
                        scale=8, lines=1, max_lines=6, elem_id="question",
                    )
                    send = gr.Button("Ask", variant="primary", scale=1, min_width=80, elem_id="send")
                    stop = gr.Button("Stop", variant="stop", scale=1, min_width=80, visible=False, elem_id="stop")
                examples = []
                with gr.Accordion("Examples", open=True, elem_id="examples") as drawer:
                    for persona, questions in EXAMPLES.items():
                        gr.Markdown(escape(persona))
                        with gr.Row():
                            examples += [gr.Button(question, size="sm", variant="secondary") for question in questions]
                with gr.Accordion("Search only in chosen documents", open=False):
                    only = gr.Dropdown(
                        label="Search only in", show_label=False, info="Nothing chosen: all documents", multiselect=True,
                        choices=_documents(assistant), elem_id="only", filterable=True,
                    )
            with gr.Column(scale=2, min_width=320):
                gr.Markdown("## Source")
                panel = gr.Markdown(EMPTY_PANEL, elem_id="source", latex_delimiters=[])
        wanted = gr.Textbox(elem_id="wanted", elem_classes="offscreen", label="citation", show_label=False)
        open_source = gr.Button("open citation", elem_id="open-source", elem_classes="offscreen")

        def ask(text: str, shown: Chat, memory: dict[str, Any], documents: list[str] | None) -> Iterator[tuple[Any, ...]]:
            yield from _ask(assistant, text, shown, memory, documents, receive)

        def judge(memory: dict[str, Any], data: gr.LikeData) -> None:
            if receive is not None:
                _judge(receive, memory, data.index, data.liked)

        outputs = [chat, told, box, send, stop, drawer]
        events = [gr.on([send.click, box.submit], ask, [box, chat, told, only], outputs, show_progress="hidden", api_visibility="private")]
        for button in examples:
            events.append(button.click(ask, [button, chat, told, only], outputs, show_progress="hidden", api_visibility="private"))
        stop.click(lambda: (gr.update(visible=True), gr.update(visible=False)), None, [send, stop], cancels=events, api_visibility="private")
        open_source.click(lambda link, memory: _source(assistant, link, memory), [wanted, told], panel, show_progress="hidden", api_visibility="private")
        chat.like(judge, told, None, show_progress="hidden", api_visibility="private")
        chat.clear(lambda: (_blank(), EMPTY_PANEL), None, [told, panel], api_visibility="private")
        page.load(lambda: gr.update(choices=_documents(assistant)), None, only, api_visibility="private")
        only.focus(lambda: gr.update(choices=_documents(assistant)), None, only, show_progress="hidden", api_visibility="private")
    return page


def _documents(assistant: Assistant) -> list[tuple[str, str]]:
    with assistant.retrieval.catalog.reading() as view:
        return [(f"{entry.title} ({entry.source})", entry.id) for entry in view.entries()]


def _blank() -> dict[str, Any]:
    """What the server remembers of one tab: earlier questions, answers by key, and which message shows which answer."""
    return {"turns": [], "answers": {}, "count": 0, "shown": {}}


def _judge(receive: Receive, memory: dict[str, Any], index: Any, liked: bool | str) -> None:
    """A thumb or a reason for the answer in message `index` goes to the inbox; for any other message nothing happens."""
    answer: Answer | None = memory["answers"].get(memory["shown"].get(index if isinstance(index, int) else index[0]))
    if answer is not None:
        reason = liked if isinstance(liked, str) and liked in FEEDBACK else ""
        thumb = "up" if liked is True or liked == FEEDBACK[0] else "down"
        receive(answer.standalone, verdict=answer.verdict, thumb=thumb, reason=reason if thumb == "down" else "", citations=_documents_of(answer))


def _documents_of(answer: Answer) -> list[str]:
    return list(dict.fromkeys(citation.document for citation in answer.citations))


def _ask(
    assistant: Assistant, text: str, shown: Chat, memory: dict[str, Any], documents: list[str] | None, receive: Receive | None
) -> Iterator[tuple[Any, ...]]:
    """Stream one answer: what is being done, then the whole answer, so that a screen reader hears it once."""
    text = " ".join(str(text).split())[:MAX_QUESTION]
    if not text:
        yield shown, memory, "", gr.update(), gr.update(), gr.update()
        return
    # As an HTML block, in which no Markdown is read: what was typed is shown as it was typed.
    shown = [*shown, {"role": "user", "content": clean(f"<p>{escape(text)}</p>")}]
    busy, idle = (gr.update(visible=False), gr.update(visible=True)), (gr.update(visible=True), gr.update(visible=False))

    def show(content: str) -> Chat:
        return [*shown, {"role": "assistant", "content": content}]

    yield show("Searching…"), memory, "", *busy, gr.update(open=False)
    try:
        answer: Answer | None = None
        key = str(memory["count"] + 1)
        sentences: list[Said] = []
        for event in assistant.ask(Question(text, tuple(memory["turns"]), frozenset(documents) if documents else None)):
            match event:
                case Searching():
                    pass
                case Reading():
                    yield show(f"Found {event.passages} passages in {event.documents} documents. Reading…"), memory, "", *busy, gr.update()
                case Said():
                    sentences.append(event)
                    written = said_html([one.segment for one in sentences], [citation for one in sentences for citation in one.citations], key)
                    yield show(written), memory, "", *busy, gr.update()
                case Answer():
                    answer = event
        assert answer is not None
        answers = dict(itertools.islice({key: answer, **memory["answers"]}.items(), KEPT_ANSWERS))
        turns = memory["turns"] if answer.verdict == "conversation" else [*memory["turns"], answer.question]
        memory = {"turns": turns, "answers": answers, "count": memory["count"] + 1, "shown": {**memory["shown"], len(shown): key}}
        if answer.verdict == "refused" and receive is not None:
            receive(answer.standalone, verdict="refused")
        yield show(answer_html(answer, key)), memory, "", *idle, gr.update()
    except KpoError as error:
        said = f"{escape(error.message)}. To mend it: {escape(error.remedy)}."
        yield show(clean(f'<p class="note">{said}</p>')), memory, text, *idle, gr.update()
    except Exception:  # whatever else goes wrong must not leave the page waiting for ever; the log has the rest
        logging.getLogger(__name__).exception("a question could not be answered")
        yield show(clean(f'<p class="note">{BROKEN}</p>')), memory, text, *idle, gr.update()


def _source(assistant: Assistant, link: str, memory: dict[str, Any]) -> str:
    """The panel for a link "#cite-<answer>-<marker>"; a link to what this chat does not hold changes nothing to see."""
    key, _, marker = str(link).removeprefix("#cite-").partition("-")
    answer: Answer | None = memory["answers"].get(key)
    citation = next((c for c in answer.citations if str(c.marker) == marker), None) if answer else None
    if citation is None:
        return EMPTY_PANEL
    with assistant.retrieval.catalog.reading() as view:
        document = view.document(citation.document)
        passage = view.passages([citation.passage]).get(citation.passage)
    return source_html(citation, document, passage)
