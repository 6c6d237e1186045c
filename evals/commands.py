"""The group `kpo eval`: question sets are written, run, compared, gated on, blessed and grown. Results go to stdout, progress and messages to stderr."""

import random
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from corpus.errors import CorpusError, EvalError
from evals.public_commands import commands as public_commands
from index.commands import DataDir, Json, house, print_json

if TYPE_CHECKING:
    from assistant.ask import Assistant
    from evals.cases import CaseSet
    from evals.records import Records
    from evals.run import EvalRun
    from evals.session import Choice

commands = typer.Typer(no_args_is_help=True)

NEW_FILE = "The file to write: .yaml, .csv or .jsonl. It must not be there yet."
Sets = Annotated[list[str] | None, typer.Argument(help="Question sets: files, or names of shipped sets. None: all shipped sets.", show_default=False)]
Seed = Annotated[int, typer.Option("--seed", help="The same seed draws the same sample.")]
Html = Annotated[Path | None, typer.Option("--html", help="Write the report as one HTML file.", show_default=False)]
Markdown = Annotated[Path | None, typer.Option("--markdown", help="Write the report as Markdown.", show_default=False)]
Margin = Annotated[float, typer.Option("--margin", min=0, max=0.99, help="The share of cases that may be lost and still count as no worse.")]
AnySet = Annotated[bool, typer.Option("--any-set", help="Compare the shared cases even if the set has changed.")]
Baselines = Annotated[Path | None, typer.Option("--baselines", help="The folder of the blessed baselines (default: evals/baselines).", show_default=False)]


@commands.command()
def check(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="Question sets: .yaml, .csv or .jsonl.", show_default=False)],
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Tell every mistake in question sets, and which cases are stale."""
    from evals.cases import checked, doubts

    catalog = house(ctx, data_dir).catalog()
    rows: list[dict[str, Any]] = []
    mistakes = 0
    for file in files:
        try:
            found, wrong = checked(file)
        except EvalError as error:  # one file that cannot be read must not hide the mistakes of the others
            mistakes += 1
            said = [f"{error.message}; {error.remedy}"]
            rows.append({"file": str(file), "name": "", "digest": "", "cases": 0, "mistakes": said, "stale": [], "doubts": []})
            continue
        mistakes += len(wrong)
        stale, unsure = doubts(found, catalog) if catalog.exists else ([], [])
        rows.append({
            "file": str(file), "name": found.name, "digest": found.digest, "cases": len(found.cases),
            "mistakes": wrong, "stale": stale, "doubts": unsure,
        })
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            _print_checked(row)
    if not catalog.exists:
        typer.echo("No index yet: whether cases are stale was not looked at.", err=True)
    raise typer.Exit(2 if mistakes else 0)


def _print_checked(row: dict[str, Any]) -> None:
    from assistant.plain import plural

    for mistake in row["mistakes"]:
        typer.secho(mistake, fg="red")
    for said in (*row["stale"], *row["doubts"]):
        typer.secho(f"{row['file']}: {said}", fg="yellow")
    counts = (plural(len(row["mistakes"]), "mistake"), f"{len(row['stale'])} stale", plural(len(row["doubts"]), "doubt"))
    some = ", ".join(count for count in counts if not count.startswith("0 "))
    typer.echo(f"{row['file']}: {plural(row['cases'], 'valid case')}; {some or 'no mistakes'}")


@commands.command()
def new(file: Annotated[Path, typer.Argument(help=NEW_FILE, show_default=False)]) -> None:
    """Begin a question set with a few cases that explain themselves."""
    from evals.starter import write

    write(file)
    typer.echo(f"wrote {file}; edit it, then run `kpo eval check {file}`", err=True)


@commands.command()
def convert(
    source: Annotated[Path, typer.Argument(metavar="FROM", help="A question set.", show_default=False)],
    target: Annotated[Path, typer.Argument(metavar="TO", help=NEW_FILE, show_default=False)],
) -> None:
    """Write a question set in another format: YAML for people, CSV for spreadsheets, JSONL for machines."""
    from evals.cases import dump, load
    from evals.starter import save_new

    found = load(source)
    save_new(target, dump(found, target.suffix.lower()))
    typer.echo(f"wrote {target}: {len(found.cases)} cases", err=True)


@commands.command()
def draft(
    ctx: typer.Context,
    document: Annotated[str, typer.Option("--from", help="A document id, as `kpo sources` lists them.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option("-o", help="The file to write (default: YAML on standard output). It must not be there yet.", show_default=False)
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Propose cases from a document's headings, definitions, lists and tables, for you to accept."""
    from evals.cases import dump
    from evals.draft import draft as drafted
    from evals.starter import save_new

    with house(ctx, data_dir).catalog().reading() as view:
        found = view.document(document)
        if found is None:
            raise CorpusError(f"there is no document {document!r}", "`kpo sources` lists them")
        proposed = drafted(found, view.passages_of(document), view.terms())
    if not proposed.cases:
        raise EvalError(f"{document} has no headings, definitions, lists or tables to draft from", "write cases by hand; `kpo eval new` begins a set")
    if out is None:
        typer.echo(dump(proposed, ".yaml"), nl=False)
    else:
        save_new(out, dump(proposed, out.suffix.lower()))
    typer.echo(f"{len(proposed.cases)} drafts: strike out what nobody would ask, mend the rest, and take off the tag draft", err=True)


