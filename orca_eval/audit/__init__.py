"""People look at what was read from replies: a sheet of samples, and what their verdicts say."""
