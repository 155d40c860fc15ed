"""Which option a reply commits to.

options.py holds the options, and dress.py makes fancy letters plain. reply.py finds where a reply
names options and how. labels.py reads a label, several.py a row of them, values.py a value in
another notation, judged.py verdicts on each, exact.py and announced.py what an announcement gives,
and standing.py what stands by itself. rules.py holds the rules.
"""
