import com.sun.jna.Library;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.Structure;
import com.sun.jna.ptr.LongByReference;
import java.lang.ref.Cleaner;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * libcrm in Java by JNA: orders, an analysis as JSON, the state as bytes. Copy it into a shop and add to it what
 * the shop needs; crm.h says what each function means.
 */
final class Crm {
    /** The functions; handles are numbers of 64 bits, and a struct of one number is passed like it. */
    interface Functions extends Library {
        String crm_status_name(int status);
        int crm_orders_begin(byte[] spec, long size, LongByReference out, ErrorOut error);
        int crm_rows_json(long rows, byte[] json, long size, ErrorOut error);
        int crm_orders_finish(long rows, long customers, long job, LongByReference out, ErrorOut error);
        int crm_rows_free(long rows, ErrorOut error);
        int crm_orders_free(long orders, ErrorOut error);
        int crm_orders_write(long orders, Pointer buffer, long capacity, LongByReference size, ErrorOut error);
        int crm_orders_read(byte[] bytes, long size, long job, LongByReference out, ErrorOut error);
        int crm_run(String task, long data, byte[] options, long size, long job, LongByReference out, ErrorOut error);
        int crm_table_text(long table, int format, int language, long first, long rows, Pointer buffer,
                long capacity, LongByReference size, ErrorOut error);
        int crm_table_notes(long table, TextOut out, ErrorOut error);
        int crm_table_free(long table, ErrorOut error);
    }

    @Structure.FieldOrder({"size", "code", "row", "column", "message", "hint"})
    public static final class ErrorOut extends Structure {
        public int size;
        public int code;
        public long row;
        public byte[] column = new byte[128];
        public byte[] message = new byte[512];
        public byte[] hint = new byte[512];
    }

    @Structure.FieldOrder({"data", "size"})
    public static final class TextOut extends Structure {
        public Pointer data;
        public long size;
    }

    /** The error of a call: its status, such as CRM_ERR_DATA, and what to do about it. */
    static final class Failure extends RuntimeException {
        final String status;
        final String hint;

        Failure(String status, String message, String hint) {
            super(message);
            this.status = status;
            this.hint = hint;
        }
    }

    private interface Call {
        int with(ErrorOut error);
    }

    private interface Write {
        int into(Pointer buffer, long capacity, LongByReference size, ErrorOut error);
    }

    private static final Cleaner FREED = Cleaner.create();
    private final Functions functions;

    /** Loads the library: `libcrm.so.0` of the installed tree. */
    Crm(String path) {
        functions = Native.load(path, Functions.class, Map.of(Library.OPTION_STRING_ENCODING, "UTF-8"));
    }

    /** Orders from rows, a JSON list of lists in the order of the spec's "cells". */
    Orders orders(String spec, Iterable<String> batches) {
        LongByReference rows = new LongByReference();
        byte[] bytes = utf8(spec);
        must(error -> functions.crm_orders_begin(bytes, bytes.length, rows, error));
        try {
            for (String batch : batches) {
                byte[] json = utf8(batch);
                must(error -> functions.crm_rows_json(rows.getValue(), json, json.length, error));
            }
            LongByReference out = new LongByReference();
            must(error -> functions.crm_orders_finish(rows.getValue(), 0, 0, out, error));
            return new Orders(out.getValue());
        } catch (Failure failure) {
            functions.crm_rows_free(rows.getValue(), null);
            throw failure;
        }
    }

    /** Orders that `bytes()` has written. */
    Orders read(byte[] bytes) {
        LongByReference out = new LongByReference();
        must(error -> functions.crm_orders_read(bytes, bytes.length, 0, out, error));
        return new Orders(out.getValue());
    }

    /** Orders; the garbage collector frees them. */
    final class Orders {
        private final long handle;

        private Orders(long handle) {
            this.handle = handle;
            Functions kept = functions;
            FREED.register(this, () -> kept.crm_orders_free(handle, null));
        }

        byte[] bytes() {
            return sized((buffer, capacity, size, error) ->
                    functions.crm_orders_write(handle, buffer, capacity, size, error));
        }

        /** An analysis as JSON: an array with an object for each row. */
        String json(String task, String options) {
            return text(task, options, 1, 0);
        }

        /** The same as CSV with Japanese headings. */
        String csv(String task, String options) {
            return text(task, options, 2, 2);
        }

        /** The notes of an analysis as JSON, such as what `learn` has learnt. */
        String notes(String task, String options) {
            long table = run(task, options);
            try {
                TextOut text = new TextOut();
                must(error -> functions.crm_table_notes(table, text, error));
                return new String(text.data.getByteArray(0, (int) text.size), StandardCharsets.UTF_8);
            } finally {
                functions.crm_table_free(table, null);
            }
        }

        private String text(String task, String options, int format, int language) {
            long table = run(task, options);
            try {
                byte[] bytes = sized((buffer, capacity, size, error) -> functions.crm_table_text(
                        table, format, language, 0, Long.MAX_VALUE, buffer, capacity, size, error));
                return new String(bytes, 0, bytes.length - 1, StandardCharsets.UTF_8); // without the NUL
            } finally {
                functions.crm_table_free(table, null);
            }
        }

        private long run(String task, String options) {
            LongByReference out = new LongByReference();
            byte[] json = utf8(options);
            must(error -> functions.crm_run(task, handle, json, json.length, 0, out, error));
            return out.getValue();
        }
    }

    /** Calls twice: for the size, then for the bytes. */
    private byte[] sized(Write write) {
        LongByReference size = new LongByReference();
        must(error -> write.into(new Memory(1), 0, size, error));
        Memory buffer = new Memory(size.getValue());
        must(error -> write.into(buffer, buffer.size(), size, error));
        return buffer.getByteArray(0, (int) buffer.size());
    }

    private void must(Call call) {
        ErrorOut error = new ErrorOut();
        error.size = 1168;
        int status = call.with(error);
        if (status != 0) {
            throw new Failure(functions.crm_status_name(status), Native.toString(error.message, "UTF-8"),
                    Native.toString(error.hint, "UTF-8"));
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
