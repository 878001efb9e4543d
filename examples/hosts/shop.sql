-- A small shop in the tables of an EC-CUBE 4 database: 150 members, guests, two years of orders.
-- All values are invented. sqlite3 shop.sqlite < shop.sql
CREATE TABLE mtb_order_status (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO mtb_order_status VALUES (1, '新規受付'), (3, '注文取消し'), (4, '対応中'), (5, '発送済み');

CREATE TABLE dtb_customer (id INTEGER PRIMARY KEY, name01 TEXT NOT NULL, email TEXT NOT NULL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150)
INSERT INTO dtb_customer SELECT i, '会員' || i, 'c' || i || '@example.jp' FROM n;

CREATE TABLE dtb_order (
    id INTEGER PRIMARY KEY,
    order_no TEXT NOT NULL,
    customer_id INTEGER REFERENCES dtb_customer (id),
    order_status_id INTEGER NOT NULL REFERENCES mtb_order_status (id),
    payment_total NUMERIC NOT NULL,
    order_date TEXT NOT NULL
);
WITH RECURSIVE
    n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150),
    -- Each member's first day, days between orders, and number of orders.
    member(id, first, gap, orders) AS (
        SELECT i, i * 37 % 500, 18 + i * 11 % 47, 1 + i * 7919 % 9 FROM n
    ),
    purchase(customer, k, day) AS (
        SELECT id, 0, first FROM member
        UNION ALL
        SELECT customer, k + 1, day + gap + (customer * 13 + k * 29) % 9 - 4
        FROM purchase JOIN member ON id = customer
        WHERE k + 1 < orders AND day + gap + 4 < 690
    )
INSERT INTO dtb_order (order_no, customer_id, order_status_id, payment_total, order_date)
SELECT
    printf('%06d', 1000 + row_number() OVER (ORDER BY day, customer)),
    CASE WHEN customer % 25 = 0 THEN NULL ELSE customer END,
    CASE (customer + k) % 19 WHEN 0 THEN 3 WHEN 7 THEN 4 ELSE 5 END,
    980 + (customer * 331 + k * 977) % 90 * 100,
    datetime('2025-01-01 08:30:00', '+' || day || ' days', '+' || (customer * 17 % 720) || ' minutes')
FROM purchase;
