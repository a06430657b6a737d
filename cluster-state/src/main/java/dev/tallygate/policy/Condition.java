package dev.tallygate.policy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.function.Function;

/** One compiled condition of a {@code require} or {@code deny_if} entry. */
final class Condition {
  private final ArgumentPath path;
  private final Operator operator;
  private final JsonNode value;
  private final Function<JsonNode, Truth> present;
  private final Function<JsonNode, Truth> test;
  private final boolean requiring;

  /**
   * Compiles a condition.
   *
   * @param requiring whether it stands in {@code require}: there, an absent value satisfies nothing
   *     and {@code *} means all; in {@code deny_if} an absent value is unlike any other and {@code
   *     *} means any
   */
  Condition(ArgumentPath path, Operator operator, JsonNode value, boolean requiring)
      throws MalformedValue {
    this.path = path;
    this.operator = operator;
    this.value = value;
    this.requiring = requiring;
    this.present = operator.compile(value);
    boolean negative = operator == Operator.NEQ || operator == Operator.NOT_IN;
    Truth absent = Truth.of(!requiring && negative);
    this.test =
        operator == Operator.EXISTS
            ? present
            : actual -> actual.isMissingNode() ? absent : present.apply(actual);
  }

  Truth judge(JsonNode arguments) {
    if (path.hasWildcard()) {
      return requiring ? path.all(arguments, test) : path.any(arguments, test);
    }
    JsonNode found = path.find(arguments);
    return found == null ? Truth.INDETERMINATE : test.apply(found);
  }

  /** Whether the path, or any of the places that it stands for, holds nothing. */
  boolean meetsAbsence(JsonNode arguments) {
    return path.any(arguments, found -> Truth.of(found.isMissingNode())) == Truth.TRUE;
  }

  /** What the operator says of a value that is there. */
  Truth judgeValue(JsonNode actual) {
    return present.apply(actual);
  }

  ArgumentPath path() {
    return path;
  }

  Operator operator() {
    return operator;
  }

  JsonNode value() {
    return value;
  }

  String requirement() {
    return operator.requirement(path, value);
  }

  String opposite() {
    return operator.opposite(path, value);
  }

  String statement() {
    return operator.statement(path, value);
  }
}
