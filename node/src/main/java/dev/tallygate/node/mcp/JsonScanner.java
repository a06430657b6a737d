package dev.tallygate.node.mcp;

import java.io.ByteArrayOutputStream;
import java.util.BitSet;

/**
 * Follows JSON (RFC 8259) byte by byte in constant memory, however long a string in it is.
 *
 * <p>A pushdown automaton: a bit for each open array or object and a state for what may come next.
 * Scalars and keys are handed out as they are written, unless they are longer than {@value
 * #MAX_TOKEN} bytes. Jackson's own incremental parser holds each string whole, so it does not do
 * here. That strings are UTF-8 is not checked. Not thread-safe.
 */
abstract class JsonScanner {
  static final int MAX_TOKEN = 1024;
  private static final int MAX_DEPTH = 1000;

  private enum State {
    VALUE,
    VALUE_OR_END,
    KEY,
    KEY_OR_END,
    COLON,
    AFTER_VALUE,
    STRING,
    ESCAPE,
    HEX,
    LITERAL,
    MINUS,
    ZERO,
    INTEGER,
    POINT,
    FRACTION,
    EXPONENT,
    EXPONENT_SIGN,
    EXPONENT_DIGITS,
    FAILED
  }

  private final BitSet objects = new BitSet();
  private final ByteArrayOutputStream token = new ByteArrayOutputStream(64);
  private State state = State.VALUE;
  private int depth;
  private boolean readsKey;
  private int hexDigits;
  private String literal;
  private int literalAt;
  private boolean tooLong;

  /** A key of an object whose members are at {@code depth}; null if it is too long. */
  abstract void key(int depth, byte[] written);

  /** A scalar at {@code depth}; null if it is too long. */
  abstract void scalar(int depth, byte[] written);

  /** The beginning of an array or object that stands at {@code depth}, 0 being the outermost. */
  abstract void open(int depth, boolean isObject);

  final void feed(byte[] bytes, int from, int to) {
    int i = from;
    while (i < to && state != State.FAILED) {
      // Most of a message is text, which is kept at once rather than byte by byte.
      int special = state == State.STRING ? endOfPlainText(bytes, i, to) : i;
      keep(bytes, i, special);
      if (special < to) {
        step(bytes[special]);
      }
      i = special + 1;
    }
  }

  private static int endOfPlainText(byte[] bytes, int from, int to) {
    int i = from;
    while (i < to && bytes[i] != '"' && bytes[i] != '\\' && (bytes[i] < 0 || bytes[i] >= 0x20)) {
      i++;
    }
    return i;
  }

  final void fail() {
    state = State.FAILED;
  }

  /** Whether exactly one well-formed value was read. */
  final boolean finish() {
    if (depth == 0 && isNumberEnd()) {
      endScalar();
    }
    return state == State.AFTER_VALUE && depth == 0;
  }

  private void step(byte b) {
    switch (state) {
      case STRING -> string(b);
      case ESCAPE -> escape(b);
      case HEX -> hex(b);
      case LITERAL -> literal(b);
      case MINUS, ZERO, INTEGER, POINT, FRACTION, EXPONENT, EXPONENT_SIGN, EXPONENT_DIGITS ->
          number(b);
      default -> {
        if (b != ' ' && b != '\t' && b != '\n' && b != '\r') {
          structure(b);
        }
      }
    }
  }

  private void structure(byte b) {
    switch (state) {
      case VALUE_OR_END -> {
        if (b == ']') {
          close();
        } else {
          value(b);
        }
      }
      case VALUE -> value(b);
      case KEY_OR_END -> {
        if (b == '}') {
          close();
        } else {
          beginKey(b);
        }
      }
      case KEY -> beginKey(b);
      case COLON -> state = b == ':' ? State.VALUE : State.FAILED;
      case AFTER_VALUE -> afterValue(b);
      default -> fail();
    }
  }

  private void beginKey(byte b) {
    if (b != '"') {
      fail();
      return;
    }
    readsKey = true;
    begin(b, State.STRING);
  }

  private void afterValue(byte b) {
    if (depth == 0) {
      fail();
    } else if (b == ',') {
      state = objects.get(depth - 1) ? State.KEY : State.VALUE;
    } else if (b == (objects.get(depth - 1) ? '}' : ']')) {
      close();
    } else {
      fail();
    }
  }

