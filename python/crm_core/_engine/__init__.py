"""Analyses on data that do not fit into one process: what `crm.engine` and `crm.spark` share.

Every row of a customer is in one partition. So what is about one customer needs no merging: the
partition is read as `Orders` and the analysis runs on it. What is about the whole shop is made of
small tables, one of each partition: counts and sums add up, and cuts between ranks are found in
rounds (`ranks.py`, `shop_tables.py`). An engine (`base.py`) only moves rows.
"""
