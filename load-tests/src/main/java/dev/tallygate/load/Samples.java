package dev.tallygate.load;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.json.JsonBounds;
import dev.tallygate.json.JsonRefused;
import dev.tallygate.json.StrictJson;
import dev.tallygate.policy.Policy;
import dev.tallygate.policy.PolicyReading;
import java.nio.charset.StandardCharsets;

/** Policies, arguments and messages that the benchmarks of single steps work on. */
final class Samples {
  private static final String[] CONDITIONS = {
    "{\"path\":\"args.project\",\"op\":\"in\",\"value\":[\"alpha\",\"beta\",\"gamma\"]}",
    "{\"path\":\"args.page_size\",\"op\":\"lte\",\"value\":100}",
    "{\"path\":\"args.options.language\",\"op\":\"regex\",\"value\":\"^[a-z]{2}(-[A-Z]{2})?$\"}",
    "{\"path\":\"args.query\",\"op\":\"max_length\",\"value\":4096}",
    "{\"path\":\"args.options.order\",\"op\":\"neq\",\"value\":\"random\"}",
  };

  private Samples() {}

  /** A tool with so many rules, all of which a call meets, and one limit. */
  static Policy policy(int rules) {
    StringBuilder require = new StringBuilder();
    for (int i = 0; i < rules; i++) {
      require
          .append(i == 0 ? "" : ",")
          .append("{\"name\":\"rule ")
          .append(i)
          .append("\",\"conditions\":[")
          .append(CONDITIONS[i % CONDITIONS.length])
          .append("]}");
    }
    return read(
        "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\""
            + SampleCall.TOOL
            + "\":{\"require\":["
            + require
            + "],\"limits\":[{\"counter\":\"searches\",\"window\":\"day\",\"max\":1000000000}]}}}");
  }

  /** A rule that looks for a pattern in all of a long text. */
  static Policy patternPolicy() {
    return read(
        "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\""
            + SampleCall.TOOL
            + "\":{\"deny_if\":[{\"name\":\"secrets\",\"conditions\":[{\"path\":\"args.text\","
            + "\"op\":\"regex\",\"value\":\"(?i)password|secret\"}]}]}}}");
  }

  /** Arguments of a call. */
  static JsonNode arguments(boolean large) {
    return json(large ? largeArguments() : smallArguments());
  }

  /** A {@code tools/call} as it stands on the wire. */
  static byte[] message(boolean large) {
    String arguments = large ? largeArguments() : smallArguments();
    return utf8(
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\""
            + SampleCall.TOOL
            + "\",\"arguments\":"
            + arguments
            + "}}");
  }

  private static String smallArguments() {
    return "{" + commonArguments() + "}";
  }

  /** 4 KB: 20 more numbers and words, three levels deep, and a text of 3 KB. */
  private static String largeArguments() {
    StringBuilder json = new StringBuilder("{").append(commonArguments()).append(",\"filters\":{");
    for (int i = 0; i < 20; i++) {
      json.append(i == 0 ? "" : ",")
          .append("\"field_")
          .append(i)
          .append("\":{\"from\":")
          .append(i * 10)
          .append(",\"to\":\"v")
          .append(i)
          .append("\"}");
    }
    json.append("},\"text\":\"");
    while (json.length() < 4094) {
      json.append("the quick brown fox ");
    }
    json.setLength(4094);
    return json.append("\"}").toString();
  }

  private static String commonArguments() {
    return "\"project\":\"beta\",\"query\":\"load balancing with weighted round robin\","
        + "\"page\":3,\"page_size\":25,\"options\":{\"language\":\"en-GB\",\"order\":\"newest\"}";
  }

  private static Policy read(String document) {
    PolicyReading reading = Policy.read(utf8(document));
    return reading
        .policy()
        .orElseThrow(() -> new IllegalStateException(reading.findings().toString()));
  }

  private static JsonNode json(String text) {
    try {
      return StrictJson.read(utf8(text), JsonBounds.REQUEST);
    } catch (JsonRefused e) {
      throw new IllegalStateException(text, e);
    }
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
