package dev.tallygate.policy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Where in a call's arguments a value stands: {@code args.items.0.price}, with {@code *} for every
 * element, or a JSON Pointer (RFC 6901) {@code /args/items/0/price}, in which every token is meant
 * literally.
 */
final class ArgumentPath {
  static final int MAX_STEPS = 16;
  static final int MAX_LENGTH = 500;

  /** More values than this under one {@code *} path are not judged. */
  static final int MAX_VALUES = 10_000;

  private static final int NO_INDEX = -1;

  private final String written;
  private final String[] keys;
  private final int[] indices;
  private final int firstWildcard;
  private final boolean pointer;

  private ArgumentPath(String written, List<String> steps, boolean pointer) {
    this.written = written;
    this.pointer = pointer;
    this.keys = steps.toArray(String[]::new);
    this.indices = new int[keys.length];
    int wildcard = keys.length;
    for (int i = keys.length - 1; i >= 0; i--) {
      indices[i] = index(keys[i]);
      if (isWildcard(i)) {
        wildcard = i;
      }
    }
    this.firstWildcard = wildcard;
  }

  /** A path as written in a policy. */
  static ArgumentPath parse(String written) throws MalformedValue {
    if (written.codePointCount(0, written.length()) > MAX_LENGTH) {
      throw new MalformedValue("the path is longer than " + MAX_LENGTH + " characters");
    }
    boolean pointer = written.startsWith("/");
    List<String> steps = pointer ? pointerSteps(written) : dottedSteps(written);
    if (steps.isEmpty() || !steps.get(0).equals("args")) {
      throw new MalformedValue(
          "a path begins with \"args.\", or with \"/args/\" as a JSON Pointer");
    }
    if (steps.size() == 1) {
      throw new MalformedValue("the path must name an argument, as in \"args.amount\"");
    }
    if (steps.size() - 1 > MAX_STEPS) {
      throw new MalformedValue("the path has more than " + MAX_STEPS + " steps");
    }
    return new ArgumentPath(written, steps.subList(1, steps.size()), pointer);
  }

  private static List<String> dottedSteps(String written) throws MalformedValue {
    List<String> steps = List.of(written.split("\\.", -1));
    if (steps.contains("")) {
      throw new MalformedValue(
          "the path has an empty step; a key that holds a dot is written as a JSON Pointer, as in"
              + " \"/args/a.b\"");
    }
    // Taken literally, such a step would be absent from every call, and a deny_if never match.
    for (String step : steps) {
      if (!step.equals("*") && step.matches("(?s).*[*\\[\\]\\s].*")) {
        throw new MalformedValue(
            "the step \""
                + step
                + "\" is neither a key nor \"*\": an element is written as in"
                + " \"args.items.0.price\" or \"args.items.*.price\", a key that holds \"*\","
                + " brackets or white space as a JSON Pointer, as in \"/args/a b\"");
      }
    }
    return steps;
  }

  private static List<String> pointerSteps(String written) throws MalformedValue {
    List<String> steps = new ArrayList<>();
    for (String token : written.substring(1).split("/", -1)) {
      if (token.matches("(?s).*~(?![01]).*")) {
        throw new MalformedValue(
            "in a JSON Pointer \"~\" is written \"~0\" and \"/\" is written \"~1\"");
      }
      steps.add(token.replace("~1", "/").replace("~0", "~"));
    }
    return steps;
  }

  private static int index(String step) {
    boolean digits = !step.isEmpty() && step.length() <= 9;
    for (int i = 0; i < step.length() && digits; i++) {
      digits = step.charAt(i) >= '0' && step.charAt(i) <= '9';
    }
    boolean canonical = digits && (step.length() == 1 || step.charAt(0) != '0');
    return canonical ? Integer.parseInt(step) : NO_INDEX;
  }

  boolean hasWildcard() {
    return firstWildcard < keys.length;
  }

  /** The steps below {@code args}; a {@code *} that stands for every element is null. */
  List<String> steps() {
    List<String> steps = new ArrayList<>();
    for (int i = 0; i < keys.length; i++) {
      steps.add(isWildcard(i) ? null : keys[i]);
    }
    return steps;
  }

  private boolean isWildcard(int step) {
    return !pointer && keys[step].equals("*");
  }

  /**
   * The value of a path without {@code *}.
   *
   * @return a {@link MissingNode} where it is absent; null where the path steps into something that
   *     it cannot step into
   */
  JsonNode find(JsonNode arguments) {
    return walk(arguments, 0, keys.length);
  }

  /** Judges every value that the path reaches: all of them must hold. */
  Truth all(JsonNode arguments, Function<JsonNode, Truth> test) {
    return new Sweep(test, true).run(arguments, 0);
  }

  /** Judges every value that the path reaches: any of them may hold. */
  Truth any(JsonNode arguments, Function<JsonNode, Truth> test) {
    return new Sweep(test, false).run(arguments, 0);
  }

  private JsonNode walk(JsonNode from, int first, int end) {
    JsonNode at = from;
    for (int i = first; i < end; i++) {
      JsonNode next;
      if (at.isObject()) {
        next = at.get(keys[i]);
      } else if (at.isArray() && indices[i] != NO_INDEX) {
        next = at.get(indices[i]);
      } else {
        return null;
      }
      if (next == null) {
        return MissingNode.getInstance();
      }
      at = next;
    }
    return at;
  }

  private int nextWildcard(int from) {
    for (int i = from; i < keys.length; i++) {
      if (isWildcard(i)) {
        return i;
      }
    }
    return keys.length;
  }

  private final class Sweep {
    private final Function<JsonNode, Truth> test;
    private final boolean all;
    private int values;

    Sweep(Function<JsonNode, Truth> test, boolean all) {
      this.test = test;
      this.all = all;
    }

    Truth run(JsonNode from, int first) {
      int end = nextWildcard(first);
      JsonNode at = walk(from, first, end);
      if (at == null || values > MAX_VALUES) {
        return Truth.INDETERMINATE;
      }
      if (end == keys.length || at.isMissingNode()) {
        values++;
        return test.apply(at);
      }
      if (!at.isContainerNode()) {
        return Truth.INDETERMINATE;
      }
      Truth combined = Truth.of(all);
      for (JsonNode element : at) {
        Truth truth = run(element, end + 1);
        combined = all ? combined.and(truth) : combined.or(truth);
        if (combined == Truth.of(!all)) {
          break;
        }
      }
      return combined;
    }
  }

  @Override
  public String toString() {
    return written;
  }
}
