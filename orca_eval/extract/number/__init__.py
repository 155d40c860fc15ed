"""Which number a reply commits to: reply.py says what a reply states, rules.py what counts."""
