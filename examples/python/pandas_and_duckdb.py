"""From a pandas frame into tables, and back into SQL."""

import duckdb

import crm_core as crm

frame = crm.simulate_orders(300, seed=7).to_pandas()
orders = crm.Orders(frame, currency="JPY", order_id="order_id", guests="drop")
scores = crm.rfm(orders).to_arrow(money="float")  # DuckDB finds it by its name
query = """
    SELECT segment, count(*) AS customers, round(sum(revenue)) AS revenue
    FROM scores GROUP BY segment ORDER BY revenue DESC
"""
print(duckdb.sql(query))
