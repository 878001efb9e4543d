<?php
// A page view in PHP: is this visitor shown a pop-up now, and which? The page knows what it could show and what the
// person was shown or sent before. ../../c/popup.c is the same in C.
declare(strict_types=1);

require __DIR__ . '/Crm.php';

[, $prefix] = $argv + [1 => '/usr/local'];
Crm::load("$prefix/include/crm.cdef", "$prefix/lib/libcrm.so.0");

$rules = [
    'timezone' => 'Asia/Tokyo',
    'channels' => ['popup'],
    'caps' => [['channel' => 'popup', 'days' => 1, 'messages' => 1], ['days' => 7, 'messages' => 4]],
    'triggers' => ['left_in_cart' => ['priority' => 1], 'new_in_category' => ['priority' => 2]],
];
// Two candidates, then two messages of the log, which have a kind.
$known = CrmTable::ofTexts([
    'customer_id' => ['hanako', 'hanako', 'hanako', 'hanako'],
    'trigger' => ['left_in_cart', 'new_in_category', 'left_in_cart', 'newsletter'],
    'dedupe_key' => ['cart/77', 'new/tea/2026-11', 'cart/76', '2026-47'],
    'due_at' => ['2026-11-21T09:58:00+09:00', '2026-11-21', null, null],
    'channel' => [null, null, 'popup', 'mail'],
    'excluded_by' => [null, null, null, null], // such as "order_pending"
    'kind' => [null, null, 'sent', 'sent'],
    'occurred_at' => [null, null, '2026-11-14T20:00:00+09:00', '2026-11-20T12:00:00+09:00'],
]);
foreach ($known->run('decide', ['now' => '2026-11-21T10:00:00+09:00', 'rules' => $rules]) as $row) {
    printf("%-16s %-5s %s\n", $row['trigger'], $row['decision'], $row['reason_code'] ?? '-');
}
