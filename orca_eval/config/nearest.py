"""Names like a mistyped one, for every message about a name that does not exist."""

import difflib
from collections.abc import Iterable


def nearest(name: str, valid: Iterable[str], most: int = 3, cutoff: float = 0.5) -> list[str]:
    """Finds at most `most` of `valid` that look like `name`, the most similar ones first."""
    by_lower = {each.lower(): each for each in valid}
    near = difflib.get_close_matches(name.lower(), list(by_lower), most, cutoff)
    return [by_lower[each] for each in near]


def hint(name: str, valid: Iterable[str], most: int = 3, all_are: str = "valid:") -> str:
    """Says `did you mean a, b?`, or names all of `valid`, in their order, where none is near."""
    names = list(valid)
    near = nearest(name, names, most)
    return f"did you mean {', '.join(near)}?" if near else f"{all_are} {', '.join(names)}"
