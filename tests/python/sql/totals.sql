-- Customers with at least one order; frequency is orders or days with orders.
CREATE OR REPLACE TEMP VIEW totals AS
SELECT
    part, customer_id,
    min(day) FILTER (is_order) AS first_day,
    max(day) FILTER (is_order) AS last_day,
    count(*) FILTER (is_order) AS orders,
    count(DISTINCT day) FILTER (is_order) AS days,
    CASE getvariable('occasion') WHEN 'day' THEN days ELSE orders END AS frequency,
    sum(amount)::BIGINT AS revenue
FROM entries
WHERE customer_id IS NOT NULL
  AND (getvariable('window_days') IS NULL
       OR getvariable('as_of') - day < getvariable('window_days'))
GROUP BY part, customer_id
HAVING count(*) FILTER (is_order) > 0;
