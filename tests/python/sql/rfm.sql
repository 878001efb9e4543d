WITH axes AS (
    SELECT part, customer_id,
           getvariable('as_of') - last_day AS recency_days,
           frequency AS orders,
           revenue,
           CASE getvariable('monetary') WHEN 'mean_order_value' THEN revenue / frequency
                ELSE revenue END AS money
    FROM totals
), ranks AS (
    -- Customers, strictly worse ones, and equal ones with the customer itself, by axis.
    SELECT *,
        count(*) OVER (PARTITION BY part) AS n,
        rank() OVER (PARTITION BY part ORDER BY recency_days DESC) - 1 AS worse_r,
        rank() OVER (PARTITION BY part ORDER BY orders) - 1 AS worse_f,
        rank() OVER (PARTITION BY part ORDER BY money) - 1 AS worse_m,
        count(*) OVER (PARTITION BY part, recency_days) AS equal_r,
        count(*) OVER (PARTITION BY part, orders) AS equal_f,
        count(*) OVER (PARTITION BY part, money) AS equal_m
    FROM axes
), scored AS (
    SELECT part, customer_id, recency_days, orders, revenue,
           score(worse_r, equal_r, n) AS r,
           score(worse_f, equal_f, n) AS f,
           score(worse_m, equal_m, n) AS m
    FROM ranks
)
SELECT *, CASE
    WHEN getvariable('levels') <> 5 THEN NULL
    WHEN r = 5 AND f + m >= 8 THEN 'champions'
    WHEN r = 5 AND f + m >= 5 THEN 'regular'
    WHEN r = 5 THEN 'new'
    WHEN r = 4 AND f + m >= 8 THEN 'loyal'
    WHEN r = 4 AND f + m >= 5 THEN 'regular'
    WHEN r = 4 THEN 'promising'
    WHEN r = 3 AND f + m >= 8 THEN 'loyal'
    WHEN r = 3 AND f + m >= 5 THEN 'needs_attention'
    WHEN r = 3 THEN 'almost_lost'
    WHEN f + m >= 9 THEN 'previously_loyal'
    WHEN f + m >= 6 THEN 'at_risk'
    ELSE 'dormant'
END AS segment
FROM scored
ORDER BY part, customer_id
