package dev.tallygate.node.mcp;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.tallygate.node.mcp.Answers.Answer;
import dev.tallygate.node.mcp.Answers.DecisionNote;
import java.lang.reflect.Field;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AnswersTest {
  private static final JsonNode ID = TextNode.valueOf("i\"\n");
  private static final Era MODERN = new Era.Modern("2026-07-28");
  private static final Era LEGACY = new Era.Legacy("2025-11-25");
  private static final DecisionNote LIMITED =
      new DecisionNote("limited", Optional.of("r1"), "d-1", Optional.of(Duration.ofSeconds(7)));

  @Test
  void denialIsAToolResultThatSaysSo() throws Exception {
    // When
    Answer answer = Answers.toolDenied(ID, LEGACY, "Denied.", LIMITED);

    // Then
    JsonNode body = json(answer);
    assertThat(answer.status()).isEqualTo(200);
    assertThat(body.path("jsonrpc").textValue()).isEqualTo("2.0");
    assertThat(body.path("id")).isEqualTo(ID);
    assertThat(body.at("/result/isError").booleanValue()).isTrue();
    assertThat(body.at("/result/content/0/type").textValue()).isEqualTo("text");
    assertThat(body.at("/result/content/0/text").textValue()).isEqualTo("Denied.");
    assertThat(body.path("result").has("resultType")).isFalse();
    JsonNode decision = body.path("result").path("_meta").path("dev.tallygate/decision");
    assertThat(decision.path("outcome").textValue()).isEqualTo("limited");
    assertThat(decision.path("rule").textValue()).isEqualTo("r1");
    assertThat(decision.path("decisionId").textValue()).isEqualTo("d-1");
    assertThat(decision.path("retryAfterMs").longValue()).isEqualTo(7000);
  }

  @Test
  void modernDenialIsComplete() throws Exception {
    assertThat(
            json(Answers.toolDenied(ID, MODERN, "x", LIMITED)).at("/result/resultType").textValue())
        .isEqualTo("complete");
  }

  @Test
  void denialIsSeenAsAFailedCallByAScan() {
    // When
    Outgoing seen = ResultScan.of(Answers.toolDenied(ID, MODERN, "x", LIMITED).body());

    // Then
    assertThat(seen.kind()).isEqualTo(Outgoing.Kind.RESULT);
    assertThat(seen.toolError()).isTrue();
    assertThat(seen.id()).contains(ID);
  }

  @Test
  void whatIsNotToldIsLeftOut() throws Exception {
    // Given
    DecisionNote bare = new DecisionNote("denied", Optional.empty(), "d", Optional.empty());

    // When
    JsonNode data = json(Answers.denied(ID, ErrorCodes.DENIED, "No.", bare)).at("/error/data");

    // Then
    assertThat(data).hasSize(2);
    assertThat(data.has("rule")).isFalse();
    assertThat(data.has("retryAfterMs")).isFalse();
  }

  @Test
  void unknownToolNamesTheTool() throws Exception {
    // When
    Answer answer = Answers.unknownTool(IntNode.valueOf(3), "delete_all");

    // Then
    assertThat(answer.status()).isEqualTo(200);
    assertThat(new String(answer.body(), UTF_8))
        .isEqualTo(
            "{\"jsonrpc\":\"2.0\",\"id\":3,\"error\":{\"code\":-32602,"
                + "\"message\":\"Unknown tool: delete_all\"}}");
  }

  @Test
  void hostileNameIsNotEchoedAsItStands() throws Exception {
    // When
    String message =
        json(Answers.unknownTool(ID, "a\n\u202e\u0430\ud83d\ude00 \u001b[31m\"" + "x".repeat(5000)))
            .at("/error/message")
            .textValue();

    // Then
    assertThat(message).startsWith("Unknown tool: a?????");
    assertThat(message).hasSizeLessThan(200).matches("[\\x20-\\x7e]*");
  }

  @Test
  void unknownMethodHasTheStatusOfItsEra() throws Exception {
    assertThat(Answers.unknownMethod(ID, MODERN).status()).isEqualTo(404);
    assertThat(Answers.unknownMethod(ID, LEGACY).status()).isEqualTo(200);
    assertThat(json(Answers.unknownMethod(ID, LEGACY)).at("/error/code").intValue())
        .isEqualTo(-32601);
  }

  @ParameterizedTest
  @EnumSource(Refusal.Kind.class)
  void everyRefusalHasAnAnswer(Refusal.Kind kind) throws Exception {
    // When
    Answer answer = Answers.refused(Refusal.of(kind, null, "why"));

    // Then
    assertThat(answer.status()).isIn(400, 413);
    assertThat(json(answer).path("id").isNull()).isTrue();
    assertThat(json(answer).at("/error/message").textValue()).isEqualTo("why");
    assertThat(kind.label()).matches("[a-z][a-z0-9-]*");
  }

  @Test
  void ownCodesLieOutsideTheReservedOnes() throws Exception {
    for (Field field : ErrorCodes.class.getFields()) {
      // Given
      int code = field.getInt(null);

      // Then
      boolean standard =
          code == -32700 || code >= -32603 && code <= -32600 || code >= -32022 && code <= -32020;
      assertThat(standard || code > -32000).as(field.getName()).isTrue();
    }
    assertThat(
            Arrays.stream(ErrorCodes.class.getFields()).map(AnswersTest::value).distinct().count())
        .isEqualTo(ErrorCodes.class.getFields().length);
  }

  private static Object value(Field field) {
    try {
      return field.get(null);
    } catch (IllegalAccessException e) {
      throw new AssertionError(e);
    }
  }

  private static JsonNode json(Answer answer) throws Exception {
    return new JsonMapper().readTree(answer.body());
  }
}
