SELECT part, customer_id, revenue,
       1 + getvariable('groups') * (CASE WHEN getvariable('tie_safe')
           THEN rank() OVER (PARTITION BY part ORDER BY revenue DESC)
           ELSE row_number() OVER (PARTITION BY part ORDER BY revenue DESC, customer_id)
       END - 1) // count(*) OVER (PARTITION BY part) AS decile
FROM totals
ORDER BY part, customer_id
