package dev.tallygate.policy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.IntPredicate;

/**
 * What a condition can ask of a value that is there. An operator is compiled once with the value
 * that the policy gives it; asking it of an argument that it is not defined for is indeterminate.
 */
enum Operator {
  EQ("be %s", "is %s") {
    @Override
    Function<JsonNode, Truth> compile(JsonNode value) {
      return actual -> equal(actual, value);
    }
  },
  NEQ("not be %s", "is not %s") {
    @Override
    Function<JsonNode, Truth> compile(JsonNode value) {
      return actual -> equal(actual, value).not();
    }
  },
  LT("be less than %s", "is less than %s") {
    @Override
    Function<JsonNode, Truth> compile(JsonNode value) throws MalformedValue {
      return ordering(value, order -> order < 0);
    }
  },
  LTE("be at most %s", "is at most %s") {
    @Override
    Function<JsonNode, Truth> compile(JsonNode value) throws MalformedValue {
      return ordering(value, order -> order <= 0);
    }
  },
  GT("be greater than %s", "is greater than %s") {
    @Override
    Function<JsonNode, Truth> compile(JsonNode value) throws MalformedValue {
      return ordering(value, order -> order > 0);
    }
  },
  GTE("be at least %s", "is at least %s") {
    @Override
    Function<JsonNode, Truth> compile(JsonNode value) throws MalformedValue {
      return ordering(value, order -> order >= 0);
    }
  },
  IN("be one of %s", "is one of %s") {
    @Override
    Function<JsonNode, Truth> compile(JsonNode value) throws MalformedValue {
      return membership(value);
    }
  },
  NOT_IN("not be one of %s", "is not one of %s") {
    @Override
    Function<JsonNode, Truth> compile(JsonNode value) throws MalformedValue {
      Function<JsonNode, Truth> in = membership(value);
      return actual -> in.apply(actual).not();
    }
  },
  EXISTS("be given", "is given") {
    @Override
    Function<JsonNode, Truth> compile(JsonNode value) throws MalformedValue {
      if (!value.isBoolean()) {
        throw new MalformedValue("\"exists\" takes true or false");
      }
      boolean wanted = value.booleanValue();
      return actual -> Truth.of((!actual.isMissingNode() && !actual.isNull()) == wanted);
    }
  },
  REGEX("match %s", "matches %s") {
    @Override
    Function<JsonNode, Truth> compile(JsonNode value) throws MalformedValue {
      Pattern pattern = pattern(value);
      long longest =
          Math.min(MAX_REGEX_INPUT, MAX_REGEX_STEPS / Math.max(1, RegexSize.of(value.textValue())));
      return actual ->
          !actual.isTextual() || actual.textValue().length() > longest
              ? Truth.INDETERMINATE
              : Truth.of(pattern.matcher(actual.textValue()).find());
    }
  },
  CONTAINS("contain %s", "contains %s") {
    @Override
    Function<JsonNode, Truth> compile(JsonNode value) {
      return actual -> contains(actual, value);
    }
  },
  MAX_LENGTH("have a length of at most %s", "has a length of at most %s") {
    @Override
    Function<JsonNode, Truth> compile(JsonNode value) throws MalformedValue {
      boolean whole = value.isNumber() && value.decimalValue().stripTrailingZeros().scale() <= 0;
      if (!whole || value.decimalValue().signum() < 0) {
        throw new MalformedValue("\"max_length\" takes a whole number, zero or more");
      }
      long most = value.decimalValue().min(MOST_LENGTH).longValueExact();
      return actual -> {
        if (actual.isTextual()) {
          String text = actual.textValue();
          return Truth.of(text.codePointCount(0, text.length()) <= most);
        }
        return actual.isArray() ? Truth.of(actual.size() <= most) : Truth.INDETERMINATE;
      };
    }
  },
  PATH_WITHIN("be a path within %s", "is a path within %s") {
    @Override
    Function<JsonNode, Truth> compile(JsonNode value) throws MalformedValue {
      PathWithin directories = PathWithin.of(texts(value, "directories, as in [\"/srv/data\"]"));
      return actual ->
          actual.isTextual() ? directories.test(actual.textValue()) : Truth.INDETERMINATE;
    }
  },
  HOST_IN("be an http or https URL on host %s", "is a URL on host %s") {
    @Override
    Function<JsonNode, Truth> compile(JsonNode value) throws MalformedValue {
      HostIn hosts = HostIn.of(texts(value, "hosts, as in [\"example.org\"]"));
      return actual -> actual.isTextual() ? hosts.test(actual.textValue()) : Truth.INDETERMINATE;
    }
  };

