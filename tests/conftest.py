"""For all tests."""

import os

# pytest's plugin imports it at the end at the latest: after a run has frozen the garbage collector,
# hypothesis takes other libraries' generators for garbage and warns.
import hypothesis

# A change is judged by the same examples wherever it is tested; `make soak` looks for new ones.
hypothesis.settings.register_profile("same", deadline=None, derandomize=True)
hypothesis.settings.register_profile("search", deadline=None)
hypothesis.settings.load_profile("same")

# Commands in processes of their own keep what they compile, as those of an installation do: without
# it each compiles all of the package again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# The hub's library reads it when it is first imported, and tries for half a minute without it.
os.environ["HF_HUB_OFFLINE"] = "1"
