"""`python -m orca_eval VERB …`, for where the console script is not on the path."""

from orca_eval.cli import console

console()