@commands.command()
def answers(
    ctx: typer.Context,
    sets: Sets = None,
    sample: Annotated[int, typer.Option("--sample", min=1, help="How many questions, drawn at random from all sets together.")] = 100,
    seed: Seed = 0,
    data_dir: DataDir = None,
) -> None:
    """Print questions with their answers as Markdown, for a person to read and judge."""
    from evals.answers import as_markdown, asked
    from evals.session import sets_named

    cases = [case for found in sets_named(sets or []) for case in found.cases]
    drawn = random.Random(seed).sample(cases, min(sample, len(cases)))
    typer.echo(f"# {len(drawn)} answers\n\nDrawn at random by `kpo eval answers --sample {sample} --seed {seed}`; nothing was chosen or mended by hand.\n")
    for case, answer in asked(house(ctx, data_dir).assistant(), drawn):
        typer.echo(as_markdown(case, answer))


@commands.command()
def run(
    ctx: typer.Context,
    sets: Sets = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", help="Only cases with this tag; may be repeated: any of them.", show_default=False)
    ] = None,
    sample: Annotated[
        int | None, typer.Option("--sample", min=1, help="Only so many cases of each set, drawn at random.", show_default=False)
    ] = None,
    seed: Seed = 0,
    half: Annotated[
        Literal["even", "odd"] | None, typer.Option("--half", help="Only the even half (for development) or the odd one.", show_default=False)
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, max=64, help="How many cases to ask at a time.")] = 2,
    timeout: Annotated[float, typer.Option("--timeout", min=0.001, help="Seconds after which a case has failed.")] = 60.0,
    against: Annotated[str | None, typer.Option("--against", help="Compare with: baseline, or the number of a run.", show_default=False)] = None,
    fail_on: Annotated[
        Literal["regression"] | None, typer.Option("--fail-on", help="Exit 1 when the comparison says worse.", show_default=False)
    ] = None,
    minimum: Annotated[
        list[str] | None, typer.Option("--min", metavar="METRIC=VALUE", help="Exit 1 when a metric is below this.", show_default=False)
    ] = None,
    maximum: Annotated[
        list[str] | None, typer.Option("--max", metavar="METRIC=VALUE", help="Exit 1 when a metric is above this.", show_default=False)
    ] = None,
    margin: Margin = 0.02,
    any_set: AnySet = False,
    baselines: Baselines = None,
    html: Html = None,
    junit: Annotated[Path | None, typer.Option("--junit", help="Write the outcomes as JUnit XML.", show_default=False)] = None,
    markdown: Markdown = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write all of it as JSON.", show_default=False)] = None,
    writer: Annotated[
        Literal["extractive", "llm"], typer.Option("--writer", help="Who writes; llm runs both, and sets the language model beside quoting.")
    ] = "extractive",
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew, even if an interrupted run of the same cases could be taken up again.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Ask the questions of sets, score the answers, and compare and gate when asked to."""
    from evals import session, terminal
    from evals.compare import compare
    from evals.gate import exit_code, gate
    from evals.records import Records

    session.check_places(html, junit, markdown, json)
    home = house(ctx, data_dir)
    records = Records(home.settings.data_dir)
    choice = session.Choice(tuple(tag or ()), sample, seed, half)
    chosen = session.chosen(session.sets_named(sets or []), choice)
    limits = session.limits(minimum or []), session.limits(maximum or [])
    before = session.before(records, against, chosen, baselines, any_set=any_set)
    session.check_gate(before, fail_on=fail_on is not None and writer == "extractive", limits=limits)
    if writer == "llm":
        session.check_writer(home.settings.llm, against)
        before = session.joined(_asked(records, home.assistant(), chosen, choice, jobs=jobs, seconds=timeout, fresh=fresh))
        runs = _asked(records, home.assistant(drafts=True), chosen, choice, jobs=jobs, seconds=timeout, fresh=fresh)
    else:
        runs = _asked(records, home.assistant(), chosen, choice, jobs=jobs, seconds=timeout, fresh=fresh)
    for one, found in zip(runs, chosen, strict=True):
        typer.echo(terminal.summary(one))
        typer.echo(terminal.failures(one.outcomes, {case.id: case for case in found.cases}))
    whole = session.joined(runs)
    if len(runs) > 1:
        typer.echo(terminal.summary(whole))
    compared = session.recalled(records, compare(before, whole, margin=margin, different_sets=any_set)) if before else None
    if compared:
        typer.echo(terminal.comparison(compared))
        terminal.warn(compared)
    session.write_reports(whole, compared, html=html, junit=junit, markdown=markdown, json=json)
    reasons = gate(compared or whole, fail_on_regression=fail_on is not None, minimums=limits[0], maximums=limits[1])
    terminal.tripped(reasons)
    raise typer.Exit(exit_code(reasons))


def _asked(
    records: "Records", assistant: "Assistant", sets: "list[CaseSet]", choice: "Choice", *, jobs: int, seconds: float, fresh: bool
) -> "list[EvalRun]":
    """A finished run of each set, shown as it goes; an interruption ends the command, and keeps what was asked."""
    from evals import session, terminal

    prepared = session.prepare(records, assistant, sets, choice, fresh=fresh)
    try:
        for job in prepared:
            if job.done:
                had = f"{len(job.done)} of {len(job.cases)} cases are done (--fresh begins anew)"
                typer.echo(f"taking up run {job.id} of {job.found.name} again: {had}", err=True)
            terminal.follow(
                session.outcomes(records, assistant, job, jobs=jobs, seconds=seconds), title=job.found.name, total=len(job.cases),
                cases={case.id: case for case in job.cases}, passed=sum(o.passed for o in job.done), failed=sum(not o.passed for o in job.done),
            )
    except KeyboardInterrupt:
        typer.echo("\nInterrupted. What was asked is kept: the same command takes the run up again.", err=True)
        raise typer.Exit(130) from None
    return session.finish(records, prepared)


@commands.command()
def compare(
    ctx: typer.Context,
    before: Annotated[str, typer.Argument(metavar="A", help="The number of a run, or baseline.", show_default=False)],
    after: Annotated[str, typer.Argument(metavar="B", help="The number of a run.", show_default=False)],
    margin: Margin = 0.02,
    any_set: AnySet = False,
    baselines: Baselines = None,
    html: Html = None,
    markdown: Markdown = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Set run B beside run A, or beside the baseline of its set. Exit 1 when a protected case fell."""
    from evals import session, terminal
    from evals.baseline import BASELINES, load_baseline
    from evals.compare import compare as compared
    from evals.gate import exit_code, gate
    from evals.records import Records

    session.check_places(html, markdown)
    records = Records(house(ctx, data_dir).settings.data_dir)
    later = records.run(session.number(after))
    earlier = load_baseline(later.set_name, baselines or BASELINES) if before == "baseline" else records.run(session.number(before))
    found = session.recalled(records, compared(earlier, later, margin=margin, different_sets=any_set))
    if as_json:
        print_json(found.as_dict())
    else:
        typer.echo(terminal.comparison(found))
    terminal.warn(found)
    session.write_reports(later, found, html=html, markdown=markdown)
    reasons = gate(found)
    terminal.tripped(reasons)
    raise typer.Exit(exit_code(reasons))


