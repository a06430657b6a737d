package dev.tallygate.node.mcp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tallygate.json.JsonBounds;
import dev.tallygate.json.JsonRefused;
import dev.tallygate.json.StrictJson;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Messages at the edges of what JSON parsers agree on, put together at random. */
final class HostileMessages {
  /** Values, written as JSON or nearly so. */
  static final List<String> VALUES =
      List.of(
          "0",
          "-0",
          "-0.0",
          "0e0",
          "-0e-64",
          "1",
          "-1",
          "1.0",
          "10e-1",
          "1E2",
          "1e+2",
          "0.1",
          "0.10000000000000000001",
          "0.30000000000000004",
          "9007199254740991",
          "9007199254740992",
          "9007199254740993",
          "-9007199254740993",
          "9223372036854775807",
          "9223372036854775808",
          "18446744073709551616",
          "123456789012345678901234567890",
          "1e64",
          "1e-64",
          "4.9e-60",
          "1234567890123456789012345678901234567890123456789012345678901234",
          "1e65",
          "1e309",
          "1e400",
          "01",
          "+1",
          ".5",
          "5.",
          "1.e1",
          "0x10",
          "1_000",
          "NaN",
          "Infinity",
          "-Infinity",
          "2.2250738585072012e-64",
          "99.999999999999999999",
          "100.00000000000000000001",
          "\"\"",
          "\"a\"",
          "\"\\u0061\"",
          "\"\\/\"",
          "\"/\"",
          "\"\\\\\"",
          "\"\\\"\"",
          "\"\\b\\f\\n\\r\\t\"",
          "\"\\u0000\"",
          "\"\\u001f\"",
          "\"\\u007f\"",
          "\"\u007f\"",
          "\"\\ud83d\\ude00\"",
          "\"\uD83D\uDE00\"",
          "\"\\uD83D\\uDE00\"",
          "\"\\ud800\"",
          "\"\\udc00\\ud800\"",
          "\"\\ud800\\u0061\"",
          "\"\u00e9\"",
          "\"e\u0301\"",
          "\"\u2028\u2029\"",
          "\"\\u2028\"",
          "\"\uFEFF\"",
          "\"\\ufeff\"",
          "\"\uFFFE\"",
          "\"\uFFFF\"",
          "\"\uFFFD\"",
          "\"\u202E\"",
          "\"\u200B\"",
          "\"\\x41\"",
          "\"\\v\"",
          "\"\\u00g1\"",
          "\"\\u+061\"",
          "\"\\u 061\"",
          "'a'",
          "\"a\nb\"",
          "\"a\tb\"",
          "true",
          "false",
          "null",
          "True",
          "nul",
          "undefined",
          "[]",
          "[1]",
          "[,]",
          "[1,]",
          "[null]",
          "{}",
          "{\"a\":1}",
          "{\"a\":1,}",
          "{a:1}",
          "{\"\":0}",
          "{\"a\":1,\"a\":2}",
          "{\"a\":1,\"\\u0061\":2}",
          "{\"__proto__\":{\"x\":1}}",
          "{\"constructor\":{\"prototype\":{\"x\":1}}}",
          "{\"toString\":1,\"hasOwnProperty\":2}",
          "{\"length\":3,\"0\":\"a\",\"1\":\"b\"}",
          "{\"2\":1,\"10\":2,\"01\":3}",
          "{\"__proto_\\u005f\":1}",
          "{\"a\":{\"a\":{\"a\":[[[[{}]]]]}}}",
          "/**/1",
          "1//",
          "1 2",
          "#1");

  /** Keys, as they stand between quotes. */
  static final List<String> KEYS =
      List.of(
          "a",
          "A",
          "\\u0041",
          "",
          " ",
          "\\u0000",
          "a\\u0000",
          "name",
          "Name",
          "na\u200Bme",
          "\u00e9",
          "e\u0301",
          "\\u00e9",
          "\uFEFFa",
          "\\ufeffa",
          "__proto__",
          "__proto\\u005f_",
          "constructor",
          "prototype",
          "toString",
          "valueOf",
          "hasOwnProperty",
          "length",
          "0",
          "-0",
          "00",
          "1e0",
          "1.0",
          "4294967295",
          "4294967296",
          "NaN",
          "null",
          "true",
          "__class__",
          "$ref",
          "@type",
          "@class",
          "$schema",
          "\\/",
          "/",
          "~0",
          "\\ud83d\\ude00",
          "\uD83D\uDE00",
          "\\ud83d",
          "\\udE00",
          "\u2028",
          "\u0130",
          "\u017F",
          "\u212A",
          "\\u017f",
          "jsonrpc",
          "method",
          "params",
          "_meta",
          "arguments");

