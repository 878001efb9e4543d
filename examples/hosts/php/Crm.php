<?php
// libcrm in PHP by FFI: orders, tables, an analysis as rows, the state as bytes. Copy it into a shop and add to it
// what the shop needs; crm.h says what each function means.
declare(strict_types=1);

final class CrmError extends RuntimeException
{
    public function __construct(public readonly string $status, string $message, public readonly string $hint)
    {
        parent::__construct($message);
    }
}

/** The library, loaded once in each process: a worker of PHP-FPM keeps it between requests. */
final class Crm
{
    private static ?FFI $ffi = null;

    /** `$cdef` and `$library`: crm.cdef and libcrm.so.0 of the installed tree. */
    public static function load(string $cdef, string $library): void
    {
        self::$ffi ??= FFI::cdef(file_get_contents($cdef), $library);
    }

    public static function ffi(): FFI
    {
        return self::$ffi ?? throw new LogicException('Crm::load() comes first');
    }

    /** Calls a function of crm.h; its last argument, the error, is added. */
    public static function call(string $function, mixed ...$arguments): void
    {
        $error = self::ffi()->new('crm_error');
        $error->size = FFI::sizeof($error);
        $status = self::ffi()->$function(...[...$arguments, FFI::addr($error)]);
        if ($status !== 0) {
            throw new CrmError(
                self::ffi()->crm_status_name($status),
                FFI::string($error->message),
                FFI::string($error->hint),
            );
        }
    }

    public static function new(string $type): FFI\CData
    {
        return self::ffi()->new($type);
    }
}

/** What analyses run on. */
abstract class CrmData
{
    protected function __construct(protected FFI\CData $handle)
    {
    }

    /**
     * An analysis as a list of rows by column.
     *
     * @param array<string, mixed>|string $options options, or their JSON
     * @return list<array<string, mixed>>
     */
    public function run(string $task, array|string $options): array
    {
        return json_decode($this->text($task, $options, 1, 0), true, flags: JSON_THROW_ON_ERROR);
    }

    /** The same as CSV with Japanese headings. */
    public function csv(string $task, array $options): string
    {
        return $this->text($task, $options, 2, 2);
    }

    /** The notes of an analysis as JSON, such as what `learn` has learnt: arrays of PHP would lose `{}`. */
    public function notes(string $task, array $options): string
    {
        return $this->with($task, $options, function (FFI\CData $table): string {
            $text = Crm::new('crm_text');
            Crm::call('crm_table_notes', $table, FFI::addr($text));
            return FFI::string($text->data, $text->size);
        });
    }

    private function text(string $task, array|string $options, int $format, int $language): string
    {
        return $this->with($task, $options, fn (FFI\CData $table): string => rtrim(self::sized(
            fn ($buffer, $capacity, $size) => Crm::call(
                'crm_table_text', $table, $format, $language, 0, PHP_INT_MAX, $buffer, $capacity, $size,
            ),
        ), "\0"));
    }

    private function with(string $task, array|string $options, callable $read): mixed
    {
        $json = is_string($options) ? $options : self::json((object) $options);
        $data = Crm::new('crm_data');
        $data->id = $this->handle->id;
        $table = Crm::new('crm_table');
        Crm::call('crm_run', $task, $data, $json, -1, Crm::new('crm_job'), FFI::addr($table));
        try {
            return $read($table);
        } finally {
            Crm::ffi()->crm_table_free($table, null);
        }
    }

    /** Calls twice: for the size, then for the bytes. */
    protected static function sized(callable $call): string
    {
        $size = Crm::new('size_t');
        $none = Crm::new('char[1]');
        $call($none, 0, FFI::addr($size));
        $n = $size->cdata;
        $buffer = Crm::new("char[$n]");
        $call($buffer, $n, FFI::addr($size));
        return FFI::string($buffer, $n);
    }

    /** Floats keep all digits, and texts stay UTF-8. */
    protected static function json(mixed $value): string
    {
        $flags = JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE | JSON_PRESERVE_ZERO_FRACTION;
        return json_encode($value, $flags);
    }
}

