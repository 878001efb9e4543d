-- Lines to what counts.
--
-- lines: part (what it is broken down by), order_id, tie (the order id where there is one),
-- customer_id (null: a guest), instant, day, amount, discount, refunded, refunded_at, refunded_day,
-- status, kind, has_id; money in minor units.
CREATE OR REPLACE TEMP TABLE orders AS
WITH whole AS (
    SELECT
        part, order_id, tie,
        any_value(customer_id) AS customer_id,
        min(instant) AS instant,
        min(day) AS day,
        any_value(status) AS status,
        any_value(kind) AS kind,
        sum(amount)::BIGINT AS gross,
        sum(refunded)::BIGINT AS refunded,
        sum(amount - discount - refunded)::BIGINT AS net,
        max(refunded_at) AS refunded_at,
        max(refunded_day) AS refunded_day,
        any_value(has_id) AND bool_or(amount > 0) AND sum(amount) <= 0 AS cancels_out
    FROM lines
    GROUP BY part, order_id, tie
)
SELECT *,
       cancels_out OR (refunded > 0 AND net <= 0) AS is_undone,
       NOT is_undone AND gross < 0 AS is_refund
FROM whole;

-- is_order: it counts as an order; its amount is revenue either way.
CREATE OR REPLACE TEMP TABLE entries AS
SELECT * FROM (
    -- A full refund removes the order.
    SELECT part, customer_id, tie, instant, day, NOT is_refund AS is_order,
           CASE getvariable('basis') WHEN 'gross' THEN gross ELSE net END AS amount
    FROM orders
    WHERE kind IN ('one_off', 'sub_first', 'sub_renewal') AND status IN ('completed', 'pending')
      AND getvariable('refunds') = 'order_date'
      AND NOT is_undone
    UNION ALL
    -- Or the order stands, and the refund comes at its own date.
    SELECT part, customer_id, tie, instant, day, NOT is_refund, net + refunded
    FROM orders
    WHERE kind IN ('one_off', 'sub_first', 'sub_renewal') AND status IN ('completed', 'pending')
      AND getvariable('refunds') = 'refund_date' AND NOT cancels_out
    UNION ALL
    SELECT part, customer_id, tie, refunded_at, refunded_day, false, -refunded
    FROM orders
    WHERE kind IN ('one_off', 'sub_first', 'sub_renewal') AND status IN ('completed', 'pending')
      AND getvariable('refunds') = 'refund_date' AND refunded <> 0
)
WHERE day <= getvariable('as_of');

CREATE OR REPLACE TEMP TABLE cancellations AS
SELECT part, customer_id, count(*) AS cancelled_orders
FROM orders
WHERE status = 'cancelled' AND kind IN ('one_off', 'sub_first', 'sub_renewal')
  AND NOT is_refund AND day <= getvariable('as_of')
GROUP BY part, customer_id;

CREATE OR REPLACE TEMP TABLE sampled AS
SELECT DISTINCT part, customer_id
FROM orders
WHERE kind = 'sample' AND status IN ('completed', 'pending') AND customer_id IS NOT NULL
  AND day <= getvariable('as_of');
