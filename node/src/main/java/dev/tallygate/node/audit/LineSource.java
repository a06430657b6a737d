package dev.tallygate.node.audit;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/** Lines of a file as bytes, one after the other, in memory that does not grow with the file. */
final class LineSource implements Closeable {
  /**
   * A line without its newline.
   *
   * @param whole whether a newline ended it and it was not too long to be a record
   */
  record Line(byte[] bytes, boolean whole) {}

  private final FileChannel channel;
  private final ByteBuffer block = ByteBuffer.allocate(1 << 16).limit(0);
  private byte[] line = new byte[4096];
  private int length;
  private boolean tooLong;

  private LineSource(FileChannel channel) {
    this.channel = channel;
  }

  static LineSource open(Path file) throws IOException {
    return new LineSource(FileChannel.open(file, StandardOpenOption.READ));
  }

  /**
   * The next line that a newline ends, or null at the end of the file; a piece without a newline is
   * kept, and a later call goes on with it if the file has grown.
   */
  Line next() throws IOException {
    while (true) {
      while (block.hasRemaining()) {
        byte b = block.get();
        if (b == '\n') {
          return take(!tooLong);
        }
        add(b);
      }
      block.clear();
      int read = channel.read(block);
      block.flip();
      if (read <= 0) {
        block.limit(0);
        return null;
      }
    }
  }

  /** The piece after the last newline, or null if there is none. */
  Line rest() {
    return length == 0 && !tooLong ? null : take(false);
  }

  boolean hasRest() {
    return length > 0 || tooLong;
  }

  private void add(byte b) {
    if (length == RecordLine.MAX_BYTES) {
      tooLong = true;
      return;
    }
    if (length == line.length) {
      line = Arrays.copyOf(line, length * 2);
    }
    line[length++] = b;
  }

  private Line take(boolean whole) {
    Line taken = new Line(Arrays.copyOf(line, length), whole);
    length = 0;
    tooLong = false;
    return taken;
  }

  long position() throws IOException {
    return channel.position();
  }

  void position(long offset) throws IOException {
    channel.position(offset);
    block.limit(0);
    length = 0;
    tooLong = false;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
