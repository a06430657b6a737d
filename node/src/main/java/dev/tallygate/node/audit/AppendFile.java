package dev.tallygate.node.audit;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** A file that grows at its end. What a full or failing disk does is played through this seam. */
interface AppendFile extends Closeable {
  /** Opens a file, making it if it is missing. */
  interface Opener {
    AppendFile open(Path path) throws IOException;
  }

  /** Writes all bytes at the end; after a failure any part of them may be there. */
  void append(ByteBuffer bytes) throws IOException;

  /** Returns once all that was appended is on the disk. */
  void force() throws IOException;

  void truncate(long size) throws IOException;

  static AppendFile open(Path path) throws IOException {
    FileAttribute<?>[] mode =
        path.getFileSystem().supportedFileAttributeViews().contains("posix")
            ? new FileAttribute<?>[] {
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r-----"))
            }
            : new FileAttribute<?>[0];
    // Appending writes go to the end whatever it is: never over a record.
    FileChannel channel =
        FileChannel.open(path, Set.of(StandardOpenOption.CREATE, StandardOpenOption.APPEND), mode);
    return new AppendFile() {
      @Override
      public void append(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
      }

      @Override
      public void force() throws IOException {
        channel.force(false);
      }

      @Override
      public void truncate(long size) throws IOException {
        channel.truncate(size);
      }

      @Override
      public void close() throws IOException {
        channel.close();
      }
    };
  }
}