  /** Texts longer than this, in UTF-16 units, are not matched against a regex. */
  static final int MAX_REGEX_INPUT = 65_536;

  static final int MAX_REGEX_LENGTH = 1_000;

  /** States that a regex may compile to, counted repeats written out. */
  static final int MAX_REGEX_STATES = 2_000;

  /** Text length times states: what one match may cost, some 25 ms. */
  static final int MAX_REGEX_STEPS = 2_000_000;

  static final int MAX_LISTED_VALUES = 1_000;

  private static final BigDecimal MOST_LENGTH = BigDecimal.valueOf(Integer.MAX_VALUE);

  private final String must;
  private final String is;

  Operator(String must, String is) {
    this.must = must;
    this.is = is;
  }

  /** How a document writes the operator. */
  String written() {
    return name().toLowerCase(Locale.ROOT);
  }

  static Optional<Operator> of(String written) {
    for (Operator operator : values()) {
      if (operator.written().equals(written)) {
        return Optional.of(operator);
      }
    }
    return Optional.empty();
  }

  /** The test for one value; only {@code exists} is ever asked of a missing node. */
  abstract Function<JsonNode, Truth> compile(JsonNode value) throws MalformedValue;

  /** What a call must do to satisfy the condition: "args.amount must be at most 100". */
  String requirement(ArgumentPath path, JsonNode value) {
    if (this == EXISTS) {
      return subject(path) + (value.booleanValue() ? " must be given" : " must not be given");
    }
    return subject(path) + " must " + must.formatted(Wording.of(value));
  }

  /** What a call must do so that the condition does not hold. */
  String opposite(ArgumentPath path, JsonNode value) {
    String shown = Wording.of(value);
    String cure =
        switch (this) {
          case EQ -> "not be " + shown;
          case NEQ -> "be " + shown;
          case LT -> "be at least " + shown;
          case LTE -> "be greater than " + shown;
          case GT -> "be at most " + shown;
          case GTE -> "be less than " + shown;
          case IN -> "not be one of " + shown;
          case NOT_IN -> "be one of " + shown;
          case EXISTS -> value.booleanValue() ? "not be given" : "be given";
          case REGEX -> "not match " + shown;
          case CONTAINS -> "not contain " + shown;
          case MAX_LENGTH -> "have a length over " + shown;
          case PATH_WITHIN -> "be a path outside " + shown;
          case HOST_IN -> "be an http or https URL on a host other than " + shown;
        };
    return subject(path) + " must " + cure;
  }

  /** The condition as a statement: "args.amount is greater than 100". */
  String statement(ArgumentPath path, JsonNode value) {
    if (this == EXISTS) {
      return subject(path) + (value.booleanValue() ? " is given" : " is not given");
    }
    return subject(path) + " " + is.formatted(Wording.of(value));
  }

  private static String subject(ArgumentPath path) {
    return path.hasWildcard() ? "every " + path : path.toString();
  }

  /** The types of value that the operator can be true of. */
  Set<JsonNodeType> types() {
    return switch (this) {
      case LT, LTE, GT, GTE -> EnumSet.of(JsonNodeType.NUMBER);
      case REGEX, PATH_WITHIN, HOST_IN -> EnumSet.of(JsonNodeType.STRING);
      case CONTAINS, MAX_LENGTH -> EnumSet.of(JsonNodeType.STRING, JsonNodeType.ARRAY);
      default -> EnumSet.allOf(JsonNodeType.class);
    };
  }

