package dev.tallygate.node.audit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.StringJoiner;
import java.util.function.BooleanSupplier;

/**
 * Shows the last records of a log to a person, and those that follow. It needs no key and checks
 * nothing; {@link AuditVerifier} does.
 */
public final class AuditTail {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final LogFiles files;
  private final PrintWriter out;

  public AuditTail(Path file, PrintWriter out) {
    this.files = new LogFiles(file);
    this.out = out;
  }

  /**
   * Prints the last {@code count} records, looking into rotated files where the current one has
   * fewer.
   *
   * @throws IOException if a file cannot be read, or there is none
   */
  public void last(int count) throws IOException {
    try (LineSource current = LineSource.open(files.current())) {
      showLast(count, current);
    }
  }

  /**
   * Prints the last {@code count} records, then each new one as it comes, over rotations.
   *
   * @param pause waits a moment; false ends the following
   */
  public void follow(int count, BooleanSupplier pause) throws IOException {
    LineSource current = LineSource.open(files.current());
    try {
      Object identity = identity();
      showLast(count, current);
      out.flush();
      while (pause.getAsBoolean()) {
        // Asked before reading: what was rotated is complete, so reading it to its end misses none.
        Object now = identity();
        showRest(current);
        if (now != null && !Objects.equals(now, identity)) {
          current.close();
          current = LineSource.open(files.current());
          identity = now;
          showRest(current);
        }
        out.flush();
      }
    } finally {
      current.close();
    }
  }

  private Object identity() throws IOException {
    try {
      BasicFileAttributes attributes =
          Files.readAttributes(files.current(), BasicFileAttributes.class);
      return attributes.fileKey() != null ? attributes.fileKey() : attributes.creationTime();
    } catch (NoSuchFileException e) {
      // Between the two steps of a rotation.
      return null;
    }
  }

  private void showRest(LineSource source) throws IOException {
    for (LineSource.Line line = source.next(); line != null; line = source.next()) {
      out.println(shown(line.bytes()));
    }
  }

  private void showLast(int count, LineSource current) throws IOException {
    Deque<byte[]> last = new ArrayDeque<>();
    keepLast(count, current, last);
    List<Path> older = new ArrayList<>(files.rotated().values());
    Deque<byte[]> all = last;
    for (int i = older.size() - 1; i >= 0 && all.size() < count; i--) {
      Deque<byte[]> before = new ArrayDeque<>();
      try (LineSource source = LineSource.open(older.get(i))) {
        keepLast(count - all.size(), source, before);
      }
      before.addAll(all);
      all = before;
    }
    all.forEach(line -> out.println(shown(line)));
  }

  private static void keepLast(int count, LineSource source, Deque<byte[]> last)
      throws IOException {
    for (LineSource.Line line = source.next(); line != null; line = source.next()) {
      last.add(line.bytes());
      if (last.size() > count) {
        last.remove();
      }
    }
  }

  /** A line for a person; whatever is in the file, only printable characters come out. */
  static String shown(byte[] line) {
    JsonNode record;
    try {
      record = JSON.readTree(line);
    } catch (IOException e) {
      return "(" + line.length + " bytes that are no record)";
    }
    if (!record.isObject()) {
      return "(" + line.length + " bytes that are no record)";
    }
    StringJoiner shown = new StringJoiner("  ");
    shown.add(text(record, "time"));
    String event = text(record, "event");
    switch (event) {
      case "decision" -> {
        shown.add(String.format("%-9s", text(record, "outcome")));
        call(record, shown);
        if (record.has("rule")) {
          shown.add("by " + text(record, "rule"));
        }
        if (record.has("message")) {
          shown.add(text(record, "message"));
        }
      }
      case "completion" -> {
        shown.add(String.format("%-9s", text(record, "end")));
        call(record, shown);
        if (record.has("status")) {
          shown.add("status " + text(record, "status"));
        }
        shown.add(text(record, "latencyMs") + " ms");
      }
      case "rejection" -> {
        shown.add("rejected ");
        shown.add(text(record, "kind") + " " + text(record, "status"));
        shown.add("from " + text(record, "remote"));
        shown.add(text(record, "message"));
      }
      case "pin" -> {
        shown.add(String.format("%-9s", text(record, "state")));
        shown.add(text(record, "server") + " " + text(record, "kind") + " " + text(record, "name"));
        StringJoiner changed = new StringJoiner(", ");
        record.path("changed").forEach(place -> changed.add(PlainText.shown(place.asText())));
        shown.add(changed.toString());
      }
      case "rejections" -> {
        shown.add("rejected ");
        shown.add(text(record, "kind") + ", " + text(record, "count") + " more");
        shown.add("since " + text(record, "since"));
      }
      case "gap" -> {
        shown.add("gap      ");
        shown.add(text(record, "refused") + " refused, " + text(record, "lost") + " lost");
        shown.add(text(record, "reason"));
      }
      default -> shown.add(String.format("%-9s", event)).add("record " + text(record, "seq"));
    }
    if (record.has("decisionId")) {
      shown.add(text(record, "decisionId"));
    }
    return shown.toString();
  }

  private static void call(JsonNode record, StringJoiner shown) {
    shown.add(text(record, "grant") + " -> " + text(record, "server"));
    shown.add(text(record, "method") + (record.has("tool") ? " " + text(record, "tool") : ""));
  }

  private static String text(JsonNode record, String field) {
    return record.has(field) ? PlainText.shown(record.path(field).asText()) : "-";
  }
}
