"""All of Orca 2 with a model and a judge at endpoints, killed at many places and repeated.

    python -m bench.judged_kills DATA_ROOT [--limit 1] [--kills 12]

Every answer is counted where it is given: a run that was killed with so many answers stored is to
ask for no more than an undisturbed one, but for the request that was under way. Exits with 1 where
one asks for more.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.run.judged_servers import Reply, Script, command, killed_and_repeated, replied, serve

ANSWER, VERDICT = "###Final answer: (A)", "Rating: [[7]]\n[[grounded]]"
ROOMY = Reply(body={"data": [{"id": "tiny", "max_model_len": 100_000}]})


def undisturbed(asked: list[str], servers: tuple[Script, Script]) -> int:
    """How many answers a run asks for that nothing disturbs."""
    subprocess.run([sys.executable, "-m", "orca_eval", *asked], check=True, capture_output=True)
    return sum(len(script.bodies) for script in servers)


def say_one_thing(script: Script, text: str) -> None:
    """Gives a server its only answer, and room for every prompt."""
    script.models, script.otherwise = ROOMY, lambda body: replied(body, text)


def main() -> None:
    """Prints what each kill cost."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data_root", type=Path)
    parser.add_argument("--limit", type=int, default=1)
    parser.add_argument("--kills", type=int, default=12)
    given = parser.parse_args()
    more = f"limit={given.limit}", "report.samples=false"
    again = 0
    with tempfile.TemporaryDirectory() as name:
        for number in range(given.kills + 1):
            results = Path(name) / str(number)
            with serve() as model, serve() as judge:
                say_one_thing(model, ANSWER)
                say_one_thing(judge, VERDICT)
                servers = model, judge
                asked = command("orca2_full", servers, given.data_root, results, *more)
                if number == 0:
                    whole = undisturbed(asked, servers)
                    print(f"undisturbed: {whole} answers", flush=True)
                    continue
                after = 1 + (number - 1) * (whole - 2) // max(1, given.kills - 1)
                made = killed_and_repeated(asked, servers, results, after)
            again += max(0, made - whole - 1)
            print(f"killed with {after} stored: {made} answers in all", flush=True)
    print(f"{given.kills} kills; {again} answers that were stored asked for again")
    raise SystemExit(bool(again))


if __name__ == "__main__":
    main()
