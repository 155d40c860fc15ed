"""orca-eval: zero-shot reasoning benchmarks for language models, in free text."""

import importlib
import os
from typing import TYPE_CHECKING

__all__ = ["compare", "evaluate", "extract_answer", "load_run", "write_report"]
__version__ = "0.1.0"

# Arrow's own pool keeps 80 MB of what it has read and written; the system's gives them back. The
# choice is read when pyarrow is first imported, so it has to be made before anything else.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

if TYPE_CHECKING:
    from orca_eval.api import compare, evaluate, load_run, write_report
    from orca_eval.extract import extract_answer
else:  # imported when it is first named: pandas takes a second

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        room = "extract" if name == "extract_answer" else "api"
        return getattr(importlib.import_module(f"{__name__}.{room}"), name)
