package dev.tallygate.node.audit;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Writes records as lines of a chain.
 *
 * <p>A line is {@code {"seq":N,"event":"E",...,"mac":"M"}} and a newline, where {@code M} is {@code
 * HMAC-SHA-256(chain key, code of the line before | bytes of this line up to, not including,
 * ,"mac":)} in 64 lower-case hexadecimal digits. The first line of a log follows a value derived
 * from the key. The code of the line before has a fixed length, so no two different inputs run
 * together to the same bytes. After a keyed hash log of Schneier and Kelsey (1999), without the
 * evolving key.
 */
final class RecordLine {
  /** Readers refuse lines beyond this; the caps below keep writers far from it. */
  static final int MAX_BYTES = 1 << 20;

  static final String MAC_FIELD = ",\"mac\":\"";

  private static final int NAME = 256;
  private static final int MESSAGE = 1024;
  private static final int KEYS = 128;
  private static final int REFUNDS = 64;
  private static final int CHARGES = 64;
  private static final int TORN = 4096;

  private static final DateTimeFormatter TIME =
      new DateTimeFormatterBuilder().appendInstant(6).toFormatter(Locale.ROOT);

  private final String node;
  private final AuditKey.Chain chain;
  private final LineBuffer out = new LineBuffer(1 << 16);
  private byte[] head;
  private long seq;

  /** Goes on after record {@code seq}, whose code is {@code head}. */
  RecordLine(String node, AuditKey key, long seq, byte[] head) {
    this.node = node;
    this.chain = key.chain();
    this.seq = seq;
    this.head = head;
  }

  /** The lines written since {@link #restart}. */
  LineBuffer lines() {
    return out;
  }

  long seq() {
    return seq;
  }

  byte[] head() {
    return head;
  }

  /** Drops all lines and goes on after another record. */
  void restart(long afterSeq, byte[] afterHead) {
    out.clear();
    seq = afterSeq;
    head = afterHead;
  }

  void add(AuditRecord record) {
    if (record instanceof AuditRecord.Decision decision) {
      add(decision);
    } else if (record instanceof AuditRecord.Completion completion) {
      add(completion);
    } else if (record instanceof AuditRecord.Pin pin) {
      add(pin);
    } else if (record instanceof AuditRecord.Rejection rejection) {
      add(rejection);
    } else {
      add((AuditRecord.Rejections) record);
    }
  }

  private void add(AuditRecord.Decision d) {
    int from = begin("decision", d.time());
    text("decisionId", d.decisionId(), NAME);
    number("revision", d.revision());
    caller(d.caller());
    text("method", d.method(), NAME);
    text("tool", d.tool(), NAME);
    name("outcome", d.outcome());
    text("rule", d.rule(), NAME);
    text("message", d.message(), MESSAGE);
    charged(d.charged());
    list("argumentKeys", d.argumentKeys(), KEYS);
    if (d.argumentKeys().size() > KEYS) {
      number("more", d.argumentKeys().size() - KEYS);
    }
    text("argumentsDigest", d.argumentsDigest(), NAME);
    end(from);
  }

  private void charged(List<AuditRecord.Charged> charged) {
    if (charged.isEmpty()) {
      return;
    }
    field("charged").put('[');
    for (int i = 0; i < Math.min(CHARGES, charged.size()); i++) {
      AuditRecord.Charged one = charged.get(i);
      out.putAscii(i == 0 ? "{\"scope\":" : ",{\"scope\":");
      string(one.scope(), NAME);
      text("counter", one.counter(), NAME);
      text("units", one.units().toPlainString(), NAME);
      text("until", TIME.format(one.until()), NAME);
      if (one.alone()) {
        field("alone").putAscii("true");
      }
      out.put('}');
    }
    out.put(']');
  }

  private void add(AuditRecord.Completion c) {
    int from = begin("completion", c.time());
    text("decisionId", c.decisionId(), NAME);
    caller(c.caller());
    text("method", c.method(), NAME);
    text("tool", c.tool(), NAME);
    name("end", c.end());
    c.status().ifPresent(status -> number("status", status));
    field("latencyMs").putAscii(millis(c.latency()));
    list("refunded", c.refunded(), REFUNDS);
    end(from);
  }

  private void add(AuditRecord.Rejection r) {
    int from = begin("rejection", r.time());
    text("decisionId", r.decisionId(), NAME);
    number("revision", r.revision());
    if (r.caller().isPresent()) {
      caller(r.caller().get());
    } else {
      text("server", r.server(), NAME);
    }
    text("remote", r.remote(), NAME);
    number("status", r.status());
    text("kind", r.kind(), NAME);
    text("message", r.message(), MESSAGE);
    end(from);
  }

