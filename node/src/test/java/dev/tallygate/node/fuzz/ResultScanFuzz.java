package dev.tallygate.node.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.node.mcp.Outgoing;
import dev.tallygate.node.mcp.Outgoing.Kind;
import dev.tallygate.node.mcp.ResultScan;
import java.util.Arrays;
import java.util.Random;

/** What is told of a message of a server is what a parser finds in it, however it was cut. */
class ResultScanFuzz {
  @FuzzTest
  void tellsWhatAParserFinds(byte[] message) {
    Outgoing whole = ResultScan.of(message);
    assertThat(inPieces(message)).isEqualTo(whole);
    if (whole.kind() == Kind.UNKNOWN || whole.kind() == Kind.BATCH || !isUtf8(message)) {
      return;
    }
    JsonNode tree = Json.readOfServer(message);
    assertThat(tree.isObject()).isTrue();
    assertThat(tree.has("method"))
        .isEqualTo(whole.kind() == Kind.REQUEST || whole.kind() == Kind.NOTIFICATION);
    assertThat(tree.has("result")).isEqualTo(whole.kind() == Kind.RESULT);
    assertThat(tree.has("error")).isEqualTo(whole.kind() == Kind.ERROR);
    whole
        .method()
        .ifPresent(method -> assertThat(tree.path("method").textValue()).isEqualTo(method));
    whole.id().ifPresent(id -> assertThat(Json.same(tree.path("id"), id)).isTrue());
    JsonNode result = tree.path("result");
    assertThat(result.path("isError").asBoolean()).isEqualTo(whole.toolError());
    assertThat(result.has("tools")).isEqualTo(whole.listsTools());
    whole
        .resultType()
        .ifPresent(type -> assertThat(result.path("resultType").textValue()).isEqualTo(type));
    whole
        .errorCode()
        .ifPresent(code -> assertThat(tree.at("/error/code").longValue()).isEqualTo(code));
  }

  private static Outgoing inPieces(byte[] message) {
    Random random = new Random(Arrays.hashCode(message));
    ResultScan scan = new ResultScan();
    int from = 0;
    while (from < message.length) {
      int to = Math.min(message.length, from + random.nextInt(9));
      scan.feed(message, from, to);
      from = to;
    }
    return scan.finish();
  }

  private static boolean isUtf8(byte[] bytes) {
    String text = new String(bytes, java.nio.charset.StandardCharsets.UTF_8);
    return text.indexOf('\uFFFD') < 0;
  }
}
