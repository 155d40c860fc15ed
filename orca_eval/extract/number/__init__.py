"""Which number a reply commits to.

announced.py reads the number that an announcement gives, result.py the one that a statement arrives
at; rules.py holds the rules, with those for prose that announces nothing.
"""
