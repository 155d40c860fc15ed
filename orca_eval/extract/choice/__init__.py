"""Which option a reply commits to.

options.py holds the options, mentions.py finds where a reply names them and how, reply.py puts both
together. exact.py and announced.py read what an announcement gives, standalone.py holds the rules
for labels that stand by themselves, and rules.py all others.
"""
