"""Which option a reply commits to.

options.py holds the options, and reply.py finds where a reply names them and how. exact.py and
announced.py read what an announcement gives, and rules.py holds the rules.
"""
