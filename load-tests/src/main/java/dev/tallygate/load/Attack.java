package dev.tallygate.load;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;

/** What somebody may do to a node, for a bounded time and from a bounded number of threads. */
enum Attack {
  LARGE_LENGTH("bodies of 100 MB, announced", 4) {
    @Override
    void once(Scene at, int thread) throws IOException {
      try (Socket socket = at.connect()) {
        send(socket, at.post("/mcp/target", at.attacker(), "Content-Length: 104857600"));
        pour(socket, 100 << 20, false);
        at.count(socket);
      }
    }
  },
  LARGE_CHUNKED("bodies of 100 MB, in chunks", 4) {
    @Override
    void once(Scene at, int thread) throws IOException {
      try (Socket socket = at.connect()) {
        send(socket, at.post("/mcp/target", at.attacker(), "Transfer-Encoding: chunked"));
        pour(socket, 100 << 20, true);
        at.count(socket);
      }
    }
  },
  DEEP("20,000 levels of nesting", 2) {
    @Override
    void once(Scene at, int thread) throws IOException {
      at.exchange(at.call("search_documents", "[".repeat(20_000) + "]".repeat(20_000)));
    }
  },
  KEYS("a million keys in 4 MB", 4) {
    private final String keys = keys(1_000_000, 4_000_000);

    @Override
    void once(Scene at, int thread) throws IOException {
      at.exchange(at.call("search_documents", keys));
    }
  },
  FULL_MESSAGES("messages at every bound: 4 MB, 48,000 keys", 4) {
    private final String keys = keys(48_000, 3_900_000);

    @Override
    void once(Scene at, int thread) throws IOException {
      at.exchange(at.call("match", keys));
    }
  },
  PATTERNS("50 kB against (a+)+$", 4) {
    @Override
    void once(Scene at, int thread) throws IOException {
      at.exchange(at.call("match", "{\"query\":\"" + "a".repeat(50_000) + "!\"}"));
    }
  },
  LONG_LISTS("lists of 10 MB from the server", 2) {
    @Override
    void once(Scene at, int thread) throws IOException {
      at.exchange(
          at.request(
              "/mcp/long",
              at.lister(),
              "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}"));
    }
  },
  SLOW_HEADS("500 heads, a byte a second", 1) {
    @Override
    void once(Scene at, int thread) throws IOException {
      at.drip(500, "POST /mcp/target HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ");
    }
  },
  SLOW_BODIES("200 bodies, a byte a second", 1) {
    @Override
    void once(Scene at, int thread) throws IOException {
      at.drip(200, at.post("/mcp/target", at.attacker(), "Content-Length: 100000"));
    }

    @Override
    Duration least() {
      return Duration.ofSeconds(33); // The gate gives a body 30 s.
    }
  },
  UNREAD_EVENTS("100 readers that never read, events", 1) {
    @Override
    void once(Scene at, int thread) throws IOException {
      at.hold(100, i -> at.call("flood_events", "{}"));
    }
  },
  UNREAD_JSON("100 readers that never read, JSON", 1) {
    @Override
    void once(Scene at, int thread) throws IOException {
      at.hold(100, i -> at.call("flood_json", "{}"));
    }
  },
  IDLE_STREAMS("5,000 open streams of 25 grants", 1) {
    @Override
    void once(Scene at, int thread) throws IOException {
      String[] sessions = new String[at.streamers().size()];
      at.hold(
          5_000,
          i -> {
            int grant = i / 200;
            if (sessions[grant] == null) {
              sessions[grant] = at.session("/mcp/streams", at.streamers().get(grant));
            }
            return "GET /mcp/streams HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n"
                + "MCP-Protocol-Version: 2025-11-25\r\nMcp-Session-Id: "
                + sessions[grant]
                + "\r\nAuthorization: Bearer "
                + at.streamers().get(grant)
                + "\r\n\r\n";
          });
    }
  },
  IDLE_CONNECTIONS("5,000 connections that say nothing", 1) {
    @Override
    void once(Scene at, int thread) throws IOException {
      at.hold(5_000, i -> "");
    }
  },
  LONG_HEADS("heads of 31 KB and of 1 MB", 4) {
    private final String most = "X-A: " + "a".repeat(7_000) + "\r\n";

    @Override
    void once(Scene at, int thread) throws IOException {
      String head = "POST /mcp/target HTTP/1.1\r\nHost: 127.0.0.1\r\n";
      at.exchange(head + most.repeat(4) + "Content-Length: 0\r\n\r\n");
      at.exchange(head + most.repeat(150) + "Content-Length: 0\r\n\r\n");
    }
  },
  BAD_TOKENS("bad tokens, as fast as they are refused", 4) {
    @Override
    void once(Scene at, int thread) throws IOException {
      String request = at.request("/mcp/target", "tg_" + "B".repeat(43), "{}");
      try (Socket socket = at.connect()) {
        for (int i = 0; i < 200; i++) {
          send(socket, request);
          at.count(socket);
        }
      }
    }
  },
  RAPID_RESETS("HTTP/2 requests reset as soon as they are made", 4) {
    @Override
    boolean needsHttp2() {
      return true;
    }

    @Override
    void once(Scene at, int thread) throws IOException {
      byte[] block = http2Head(at.attacker());
      try (Socket socket = at.connect()) {
        OutputStream out = socket.getOutputStream();
        out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        out.write(frame(4, 0, 0, new byte[0]));
        for (int stream = 1; stream < 4_000; stream += 2) {
          out.write(frame(1, 4, stream, block));
          out.write(frame(3, 0, stream, new byte[] {0, 0, 0, 8}));
        }
      } finally {
        at.count("closed");
      }
    }
  };

