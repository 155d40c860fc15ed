"""orca-eval: zero-shot reasoning benchmarks for language models, in free text."""

import os

__version__ = "0.1.0"

# Arrow's own pool keeps 80 MB of what it has read and written; the system's gives them back. The
# choice is read when pyarrow is first imported, so it has to be made before anything else.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
