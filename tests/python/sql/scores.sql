CREATE OR REPLACE TEMP MACRO score(worse, equal, n) AS CASE
    WHEN equal = n THEN (getvariable('levels') + 1) // 2
    WHEN getvariable('ties') = 'lower' THEN 1 + getvariable('levels') * worse // n
    WHEN getvariable('ties') = 'mid'
        THEN 1 + getvariable('levels') * (2 * worse + equal - 1) // (2 * n)
    WHEN getvariable('ties') = 'upper' THEN 1 + getvariable('levels') * (worse + equal - 1) // n
END;
