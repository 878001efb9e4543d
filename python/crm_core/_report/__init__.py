"""`crm report` and `crm today`: the page about the customers of a shop whose export was read.

`findings` with `cycle`, `outlook` and `behavior` runs the analyses once; their results are those of
`result` and amounts those of `money`. `sections` has a module for each question of the shop;
`sending` decides who is written to. `grid` and `figures` are what is shown, `screen` shows it on a
terminal and `page` as HTML, in the languages of `words`. Nothing here is imported by
`import crm_core`: it needs the extra `report`.
"""
