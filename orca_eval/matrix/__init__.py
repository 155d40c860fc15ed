"""What became of several strategies: which serves which task, and what choosing is worth."""
