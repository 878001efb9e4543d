# frozen_string_literal: true

# libcrm in Ruby by Fiddle, without a gem: orders, an analysis as rows, the state as bytes. Copy it into a
# shop and add to it what the shop needs; crm.h says what each function means.
require "fiddle"
require "json"

module Crm
  # The error of a call: its status, such as CRM_ERR_DATA, and what to do about it.
  class Error < StandardError
    attr_reader :status, :hint

    def initialize(status, message, hint)
      super(message)
      @status = status
      @hint = hint
    end
  end

  ERROR_SIZE = 4 + 4 + 8 + 128 + 512 + 512

  # The library, loaded once. Handles are numbers of 64 bits: a struct of one number is passed like it.
  class << self
    def load(path)
      @library = Fiddle.dlopen(path)
      @functions = {}
    end

    # Calls a function of crm.h; its last argument, the error, is added.
    def call(name, *arguments)
      error = [ERROR_SIZE].pack("L") + ("\0" * (ERROR_SIZE - 4))
      status = function(name, arguments.size + 1).call(*[*arguments, error].map { |one| value(one) })
      return if status.zero?

      text = ->(from, size) { error[from, size].unpack1("Z*").force_encoding("UTF-8") }
      raise Error.new(status_name(status), text.call(144, 512), text.call(656, 512))
    end

    # A number that a function writes: the bytes to hand in, and what they are afterwards.
    def out
      bytes = "\0" * 8
      yield bytes
      bytes.unpack1("Q")
    end

    # Calls twice: for the size, then for the bytes.
    def sized
      size = out { |bytes| yield "\0", 0, bytes }
      buffer = "\0" * size
      yield buffer, size, "\0" * 8
      buffer
    end

    private

    WORD = Fiddle::TYPE_LONG_LONG

    def function(name, count)
      @functions[name] ||= Fiddle::Function.new(@library[name.to_s], [WORD] * count, Fiddle::TYPE_INT)
    end

    def status_name(status)
      Fiddle::Function.new(@library["crm_status_name"], [Fiddle::TYPE_INT], Fiddle::TYPE_CONST_STRING).call(status)
    end

    # Texts as addresses; they live as long as the call, because the caller holds them.
    def value(one)
      one.is_a?(String) ? Fiddle::Pointer[one].to_i : one
    end
  end

  # Orders; the garbage collector frees them.
  class Orders
    # `rows`: lists of cells in the order of the spec's "cells". A thousand rows a call: JSON is cheaper than a
    # call for each cell.
    def self.from_rows(spec, rows)
      building = Crm.out { |bytes| Crm.call(:crm_orders_begin, JSON.generate(spec), -1, bytes) }
      rows.each_slice(1000) { |some| Crm.call(:crm_rows_json, building, JSON.generate(some), -1) }
      new(Crm.out { |bytes| Crm.call(:crm_orders_finish, building, 0, 0, bytes) })
    rescue StandardError
      Crm.call(:crm_rows_free, building) if building
      raise
    end

    # Orders that #bytes has written.
    def self.from_bytes(bytes)
      new(Crm.out { |out| Crm.call(:crm_orders_read, bytes, bytes.bytesize, 0, out) })
    end

    def initialize(handle)
      @handle = handle
      ObjectSpace.define_finalizer(self, self.class.freeing(handle))
    end

    def self.freeing(handle)
      proc { Crm.call(:crm_orders_free, handle) }
    end

    def bytes
      Crm.sized { |buffer, capacity, size| Crm.call(:crm_orders_write, @handle, buffer, capacity, size) }
    end

    # An analysis as a list of hashes; `options` is a hash, or its JSON.
    def run(task, options)
      JSON.parse(text(task, options, 1, 0))
    end

    # The same as CSV with Japanese headings.
    def csv(task, options)
      text(task, options, 2, 2)
    end

    # The notes of an analysis, such as what `learn` has learnt.
    def notes(task, options)
      with(task, options) do |table|
        text = "\0" * 16
        Crm.call(:crm_table_notes, table, text)
        address, size = text.unpack("QQ")
        JSON.parse(Fiddle::Pointer.new(address)[0, size].force_encoding("UTF-8"))
      end
    end

    private

    def text(task, options, format, language)
      with(task, options) do |table|
        bytes = Crm.sized do |buffer, capacity, size|
          Crm.call(:crm_table_text, table, format, language, 0, 1 << 62, buffer, capacity, size)
        end
        bytes.chomp("\0").force_encoding("UTF-8")
      end
    end

    def with(task, options)
      json = options.is_a?(String) ? options : JSON.generate(options)
      table = Crm.out { |bytes| Crm.call(:crm_run, task, @handle, json, -1, 0, bytes) }
      yield table
    ensure
      Crm.call(:crm_table_free, table) if table
    end
  end
end
