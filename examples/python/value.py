"""The value of each customer in the next year, as a CSV file."""

import sys

import crm_core as crm

shop = crm.simulate_orders(300, seed=7)  # your frame, or crm.read_orders("orders.csv")
orders = crm.Orders(shop, currency="JPY", order_id="order_id", guests="drop")
summary = crm.clv_summary(orders, unit="week")
model, spend = crm.MbgNbd().fit(summary), crm.GammaGamma().fit(summary)
values = crm.clv(model, spend, summary, horizon_days=365, annual_discount_rate=0.1)

best = values.sort("clv", descending=True)
if len(sys.argv) > 1:
    best.to_csv(sys.argv[1])
print(best.head(5))
print(f"All {len(best)} customers: {best['clv'].sum():,.0f} yen")
