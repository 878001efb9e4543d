"""Models of purchases compared on half a year that they have not seen."""

import crm_core as crm

end, day = "2025-06-30", "2025-12-31"
shop = crm.simulate_orders(300, seed=7)
orders = crm.Orders(shop, currency="JPY", order_id="order_id", guests="drop")
parts = crm.clv_summary(orders, day, calibration_end=end, unit="week")
print(f"Purchases that came: {parts['holdout_frequency'].sum()}")
for model in (crm.MbgNbd(), crm.BgNbd(), crm.ParetoNbd(), crm.Nbd()):
    weeks = float(parts["holdout_duration"][0])
    table = model.fit(parts).predict(parts, t=weeks, only=["expected_purchases"])
    said = table["expected_purchases"].sum()
    print(f"{type(model).__name__:10} {said:6.0f}  AIC {model.aic_:.0f}")