final class CrmOrders extends CrmData
{
    public function __destruct()
    {
        Crm::ffi()->crm_orders_free($this->handle, null);
    }

    /**
     * Orders from rows, each a list of cells in the order of the spec's `cells`. A thousand rows a call: JSON
     * is cheaper than a call for each cell.
     *
     * @param array<string, mixed>   $spec
     * @param iterable<list<mixed>> $rows
     */
    public static function fromRows(array $spec, iterable $rows): self
    {
        $building = Crm::new('crm_rows');
        Crm::call('crm_orders_begin', self::json($spec), -1, FFI::addr($building));
        try {
            $batch = [];
            foreach ($rows as $row) {
                $batch[] = $row;
                if (count($batch) === 1000) {
                    Crm::call('crm_rows_json', $building, self::json($batch), -1);
                    $batch = [];
                }
            }
            if ($batch !== []) {
                Crm::call('crm_rows_json', $building, self::json($batch), -1);
            }
            $orders = Crm::new('crm_orders');
            Crm::call('crm_orders_finish', $building, Crm::new('crm_customers'), Crm::new('crm_job'), FFI::addr($orders));
            return new self($orders);
        } catch (Throwable $error) {
            Crm::ffi()->crm_rows_free($building, null);
            throw $error;
        }
    }

    /** Orders that bytes() has written. */
    public static function fromBytes(string $bytes): self
    {
        $orders = Crm::new('crm_orders');
        Crm::call('crm_orders_read', $bytes, strlen($bytes), Crm::new('crm_job'), FFI::addr($orders));
        return new self($orders);
    }

    public function bytes(): string
    {
        $write = fn ($buffer, $capacity, $size) => Crm::call('crm_orders_write', $this->handle, $buffer, $capacity, $size);
        return self::sized($write);
    }
}

/** A table of a host's own rows, such as candidates and a log of messages. */
final class CrmTable extends CrmData
{
    public function __destruct()
    {
        Crm::ffi()->crm_table_free($this->handle, null);
    }

    /**
     * A table of texts: a list for each column, null for a null.
     *
     * @param array<string, list<?string>> $columns
     */
    public static function ofTexts(array $columns): self
    {
        $made = Crm::new('crm_column[' . count($columns) . ']');
        $kept = []; // the buffers, until the table has been made
        foreach (array_keys($columns) as $at => $name) {
            $cells = $columns[$name];
            $n = count($cells);
            $valid = Crm::new('uint8_t[' . intdiv($n + 8, 8) . ']');
            $offsets = Crm::new('int32_t[' . ($n + 1) . ']');
            $text = '';
            foreach (array_values($cells) as $row => $cell) {
                $offsets[$row] = strlen($text);
                $text .= $cell ?? '';
                $valid[intdiv($row, 8)] |= ($cell === null ? 0 : 1) << $row % 8;
            }
            $offsets[$n] = strlen($text);
            $bytes = self::bytesOf($text);
            $called = self::bytesOf($name);
            $column = $made[$at];
            $column->size = FFI::sizeof($column);
            $column->type = Crm::ffi()->CRM_COLUMN_UTF8;
            $column->name = Crm::ffi()->cast('char *', FFI::addr($called));
            $column->name_size = strlen($name);
            $column->rows = $n;
            $column->values = Crm::ffi()->cast('void *', FFI::addr($bytes));
            $column->values_size = strlen($text);
            $column->offsets = Crm::ffi()->cast('void *', FFI::addr($offsets));
            $column->offsets_size = FFI::sizeof($offsets);
            $column->validity = Crm::ffi()->cast('uint8_t *', FFI::addr($valid));
            $column->validity_size = FFI::sizeof($valid);
            array_push($kept, $valid, $offsets, $bytes, $called);
        }
        $table = Crm::new('crm_table');
        Crm::call('crm_table_from_columns', $made, count($columns), Crm::new('crm_job'), FFI::addr($table));
        return new self($table);
    }

    private static function bytesOf(string $text): FFI\CData
    {
        $bytes = Crm::new('char[' . (strlen($text) + 1) . ']');
        FFI::memcpy($bytes, $text, strlen($text));
        return $bytes;
    }
}
