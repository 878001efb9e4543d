"""Customers by segment at each month's end, as a picture in a file, the argument."""

import sys

from matplotlib import pyplot as plt

import crm_core as crm

shop = crm.simulate_orders(300, seed=7)
orders = crm.Orders(shop, currency="JPY", order_id="order_id", guests="drop")
months = crm.month_ends("2025-01-01", "2025-12-31")
portfolio = crm.cpm_segments(orders, months)

active = portfolio.filter(state="active").to_pandas()
print(active.groupby("as_of")["customers"].sum())
portfolio.plot()
if len(sys.argv) > 1:
    plt.savefig(sys.argv[1], dpi=120)
