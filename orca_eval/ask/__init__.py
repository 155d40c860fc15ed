"""One question to several models, prompts and strategies, side by side."""
