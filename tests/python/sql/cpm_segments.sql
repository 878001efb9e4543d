WITH cells AS (
    SELECT * FROM (SELECT DISTINCT part FROM lines), (VALUES
        (1, 'excellent', 'active'), (2, 'excellent', 'churned'),
        (3, 'trend', 'active'), (4, 'trend', 'churned'),
        (5, 'steady', 'active'), (6, 'steady', 'churned'),
        (7, 'toddler', 'active'), (8, 'toddler', 'churned'),
        (9, 'first', 'active'), (10, 'first', 'churned'),
        (11, 'trial', NULL), (12, 'prospect', NULL)
    ) AS c(place, segment, state)
), sums AS (
    SELECT c.part, place, c.segment, c.state, count(customer_id) AS customers,
           coalesce(sum(revenue), 0)::BIGINT AS revenue,
           avg(tenure_days) AS mean_tenure_days
    FROM cells c LEFT JOIN cpm ON c.part = cpm.part AND c.segment = cpm.segment
        AND c.state IS NOT DISTINCT FROM cpm.state
    GROUP BY ALL
)
SELECT part, segment, state, customers, revenue,
       customers / nullif(sum(customers) OVER parts, 0) AS customer_share,
       CASE WHEN min(revenue) OVER parts >= 0
            THEN revenue / nullif(sum(revenue) OVER parts, 0) END AS revenue_share,
       mean_tenure_days
FROM sums
WINDOW parts AS (PARTITION BY part)
-- Customers without orders have rows where there are any.
QUALIFY place <= 10 OR sum(customers) FILTER (place > 10) OVER parts > 0
ORDER BY part, place
