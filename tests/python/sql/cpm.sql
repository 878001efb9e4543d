WITH threshold AS (
    SELECT part, coalesce(
        getvariable('money'),
        round(getvariable('mean_order_values') * sum(revenue) / sum(frequency))
    )::BIGINT AS money
    FROM totals GROUP BY part
), numbers AS (
    SELECT part, customer_id, frequency AS orders, last_day - first_day AS tenure, revenue,
           getvariable('as_of') - last_day AS silent, money,
           -- One above the boundary when that belongs to the lower rung.
           (getvariable('boundary') = 'inclusive')::INT AS above,
           CASE getvariable('preset') WHEN 'ltv_lab' THEN 240 WHEN 'ltv_lab_120' THEN 120
                ELSE getvariable('churn_days') END
               + (getvariable('churn_boundary') = 'after')::INT AS churned_from
    FROM totals JOIN threshold USING (part)
)
SELECT
    part, customer_id,
    CASE WHEN orders = 1 THEN 'first'
         WHEN tenure < getvariable('toddler_days') + above THEN 'toddler'
         WHEN revenue < money + above THEN 'steady'
         WHEN tenure < getvariable('trend_days') + above THEN 'trend'
         ELSE 'excellent' END AS segment,
    CASE WHEN silent >= churned_from THEN 'churned' ELSE 'active' END AS state,
    orders,
    tenure AS tenure_days,
    revenue,
    silent AS recency_days,
    CASE WHEN silent < churned_from THEN churned_from - silent END AS days_until_churn,
    tenure - getvariable('toddler_days') AS toddler_distance_days,
    tenure - getvariable('trend_days') AS trend_distance_days,
    revenue - money AS money_distance
FROM numbers
UNION ALL
-- Those who only ever took samples.
SELECT part, customer_id, 'trial', NULL, 0, NULL, 0, NULL, NULL, NULL, NULL, NULL
FROM sampled ANTI JOIN totals USING (part, customer_id)
ORDER BY part, customer_id
