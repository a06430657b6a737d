package dev.tallygate.policy;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * The policy language once more, written from its reference (docs/policy.md) and as plainly as can
 * be: nothing is compiled, values are Java's own, and it shares no code with what it is compared
 * with. Truth is {@code true}, {@code false}, or null where a condition cannot be judged. Knows
 * neither {@code path_within} and {@code host_in} on texts, nor findings.
 */
final class PlainEvaluator {
  private static final Object ABSENT = new Object();
  private static final Object NULL = new Object();
  private static final Map<String, Long> WINDOWS =
      Map.of("second", 1L, "minute", 60L, "hour", 3600L, "day", 86400L);

  private PlainEvaluator() {}

  /**
   * What becomes of a call, in words: {@code allow {counter=amount/max, ...}} or {@code deny REASON
   * rule}; a cost that cannot be read has no rule.
   */
  static String decide(JsonNode policyJson, String tool, JsonNode argumentsJson) {
    Map<?, ?> policy = (Map<?, ?>) plain(policyJson);
    Object arguments = plain(argumentsJson);
    List<?> hide = list(policy, "hide");
    if (hide.contains("*") || hide.contains(tool)) {
      return "deny HIDDEN (hidden)";
    }
    Map<?, ?> tools = policy.containsKey("tools") ? (Map<?, ?>) policy.get("tools") : Map.of();
    Map<?, ?> rule = (Map<?, ?>) tools.get(tool);
    if (rule == null) {
      if (!tool.matches("[A-Za-z0-9_.-]{1,128}")) {
        return "deny HIDDEN (hidden)";
      }
      if (policy.get("default").equals("deny")) {
        return "deny DEFAULT_DENY (default deny)";
      }
      rule = Map.of();
    }
    if ("deny".equals(rule.get("action"))) {
      return "deny ACTION /tools/" + tool + "/action";
    }
    for (String kind : List.of("require", "deny_if")) {
      List<?> entries = list(rule, kind);
      for (int i = 0; i < entries.size(); i++) {
        if (denies((Map<?, ?>) entries.get(i), arguments, kind.equals("require"))) {
          return "deny "
              + kind.toUpperCase(java.util.Locale.ROOT)
              + " /tools/"
              + tool
              + "/"
              + kind
              + "/"
              + i;
        }
      }
    }
    if ("require_approval".equals(rule.get("action"))) {
      return "deny APPROVAL /tools/" + tool + "/action";
    }
    List<Object> limits = new ArrayList<>(list(rule, "limits"));
    if (rule.get("rate_limit") instanceof String rate) {
      String[] parts = rate.split("/");
      limits.add(
          Map.of("counter", tool + "_rate", "window", parts[1], "max", new BigDecimal(parts[0])));
    }
    if (policy.get("all_tools") instanceof Map<?, ?> all) {
      limits.addAll(list(all, "limits"));
    }
    return charge(limits, arguments);
  }

  private static String charge(List<Object> limits, Object arguments) {
    Map<String, BigDecimal> amounts = new TreeMap<>();
    Map<String, BigDecimal> ceilings = new TreeMap<>();
    for (Object one : limits) {
      Map<?, ?> limit = (Map<?, ?>) one;
      BigDecimal cost = BigDecimal.ONE;
      if (limit.containsKey("increment")) {
        cost = (BigDecimal) limit.get("increment");
      } else if (limit.containsKey("increment_from")) {
        List<Object> found = new ArrayList<>();
        reach(arguments, steps((String) limit.get("increment_from")), found);
        if (!(found.get(0) instanceof BigDecimal number)
            || number.signum() < 0
            || number.stripTrailingZeros().scale() > 9) {
          return "deny COST";
        }
        cost = number;
      }
      Object window = limit.get("window");
      String identity =
          "%s %s %s %s"
              .formatted(
                  or(limit.get("scope"), "grant"),
                  limit.get("counter"),
                  window instanceof String name
                      ? WINDOWS.get(name)
                      : ((BigDecimal) window).longValueExact(),
                  or(limit.get("algorithm"), "fixed"));
      amounts.merge(identity, cost, BigDecimal::max);
      ceilings.merge(identity, (BigDecimal) limit.get("max"), BigDecimal::min);
    }
    return "allow " + amounts(amounts, ceilings);
  }

  /** Amounts and ceilings by counter, spelled one way. */
  static String amounts(Map<String, BigDecimal> amounts, Map<String, BigDecimal> ceilings) {
    Map<String, String> spelled = new TreeMap<>();
    amounts.forEach(
        (counter, amount) ->
            spelled.put(
                counter,
                amount.stripTrailingZeros().toPlainString()
                    + "/"
                    + ceilings.get(counter).stripTrailingZeros().toPlainString()));
    return spelled.toString();
  }