@commands.command()
def bless(
    ctx: typer.Context,
    number: Annotated[
        int | None, typer.Argument(metavar="[RUN]", help="The number of a run (default: all that the last `kpo eval run` ran).", show_default=False)
    ] = None,
    baselines: Baselines = None,
    data_dir: DataDir = None,
) -> None:
    """Make a run the baseline of its set: a file for version control that a person reviews."""
    from evals import session
    from evals.records import Records

    for path, one in session.bless(Records(house(ctx, data_dir).settings.data_dir), number, baselines):
        typer.echo(f"{path}: run {one.id} of {one.set_name}, {sum(o.passed for o in one.outcomes)} of {len(one.outcomes)} passed")


@commands.command()
def history(
    ctx: typer.Context,
    html: Annotated[Path | None, typer.Option("--html", help="Write the metrics over time as one HTML file.", show_default=False)] = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """List the finished runs with their figures, oldest first."""
    from evals.history import history_html
    from evals.records import Records
    from evals.session import check_places, write
    from evals.terminal import history_row

    check_places(html)
    records = Records(house(ctx, data_dir).settings.data_dir)
    runs = [records.run(id) for id in records.runs()]
    if html:
        write(html, history_html(runs))
        typer.echo(f"wrote {html}", err=True)
    rows = [history_row(one) for one in runs]
    if as_json:
        print_json(rows)
    elif rows:
        from index.progress import table

        table("", tuple(rows[0]), [tuple(row.values()) for row in rows])
    else:
        typer.echo("no run has been finished yet", err=True)


@commands.command()
def inbox(
    ctx: typer.Context,
    accept: Annotated[
        int | None, typer.Option("--accept", metavar="ID", help="Make a case of this feedback, in the set named by --into.", show_default=False)
    ] = None,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="FILE", help="The set to put the case into; made when it is not there.", show_default=False)
    ] = None,
    expect: Annotated[
        Literal["answer", "refusal", "conversation"] | None, typer.Option("--expect", help="What should have happened.", show_default=False)
    ] = None,
    must_say: Annotated[
        list[str] | None, typer.Option("--must-say", help="What the answer must say; may be repeated; alternatives between |.", show_default=False)
    ] = None,
    dismiss: Annotated[int | None, typer.Option("--dismiss", metavar="ID", help="Take this feedback out of the inbox.", show_default=False)] = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """List feedback that waits to become a case; accept it into a set, or dismiss it."""
    from evals import inbox as feedback
    from evals.records import Records
    from evals.terminal import waiting

    records = Records(house(ctx, data_dir).settings.data_dir)
    if accept is not None and dismiss is not None:
        raise typer.BadParameter("accept feedback or dismiss it, not both")
    if accept is not None:
        if into is None:
            raise typer.BadParameter("--accept needs --into FILE")
        case = feedback.accept(records, accept, into, expect=expect, must_say=[feedback.phrase(said) for said in must_say or []])
        typer.echo(f"{into}: added the case {case.id}, which expects {case.expect}", err=True)
    elif dismiss is not None:
        records.settle(dismiss, "dismissed")
        typer.echo(f"dismissed {dismiss}", err=True)
    elif as_json:
        print_json([asdict(one) for one in records.inbox()])
    else:
        typer.echo(waiting(records.inbox()))


