"""How numbers, units, symbols and Latin letters are read out: tables and rules, one module a kind.

Each module ends in its RULES; `text.spoken` tries those of all modules in order at every place
of a text.  A rule gives every verbalisation of its span that a speaker may use, the likeliest first.
"""