  private static boolean denies(Map<?, ?> entry, Object arguments, boolean requiring) {
    boolean anyFalse = false;
    boolean anyUnknown = false;
    for (Object one : list(entry, "conditions")) {
      Map<?, ?> condition = (Map<?, ?>) one;
      List<Object> found = new ArrayList<>();
      reach(arguments, steps((String) condition.get("path")), found);
      if ("deny".equals(entry.get("on_missing")) && found.contains(ABSENT)) {
        return true;
      }
      Boolean truth = judge(condition, found, requiring);
      anyFalse |= Boolean.FALSE.equals(truth);
      anyUnknown |= truth == null;
    }
    boolean isFalse = anyFalse;
    boolean isTrue = !anyFalse && !anyUnknown;
    return requiring ? !isTrue : !isFalse;
  }

  /** All of what a path reaches in require, any of it in deny_if. */
  private static Boolean judge(Map<?, ?> condition, List<Object> found, boolean all) {
    List<Boolean> truths = new ArrayList<>();
    for (Object value : found) {
      truths.add(
          value == null
              ? null
              : value == ABSENT
                  ? absent(condition, all)
                  : holds((String) condition.get("op"), value, condition.get("value")));
    }
    if (truths.contains(!all)) {
      return !all;
    }
    return truths.contains(null) ? null : (Boolean) all;
  }

  private static Boolean absent(Map<?, ?> condition, boolean requiring) {
    return switch ((String) condition.get("op")) {
      case "exists" -> condition.get("value").equals(false);
      case "neq", "not_in" -> !requiring;
      default -> false;
    };
  }

  private static Boolean holds(String op, Object actual, Object value) {
    return switch (op) {
      case "eq" -> equal(actual, value);
      case "neq" -> not(equal(actual, value));
      case "lt", "lte", "gt", "gte" -> {
        if (!(actual instanceof BigDecimal number)) {
          yield null;
        }
        boolean exact = inOrder(op, number.compareTo((BigDecimal) value));
        boolean rounded = inOrder(op, rounded(number).compareTo(rounded((BigDecimal) value)));
        yield exact == rounded ? (Boolean) exact : null;
      }
      case "in" -> oneOf(actual, (List<?>) value);
      case "not_in" -> not(oneOf(actual, (List<?>) value));
      case "exists" -> (actual != NULL) == (Boolean) value;
      case "regex" -> actual instanceof String text ? found((String) value, text) : null;
      case "contains" -> {
        if (actual instanceof String text) {
          yield value instanceof String part ? text.contains(part) : null;
        }
        if (!(actual instanceof List<?> elements)) {
          yield null;
        }
        List<Boolean> each = new ArrayList<>();
        elements.forEach(element -> each.add(equal(element, value)));
        yield each.contains(true) ? Boolean.TRUE : each.contains(null) ? null : Boolean.FALSE;
      }
      case "max_length" -> {
        BigDecimal most = (BigDecimal) value;
        if (actual instanceof String text) {
          yield BigDecimal.valueOf(text.codePoints().count()).compareTo(most) <= 0;
        }
        yield actual instanceof List<?> elements
            ? BigDecimal.valueOf(elements.size()).compareTo(most) <= 0
            : null;
      }
      case "path_within", "host_in" -> {
        if (actual instanceof String) {
          throw new IllegalArgumentException(op + " of a text");
        }
        yield null;
      }
      default -> throw new IllegalArgumentException(op);
    };
  }

  private static boolean inOrder(String op, int order) {
    return switch (op) {
      case "lt" -> order < 0;
      case "lte" -> order <= 0;
      case "gt" -> order > 0;
      default -> order >= 0;
    };
  }

  /** In RE2 a last "$" is the end of the text; Java's own also lets a line break follow. */
  private static boolean found(String regex, String text) {
    return Pattern.compile(regex.replaceFirst("\\$$", "\\\\z")).matcher(text).find();
  }

  /** Null where the types differ, but for "is it null?", which can be asked of any value. */
  private static Boolean equal(Object actual, Object value) {
    if (value == NULL) {
      return actual == NULL;
    }
    return type(actual).equals(type(value)) ? equalEitherWay(actual, value) : null;
  }

  /** Null where servers with exact numbers and servers with doubles differ. */
  private static Boolean equalEitherWay(Object actual, Object value) {
    boolean exact = deepEqual(actual, value);
    return exact == deepEqual(rounded(actual), rounded(value)) ? (Boolean) exact : null;
  }