commands.registered_commands += public_commands.registered_commands


@commands.command()
def calibrate(
    ctx: typer.Context,
    set_file: Annotated[
        Path | None,
        typer.Argument(help="A labelled set that is never reported on (default: the even halves of the shipped ones, and more).", show_default=False),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the constants, store nothing.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Fit the floor between answering and refusing, and store its constants for the reranker in use: for the documents as they are, and as if their
    sections listed no questions that they answer.
    """
    from assistant.ask import Assistant, Extractive
    from assistant.floor import CONSTANTS, Constants, key_of
    from assistant.selection import selection_for
    from evals.calibrate import calibrated, calibration, development, entry, observed, practice, store, without_questions
    from evals.cases import load, merged
    from evals.terminal import counted

    found = load(set_file) if set_file else development()
    more = [] if set_file else [(calibration(), True), (practice(), False)]  # and whether each case is asked again
    labelled = merged([found, *(other for other, _ in more)])
    fitted: dict[str, dict[str, Any]] = {}
    with TemporaryDirectory() as folder:
        whole = house(ctx, data_dir).retrieval()
        name = whole.reranker.identity if whole.reranker else "none"
        for lists_questions, retrieval in ((True, whole), (False, without_questions(whole, Path(folder)))):
            assistant = Assistant(retrieval, Extractive(selection_for(name)), Constants.open())
            seen = observed(assistant, counted(found.cases, found.name))
            for other, again in more:
                seen += observed(assistant, counted(other.cases, other.name), besides=True, again=again)
            fitted[key_of(name, lists_questions=lists_questions)] = entry(calibrated(seen), labelled, seen)
    print_json(fitted)
    if not dry_run:
        store(CONSTANTS, fitted)
        typer.echo(f"stored in {CONSTANTS}", err=True)


@commands.command(name="fit-selection")
def fit_selection(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the constants, store nothing.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Fit which sentences belong to an answer, on the sets that are never reported on, and store the constants for the reranker in use."""
    from assistant.selection import CONSTANTS
    from evals import selection
    from evals.calibrate import store
    from evals.terminal import counted

    retrieval = house(ctx, data_dir).retrieval()
    found = selection.labelled()
    seen = list(selection.observed(retrieval, counted(found.cases, found.name)))
    fitted = {retrieval.reranker.identity if retrieval.reranker else "none": selection.entry(selection.fit(seen, selection.FACTS), found, seen)}
    print_json(fitted)
    if not dry_run:
        store(CONSTANTS, fitted)
        typer.echo(f"stored in {CONSTANTS}", err=True)


@commands.command(name="fit-fusion")
def fit_fusion(ctx: typer.Context, data_dir: DataDir = None) -> None:
    """Fit how the searchers' lists are fused, and print the weights; index/search.py holds those in use.

    For each K of reciprocal rank: what the nearness of a question and the length of a passage count for beside it, and the share of the
    practice questions of which a passage that says it is among the first 4, 10 and 16, by the ranks alone and with the weights, each held out.
    """
    from evals import fusion
    from evals.calibrate import practice
    from evals.terminal import counted

    seen = list(fusion.candidates(house(ctx, data_dir).retrieval(), counted(practice().cases, "practice")))
    print_json({"questions": len(seen), "within": fusion.WITHIN, "weights": [asdict(fusion.fit(seen, k)) for k in fusion.TRIED_K]})


@commands.command(name="fit-head")
def fit_head(
    ctx: typer.Context,
    sample: Annotated[int, typer.Option("--sample", min=4, help="Questions to fit on; it is tried on a quarter as many others.")] = 800,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the head, store nothing.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Fit the head that lets the reranker do without its upper layers, for `kpo eval train-reranker` to begin with."""
    from evals import head
    from evals.calibrate import development, practice
    from evals.run import planned
    from evals.terminal import counted
    from index.head import FITTED

    retrieval = house(ctx, data_dir).retrieval()
    whole = head.Whole()
    sets = (practice(), sample), (development(), sample // 4)
    fitted_on, others = (replace(found, cases=tuple(planned(found, sample=n, seed=1))) for found, n in sets)
    seen, held_out = (list(head.readings(retrieval, counted(found.cases, found.name), whole)) for found in (fitted_on, others))
    fitted = head.fit(seen)
    stored = head.entry(fitted, fitted_on, len(seen), len(held_out), head.agreement(fitted, held_out))
    print_json({"digest": fitted.digest, **stored["provenance"]})
    if not dry_run:
        head.store(stored)
        typer.echo(f"stored in {FITTED}", err=True)


@commands.command(name="train-reranker")
def train_reranker(
    ctx: typer.Context,
    sample: Annotated[int | None, typer.Option("--sample", min=4, help="Questions to train on (default: all).", show_default=False)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Train, and store nothing.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Train the shipped reranker on questions that are never reported on (half an hour), and put it in use.

    The constants belong to a reranker: `kpo eval fit-selection`, `kpo eval calibrate` and `kpo eval calibrate-check` fit them anew.
    """
    from evals import ranking
    from evals.adapter import Training
    from evals.run import planned
    from evals.selection import labelled
    from evals.terminal import counted
    from index.adapter import RANKING, save

    asked = labelled()
    asked = replace(asked, cases=tuple(planned(asked, sample=sample, seed=1))) if sample else asked
    with TemporaryDirectory() as folder:
        retrieval = ranking.untrained(house(ctx, data_dir).retrieval(), Path(folder))
        taught = ranking.examples(list(ranking.candidates(retrieval, counted(asked.cases, asked.name))))
    training = Training(taught, ranking.recipe())
    losses = [training.learn(batch) for batch in counted(training.batches, "batches")]
    about = ranking.provenance(taught, asked, losses)
    trained = ranking.rescaled(training.adapter())
    print_json({"digest": trained.digest, **about})
    if not dry_run:
        save(trained, about, RANKING)
        typer.echo(f"stored in {RANKING}", err=True)


@commands.command(name="train-check")
def train_check(
    ctx: typer.Context,
    sample: Annotated[int | None, typer.Option("--sample", min=4, help="Sentences to train on (default: all).", show_default=False)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Train, and store nothing.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Train the adapter with which the shipped cross-encoder tells whether a text bears a sentence out (an hour and a half), and put it in use.

    The floors of the check belong to an adapter: `kpo eval calibrate-check` chooses them anew.
    """
    from assistant.check import Floors, Judge
    from evals import adapter, sentences
    from evals.run import by_hash
    from evals.terminal import counted
    from index.adapter import ENTAILMENT, save

    retrieval = house(ctx, data_dir).retrieval()
    judge = Judge(retrieval.reranker, retrieval.reranker, floors=Floors.open())
    found = [one for path in sentences.PRACTICE for one in sentences.load(path)]
    chosen = sorted(found, key=lambda one: by_hash(one.sentence))[:sample]
    with retrieval.reading() as view:
        training = adapter.Training(list(adapter.examples(judge, view, counted(chosen, "sentences"))), adapter.CHECKING)
    losses = [training.learn(batch) for batch in counted(training.batches, "batches")]
    about = adapter.provenance(chosen, losses)
    trained = training.adapter()
    print_json({"digest": trained.digest, **about})
    if not dry_run:
        save(trained, about, ENTAILMENT)
        typer.echo(f"stored in {ENTAILMENT}", err=True)


@commands.command(name="calibrate-check")
def calibrate_check(
    ctx: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(help="Labelled sentences (default: the shipped ones).", show_default=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the floors and error rates, store nothing.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Choose the floors of the check of drafted sentences, store them for the models in use, and tell both error rates."""
    from assistant.check import FLOORS, Floors, Judge, models_of
    from evals import sentences
    from evals.calibrate import store
    from evals.terminal import counted

    files = (file,) if file else sentences.DEVELOPMENT
    found = {path: sentences.load(path) for path in files}
    home = house(ctx, data_dir)
    retrieval = home.retrieval()
    models = retrieval.reranker, home.entailment()
    with retrieval.reading() as view:
        open_check = Judge(*models, floors=Floors.open())
        seen = [one for path in files for one in sentences.observed(open_check, view, counted(found[path], path.stem))]
        floors = sentences.choose(seen)
        judge = Judge(*models, floors=floors)
        told = {f"{path.stem}, {half} half": sentences.rates(judge, view, found[path], half) for path in files for half in ("even", "odd")}
        told |= {f"{path.stem}, kept apart": sentences.rates(judge, view, sentences.load(path), "all") for path in (() if file else sentences.APART)}
    name = models_of(*models)
    fitted = sentences.entry(floors, seen, files)
    print_json({name: fitted})
    for what, rates in told.items():
        typer.echo(f"{what}: {rates}", err=True)
        for one, why in rates.eaten:
            typer.echo(f"  dropped ({why}): {one.sentence}", err=True)
        for one in rates.missed:
            typer.echo(f"  let through ({one.fault}): {one.sentence}", err=True)
    if not dry_run:
        store(FLOORS, {name: fitted})
        typer.echo(f"stored in {FLOORS}", err=True)
