"""The roof: reads settings, builds the parts, opens the page, holds the commands. `python app.py` serves."""

import errno
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

try:
    import typer

    from assistant.commands import commands as assistant_commands
    from corpus.errors import CorpusError, IndexMissing, KpoError
    from corpus.sources import expanded, real, shown
    from evals.commands import commands as eval_commands
    from index.commands import DataDir, house
    from index.commands import commands as index_commands
except KeyboardInterrupt:  # these take a moment to load
    sys.exit(130)

if TYPE_CHECKING:
    from assistant.ask import Assistant
    from assistant.drafting import Drafter
    from assistant.settings import Settings
    from assistant.web.desk import Desk
    from index.catalog import Catalog
    from index.chroma import Store
    from index.embed import Embedder
    from index.ingest import Event
    from index.rerank import Reranker
    from index.search import Retrieval

VERSION = "0.1.0"
SHIPPED_DOCUMENTS = Path(__file__).resolve().parent / "corpus" / "documents"

kpo = typer.Typer(
    name="kpo", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="Answers about knowledge process outsourcing, quoted from your documents.",
)
kpo.registered_commands += index_commands.registered_commands + assistant_commands.registered_commands
kpo.add_typer(eval_commands, name="eval", help="Regression question sets: write, run, compare, gate, and grow them from use.")


