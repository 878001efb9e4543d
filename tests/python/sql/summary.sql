WITH gaps AS (
    SELECT part, customer_id,
           day - lag(day) OVER (PARTITION BY part, customer_id ORDER BY day) AS gap
    FROM (SELECT DISTINCT part, customer_id, day FROM entries
          WHERE is_order AND customer_id IS NOT NULL)
), spread AS (
    SELECT part, customer_id, count(gap) AS gap_count, avg(gap) AS gap_mean,
           stddev_samp(gap) AS gap_sd, min(gap) AS gap_min, max(gap) AS gap_max,
           sum(ln(gap)) AS gap_log_sum
    FROM gaps GROUP BY part, customer_id
)
SELECT
    part, customer_id,
    first_day AS first_date,
    last_day AS last_date,
    orders,
    days AS purchase_days,
    revenue,
    revenue / (orders * getvariable('scale')) AS mean_order_value,
    last_day - first_day AS tenure_days,
    getvariable('as_of') - last_day AS recency_days,
    gap_count, gap_mean, gap_sd, gap_min, gap_max, gap_log_sum,
    coalesce(c.cancelled_orders, 0) AS cancelled_orders,
    coalesce(c.cancelled_orders, 0) / (orders + coalesce(c.cancelled_orders, 0)) AS cancel_rate
FROM totals
JOIN spread USING (part, customer_id)
LEFT JOIN cancellations c USING (part, customer_id)
ORDER BY part, customer_id
