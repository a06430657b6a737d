package dev.tallygate.load;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * One kept connection on which one call after the other is made. It does the least that HTTP/1.1
 * asks, so that the generator takes little of the machine that it measures. Not thread-safe, but
 * {@link #close} may be called by any thread.
 */
final class McpConnection implements AutoCloseable {
  private static final int MAX_ANSWER_BYTES = 64 * 1024;
  private static final byte[] STATUS_OK = "HTTP/1.1 200".getBytes(StandardCharsets.US_ASCII);
  private static final String LENGTH = "\r\ncontent-length:";

  private final Endpoint endpoint;
  private final SocketChannel channel;
  private final ByteBuffer request;
  private final int requestId;
  private final byte[] expected = SampleCall.answer(SampleCall.FIRST_ID);
  private final ByteBuffer received = ByteBuffer.allocateDirect(MAX_ANSWER_BYTES);
  private final byte[] bytes = new byte[MAX_ANSWER_BYTES];
  private long nextId;

  /**
   * @param firstId of the calls made here; no other connection may use the ids that follow
   */
  McpConnection(Endpoint endpoint, long firstId) {
    this.endpoint = endpoint;
    this.nextId = firstId;
    byte[] body = SampleCall.request(SampleCall.FIRST_ID);
    byte[] head = endpoint.head(body.length).getBytes(StandardCharsets.US_ASCII);
    request = ByteBuffer.allocateDirect(head.length + body.length);
    request.put(head).put(body);
    requestId = head.length + SampleCall.idOffset();
    try {
      channel = SocketChannel.open(new InetSocketAddress("127.0.0.1", endpoint.port()));
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    } catch (IOException e) {
      throw failure("cannot be reached", e);
    }
  }

  /**
   * Makes one call and waits for its answer.
   *
   * @throws LoadFailure unless status and every byte of the body are as they must be
   */
  void call() {
    String id = Long.toString(nextId++);
    for (int i = 0; i < id.length(); i++) {
      byte digit = (byte) id.charAt(i);
      request.put(requestId + i, digit);
      expected[SampleCall.idOffset() + i] = digit;
    }
    request.position(0);
    received.clear();
    try {
      while (request.hasRemaining()) {
        channel.write(request);
      }
      int length = 0;
      int whole = Integer.MAX_VALUE;
      int bodyFrom = 0;
      boolean chunked = false;
      while (length < whole && !(chunked && endsWithLastChunk(length))) {
        int read = channel.read(received);
        if (read <= 0) {
          throw new LoadFailure(endpoint.name() + ": an answer broke off");
        }
        received.get(length, bytes, length, read);
        length += read;
        if (bodyFrom == 0) {
          bodyFrom = endOfHead(length);
          if (bodyFrom > 0) {
            chunked = isChunked(bodyFrom);
            whole = chunked ? Integer.MAX_VALUE : bodyFrom + contentLength(bodyFrom);
          }
        }
      }
      check(bodyFrom, chunked ? withoutChunks(bodyFrom, length) : length);
    } catch (IOException e) {
      throw failure("a call failed", e);
    }
  }

  private int endOfHead(int length) {
    for (int i = 3; i < length; i++) {
      if (bytes[i] == '\n' && bytes[i - 1] == '\r' && bytes[i - 2] == '\n') {
        return i + 1;
      }
    }
    return 0;
  }

  /** An answer that reaches a node in pieces is passed on in pieces. */
  private boolean isChunked(int headLength) {
    String head = new String(bytes, 0, headLength, StandardCharsets.US_ASCII);
    return head.toLowerCase(Locale.ROOT).contains("\r\ntransfer-encoding: chunked\r\n");
  }

  private boolean endsWithLastChunk(int length) {
    return new String(bytes, length - 5, 5, StandardCharsets.US_ASCII).equals("0\r\n\r\n");
  }

  /** Puts a body's chunks side by side; gives where it ends. */
  private int withoutChunks(int bodyFrom, int length) {
    int to = bodyFrom;
    for (int at = bodyFrom; at < length; ) {
      int line = at;
      while (bytes[line] != '\r') {
        line++;
      }
      int size = Integer.parseInt(new String(bytes, at, line - at, StandardCharsets.US_ASCII), 16);
      System.arraycopy(bytes, line + 2, bytes, to, size);
      to += size;
      at = line + 2 + size + 2;
    }
    return to;
  }

  private int contentLength(int headLength) {
    String head = new String(bytes, 0, headLength, StandardCharsets.US_ASCII);
    int at = head.toLowerCase(Locale.ROOT).indexOf(LENGTH);
    if (at < 0) {
      throw new LoadFailure(endpoint.name() + ": an answer has no Content-Length: " + head);
    }
    int from = at + LENGTH.length();
    return Integer.parseInt(head.substring(from, head.indexOf('\r', from)).trim());
  }

  private void check(int bodyFrom, int length) {
    boolean right =
        length - bodyFrom == expected.length
            && startsWith(0, STATUS_OK)
            && startsWith(bodyFrom, expected);
    if (!right) {
      throw new LoadFailure(
          endpoint.name()
              + ": wrong answer: "
              + new String(bytes, 0, Math.min(length, 2_000), StandardCharsets.UTF_8));
    }
  }

  private boolean startsWith(int at, byte[] part) {
    for (int i = 0; i < part.length; i++) {
      if (bytes[at + i] != part[i]) {
        return false;
      }
    }
    return true;
  }

  private LoadFailure failure(String what, IOException e) {
    return new LoadFailure(endpoint.name() + ": " + what + ": " + e, e);
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw failure("cannot be closed", e);
    }
  }
}
