WITH firsts AS (
    SELECT part, customer_id, first_day,
           coalesce(getvariable('calibration_end'), getvariable('as_of')) AS stop,
           CASE getvariable('unit') WHEN 'week' THEN 7 ELSE 1 END AS unit_days
    FROM totals
), days AS (
    -- Money belongs to days with an order; refunds of other days belong to none.
    SELECT *, bool_or(is_order) OVER (PARTITION BY part, customer_id, day) AS is_bought
    FROM entries
), gaps AS (
    SELECT part, customer_id,
           sum(ln((day - previous) / unit_days)) AS ln_gaps
    FROM (
        SELECT part, customer_id, day, unit_days,
               lag(day) OVER (PARTITION BY part, customer_id ORDER BY day) AS previous
        FROM (SELECT DISTINCT part, customer_id, day, stop, unit_days
              FROM entries JOIN firsts USING (part, customer_id)
              WHERE is_order AND day <= stop)
    )
    GROUP BY part, customer_id
)
SELECT
    part, customer_id,
    count(DISTINCT day) FILTER (is_order AND day <= stop) - 1 AS frequency,
    (max(day) FILTER (is_order AND day <= stop) - first_day) / unit_days AS recency,
    (stop - first_day) / unit_days AS "T",
    sum(amount) FILTER (day > first_day AND day <= stop AND is_bought)
        / nullif(frequency * getvariable('scale'), 0) AS monetary_value,
    any_value(ln_gaps) AS ln_gaps,
    count(DISTINCT day) FILTER (is_order AND day > stop) AS holdout_frequency,
    (getvariable('as_of') - stop) / unit_days AS holdout_duration,
    sum(amount) FILTER (day > stop AND is_bought)
        / nullif(holdout_frequency * getvariable('scale'), 0) AS holdout_monetary_value
FROM days JOIN firsts USING (part, customer_id) LEFT JOIN gaps USING (part, customer_id)
WHERE first_day <= stop
GROUP BY part, customer_id, first_day, stop, unit_days
ORDER BY part, customer_id
