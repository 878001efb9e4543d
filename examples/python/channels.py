"""Which channel brings customers who come back? Rates with intervals, best first."""

import crm_core as crm

shop = crm.simulate_orders(300, seed=7)
orders = crm.Orders(shop, currency="JPY", order_id="order_id", channel="channel", guests="drop")
rates = crm.repeat_rate(orders, within=90, by=["first_channel"])
for row in rates.sort("repeat_rate", descending=True).to_pandas().itertuples():
    interval = f"{row.repeat_rate_low:.0%} to {row.repeat_rate_high:.0%}"
    print(f"{row.first_channel:8} {row.customers:4} customers  {row.repeat_rate:.0%} ({interval})")