  /** Whole bodies. */
  static final List<String> WHOLE =
      List.of(
          "{\"jsonrpc\":\"2.0\",\"id\":9007199254740991,\"method\":\"ping\"}",
          "{\"jsonrpc\":\"2.0\",\"id\":9007199254740992,\"method\":\"ping\"}",
          "{\"jsonrpc\":\"2.0\",\"id\":-9007199254740991,\"method\":\"ping\"}",
          "{\"jsonrpc\":\"2.0\",\"id\":1.0,\"method\":\"ping\"}",
          "{\"jsonrpc\":\"2.0\",\"id\":1e0,\"method\":\"ping\"}",
          "{\"jsonrpc\":\"2.0\",\"id\":-0,\"method\":\"ping\"}",
          "{\"jsonrpc\":\"2.0\",\"id\":\"\\u0000\",\"method\":\"ping\"}",
          "{\"jsonrpc\":\"2.0\",\"id\":\"\u2028\",\"method\":\"ping\",\"params\":{}}",
          "{\"jsonrpc\":\"2\\u002e0\",\"id\":1,\"method\":\"pin\\u0067\"}",
          "{\"jsonrpc\":\"2.0\",\"\\u0069d\":1,\"meth\\u006fd\":\"ping\"}",
          "{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"ping\"}",
          "\uFEFF{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}",
          "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\u0000",
          "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\u00a0",
          "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\f",
          "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"} {}",
          "\t\r\n {\"jsonrpc\"\r\n:\t\"2.0\" , \"id\" :1,\"method\":\"ping\" }\r\n",
          "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}",
          "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}",
          "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"method\":\"tools/call\"}}",
          "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32000,\"message\":\"\"}}",
          "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1.5,\"message\":\"\"}}",
          "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{},\"error\":{}}",
          "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"result\":{}}");

  private static final List<String> SPACES = List.of("", "", "", "", " ", "\t", "\r\n", "\n", "  ");
  private static final List<String> METHODS =
      List.of("tools/call", "tools/call", "tools/list", "ping", "x/y", "notifications/x");
  private static final List<String> DAMAGE =
      List.of(
          "\"",
          "\\",
          "{",
          "}",
          "[",
          "]",
          ",",
          ":",
          "\0",
          "\u00ff",
          "\u00c0\u0080",
          "\u00ed\u00a0\u0080",
          "\u00ef\u00bb\u00bf",
          "\u00f4\u0090\u0080\u0080",
          "\\u0000",
          "\\ud800",
          "\\u006e",
          "1e999",
          "-0",
          "//",
          "/**/",
          "NaN",
          "\f",
          "\u00c2\u00a0",
          " ",
          "\n",
          "0",
          "9",
          "e",
          ".",
          "-",
          "+",
          "n",
          "_");

  private final Random random;

  HostileMessages(Random random) {
    this.random = random;
  }

  /** A message that is well-formed but for what its parts may do to it. */
  byte[] next() {
    String method = pick(METHODS);
    List<String> members = new ArrayList<>();
    members.add(member("jsonrpc", "\"2.0\""));
    boolean response = random.nextInt(6) == 0;
    if (response || !method.startsWith("notifications/")) {
      members.add(member("id", pick(List.of("1", "0", "-1", "\"a\"", value(0)))));
    }
    if (response) {
      members.add(member("result", object(3)));
    } else {
      members.add(member("method", "\"" + method + "\""));
      members.add(
          member(
              "params",
              "{"
                  + String.join(",", member("name", "\"t\""), member("arguments", object(3)))
                  + "}"));
    }
    Collections.shuffle(members, random);
    return (space() + "{" + String.join(",", members) + space() + "}" + space()).getBytes(UTF_8);
  }

  /** A message with some of its bytes replaced. */
  byte[] damaged(byte[] message) {
    StringBuilder text = new StringBuilder(new String(message, ISO_8859_1));
    for (int left = 1 + random.nextInt(2); left > 0; left--) {
      int at = random.nextInt(text.length());
      int to = Math.min(text.length(), at + random.nextInt(3));
      text.replace(at, to, pick(DAMAGE));
    }
    return text.toString().getBytes(ISO_8859_1);
  }

  private String value(int depth) {
    int kind = depth == 0 ? 0 : random.nextInt(6);
    return space()
        + switch (kind) {
          case 4 -> array(depth - 1);
          case 5 -> object(depth - 1);
          case 3 -> number();
          default -> well(VALUES);
        }
        + space();
  }

  /** Mostly values that are accepted, or little else would be. */
  private String well(List<String> values) {
    String value = pick(values);
    return random.nextInt(20) == 0 || isJson(value) ? value : "\"" + random.nextInt(100) + "\"";
  }

  private static boolean isJson(String value) {
    try {
      StrictJson.read(value.getBytes(UTF_8), JsonBounds.REQUEST);
      return true;
    } catch (JsonRefused e) {
      return false;
    }
  }

  private String number() {
    StringBuilder number = new StringBuilder(random.nextBoolean() ? "-" : "");
    number.append(1 + random.nextInt(9));
    for (int left = random.nextInt(25); left > 0; left--) {
      number.append(random.nextInt(10));
    }
    if (random.nextBoolean()) {
      number.append('.').append(random.nextInt(10)).append(random.nextLong() >>> 1);
    }
    if (random.nextInt(3) == 0) {
      number.append(pick(List.of("e", "E", "e+", "E-"))).append(random.nextInt(65));
    }
    return number.toString();
  }

  private String array(int depth) {
    List<String> items = new ArrayList<>();
    for (int left = random.nextInt(4); left > 0; left--) {
      items.add(value(depth));
    }
    return "[" + String.join(",", items) + space() + "]";
  }

  private String object(int depth) {
    List<String> members = new ArrayList<>();
    for (int left = random.nextInt(4); left > 0; left--) {
      members.add(member(pick(KEYS), value(depth)));
    }
    return "{" + String.join(",", members) + space() + "}";
  }

  private String member(String key, String value) {
    String written = key;
    if (random.nextInt(8) == 0 && !key.isEmpty() && key.chars().allMatch(Character::isLetter)) {
      int at = random.nextInt(key.length());
      written =
          key.substring(0, at) + "\\u%04x".formatted((int) key.charAt(at)) + key.substring(at + 1);
    }
    return space() + "\"" + written + "\"" + space() + ":" + value;
  }

  private String space() {
    return pick(SPACES);
  }

  private String pick(List<String> from) {
    return from.get(random.nextInt(from.size()));
  }
}
