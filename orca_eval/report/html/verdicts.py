"""What a judge said of a reply, as the explorer shows it: untrusted text, like the reply."""

import orjson


def judges_words(conversation: str | None) -> str:
    """The verdicts of a sample's conversation, numbered where there are several; empty without."""
    if not conversation:
        return ""
    try:
        steps = orjson.loads(conversation)
        said = [str(step["response"]) for step in steps if step["who"] == "judge"]
    except (ValueError, KeyError, TypeError):  # of no run of ours
        return ""
    if len(said) < 2:
        return "".join(said)
    return "\n\n".join(f"Verdict {number}:\n{text}" for number, text in enumerate(said, start=1))
