WITH classed AS (
    -- An order is classed by its own ordinal at that time.
    SELECT part, customer_id, is_order, amount,
           date_trunc(getvariable('period'), day)::DATE AS month,
           sum(is_order::INT) OVER (
               PARTITION BY part, customer_id ORDER BY instant, tie, amount
               ROWS UNBOUNDED PRECEDING
           ) AS ordinal,
           customer_id IS NULL AS is_guest
    FROM entries
), months AS (
    SELECT part, unnest(generate_series(min(month), max(month), CASE getvariable('period')
        WHEN 'week' THEN INTERVAL 7 DAY
        WHEN 'month' THEN INTERVAL 1 MONTH
        WHEN 'quarter' THEN INTERVAL 3 MONTH
    END))::DATE AS month
    FROM classed GROUP BY part
)
SELECT
    part, month,
    count(DISTINCT customer_id) FILTER (is_order) AS customers,
    count(*) FILTER (is_order) AS orders,
    coalesce(sum(amount), 0)::BIGINT AS revenue,
    count(*) FILTER (is_order AND NOT is_guest AND ordinal = 1) AS new_customers,
    coalesce(sum(amount) FILTER (NOT is_guest AND ordinal <= 1), 0)::BIGINT AS new_revenue,
    count(DISTINCT customer_id) FILTER (is_order AND ordinal > 1) AS repeat_customers,
    coalesce(sum(amount) FILTER (NOT is_guest AND ordinal > 1), 0)::BIGINT AS repeat_revenue,
    count(*) FILTER (is_order AND is_guest) AS guest_orders,
    coalesce(sum(amount) FILTER (is_guest), 0)::BIGINT AS guest_revenue
FROM months LEFT JOIN classed USING (part, month)
GROUP BY part, month
ORDER BY part, month
