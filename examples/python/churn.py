"""Who will not buy in 90 days? Learnt by scikit-learn from earlier dates, without leaks."""

from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

import crm_core as crm

shop = crm.simulate_orders(300, seed=7)
orders = crm.Orders(shop, currency="JPY", order_id="order_id", channel="channel", guests="drop")
rows = crm.snapshots(orders, ["2025-03-31", "2025-06-30", "2025-09-30"], horizon=90)
learner = make_pipeline(
    crm.OrderFeatures(orders, shares=["channel"]),  # features at the date of each row
    DecisionTreeClassifier(min_samples_leaf=30, random_state=0),
)
for train, test in crm.TimeSplit(90).split(rows):
    learner.fit(rows.iloc[train], rows["bought"].iloc[train])
    score = learner.predict_proba(rows.iloc[test])[:, 1]
    day = rows["as_of"].iloc[test].iloc[0].date()
    print(f"{day}: AUC {roc_auc_score(rows['bought'].iloc[test], score):.2f}")
