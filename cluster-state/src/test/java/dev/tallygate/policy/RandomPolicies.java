package dev.tallygate.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Policies and calls put together at random, of values that comparisons are hard on. */
final class RandomPolicies {
  private static final List<String> SCALARS =
      List.of(
          "0",
          "-0.0",
          "1",
          "1.0",
          "10e-1",
          "2",
          "-1",
          "0.1",
          "0.10",
          "1e-9",
          "1e-10",
          "42",
          "9007199254740993",
          "9007199254740992",
          "1e30",
          "1.00000000000000000001",
          "0.99999999999999999999",
          "''",
          "'1'",
          "'a'",
          "'ab'",
          "'b'",
          "'A'",
          "'a\\u0000'",
          "'\uD83D\uDE00'",
          "'a\uD83D\uDE00b'",
          "'a\\n'",
          "'null'",
          "true",
          "false",
          "null");
  private static final List<String> KEYS = List.of("a", "b", "0", "1", "a.b", "*", "c/d", "A");
  private static final List<String> PATHS =
      List.of(
          "args.a",
          "args.b",
          "args.0",
          "args.A",
          "args.a.b",
          "args.a.0",
          "args.a.1",
          "args.a.01",
          "args.a.*",
          "args.*",
          "args.*.a",
          "args.*.*",
          "args.a.*.b",
          "args.a.0.*",
          "/args/a",
          "/args/a.b",
          "/args/*",
          "/args/a/*",
          "/args/c~1d",
          "/args/a/0");
  private static final List<String> REGEXES =
      List.of("^a$", "b", "^$", "^[a-z]+$", "^(a|ab)$", "\\\\.", "(?i)^AB$");
  private static final List<String> OPERATORS =
      List.of(
          "eq",
          "neq",
          "lt",
          "lte",
          "gt",
          "gte",
          "in",
          "not_in",
          "exists",
          "regex",
          "contains",
          "max_length",
          "path_within",
          "host_in");

  private RandomPolicies() {}

  static String document(Random random) {
    List<String> fields = new ArrayList<>();
    fields.add("'version': '1'");
    fields.add("'default': " + pick(random, List.of("'deny'", "'allow'")));
    if (random.nextInt(8) == 0) {
      fields.add("'hide': " + pick(random, List.of("['u']", "['t', 'u']", "['*']", "[]")));
    }
    if (random.nextInt(3) == 0) {
      fields.add("'all_tools': {'limits': " + limits(random) + "}");
    }
    fields.add("'tools': {'t': " + rule(random) + "}");
    return "{" + String.join(", ", fields) + "}";
  }

  private static String rule(Random random) {
    List<String> fields = new ArrayList<>();
    if (random.nextInt(6) == 0) {
      fields.add("'action': " + pick(random, List.of("'allow'", "'deny'", "'require_approval'")));
    }
    if (random.nextInt(2) == 0) {
      fields.add("'require': " + entries(random));
    }
    if (random.nextInt(2) == 0) {
      fields.add("'deny_if': " + entries(random));
    }
    if (random.nextInt(3) == 0) {
      fields.add("'limits': " + limits(random));
    }
    if (random.nextInt(6) == 0) {
      fields.add("'rate_limit': '" + random.nextInt(9) + "/minute'");
    }
    return "{" + String.join(", ", fields) + "}";
  }

  static String entries(Random random) {
    List<String> entries = new ArrayList<>();
    for (int left = random.nextInt(3); left > 0; left--) {
      List<String> conditions = new ArrayList<>();
      for (int more = random.nextInt(10) == 0 ? 0 : 1 + random.nextInt(3); more > 0; more--) {
        conditions.add(condition(random));
      }
      entries.add(
          (random.nextInt(4) == 0 ? "{'on_missing': 'deny', " : "{")
              + "'conditions': "
              + conditions
              + "}");
    }
    return entries.toString();
  }

  private static String condition(Random random) {
    String operator = pick(random, OPERATORS);
    String path = pick(random, PATHS);
    String value =
        switch (operator) {
          case "lt", "lte", "gt", "gte" -> pick(random, SCALARS.subList(0, 17));
          case "in", "not_in" -> list(random, 2);
          case "exists" -> pick(random, List.of("true", "false"));
          case "regex" -> "'" + pick(random, REGEXES) + "'";
          case "max_length" -> pick(random, List.of("0", "1", "2", "3.0", "1e9"));
          // Judged on texts by tests of their own; here only what they make of other types.
          case "path_within", "host_in" -> {
            path = "args.a.b.*.a.b.0.1";
            yield "['x']";
          }
          default -> value(random, 2);
        };
    return "{'path': '%s', 'op': '%s', 'value': %s}".formatted(path, operator, value);
  }

  private static String limits(Random random) {
    List<String> limits = new ArrayList<>();
    for (int left = random.nextInt(4); left > 0; left--) {
      List<String> fields = new ArrayList<>();
      fields.add("'counter': " + pick(random, List.of("'x'", "'y'", "'t_rate'")));
      fields.add("'window': " + pick(random, List.of("'minute'", "60", "6e1", "'day'")));
      fields.add("'max': " + pick(random, List.of("0", "1", "2.50", "1e3", "0.000000001")));
      if (random.nextInt(3) == 0) {
        fields.add("'scope': " + pick(random, List.of("'grant'", "'session'", "'server'")));
      }
      if (random.nextInt(4) == 0) {
        fields.add("'algorithm': " + pick(random, List.of("'fixed'", "'sliding'")));
      }
      switch (random.nextInt(4)) {
        case 0 -> fields.add("'increment': " + pick(random, List.of("0", "0.005", "7.10")));
        case 1 ->
            fields.add(
                "'increment_from': "
                    + pick(random, List.of("'args.a'", "'args.b'", "'args.a.0'", "'/args/a.b'")));
        default -> {}
      }
      limits.add("{" + String.join(", ", fields) + "}");
    }
    return limits.toString();
  }

  private static String value(Random random, int depth) {
    int kind = depth == 0 ? 0 : random.nextInt(5);
    return switch (kind) {
      case 3 -> list(random, depth - 1);
      case 4 -> object(random, depth - 1);
      default -> pick(random, SCALARS);
    };
  }

  private static String list(Random random, int depth) {
    List<String> elements = new ArrayList<>();
    for (int left = random.nextInt(4); left > 0; left--) {
      elements.add(value(random, depth));
    }
    return elements.toString();
  }

  static String object(Random random, int depth) {
    List<String> members = new ArrayList<>();
    for (String key : KEYS) {
      if (random.nextInt(KEYS.size()) < (key.length() == 1 && key.charAt(0) >= 'a' ? 5 : 1)) {
        members.add("'" + key + "': " + value(random, depth));
      }
    }
    return "{" + String.join(", ", members) + "}";
  }

  static String pick(Random random, List<String> from) {
    return from.get(random.nextInt(from.size()));
  }
}
