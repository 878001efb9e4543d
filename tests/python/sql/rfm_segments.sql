WITH segments AS (
    SELECT * FROM (SELECT DISTINCT part FROM lines), (VALUES
        (1, 'champions'), (2, 'loyal'), (3, 'regular'), (4, 'new'), (5, 'promising'),
        (6, 'needs_attention'), (7, 'almost_lost'), (8, 'at_risk'), (9, 'previously_loyal'),
        (10, 'dormant')
    ) AS s(place, segment)
), sums AS (
    SELECT part, place, segment, count(customer_id) AS customers,
           coalesce(sum(revenue), 0)::BIGINT AS revenue
    FROM segments LEFT JOIN rfm USING (part, segment)
    GROUP BY part, place, segment
)
SELECT part, segment, customers, revenue,
       customers / nullif(sum(customers) OVER parts, 0) AS customer_share,
       CASE WHEN min(revenue) OVER parts >= 0
            THEN revenue / nullif(sum(revenue) OVER parts, 0) END AS revenue_share
FROM sums
WINDOW parts AS (PARTITION BY part)
ORDER BY part, place
