package dev.tallygate.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.json.JsonBounds;
import dev.tallygate.json.StrictJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The user's reference says what is so: its policies load, and its calls are decided as written.
 */
class PolicyReferenceTest {
  private static final Pattern BLOCK =
      Pattern.compile("^```(json|calls)\\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);
  private static final Pattern CALL =
      Pattern.compile("(\\S+) (\\{.*\\}) -> (allow|deny ([A-Z_]+))");

  record Example(String policy, String call) {
    @Override
    public String toString() {
      return call;
    }
  }

  @ParameterizedTest
  @MethodSource("policies")
  void policyLoadsWithoutErrors(String policy) {
    assertThat(Policies.errors(Policy.read(policy.getBytes(StandardCharsets.UTF_8)))).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("calls")
  void callIsDecidedAsWritten(Example example) throws Exception {
    // Given
    Policy policy =
        Policy.read(example.policy().getBytes(StandardCharsets.UTF_8)).policy().orElseThrow();
    Matcher call = CALL.matcher(example.call());
    assertThat(call.matches()).as(example.call()).isTrue();

    // When
    Decision decision =
        policy.decide(
            call.group(1),
            StrictJson.read(call.group(2).getBytes(StandardCharsets.UTF_8), JsonBounds.REQUEST));

    // Then
    if (call.group(4) == null) {
      assertThat(decision).isInstanceOf(Decision.Allow.class);
    } else {
      assertThat(Policies.denial(decision).reason()).hasToString(call.group(4));
    }
  }

  @Test
  void everyOperatorAndFieldIsExplained() throws IOException {
    String text = Files.readString(Path.of("..", "docs", "policy.md"));
    for (Operator operator : Operator.values()) {
      assertThat(text).contains("`" + operator.written() + "`", "\"op\": \"" + operator.written());
    }
    for (String field :
        List.of(
            "hide",
            "list",
            "all_tools",
            "reason",
            "on_missing",
            "on_deny",
            "rate_limit",
            "increment",
            "increment_from",
            "algorithm",
            "refund",
            "on_store_loss",
            "scope")) {
      assertThat(text).contains("`" + field + "`", "\"" + field + "\":");
    }
  }

  static Stream<String> policies() throws IOException {
    return blocks().filter(b -> b.group(1).equals("json")).map(b -> b.group(2));
  }

  static Stream<Example> calls() throws IOException {
    List<Example> examples = new ArrayList<>();
    String policy = "";
    for (var block : blocks().toList()) {
      if (block.group(1).equals("json")) {
        policy = block.group(2);
      } else {
        String above = policy;
        block.group(2).lines().forEach(call -> examples.add(new Example(above, call)));
      }
    }
    return examples.stream();
  }

  private static Stream<java.util.regex.MatchResult> blocks() throws IOException {
    return BLOCK.matcher(Files.readString(Path.of("..", "docs", "policy.md"))).results();
  }
}
