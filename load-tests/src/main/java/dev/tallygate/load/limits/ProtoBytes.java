package dev.tallygate.load.limits;

import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;

/** As much of Protocol Buffers as two requests need. */
final class ProtoBytes {
  private static final int VARINT = 0;
  private static final int LENGTH = 2;

  private final Buffer bytes = Buffer.buffer(64);

  ProtoBytes number(int field, long value) {
    varint((long) field << 3 | VARINT);
    varint(value);
    return this;
  }

  ProtoBytes text(int field, String value) {
    return part(field, Buffer.buffer(value.getBytes(StandardCharsets.UTF_8)));
  }

  ProtoBytes message(int field, ProtoBytes message) {
    return part(field, message.bytes);
  }

  /** The message as gRPC frames it. */
  Buffer framed() {
    return Buffer.buffer(5 + bytes.length())
        .appendByte((byte) 0)
        .appendInt(bytes.length())
        .appendBuffer(bytes);
  }

  private ProtoBytes part(int field, Buffer part) {
    varint((long) field << 3 | LENGTH);
    varint(part.length());
    bytes.appendBuffer(part);
    return this;
  }

  private void varint(long value) {
    long left = value;
    for (; (left & ~0x7FL) != 0; left >>>= 7) {
      bytes.appendByte((byte) (left | 0x80));
    }
    bytes.appendByte((byte) left);
  }

  /** A field's number in a message that stands from {@code from} on. */
  static OptionalLong number(Buffer message, int from, int field) {
    Reader reader = new Reader(message, from);
    while (reader.at < message.length()) {
      long tag = reader.varint();
      if (tag == ((long) field << 3 | VARINT)) {
        return OptionalLong.of(reader.varint());
      }
      reader.skip((int) (tag & 7));
    }
    return OptionalLong.empty();
  }

  /** Where the first message of a field begins; empty where there is none. */
  static OptionalLong message(Buffer message, int from, int field) {
    Reader reader = new Reader(message, from);
    while (reader.at < message.length()) {
      long tag = reader.varint();
      if (tag == ((long) field << 3 | LENGTH)) {
        reader.varint();
        return OptionalLong.of(reader.at);
      }
      reader.skip((int) (tag & 7));
    }
    return OptionalLong.empty();
  }

  private static final class Reader {
    private final Buffer message;
    private int at;

    Reader(Buffer message, int at) {
      this.message = message;
      this.at = at;
    }

    long varint() {
      long value = 0;
      for (int shift = 0; ; shift += 7) {
        byte next = message.getByte(at++);
        value |= (long) (next & 0x7F) << shift;
        if (next >= 0) {
          return value;
        }
      }
    }

    void skip(int type) {
      if (type == VARINT) {
        varint();
      } else if (type == LENGTH) {
        int length = (int) varint();
        at += length;
      } else {
        throw new IllegalStateException("a field of type " + type);
      }
    }
  }
}
