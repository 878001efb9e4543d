WITH firsts AS (
    SELECT part, customer_id, first_day,
           coalesce(getvariable('calibration_end'), getvariable('as_of')) AS stop,
           CASE getvariable('unit') WHEN 'week' THEN 7 ELSE 1 END AS unit_days
    FROM totals
)
SELECT
    part, customer_id,
    count(DISTINCT day) FILTER (is_order AND day <= stop) - 1 AS frequency,
    (max(day) FILTER (is_order AND day <= stop) - first_day) / unit_days AS recency,
    (stop - first_day) / unit_days AS "T",
    sum(amount) FILTER (day > first_day AND day <= stop)
        / nullif(frequency * getvariable('scale'), 0) AS monetary_value,
    count(DISTINCT day) FILTER (is_order AND day > stop) AS holdout_frequency,
    (getvariable('as_of') - stop) / unit_days AS holdout_duration
FROM entries JOIN firsts USING (part, customer_id)
WHERE first_day <= stop
GROUP BY part, customer_id, first_day, stop, unit_days
ORDER BY part, customer_id
