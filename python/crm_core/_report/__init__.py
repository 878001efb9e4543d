"""`crm report`: a shop's export in, who its customers are out.

Reading: `source` (bytes to rows), `headings` (which column is which), `dates` and `amounts` (text
to values), `statuses` (the shop's words), `reading` (all of it). Then `findings` (the analyses,
run once), `grid` and `figures` (what is shown), `screen` (on a terminal) and `page` (as HTML), in
the languages of `words`. Nothing here is imported by `import crm_core`: it needs the extra
`report`.
"""