  private static Truth equal(JsonNode actual, JsonNode value) {
    // "Is it null?" can be answered of any value; "is it 5?" only of numbers.
    if (!value.isNull() && !JsonEquality.sameType(actual, value)) {
      return Truth.INDETERMINATE;
    }
    return JsonEquality.equal(actual, value);
  }

  private static Function<JsonNode, Truth> ordering(JsonNode value, IntPredicate test)
      throws MalformedValue {
    if (!value.isNumber()) {
      throw new MalformedValue("an ordering takes a number, without quotes");
    }
    return actual ->
        actual.isNumber() && JsonEquality.isFinite(actual)
            ? JsonEquality.ordered(actual, value, test)
            : Truth.INDETERMINATE;
  }

  private static Function<JsonNode, Truth> membership(JsonNode value) throws MalformedValue {
    if (!value.isArray()) {
      throw new MalformedValue("a list is needed, as in [\"usd\", \"eur\"]");
    }
    if (value.size() > MAX_LISTED_VALUES) {
      throw new MalformedValue("the list has more than " + MAX_LISTED_VALUES + " values");
    }
    List<JsonNode> listed = new ArrayList<>();
    value.forEach(listed::add);
    boolean nullable = listed.stream().allMatch(JsonNode::isNull) && !listed.isEmpty();
    Set<JsonNodeType> types = EnumSet.noneOf(JsonNodeType.class);
    listed.forEach(item -> types.add(item.getNodeType()));
    Set<String> texts = new HashSet<>();
    listed.stream().filter(JsonNode::isTextual).forEach(item -> texts.add(item.textValue()));
    return actual -> {
      if (actual.isTextual() && texts.contains(actual.textValue())) {
        return Truth.TRUE;
      }
      if (!types.contains(actual.getNodeType())) {
        return nullable || listed.isEmpty() ? Truth.FALSE : Truth.INDETERMINATE;
      }
      Truth any = Truth.FALSE;
      if (!actual.isTextual()) {
        for (JsonNode item : listed) {
          any = any.or(JsonEquality.equal(actual, item));
          if (any == Truth.TRUE) {
            break;
          }
        }
      }
      return any;
    };
  }

  private static Pattern pattern(JsonNode value) throws MalformedValue {
    if (!value.isTextual()) {
      throw new MalformedValue("\"regex\" takes a text");
    }
    String regex = value.textValue();
    if (regex.length() > MAX_REGEX_LENGTH) {
      throw new MalformedValue("the regex is longer than " + MAX_REGEX_LENGTH + " characters");
    }
    if (RegexSize.of(regex) > MAX_REGEX_STATES) {
      throw new MalformedValue(
          "the regex repeats too much: its counted repeats must come to at most "
              + MAX_REGEX_STATES
              + " states");
    }
    try {
      return Pattern.compile(regex);
    } catch (PatternSyntaxException e) {
      throw new MalformedValue(
          "the regex does not compile (RE2 syntax, without look-around and back-references): "
              + e.getDescription());
    } catch (StackOverflowError | RuntimeException e) {
      throw new MalformedValue("the regex does not compile: it is nested too deeply");
    }
  }

  private static Truth contains(JsonNode actual, JsonNode value) {
    if (actual.isTextual()) {
      return value.isTextual()
          ? Truth.of(actual.textValue().contains(value.textValue()))
          : Truth.INDETERMINATE;
    }
    if (!actual.isArray()) {
      return Truth.INDETERMINATE;
    }
    Truth any = Truth.FALSE;
    for (JsonNode element : actual) {
      any = any.or(equal(element, value));
      if (any == Truth.TRUE) {
        break;
      }
    }
    return any;
  }

  private static List<String> texts(JsonNode value, String what) throws MalformedValue {
    boolean allTexts = value.isArray() && !value.isEmpty();
    List<String> texts = new ArrayList<>();
    for (JsonNode item : value) {
      allTexts &= item.isTextual();
      texts.add(item.asText());
    }
    if (!allTexts || !value.isArray()) {
      throw new MalformedValue("the value must be a list of " + what);
    }
    if (texts.size() > MAX_LISTED_VALUES) {
      throw new MalformedValue("the list has more than " + MAX_LISTED_VALUES + " values");
    }
    return texts;
  }
}
