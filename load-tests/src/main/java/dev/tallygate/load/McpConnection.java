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
      while (length < whole) {
        int read = channel.read(received);
        if (read <= 0) {
          throw new LoadFailure(endpoint.name() + ": an answer broke off");
        }
        received.get(length, bytes, length, read);
        length += read;
        if (bodyFrom == 0) {
          bodyFrom = endOfHead(length);
          if (bodyFrom > 0) {
            whole = bodyFrom + contentLength(bodyFrom);
          }
        }
      }
      check(bodyFrom, length);
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
