"""Uses one input after the other: a seed a line on standard input, an outcome a line on the output.

python -m bench.fuzz.worker KIND
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import random
import resource
import sys
import tempfile
import time
import traceback
from pathlib import Path

from bench.fuzz import MEMORY_BYTES
from orca_eval.errors import OrcaEvalError


def outcome(kind: str, seed: int) -> dict[str, object]:
    """What one input of this kind and seed led to: "used", "refused" or "traceback"."""
    module = importlib.import_module(f"bench.fuzz.{kind}")
    with tempfile.TemporaryDirectory() as name:
        what = module.make(random.Random(f"{kind} {seed}"), Path(name))
        ended, detail = "used", ""
        start = time.process_time()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            try:
                module.use(Path(name))
            except OrcaEvalError as error:
                ended, detail = "refused", str(error)
            except BaseException:
                ended, detail = "traceback", traceback.format_exc()
        seconds = time.process_time() - start  # of its own, however busy the machine is
    return {"seed": seed, "what": what, "ended": ended, "detail": detail, "seconds": seconds}


def main() -> None:
    """Serves seeds until the input ends."""
    answers = sys.stdout  # `use` prints elsewhere
    importlib.import_module(f"bench.fuzz.{sys.argv[1]}")
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_mapped_bytes() + MEMORY_BYTES, hard))
    for line in sys.stdin:
        print(json.dumps(outcome(sys.argv[1], int(line))), file=answers, flush=True)


def _mapped_bytes() -> int:
    """The address space in use: libraries map a lot that they never touch."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


if __name__ == "__main__":
    main()
