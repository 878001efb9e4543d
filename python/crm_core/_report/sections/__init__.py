"""The sections of the report, each a question of the shop's.

A section is a module with two functions: `find` asks the library for tables and draws the numbers
of the section from them, `show` makes its title, which is the finding, its texts, figures and
tables in a language. `shop` has what several sections need, `change` compares two periods, `voice`
writes numbers for people, `words` has the texts, `report` puts the sections together.
"""
