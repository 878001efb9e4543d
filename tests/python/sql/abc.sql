WITH sums AS (
    SELECT part, customer_id, revenue,
           sum(greatest(revenue, 0)) OVER (PARTITION BY part) AS total,
           coalesce(sum(greatest(revenue, 0)) OVER (
               PARTITION BY part ORDER BY revenue DESC, customer_id
               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ), 0) AS before
    FROM totals
), shares AS (
    SELECT part, customer_id, revenue, total::BIGINT AS total, (CASE WHEN getvariable('tie_safe')
        THEN min(before) OVER (PARTITION BY part, revenue) ELSE before END)::BIGINT AS before
    FROM sums
)
SELECT part, customer_id, revenue,
       CASE WHEN revenue <= 0 THEN 'C'
            WHEN before < getvariable('a_share') * total THEN 'A'
            WHEN before < getvariable('b_share') * total THEN 'B'
            ELSE 'C' END AS abc
FROM shares
ORDER BY part, customer_id