  /** What a server makes of a value that keeps numbers as doubles. */
  private static Object rounded(Object value) {
    if (value instanceof List<?> list) {
      return list.stream().map(PlainEvaluator::rounded).toList();
    }
    if (value instanceof Map<?, ?> map) {
      Map<Object, Object> rounded = new LinkedHashMap<>();
      map.forEach((key, member) -> rounded.put(key, rounded(member)));
      return rounded;
    }
    return value instanceof BigDecimal number ? rounded(number) : value;
  }

  private static BigDecimal rounded(BigDecimal number) {
    return new BigDecimal(number.doubleValue());
  }

  private static Boolean oneOf(Object actual, List<?> values) {
    boolean sameTypeSeen = false;
    boolean onlyNulls = true;
    boolean unclear = false;
    for (Object value : values) {
      Boolean same = equalEitherWay(actual, value);
      if (Boolean.TRUE.equals(same)) {
        return true;
      }
      unclear |= same == null;
      sameTypeSeen |= type(actual).equals(type(value));
      onlyNulls &= value == NULL;
    }
    return !unclear && (sameTypeSeen || onlyNulls) ? Boolean.FALSE : null;
  }

  private static boolean deepEqual(Object a, Object b) {
    if (a instanceof BigDecimal x && b instanceof BigDecimal y) {
      return x.compareTo(y) == 0;
    }
    if (a instanceof List<?> x && b instanceof List<?> y) {
      boolean same = x.size() == y.size();
      for (int i = 0; same && i < x.size(); i++) {
        same = deepEqual(x.get(i), y.get(i));
      }
      return same;
    }
    if (a instanceof Map<?, ?> x && b instanceof Map<?, ?> y) {
      return x.keySet().equals(y.keySet())
          && x.keySet().stream().allMatch(key -> deepEqual(x.get(key), y.get(key)));
    }
    return Objects.equals(a, b);
  }

  private static Boolean not(Boolean truth) {
    return truth == null ? null : (Boolean) !truth;
  }

  private static String type(Object value) {
    return value == NULL
        ? "null"
        : value instanceof Map
            ? "object"
            : value instanceof List ? "array" : value.getClass().getSimpleName();
  }

  /** A step of a path; a literal one even if it is {@code *}. */
  private record Step(String key, boolean any) {}

  private static List<Step> steps(String path) {
    List<Step> steps = new ArrayList<>();
    boolean pointer = path.startsWith("/");
    for (String key : path.split(pointer ? "/" : "\\.")) {
      steps.add(
          pointer
              ? new Step(key.replace("~1", "/").replace("~0", "~"), false)
              : new Step(key, key.equals("*")));
    }
    return steps.subList(pointer ? 2 : 1, steps.size());
  }

  /** All that a path reaches: values, ABSENT, or null below what is neither object nor list. */
  private static void reach(Object at, List<Step> steps, List<Object> found) {
    if (steps.isEmpty() || at == ABSENT) {
      found.add(at);
      return;
    }
    Step step = steps.get(0);
    List<Step> rest = steps.subList(1, steps.size());
    if (at instanceof Map<?, ?> object) {
      if (step.any()) {
        object.values().forEach(member -> reach(member, rest, found));
      } else {
        reach(object.containsKey(step.key()) ? object.get(step.key()) : ABSENT, rest, found);
      }
    } else if (at instanceof List<?> elements && step.any()) {
      elements.forEach(element -> reach(element, rest, found));
    } else if (at instanceof List<?> elements && step.key().matches("0|[1-9][0-9]{0,8}")) {
      int index = Integer.parseInt(step.key());
      reach(index < elements.size() ? elements.get(index) : ABSENT, rest, found);
    } else {
      found.add(null);
    }
  }

  private static Object plain(JsonNode json) {
    if (json.isObject()) {
      Map<String, Object> object = new LinkedHashMap<>();
      json.fieldNames().forEachRemaining(name -> object.put(name, plain(json.get(name))));
      return object;
    }
    if (json.isArray()) {
      List<Object> elements = new ArrayList<>();
      json.forEach(element -> elements.add(plain(element)));
      return elements;
    }
    if (json.isNumber()) {
      return new BigDecimal(json.asText());
    }
    return json.isNull() ? NULL : json.isBoolean() ? (Object) json.booleanValue() : json.asText();
  }

  private static Object or(Object value, Object fallback) {
    return value == null ? fallback : value;
  }

  private static List<?> list(Map<?, ?> object, String key) {
    return object.containsKey(key) ? (List<?>) object.get(key) : List.of();
  }
}
