"""Answers in the reply's own words: spans (DROP) in span.py, free text in text.py."""