  private void value(byte b) {
    readsKey = false;
    switch (b) {
      case '{', '[' -> {
        if (depth == MAX_DEPTH) {
          fail();
          return;
        }
        boolean isObject = b == '{';
        state = isObject ? State.KEY_OR_END : State.VALUE_OR_END;
        open(depth, isObject);
        objects.set(depth, isObject);
        depth++;
      }
      case '"' -> begin(b, State.STRING);
      case '-' -> begin(b, State.MINUS);
      case '0' -> begin(b, State.ZERO);
      case 't' -> beginLiteral(b, "true");
      case 'f' -> beginLiteral(b, "false");
      case 'n' -> beginLiteral(b, "null");
      default -> {
        if (isDigit(b)) {
          begin(b, State.INTEGER);
        } else {
          fail();
        }
      }
    }
  }

  private void begin(byte b, State next) {
    token.reset();
    tooLong = false;
    keep(b);
    state = next;
  }

  private void beginLiteral(byte b, String expected) {
    literal = expected;
    literalAt = 1;
    begin(b, State.LITERAL);
  }

  private void keep(byte b) {
    if (token.size() < MAX_TOKEN) {
      token.write(b);
    } else {
      tooLong = true;
    }
  }

  private void keep(byte[] bytes, int from, int to) {
    int room = MAX_TOKEN - token.size();
    if (to - from > room) {
      tooLong = true;
    }
    if (from < to) {
      token.write(bytes, from, Math.min(to - from, room));
    }
  }

  private void close() {
    depth--;
    state = State.AFTER_VALUE;
  }

  private void endScalar() {
    state = State.AFTER_VALUE;
    scalar(depth, tooLong ? null : token.toByteArray());
  }

  private void string(byte b) {
    keep(b);
    if (b == '\\') {
      state = State.ESCAPE;
    } else if (b >= 0 && b < 0x20) {
      fail();
    } else if (b == '"') {
      if (readsKey) {
        state = State.COLON;
        key(depth, tooLong ? null : token.toByteArray());
      } else {
        endScalar();
      }
    }
  }

  private void escape(byte b) {
    keep(b);
    switch (b) {
      case '"', '\\', '/', 'b', 'f', 'n', 'r', 't' -> state = State.STRING;
      case 'u' -> {
        hexDigits = 0;
        state = State.HEX;
      }
      default -> fail();
    }
  }

  private void hex(byte b) {
    keep(b);
    if (Character.digit(b, 16) < 0) {
      fail();
    } else if (++hexDigits == 4) {
      state = State.STRING;
    }
  }

  private void literal(byte b) {
    keep(b);
    if (b != literal.charAt(literalAt)) {
      fail();
    } else if (++literalAt == literal.length()) {
      endScalar();
    }
  }

  private void number(byte b) {
    State next = numberState(b);
    if (next != null) {
      keep(b);
      state = next;
    } else if (isNumberEnd()) {
      endScalar();
      if (state != State.FAILED) {
        step(b);
      }
    } else {
      fail();
    }
  }

  /** Where a byte leads inside of a number, or null if it is not of it. */
  private State numberState(byte b) {
    boolean digit = isDigit(b);
    boolean exponent = b == 'e' || b == 'E';
    return switch (state) {
      case MINUS -> b == '0' ? State.ZERO : digit ? State.INTEGER : null;
      case ZERO -> b == '.' ? State.POINT : exponent ? State.EXPONENT : null;
      case INTEGER ->
          digit ? State.INTEGER : b == '.' ? State.POINT : exponent ? State.EXPONENT : null;
      case POINT -> digit ? State.FRACTION : null;
      case FRACTION -> digit ? State.FRACTION : exponent ? State.EXPONENT : null;
      case EXPONENT ->
          digit ? State.EXPONENT_DIGITS : b == '+' || b == '-' ? State.EXPONENT_SIGN : null;
      case EXPONENT_SIGN, EXPONENT_DIGITS -> digit ? State.EXPONENT_DIGITS : null;
      default -> null;
    };
  }

  private boolean isNumberEnd() {
    return switch (state) {
      case ZERO, INTEGER, FRACTION, EXPONENT_DIGITS -> true;
      default -> false;
    };
  }

  private static boolean isDigit(byte b) {
    return b >= '0' && b <= '9';
  }
}