  private void add(AuditRecord.Pin p) {
    int from = begin("pin", p.time());
    number("revision", p.revision());
    text("server", p.server(), NAME);
    name("state", p.state());
    text("kind", p.kind(), NAME);
    text("name", p.name(), NAME);
    text("approvedSha256", p.approved(), NAME);
    text("seenSha256", p.seen(), NAME);
    list("changed", p.changed(), KEYS);
    end(from);
  }

  private void add(AuditRecord.Rejections r) {
    int from = begin("rejections", r.time());
    text("since", TIME.format(r.since()), NAME);
    text("kind", r.kind(), NAME);
    number("count", r.count());
    end(from);
  }

  /**
   * The node began to write. Linked: it repeats the code that it follows, so that a file can be
   * continued from its last line alone.
   */
  void addStart(Instant time, Optional<LogEnd.Torn> torn) {
    int from = begin("start", time);
    text("previousMac", HexFormat.of().formatHex(head), NAME);
    torn.ifPresent(
        t -> {
          field("torn").put('{');
          out.putAscii("\"bytes\":" + t.bytes() + ",\"sha256\":\"" + t.sha256() + "\",\"text\":\"");
          PlainText.escape(
              PlainText.capped(new String(t.start(), StandardCharsets.ISO_8859_1), TORN), out);
          out.put('"').put('}');
        });
    end(from);
  }

  /** The node stopped, in good order. */
  void addStop(Instant time) {
    end(begin("stop", time));
  }

  /** First record of the file that follows {@code previous}. */
  void addRotation(Instant time, String previous, long prunedThrough) {
    int from = begin("rotation", time);
    text("previousFile", previous, NAME);
    text("previousMac", HexFormat.of().formatHex(head), NAME);
    if (prunedThrough > 0) {
      number("prunedThrough", prunedThrough);
    }
    end(from);
  }

  /** Records that could not be kept: refused with their calls, or lost while the calls ran. */
  void addGap(Instant since, Instant until, long refused, long lost, String reason) {
    int from = begin("gap", until);
    field("since").put('"').putAscii(TIME.format(since)).put('"');
    number("refused", refused);
    number("lost", lost);
    text("reason", reason, MESSAGE);
    end(from);
  }

  private int begin(String event, Instant time) {
    int from = out.length();
    out.putAscii("{\"seq\":").putAscii(Long.toString(seq + 1));
    out.putAscii(",\"event\":\"").putAscii(event);
    out.putAscii("\",\"time\":\"").putAscii(TIME.format(time)).put('"');
    text("node", node, NAME);
    return from;
  }

  private void end(int from) {
    head = chain.next(head, out.bytes(), from, out.length() - from);
    seq++;
    out.putAscii(MAC_FIELD).putAscii(HexFormat.of().formatHex(head)).putAscii("\"}\n");
  }

  private void caller(AuditRecord.Caller caller) {
    text("grant", caller.grantLabel(), NAME);
    text("grantId", caller.grantId(), NAME);
    text("server", caller.server(), NAME);
  }

  private LineBuffer field(String name) {
    return out.put(',').put('"').putAscii(name).put('"').put(':');
  }

  private void text(String name, String value, int max) {
    field(name);
    string(value, max);
  }

  private void text(String name, Optional<String> value, int max) {
    value.ifPresent(v -> text(name, v, max));
  }

  private void number(String name, long value) {
    field(name).putAscii(Long.toString(value));
  }

  private void name(String name, Enum<?> value) {
    text(name, value.name().toLowerCase(Locale.ROOT), NAME);
  }

  private void list(String name, List<String> values, int max) {
    field(name).put('[');
    for (int i = 0; i < Math.min(max, values.size()); i++) {
      if (i > 0) {
        out.put(',');
      }
      string(values.get(i), NAME);
    }
    out.put(']');
  }

  private void string(String value, int max) {
    out.put('"');
    PlainText.escape(PlainText.capped(value, max), out);
    out.put('"');
  }

  private static String millis(Duration latency) {
    long millis = Math.max(0, latency.getSeconds() * 1_000 + latency.getNano() / 1_000_000);
    return millis + "." + String.valueOf(1_000 + latency.getNano() / 1_000 % 1_000).substring(1);
  }
}
