package dev.tallygate.node.audit;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

/** Real files on a disk that fills up, breaks and stalls on demand. */
final class Disk implements AppendFile.Opener {
  private long room = Long.MAX_VALUE;
  private boolean forceFails;
  private CountDownLatch gate = new CountDownLatch(0);
  final CountDownLatch atGate = new CountDownLatch(1);
  final List<String> calls = new CopyOnWriteArrayList<>();

  synchronized void leaveRoomFor(long bytes) {
    room = bytes;
  }

  synchronized void failToForce(boolean on) {
    forceFails = on;
  }

  /** Forcing waits until the latch that is returned is counted down. */
  synchronized CountDownLatch stall() {
    gate = new CountDownLatch(1);
    return gate;
  }

  @Override
  public AppendFile open(Path path) throws IOException {
    AppendFile file = AppendFile.open(path);
    return new AppendFile() {
      @Override
      public void append(ByteBuffer bytes) throws IOException {
        synchronized (Disk.this) {
          calls.add("append");
          if (bytes.remaining() > room) {
            ByteBuffer part = bytes.slice(bytes.position(), (int) room);
            room = 0;
            file.append(part);
            throw new IOException("No space left on device");
          }
          if (room != Long.MAX_VALUE) {
            room -= bytes.remaining();
          }
        }
        file.append(bytes);
      }

      @Override
      public void force() throws IOException {
        CountDownLatch until;
        synchronized (Disk.this) {
          until = gate;
        }
        if (until.getCount() > 0) {
          atGate.countDown();
          try {
            until.await();
          } catch (InterruptedException e) {
            throw new IOException(e);
          }
        }
        synchronized (Disk.this) {
          if (forceFails) {
            throw new IOException("Input/output error");
          }
        }
        file.force();
        calls.add("force");
      }

      @Override
      public void truncate(long size) throws IOException {
        file.truncate(size);
        calls.add("truncate");
      }

      @Override
      public void close() throws IOException {
        file.close();
      }
    };
  }
}