class House:
    """The parts of one data folder, built when they are first needed."""

    def __init__(self, settings: "Settings") -> None:
        self.settings = settings

    def catalog(self) -> "Catalog":
        from index.catalog import Catalog

        return Catalog(self.settings.data_dir)

    def embedder(self) -> "Embedder":
        return self._embedder

    @cached_property
    def _embedder(self) -> "Embedder":
        from index.embed import open_embedder

        return open_embedder(self.settings.embedding_model, self.settings.models_dir)

    def reranker(self) -> "Reranker":
        from index.rerank import open_reranker

        return open_reranker(self.settings.reranker_model, self.settings.models_dir)

    def entailment(self) -> "Reranker":
        from index.rerank import open_entailment

        return open_entailment(self.settings.models_dir)

    def retrieval(self, store: "Store | None" = None) -> "Retrieval":
        from index.search import Retrieval

        catalog = self.catalog()
        with catalog.reading():  # an empty data folder is an error before any model is loaded
            pass
        retrieval = Retrieval(catalog, self.embedder(), self.reranker(), store)
        with retrieval.reading():  # and one of another model before anything is served
            pass
        return retrieval

    def assistant(self, store: "Store | None" = None, *, drafts: bool = False) -> "Assistant":
        """The assistant, which quotes; with `drafts` a language model writes for it, when one is set."""
        from assistant.ask import Assistant, Extractive
        from assistant.selection import selection_for

        retrieval = self.retrieval(store)
        selection = selection_for(retrieval.reranker.identity if retrieval.reranker else "none")
        return Assistant(retrieval, Extractive(selection), drafter=self._drafter(retrieval) if drafts else None)

    def _drafter(self, retrieval: "Retrieval") -> "Drafter | None":
        llm = self.settings.llm
        if llm.base_url is None or retrieval.reranker is None:
            return None
        from assistant.check import Judge
        from assistant.drafting import Drafter
        from assistant.llm import OpenAiWriter
        from assistant.nli import open_nli
        from assistant.usage import Ledger

        nli = open_nli(self.settings.nli_model) if self.settings.nli_model else None
        judge = Judge(retrieval.reranker, self.entailment(), nli=nli)
        ledger = Ledger(self.settings.data_dir)
        writer = OpenAiWriter(llm, stopped=ledger.add)
        writer.load()
        return Drafter(writer, judge, ledger, daily_budget=llm.daily_budget, rewrites=llm.rewrite)

    def llm_state(self) -> dict[str, Any]:
        """What `kpo status` tells of the language model: which, whether it answers, and what it has cost today."""
        from assistant.llm import OpenAiWriter
        from assistant.usage import Ledger

        llm = self.settings.llm
        if llm.base_url is None:
            return {"model": "none; answers are quotations"}
        today = Ledger(self.settings.data_dir).today()
        spent = f"{today['requests']:g} requests, {today['tokens']:g} tokens, cost {today['cost']:g}"
        budget = f" of {llm.daily_budget:g}" if llm.daily_budget is not None else ""
        return {"model": f"{llm.model} at {llm.base_url}", "state": OpenAiWriter(llm).check(), "today": spent + budget}

    def ingest(self, paths: list[Path], *, with_shipped: bool | None = None, rebuild: bool = False) -> "Iterator[Event]":
        """Bring the catalog up to date, then Chroma when no other process holds it."""
        from index.chroma import hold, is_current
        from index.ingest import ingest

        catalog = self.catalog()
        yield from ingest(catalog, self.embedder, paths, shipped=SHIPPED_DOCUMENTS, with_shipped=with_shipped, rebuild=rebuild)
        with catalog.writing() as edit:
            edit.set_meta("built", "yes")
        if self._chroma_url() is None and is_current(self.settings.data_dir, catalog):
            return
        with hold(self.settings.data_dir, catalog, self._chroma_url()) as store:
            if store is not None:
                store.catch_up()

    def built(self) -> bool:
        """Has an ingestion ever come to its end here? One that was killed on the way is finished by the next `kpo serve`."""
        try:
            with self.catalog().reading() as view:
                return view.meta("built") == "yes"
        except IndexMissing:
            return False

    @contextmanager
    def served(self) -> "Iterator[Assistant]":
        """The assistant as a page needs it: with Chroma, when no other process holds it, following the catalog."""
        from index.chroma import following, hold

        with ExitStack() as stack:
            store = stack.enter_context(hold(self.settings.data_dir, self.catalog(), self._chroma_url()))
            if store is not None:
                stack.enter_context(following(store))
            yield self.assistant(store, drafts=True)

    def desk(self, assistant: "Assistant", address: str) -> "Desk":
        """What the pages work with. Documents can be put in and taken out only where nobody but this machine reaches the page."""
        from assistant.chats import Chats
        from assistant.library import Library
        from assistant.web.desk import LOOPBACK, Desk
        from evals.records import Records

        folder = self.settings.data_dir
        return Desk(
            assistant, Chats(folder), Library(self.catalog(), self.ingest, self.remove_source), Records(folder).receive, self.settings.refusal_note,
            self.settings.old_after_months, may_edit=address in LOOPBACK,
        )

    def remove_source(self, path: Path) -> str:
        """Forget a source folder, with all that came from it; return its name. Raises CorpusError for one that is not a source."""
        with self.catalog().reading() as view:
            known = view.sources()
        where = real(expanded(path))
        wanted = [source for source in known if source.path == where or source.name == str(path)]
        if not wanted:
            raise CorpusError(f"{path} is not a source", "the sources are: " + ", ".join(f"{s.name} ({s.path})" for s in known))
        with self.catalog().writing() as edit:
            edit.remove_source(wanted[0].name)
            if wanted[0].path == SHIPPED_DOCUMENTS:
                edit.set_meta("shipped", "no")
        return wanted[0].name

    def models(self) -> list[dict[str, str]]:
        """The models in use; those that can be are compiled when they are not yet."""
        from index.adapter import ENTAILMENT, RANKING, shipped_adapter
        from index.models import EMBEDDING, RERANKER

        about: dict[str, Any] = getattr(self.embedder(), "about", {})
        shipped = self.settings.embedding_model == EMBEDDING.name
        reranker = self.reranker()
        own = self.settings.reranker_model == RERANKER.name
        self.entailment()
        layers = {file: f"int8, {shipped_adapter(file).head.layers} layers" for file in (RANKING, ENTAILMENT)}
        return [
            {
                "use": "embedding", "name": self.settings.embedding_model, "source": EMBEDDING.source if shipped else "set by KPO_EMBEDDING_MODEL",
                "licence": EMBEDDING.licence if shipped else "see the model", "precision": about.get("precision", "torch"),
                "sha256": about.get("weights_sha256", ""), "where": str(self.settings.models_dir) if about else "on torch",
            },
            {
                "use": "reranking", "name": self.settings.reranker_model,
                "source": f"{RERANKER.source}; index/{RANKING.name}" if own else "set by KPO_RERANKER_MODEL",
                "licence": RERANKER.licence if own else "see the model", "precision": layers[RANKING] if own else "as it is",
                "sha256": RERANKER.sha256 if own else reranker.identity.rpartition("-")[2],
                "where": str(self.settings.models_dir) if own else self.settings.reranker_model,
            },
            {
                "use": "checking drafts", "name": f"{RERANKER.name}, for entailment", "source": f"{RERANKER.source}; index/{ENTAILMENT.name}",
                "licence": RERANKER.licence, "precision": layers[ENTAILMENT], "sha256": RERANKER.sha256,
                "where": str(self.settings.models_dir),
            },
        ]

    def status(self) -> dict[str, Any]:
        """What `kpo status` tells. Raises IndexMissing for an empty data folder."""
        from assistant.settings import described
        from index.chroma import state
        from index.search import check_built_with
        from index.terms import entries

        with self.catalog().reading() as view:
            check_built_with(view, self.embedder().identity)
            problems = view.problems()
            facts = {
                "documents": len(view.entries()), "passages": view.count_passages(), "terms": len(entries(view.terms())),
                "sources": ", ".join(f"{s.name} ({s.path})" for s in view.sources()) or "none", "generation": view.generation,
                "problems": "; ".join(f"{id}: {reason}" for id, reason in problems.items()) or "none",
                "chroma": state(self.settings.data_dir, self.catalog(), self._chroma_url()),
            }
        return {"version": VERSION, "settings": described(self.settings), "index": facts, "models": self.models(), "llm": self.llm_state()}

    def _chroma_url(self) -> str | None:
        return str(self.settings.chroma_url) if self.settings.chroma_url else None


