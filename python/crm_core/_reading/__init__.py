"""A shop's export as orders, events, people or messages: `crm.read_orders` and the command.

`source` makes rows of bytes; `layouts` says what a platform's columns mean, as data; `headings`
says which column is which; `dates` and `amounts` read texts; `amount_meaning` finds out whether an
amount is a line's, an order's or a price; `statuses` and `states` know the shop's words; `ids`
finds customers that are written in two ways. `order_reading` and `event_reading` do all of it, and
`understanding` shows what was understood, in the languages of `words`. Nothing here is imported by
`import crm_core`: it needs the extra `report`.
"""
