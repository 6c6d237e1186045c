"""A run, and its comparison with another, as Markdown for a pull request. Untrusted text is put into it as plain characters."""

import re
from collections.abc import Sequence

from assistant.plain import plural
from evals.compare import Comparison, Pair, cautions, described, listed
from evals.labels import called, readable
from evals.report import MOST_NAMED, crashed, difference_row, said_by, stages, tiles
from evals.run import EvalRun

MOST = 20  # cases shown in full; GitHub cuts a comment at 65,536 characters
LONGEST = 600  # characters of an answer there


def markdown_text(run: EvalRun, comparison: Comparison | None = None) -> str:
    """Markdown for a pull request: the verdict, which cases fell, the figures, then these cases with both answers (the first ones in full)."""
    found = run.figures
    said = [f"## {plain(run.set_name)}: {found['passed']} of {found['cases']} cases passed", ""]
    if found["errors"]:
        said += [f"Of them {crashed(run)}.", ""]
    if comparison:
        joined = " than" if comparison.verdict in ("better", "worse") else ", against"
        said += [f"**{comparison.verdict.capitalize()}**{joined} {plain(called(comparison.before.name))}: {plain(described(comparison.overall))}.", ""]
        said.append(f"- **{_moved('fell', comparison.fell)}**" if comparison.fell else "- No case fell.")
        said += [f"- {_moved('rose', comparison.rose)}"] if comparison.rose else []
        said += [f"- {plain(f'{one.slice}: {described(one)}')}" for one in comparison.worse_slices]
        said += [f"- {plain(caution)}" for caution in cautions(comparison, beside_verdict=True)]
        said += ["", "| | before | after | change | 95% | p |", "|---|--:|--:|--:|:-:|--:|"]
        rows = [difference_row(one, comparison, 1.0) for one in comparison.differences if not one.slice]
        said += [f"| {plain(row['name'])} | {row['before']} | {row['after']} | {row['change']} | {row['interval']} | {plain(row['p'])} |" for row in rows]
        said += ["", *_pairs("fell", comparison.fell), *_pairs("rose", comparison.rose)]
    else:
        said += ["| | |", "|---|--:|"]
        said += [f"| {tile.name} | {tile.value} |" for tile in tiles(run, None)]
        said.append("")
    failed = stages(run)
    if failed:
        said += ["| failed at | cases |", "|---|--:|", *[f"| {stage['name']}: {stage['about']} | {stage['count']} |" for stage in failed], ""]
    return "\n".join(said)


def _moved(word: str, pairs: Sequence[Pair]) -> str:
    ids = (f"{pair.case} (protected)" if pair.protected else pair.case for pair in pairs)
    return f"{plural(len(pairs), 'case')} {word}: {plain(listed(ids, MOST_NAMED))}"


def _pairs(word: str, pairs: Sequence[Pair]) -> list[str]:
    if not pairs:
        return []
    said = [f"### {plural(len(pairs), 'case')} {word}", ""]
    for pair in pairs[:MOST]:
        said += [f"<details><summary>{plain(pair.case)}{' (protected)' if pair.protected else ''}: {plain(_short(pair.question))}</summary>", ""]
        for name, seen in (("Before", pair.before), ("After", pair.after)):
            cited = f" Cited: {plain(', '.join(seen.cited))}." if seen.cited else ""
            stage = f", {seen.failed_at}" if seen.failed_at else ""
            said += [f"{name} ({seen.verdict or 'no verdict'}{stage}): {plain(_short(said_by(seen)))}{cited}", ""]
        said += ["</details>", ""]
    if len(pairs) > MOST:
        said += [f"And {len(pairs) - MOST} more: {plain(', '.join(pair.case for pair in pairs[MOST:]))}", ""]
    return said


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def plain(text: str) -> str:
    """Text for Markdown in which nothing is markup, a link, a mention or a reference: on one line, odd characters as entities."""
    line = " ".join(readable(text).split())
    # GitHub looks for mentions, references and bare links in the finished text: an invisible space breaks these.
    line = re.sub(r"(@|#|https?|ftp|www)(?=[\w:.])", "\\1\u200b", line, flags=re.IGNORECASE)
    return re.sub(r"[^\w\s.,;?'\"()%+/–…\u200b-]", lambda found: f"&#{ord(found[0])};", line).replace("_", "&#95;")
