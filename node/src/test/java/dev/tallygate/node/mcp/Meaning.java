package dev.tallygate.node.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.node.mcp.McpMessage.Invocation;
import dev.tallygate.node.mcp.McpMessage.Request;
import dev.tallygate.node.mcp.McpMessage.Response;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * What a message means, as one line that can be compared between parsers: its method, id, params,
 * result and error. Strings are written as their UTF-16 units, keys in order, numbers as the bits
 * of the nearest double.
 */
final class Meaning {
  private static final Object ABSENT = new Object();

  private Meaning() {}

  static String of(McpMessage message) {
    if (message instanceof Response response) {
      return line(
          ABSENT,
          response.id(),
          ABSENT,
          response.isError() ? ABSENT : response.body(),
          response.isError() ? response.body() : ABSENT);
    }
    Invocation invocation = (Invocation) message;
    Object id = message instanceof Request request ? request.id() : ABSENT;
    return line(invocation.method(), id, invocation.params(), ABSENT, ABSENT);
  }

  /** The meaning of a message that a parser gave as a map. */
  static String of(Map<?, ?> message) {
    Object params = message.containsKey("method") ? Map.of() : ABSENT;
    return line(
        member(message, "method", ABSENT),
        member(message, "id", ABSENT),
        member(message, "params", params),
        member(message, "result", ABSENT),
        member(message, "error", ABSENT));
  }

  private static Object member(Map<?, ?> message, String key, Object otherwise) {
    return message.containsKey(key) ? message.get(key) : otherwise;
  }

  private static String line(Object... members) {
    List<String> written = new ArrayList<>();
    for (Object member : members) {
      written.add(member == ABSENT ? "-" : canonical(member));
    }
    return String.join(" ", written);
  }

  private static String canonical(Object value) {
    if (value == null) {
      return "z";
    }
    if (value instanceof JsonNode node) {
      return canonical(node);
    }
    if (value instanceof String text) {
      return "s" + hex(text);
    }
    if (value instanceof Boolean truth) {
      return truth ? "t" : "f";
    }
    if (value instanceof Number number) {
      return number(new BigDecimal(number.toString()).doubleValue());
    }
    if (value instanceof List<?> list) {
      return "[" + String.join(",", list.stream().map(Meaning::canonical).toList()) + "]";
    }
    TreeSet<String> members = new TreeSet<>();
    ((Map<?, ?>) value)
        .forEach((key, member) -> members.add(hex((String) key) + ":" + canonical(member)));
    return "{" + String.join(",", members) + "}";
  }

  private static String canonical(JsonNode node) {
    return switch (node.getNodeType()) {
      case NULL -> "z";
      case BOOLEAN -> node.booleanValue() ? "t" : "f";
      case STRING -> "s" + hex(node.textValue());
      case NUMBER -> number(node.decimalValue().doubleValue());
      case ARRAY -> {
        List<String> items = new ArrayList<>();
        node.forEach(item -> items.add(canonical(item)));
        yield "[" + String.join(",", items) + "]";
      }
      case OBJECT -> {
        TreeSet<String> members = new TreeSet<>();
        node.properties()
            .forEach(
                member -> members.add(hex(member.getKey()) + ":" + canonical(member.getValue())));
        yield "{" + String.join(",", members) + "}";
      }
      default -> throw new IllegalArgumentException(node.getNodeType().toString());
    };
  }

  /** Adding zero makes -0.0 the same as 0.0. */
  private static String number(double value) {
    return "n%016x".formatted(Double.doubleToLongBits(value + 0.0));
  }

  private static String hex(String text) {
    StringBuilder out = new StringBuilder(text.length() * 4);
    text.chars().forEach(unit -> out.append("%04x".formatted(unit)));
    return out.toString();
  }
}