def open_house(data_dir: Path | None = None) -> House:
    """The house for the settings in force."""
    from assistant.settings import load

    return House(load(data_dir))


@kpo.callback(invoke_without_command=True)
def root(ctx: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False) -> None:
    ctx.obj = open_house
    if version:
        typer.echo(f"kpo {VERSION}")
        raise typer.Exit


@kpo.command()
def serve(
    ctx: typer.Context,
    host: Annotated[str | None, typer.Option(help="The address to listen on (default: KPO_HOST, else 127.0.0.1).", show_default=False)] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="The port to listen on (default: KPO_PORT, else 7860).", show_default=False)] = None,
    data_dir: DataDir = None,
) -> None:
    """Serve the chat in a browser. Builds the index first when there is none."""
    from assistant.web.server import free_port_or_error, run
    from index.progress import follow

    home: House = house(ctx, data_dir)
    address, number = host or home.settings.host, port or home.settings.port
    free_port_or_error(address, number)
    if not home.built():
        typer.echo("Building the index of the shipped documents (once)…", err=True)
        follow(home.ingest([]))
    with home.served() as assistant:
        run(home.desk(assistant, address), address, number)


def in_the_same_folder(remedy: str, arguments: Sequence[str]) -> str:
    """The remedy with its commands for the data folder that the arguments name; as it is when they name none."""
    named = [after for option, after in pairwise(arguments) if option == "--data-dir"]
    named += [argument.partition("=")[2] for argument in arguments if argument.startswith("--data-dir=")]
    if not named:
        return remedy
    commands = r"`(kpo (?:ingest|serve|sources|status|search|ask|terms|eval (?:history|inbox))\b[^`]*)`"
    return re.sub(commands, lambda command: f"`{command[1]} --data-dir {shlex.quote(named[-1])}`", remedy)


def main() -> None:
    """The console command `kpo`: one place where errors become a message, a remedy and exit code 2."""
    try:
        kpo(standalone_mode=True)
    except KpoError as error:
        _end(error.message, in_the_same_folder(error.remedy, sys.argv))
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        _end(f"nothing more can be written: {error.strerror}", "make room on the disk, or write to another place")
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):  # the reader of a pipe went away, as `head` does; typer ends that with 1
            sys.exit(141)
        raise
    except KeyboardInterrupt:  # before typer heeds it, which does the same
        sys.exit(130)


def _end(message: str, remedy: str) -> NoReturn:
    message, remedy = ("\n".join(map(shown, text.split("\n"))) for text in (message, remedy))
    typer.secho(f"Error: {message}", fg="red", err=True)
    typer.echo(f"To mend it: {remedy}", err=True)
    sys.exit(2)


if __name__ == "__main__":
    sys.argv[1:] = sys.argv[1:] or ["serve"]
    main()


