"""The response store."""

from orca_eval.store.responses import ResponseStore as ResponseStore
from orca_eval.store.rows import Asked as Asked, Stored as Stored
