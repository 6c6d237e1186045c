"""A run as JUnit XML, for CI."""

from typing import Any

from evals.compare import Comparison
from evals.labels import STAGES, readable
from evals.run import EvalRun


def junit_xml(run: EvalRun, comparison: Comparison | None = None) -> str:
    """JUnit XML: a test case for each case, a failure with the stage and the answer, an error for a crash; figures as properties."""
    from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

    fell = {pair.case for pair in comparison.fell} if comparison else set()
    suite = TestSuite(readable(run.set_name))
    suite.timestamp = run.started
    for key, value in sorted(run.fingerprint.items()):
        suite.add_property(f"fingerprint.{key}", readable(value))
    suite.add_property("pass_rate", f"{run.figures['pass_rate'] or 0.0:.4f}")
    if comparison:
        suite.add_property("verdict", comparison.verdict)
    for outcome in run.outcomes:
        case = TestCase(readable(outcome.case), readable(run.set_name), round(outcome.timings_ms.get("total", 0.0) / 1000, 3))
        if not outcome.passed:
            kind = Error if outcome.error else Failure
            why = outcome.error or STAGES.get(outcome.failed_at, outcome.failed_at)
            result = kind(readable(f"{'fell: ' if outcome.case in fell else ''}{outcome.failed_at}: {why}"), outcome.failed_at.replace(" ", "-"))
            cited = ", ".join(sorted({str(citation["document"]) for citation in outcome.citations})) or "nothing"
            result.text = readable(f"question: {outcome.question}\nverdict: {outcome.verdict or 'none'}\ncited: {cited}\nanswer: {outcome.text}")
            case.result = [result]
        suite.add_testcase(case)
    xml: Any = JUnitXml(readable(run.set_name))
    xml.add_testsuite(suite)
    xml.update_statistics()
    text = xml.tostring()
    return text.decode() if isinstance(text, bytes) else str(text)
