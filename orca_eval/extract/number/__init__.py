"""Which number a reply commits to.

announced.py reads the number that an announcement gives, result.py the one that a statement arrives
at; concluded.py holds the rules for prose that announces nothing, and rules.py lists all rules.
"""
