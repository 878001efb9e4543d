<?php
// A shop's evening in PHP: ../README.md says how to run it.
declare(strict_types=1);

require __DIR__ . '/Crm.php';

[, $path, $prefix] = $argv + [1 => 'shop.sqlite', 2 => '/usr/local'];
Crm::load("$prefix/include/crm.cdef", "$prefix/lib/libcrm.so.0");
$database = new PDO("sqlite:$path", options: [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);

/** The orders of all customers, or of one. */
function load(PDO $database, ?int $customer = null): CrmOrders
{
    $sql = 'SELECT o.customer_id, o.order_no, o.order_date, o.payment_total, s.name FROM dtb_order o'
        . ' JOIN mtb_order_status s ON s.id = o.order_status_id'
        . ($customer === null ? '' : ' WHERE o.customer_id = ?') . ' ORDER BY o.order_no';
    $found = $database->prepare($sql);
    $found->execute($customer === null ? [] : [$customer]);
    $found->setFetchMode(PDO::FETCH_NUM);
    return CrmOrders::fromRows([
        'currency' => 'JPY', 'timezone' => 'Asia/Tokyo', 'guests' => 'keep',
        'order_id' => 'order_no', 'ordered_at' => 'order_date', 'amount' => 'payment_total', 'status' => 'status',
        'status_map' => ['新規受付' => 'pending', '対応中' => 'pending', '発送済み' => 'completed', '注文取消し' => 'cancelled'],
        'cells' => ['customer_id', 'order_no', 'order_date', 'payment_total', 'status'],
    ], $found);
}

$orders = load($database);
$day = ['as_of' => '2026-11-21'];
echo "== RFM\r\n", $orders->csv('rfm_segments', $day);
echo "== CPM\r\n", $orders->csv('cpm_segments', $day);

echo "== Today\r\n";
foreach ($orders->run('alerts', $day + ['since' => '2026-11-14']) as $alert) {
    echo "{$alert['customer_id']}: {$alert['reason_ja']}\r\n";
}

// What was learnt of the shop is the request of the page, but for the day.
$request = '{"as_of": "2026-11-21", ' . substr($orders->notes('learn', $day), 1);
$page = load($database, 10)->run('customer', $request)[0];
echo "== Customer 10\r\n";
foreach (['rfm_segment', 'cpm_segment', 'level', 'reason_ja'] as $column) {
    echo "$column: ", $page[$column] ?? '-', "\r\n";
}

file_put_contents('crm-orders.bin', $orders->bytes());
$again = CrmOrders::fromBytes(file_get_contents('crm-orders.bin'));
unlink('crm-orders.bin');
$same = $again->run('rfm', $day) === $orders->run('rfm', $day);
echo "== Saved\r\n", $same ? 'the same numbers after reading' : 'OTHER NUMBERS', "\r\n";
