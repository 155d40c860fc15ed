"""Damaged and hostile files, seeded: each kind is a module that makes one and hands it to the code.

A module has `make(rng, folder)`, which writes one input and says in a few words what is wrong with
it, and `use(folder)`, which does with it what a command would. `use` may end in an OrcaEvalError;
any other exception is a fault, and so is taking longer than `SECONDS` or more than `MEMORY_BYTES`.
"""

SECONDS = 20.0
MEMORY_BYTES = 4 << 30
