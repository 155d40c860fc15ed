"""What CI systems show: JUnit XML, and annotations for GitHub Actions."""

from orca_eval.gate.judge import Finding, Line, Verdict
from orca_eval.gate.result import GateResult, name_of, sentence
from orca_eval.safe_text import github_log, xml

_COMMAND = {Verdict.REGRESSION: "error", Verdict.INCONCLUSIVE: "warning"}


def workflow_commands(result: GateResult) -> str:
    """Says on standard output, a command per line, what keeps the verdict from being a pass."""
    # Line breaks are gone from the message, and % is its escape character.
    return "".join(
        f"::{_COMMAND[line.verdict]} title=orca-eval gate::"
        f"{github_log(sentence(line)).replace('%', '%25')}\n"
        for line in result.open_lines
    )


def junit(result: GateResult) -> str:
    """Reports a case per benchmark and average.

    A regression is a failure of type `score` or `format`; an open question is skipped.
    """
    failures = sum(line.verdict is Verdict.REGRESSION for line in result.lines)
    skipped = sum(line.verdict is Verdict.INCONCLUSIVE for line in result.lines)
    cases = "".join(_case(line) for line in result.lines)
    said = "\n".join([result.headline, *result.cautions, *result.notes])
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n'
        f'<testsuite name="orca-eval gate" tests="{len(result.lines)}" failures="{failures}" '
        f'errors="0" skipped="{skipped}">\n{cases}'
        f"<system-out>{xml(said)}</system-out>\n</testsuite>\n</testsuites>\n"
    )


def _case(line: Line) -> str:
    inside = ""
    if line.verdict is Verdict.REGRESSION:
        kind = "score" if line.finding is Finding.WORSE else "format"
        inside = f'<failure type="{kind}" message="{xml(sentence(line))}"/>'
    elif line.verdict is Verdict.INCONCLUSIVE:
        inside = f'<skipped message="{xml(sentence(line))}"/>'
    return f'<testcase classname="orca_eval.gate" name="{xml(name_of(line))}">{inside}</testcase>\n'
