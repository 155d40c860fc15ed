"""The response store."""

from orca_eval.store.responses import ResponseStore as ResponseStore
