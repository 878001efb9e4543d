"""`crm report`: from a shop's export to a report on its customers.

Reading: `source` (bytes to rows), `layouts` (what a platform's columns mean, as data), `headings`
(which column is which), `dates` and `amounts` (text to values), `amount_meaning` (a line's, an
order's or a price), `statuses` and `states` (the shop's words), `ids` (customers written in two
ways), `order_reading` and `event_reading` (all of it), `understanding` (what was understood). Then
`findings` with `cycle`, `outlook` and `behavior` (the analyses, run once), whose results are those
of `result` and amounts those of `money`; `sections` (a question of the shop's each); `grid` and
`figures` (what is shown), `screen` (on a terminal) and `page` (as HTML), in the languages of
`words`. Nothing here is imported by
`import crm_core`: it needs the extra `report`.
"""
