package dev.tallygate.node.audit;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Bytes of lines that grow; for one thread. */
final class LineBuffer {
  private byte[] bytes;
  private int length;

  LineBuffer(int capacity) {
    this.bytes = new byte[Math.max(16, capacity)];
  }

  byte[] bytes() {
    return bytes;
  }

  int length() {
    return length;
  }

  byte[] toByteArray() {
    return Arrays.copyOf(bytes, length);
  }

  void clear() {
    length = 0;
  }

  LineBuffer put(int oneByte) {
    room(1);
    bytes[length++] = (byte) oneByte;
    return this;
  }

  LineBuffer putAscii(String text) {
    room(text.length());
    for (int i = 0; i < text.length(); i++) {
      bytes[length++] = (byte) text.charAt(i);
    }
    return this;
  }

  LineBuffer putUtf8(int codePoint) {
    byte[] utf8 = Character.toString(codePoint).getBytes(StandardCharsets.UTF_8);
    room(utf8.length);
    System.arraycopy(utf8, 0, bytes, length, utf8.length);
    length += utf8.length;
    return this;
  }

  private void room(int more) {
    if (bytes.length - length < more) {
      bytes = Arrays.copyOf(bytes, Math.max(length + more, bytes.length * 2));
    }
  }
}
