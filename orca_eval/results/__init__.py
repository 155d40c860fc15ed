"""The files of a finished run, read back: whatever stands in them, typed data or one line."""
