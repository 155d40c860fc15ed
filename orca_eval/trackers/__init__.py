"""Experiment trackers: what a finished run tells one, and a file for each that passes it on.

A tracker is a module with `log(record)`; its package is an extra, imported there and nowhere else.
"""