  private final String title;
  private final int threads;

  Attack(String title, int threads) {
    this.title = title;
    this.threads = threads;
  }

  String title() {
    return title;
  }

  boolean needsHttp2() {
    return false;
  }

  /** The shortest time in which it shows what it does. */
  Duration least() {
    return Duration.ZERO;
  }

  /** Does it once, or for as long as the scene goes on. */
  abstract void once(Scene at, int thread) throws IOException;

  /** Goes on for a time; gives how often each answer came. */
  Map<String, Long> run(Scene at, Duration time) {
    at.begin(time);
    List<Thread> running = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      int index = i;
      Thread thread =
          new Thread(
              () -> {
                while (at.goesOn()) {
                  try {
                    once(at, index);
                  } catch (IOException e) {
                    at.count("closed");
                  }
                }
              });
      thread.setDaemon(true);
      thread.start();
      running.add(thread);
    }
    for (Thread thread : running) {
      try {
        thread.join(time.plusSeconds(30).toMillis());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    return at.answers();
  }

  /** A node under attack, and what the attackers know of it. Thread-safe. */
  static final class Scene {
    private final int port;
    private final List<String> tokens;
    private final Map<String, AtomicLong> answers = new ConcurrentSkipListMap<>();
    private volatile long until;

    /**
     * @param tokens of the attacker at {@code target}, of the one at {@code long}, and of those at
     *     {@code streams}
     */
    Scene(int port, List<String> tokens) {
      this.port = port;
      this.tokens = tokens;
    }

    void begin(Duration time) {
      answers.clear();
      until = System.nanoTime() + time.toNanos();
    }

    boolean goesOn() {
      return System.nanoTime() < until;
    }

    String attacker() {
      return tokens.get(0);
    }

    String lister() {
      return tokens.get(1);
    }

    List<String> streamers() {
      return tokens.subList(2, tokens.size());
    }

    Socket connect() throws IOException {
      Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(20_000);
      return socket;
    }

    String post(String path, String token, String framing) {
      return "POST "
          + path
          + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
          + "Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2025-11-25\r\n"
          + "Authorization: Bearer "
          + token
          + "\r\n"
          + framing
          + "\r\n\r\n";
    }

    String request(String path, String token, String body) {
      return post(path, token, "Content-Length: " + body.length()) + body;
    }

    String call(String tool, String arguments) {
      return request(
          "/mcp/target",
          attacker(),
          "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\""
              + tool
              + "\",\"arguments\":"
              + arguments
              + "}}");
    }

    /** Opens a session; gives its id. */
    String session(String path, String token) throws IOException {
      try (Socket socket = connect()) {
        send(
            socket,
            request(
                path,
                token,
                "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{"
                    + "\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},"
                    + "\"clientInfo\":{\"name\":\"a\",\"version\":\"1\"}}}"));
        String head = head(socket);
        int at = head.toLowerCase(java.util.Locale.ROOT).indexOf("mcp-session-id: ");
        if (at < 0) {
          throw new IOException("no session: " + head);
        }
        return head.substring(at + 16, head.indexOf('\r', at));
      }
    }

    /** Sends a request and reads its answer to the end. */
    void exchange(String request) throws IOException {
      try (Socket socket = connect()) {
        send(socket, request);
        count(socket);
      }
    }

    /** Opens connections, sends something on each, reads nothing, and holds them to the end. */
    void hold(int connections, Opening opening) throws IOException {
      List<Socket> held = new ArrayList<>();
      try {
        for (int i = 0; i < connections && goesOn(); i++) {
          try {
            Socket socket = connect();
            held.add(socket);
            send(socket, opening.of(i));
          } catch (IOException e) {
            count("closed");
          }
        }
        while (goesOn()) {
          pause(50);
        }
        for (Socket socket : held) {
          countIfThere(socket);
        }
      } finally {
        close(held);
      }
    }

    /** Sends a beginning on each connection, and then a byte on each in a second. */
    void drip(int connections, String beginning) throws IOException {
      List<Socket> held = new ArrayList<>();
      try {
        for (int i = 0; i < connections && goesOn(); i++) {
          Socket socket = connect();
          held.add(socket);
          send(socket, beginning);
        }
        while (goesOn()) {
          pause(1_000);
          for (Socket socket : held) {
            try {
              send(socket, "a");
            } catch (IOException e) {
              // Answered, and closed: counted below.
            }
          }
        }
        for (Socket socket : held) {
          countIfThere(socket);
        }
      } finally {
        close(held);
      }
    }

    private static void pause(long millis) {
      try {
        Thread.sleep(millis);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    private static void close(List<Socket> held) throws IOException {
      for (Socket socket : held) {
        socket.close();
      }
    }

    /** The head of an answer, with what came of its body at once. */
    private static String head(Socket socket) throws IOException {
      InputStream in = socket.getInputStream();
      byte[] head = new byte[8 * 1024];
      int length = 0;
      String text = "";
      while (!text.contains("\r\n\r\n") && length < head.length) {
        int read = in.read(head, length, head.length - length);
        if (read < 0) {
          throw new IOException("closed");
        }
        length += read;
        text = new String(head, 0, length, StandardCharsets.ISO_8859_1);
      }
      return text;
    }

    /** Reads one answer and counts its status. */
    void count(Socket socket) throws IOException {
      String text = head(socket);
      int end = text.indexOf("\r\n\r\n");
      count(text.substring(9, 12));
      String lower = text.toLowerCase(java.util.Locale.ROOT);
      int at = lower.indexOf("content-length: ");
      long body = at < 0 ? 0 : Long.parseLong(lower.substring(at + 16, lower.indexOf('\r', at)));
      socket.getInputStream().skipNBytes(Math.max(0, body - (text.length() - end - 4)));
    }

    private void countIfThere(Socket socket) throws IOException {
      socket.setSoTimeout(1);
      byte[] status = new byte[12];
      try {
        int read = socket.getInputStream().readNBytes(status, 0, 12);
        count(read < 12 ? "closed" : new String(status, 9, 3, StandardCharsets.US_ASCII));
      } catch (java.net.SocketTimeoutException e) {
        count("open");
      } catch (IOException e) {
        count("closed");
      }
    }

    void count(String answer) {
      answers.computeIfAbsent(answer, any -> new AtomicLong()).incrementAndGet();
    }

    Map<String, Long> answers() {
      Map<String, Long> counted = new TreeMap<>();
      answers.forEach((answer, count) -> counted.put(answer, count.get()));
      return counted;
    }
  }

  /** What is sent on a connection. */
  interface Opening {
    String of(int index) throws IOException;
  }

  private static void send(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static void pour(Socket socket, long bytes, boolean chunked) {
    byte[] piece = new byte[64 * 1024];
    Arrays.fill(piece, (byte) ' ');
    try {
      OutputStream out = socket.getOutputStream();
      for (long left = bytes; left > 0 && socket.getInputStream().available() == 0; ) {
        if (chunked) {
          out.write("10000\r\n".getBytes(StandardCharsets.US_ASCII));
        }
        out.write(piece);
        if (chunked) {
          out.write("\r\n".getBytes(StandardCharsets.US_ASCII));
        }
        left -= piece.length;
      }
    } catch (IOException e) {
      // It was answered before its end.
    }
  }

  private static String keys(int count, int maxChars) {
    StringBuilder keys = new StringBuilder("{");
    for (int i = 0; i < count && keys.length() < maxChars; i++) {
      keys.append(i == 0 ? "\"" : ",\"").append(Integer.toString(i, 36)).append("\":1");
    }
    if (maxChars - keys.length() > 100_000 && count < 100_000) {
      keys.append(",\"text\":\"").append("x".repeat(maxChars - keys.length())).append('"');
    }
    return keys.append('}').toString();
  }

  private static byte[] frame(int type, int flags, int stream, byte[] payload) {
    return ByteBuffer.allocate(9 + payload.length)
        .put((byte) (payload.length >> 16))
        .putShort((short) payload.length)
        .put((byte) type)
        .put((byte) flags)
        .putInt(stream)
        .put(payload)
        .array();
  }

  private static byte[] http2Head(String token) {
    String[] fields = {
      ":method", "POST",
      ":scheme", "http",
      ":path", "/mcp/target",
      ":authority", "127.0.0.1",
      "content-type", "application/json",
      "authorization", "Bearer " + token
    };
    ByteBuffer block = ByteBuffer.allocate(1_000);
    for (int i = 0; i < fields.length; i += 2) {
      block.put((byte) 0);
      for (String text : new String[] {fields[i], fields[i + 1]}) {
        block.put((byte) text.length()).put(text.getBytes(StandardCharsets.US_ASCII));
      }
    }
    return Arrays.copyOf(block.array(), block.position());
  }
}
