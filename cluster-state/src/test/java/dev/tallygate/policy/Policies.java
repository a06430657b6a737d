package dev.tallygate.policy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.json.JsonBounds;
import dev.tallygate.json.JsonRefused;
import dev.tallygate.json.StrictJson;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Policies and calls as tests write them: JSON with single quotes. */
final class Policies {
  private Policies() {}

  static PolicyReading read(String document) {
    return Policy.read(bytes(document));
  }

  static Policy policy(String document) {
    PolicyReading reading = read(document);
    assertThat(errors(reading)).as("errors of %s", document).isEmpty();
    return reading.policy().orElseThrow();
  }

  /** A policy of one tool, {@code t}, with this rule. */
  static Policy tool(String rule) {
    return policy("{'version':'1','default':'deny','tools':{'t':" + rule + "}}");
  }

  static PolicyReading readTool(String rule) {
    return read("{'version':'1','default':'deny','tools':{'t':" + rule + "}}");
  }

  static Decision call(Policy policy, String arguments) {
    return policy.decide("t", json(arguments));
  }

  static Denial denial(Decision decision) {
    assertThat(decision).isInstanceOf(Decision.Deny.class);
    return ((Decision.Deny) decision).denial();
  }

  static List<Charge> charges(Decision decision) {
    assertThat(decision).isInstanceOf(Decision.Allow.class);
    return ((Decision.Allow) decision).charges();
  }

  static List<Finding> errors(PolicyReading reading) {
    return reading.findings().stream().filter(f -> f.severity() == Finding.Severity.ERROR).toList();
  }

  static List<Finding> warnings(PolicyReading reading) {
    return reading.findings().stream()
        .filter(f -> f.severity() == Finding.Severity.WARNING)
        .toList();
  }

  static JsonNode json(String text) {
    try {
      return StrictJson.read(bytes(text), JsonBounds.REQUEST);
    } catch (JsonRefused e) {
      throw new AssertionError(text, e);
    }
  }

  static byte[] bytes(String text) {
    return text.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
  }

  static byte[] resource(String name) {
    try (InputStream in = Policies.class.getResourceAsStream(name)) {
      assertThat(in).as(name).isNotNull();
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
