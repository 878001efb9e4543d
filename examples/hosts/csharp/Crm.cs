using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;

/// <summary>
/// libcrm in C# by P/Invoke: orders, an analysis as JSON, the state as bytes. Copy it into a shop and add to it what
/// the shop needs; crm.h says what each function means.
/// </summary>
public static class Crm
{
    private const string Library = "libcrm.so.0";

    /// <summary>Orders from rows, JSON lists of lists in the order of the spec's "cells".</summary>
    public static Orders OrdersOf(string spec, IEnumerable<string> batches)
    {
        byte[] bytes = Utf8(spec);
        ulong rows = 0, orders = 0;
        Must((ref Error error) => crm_orders_begin(bytes, bytes.Length, out rows, ref error));
        try
        {
            foreach (string batch in batches)
            {
                byte[] json = Utf8(batch);
                Must((ref Error error) => crm_rows_json(rows, json, json.Length, ref error));
            }
            Must((ref Error error) => crm_orders_finish(rows, 0, 0, out orders, ref error));
            return new Orders(orders);
        }
        catch
        {
            crm_rows_free(rows, IntPtr.Zero);
            throw;
        }
    }

    /// <summary>Orders that Orders.Bytes has written.</summary>
    public static Orders Read(byte[] bytes)
    {
        ulong orders = 0;
        Must((ref Error error) => crm_orders_read(bytes, (ulong)bytes.Length, 0, out orders, ref error));
        return new Orders(orders);
    }

    /// <summary>Orders; `using` or the garbage collector frees them.</summary>
    public sealed class Orders : IDisposable
    {
        private ulong handle;

        internal Orders(ulong handle) { this.handle = handle; }

        ~Orders() { Free(); }

        public void Dispose()
        {
            Free();
            GC.SuppressFinalize(this);
        }

        public byte[] Bytes()
        {
            byte[] bytes = Sized((byte[] buffer, UIntPtr capacity, out UIntPtr size, ref Error error) =>
                crm_orders_write(handle, buffer, capacity, out size, ref error));
            GC.KeepAlive(this);
            return bytes;
        }

        /// <summary>An analysis as JSON: an array with an object for each row.</summary>
        public string Json(string task, string options) { return Rows(task, options, 1, 0); }

        /// <summary>The same as CSV with Japanese headings.</summary>
        public string Csv(string task, string options) { return Rows(task, options, 2, 2); }

        /// <summary>The notes of an analysis as JSON, such as what `learn` has learnt.</summary>
        public string Notes(string task, string options)
        {
            ulong table = Run(task, options);
            try
            {
                Text text = default(Text);
                Must((ref Error error) => crm_table_notes(table, out text, ref error));
                byte[] bytes = new byte[(int)text.Size];
                Marshal.Copy(text.Data, bytes, 0, bytes.Length);
                return Encoding.UTF8.GetString(bytes);
            }
            finally { crm_table_free(table, IntPtr.Zero); }
        }

        private string Rows(string task, string options, int format, int language)
        {
            ulong table = Run(task, options);
            try
            {
                byte[] bytes = Sized((byte[] buffer, UIntPtr capacity, out UIntPtr size, ref Error error) =>
                    crm_table_text(table, format, language, UIntPtr.Zero, (UIntPtr)long.MaxValue, buffer, capacity,
                        out size, ref error));
                return Encoding.UTF8.GetString(bytes, 0, bytes.Length - 1); // without the NUL
            }
            finally { crm_table_free(table, IntPtr.Zero); }
        }

        private ulong Run(string task, string options)
        {
            byte[] name = Utf8(task + "\0"), json = Utf8(options);
            ulong table = 0;
            Must((ref Error error) => crm_run(name, handle, json, json.Length, 0, out table, ref error));
            GC.KeepAlive(this);
            return table;
        }

        private void Free()
        {
            if (handle != 0) crm_orders_free(handle, IntPtr.Zero);
            handle = 0;
        }
    }

    /// <summary>The error of a call: its status, such as CRM_ERR_DATA, and what to do about it.</summary>
    public sealed class Failure : Exception
    {
        public readonly string Status, Hint;

        internal Failure(string status, string message, string hint) : base(message)
        {
            Status = status;
            Hint = hint;
        }
    }

    private delegate int Call(ref Error error);

    private delegate int Write(byte[] buffer, UIntPtr capacity, out UIntPtr size, ref Error error);

    private static void Must(Call call)
    {
        Error error = new Error { Size = (uint)Marshal.SizeOf(typeof(Error)) };
        int status = call(ref error);
        if (status != 0)
        {
            string name = Marshal.PtrToStringAnsi(crm_status_name(status));
            throw new Failure(name, UpToNul(error.Message), UpToNul(error.Hint));
        }
    }

    /// <summary>Calls twice: for the size, then for the bytes.</summary>
    private static byte[] Sized(Write write)
    {
        UIntPtr size = UIntPtr.Zero;
        Must((ref Error error) => write(new byte[1], UIntPtr.Zero, out size, ref error));
        byte[] bytes = new byte[(int)size];
        Must((ref Error error) => write(bytes, (UIntPtr)bytes.Length, out size, ref error));
        return bytes;
    }

    private static byte[] Utf8(string text) { return Encoding.UTF8.GetBytes(text); }

    private static string UpToNul(byte[] bytes)
    {
        return Encoding.UTF8.GetString(bytes, 0, Array.IndexOf(bytes, (byte)0));
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Error
    {
        public uint Size;
        public int Code;
        public long Row;
        [MarshalAs(UnmanagedType.ByValArray, SizeConst = 128)] public byte[] Column;
        [MarshalAs(UnmanagedType.ByValArray, SizeConst = 512)] public byte[] Message;
        [MarshalAs(UnmanagedType.ByValArray, SizeConst = 512)] public byte[] Hint;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Text
    {
        public IntPtr Data;
        public UIntPtr Size;
    }

    // Handles are numbers of 64 bits; a struct of one number is passed like it.
    [DllImport(Library)] private static extern IntPtr crm_status_name(int status);
    [DllImport(Library)] private static extern int crm_orders_begin(byte[] spec, long size, out ulong rows,
        ref Error error);
    [DllImport(Library)] private static extern int crm_rows_json(ulong rows, byte[] json, long size, ref Error error);
    [DllImport(Library)] private static extern int crm_orders_finish(ulong rows, ulong customers, ulong job,
        out ulong orders, ref Error error);
    [DllImport(Library)] private static extern int crm_rows_free(ulong rows, IntPtr error);
    [DllImport(Library)] private static extern int crm_orders_free(ulong orders, IntPtr error);
    [DllImport(Library)] private static extern int crm_orders_write(ulong orders, [Out] byte[] buffer,
        UIntPtr capacity, out UIntPtr size, ref Error error);
    [DllImport(Library)] private static extern int crm_orders_read(byte[] bytes, ulong size, ulong job,
        out ulong orders, ref Error error);
    [DllImport(Library)] private static extern int crm_run(byte[] task, ulong data, byte[] options, long size,
        ulong job, out ulong table, ref Error error);
    [DllImport(Library)] private static extern int crm_table_text(ulong table, int format, int language,
        UIntPtr first, UIntPtr rows, [Out] byte[] buffer, UIntPtr capacity, out UIntPtr size, ref Error error);
    [DllImport(Library)] private static extern int crm_table_notes(ulong table, out Text text, ref Error error);
    [DllImport(Library)] private static extern int crm_table_free(ulong table, IntPtr error);
}
