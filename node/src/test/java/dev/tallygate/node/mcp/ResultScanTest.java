package dev.tallygate.node.mcp;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.tallygate.node.mcp.Outgoing.Kind;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ResultScanTest {
  private static final JsonMapper STRICT =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  static Stream<Arguments> kinds() {
    return Stream.of(
        Arguments.of("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}", Kind.RESULT),
        Arguments.of(" { \"result\" : { } , \"id\" : \"a\" } ", Kind.RESULT),
        Arguments.of("{\"id\":1,\"error\":{\"code\":-1,\"message\":\"\"}}", Kind.ERROR),
        Arguments.of("{\"id\":null,\"error\":{\"code\":-1,\"message\":\"\"}}", Kind.ERROR),
        Arguments.of(
            "{\"id\":1,\"method\":\"sampling/createMessage\",\"params\":{}}", Kind.REQUEST),
        Arguments.of("{\"method\":\"notifications/progress\",\"params\":{}}", Kind.NOTIFICATION),
        Arguments.of("[]", Kind.BATCH),
        Arguments.of(" [{\"id\":1,\"result\":{}}]", Kind.BATCH));
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void messageIsToldByItsOutermostMembers(String message, Kind kind) {
    assertThat(scan(message).kind()).isEqualTo(kind);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "{}",
        "1",
        "\"x\"",
        "nul",
        "{\"id\":1}",
        "{\"id\":1,\"result\":{}}x",
        "{\"id\":1,\"result\":{}}{}",
        "{\"id\":1,\"result\":{}",
        "{\"id\":1,\"result\":{},}",
        "{\"id\":1,\"result\":{]}",
        "{\"id\":1,\"result\":{\"a\":01}}",
        "{\"id\":1,\"result\":{\"a\":1.}}",
        "{\"id\":1,\"result\":{\"a\":+1}}",
        "{\"id\":1,\"result\":{\"a\":1e}}",
        "{\"id\":1,\"result\":{\"a\":-}}",
        "{\"id\":1,\"result\":{\"a\":tru}}",
        "{\"id\":1,\"result\":{\"a\":truex}}",
        "{\"id\":1,\"result\":{\"a\":\"\\x\"}}",
        "{\"id\":1,\"result\":{\"a\":\"\\u12g4\"}}",
        "{\"id\":1,\"result\":{\"a\":\"\n\"}}",
        "{\"id\":1,\"result\":{'a':1}}",
        "{\"id\":1,\"result\":{a:1}}",
        "{\"id\":1,\"result\":{\"a\" 1}}",
        "{\"id\":1,\"result\":{\"a\":1 \"b\":2}}",
        "{\"id\":1,\"result\":{\"a\":[1,]}}",
        "{\"id\":1,\"result\":{},\"result\":{}}",
        "{\"id\":1,\"result\":{},\"error\":{}}",
        "{\"id\":1,\"id\":2,\"result\":{}}",
        "{\"id\":1,\"method\":\"m\",\"result\":{}}",
        "{\"id\":1,\"result\":{\"isError\":false,\"isError\":true}}",
        "{\"id\":1,\"result\":{\"isError\":false,\"is\\u0045rror\":true}}",
        "{\"id\":1,\"result\":{\"isError\":\"false\"}}",
        "{\"id\":1,\"result\":null}",
        "{\"id\":1,\"result\":[]}",
        "{\"id\":1,\"result\":7}",
        "{\"id\":null,\"result\":{}}",
        "{\"id\":1.5,\"result\":{}}",
        "{\"id\":[1],\"result\":{}}",
        "{\"result\":{}}",
        "{\"id\":{},\"method\":\"m\"}",
        "{\"method\":7}",
        "\uFEFF{\"id\":1,\"result\":{}}"
      })
  void anythingElseIsUnknown(String message) {
    assertThat(scan(message).kind()).isEqualTo(Kind.UNKNOWN);
  }

  @Test
  void detailsOfAResultAreTold() {
    // When
    Outgoing outgoing =
        scan(
            "{\"id\":42,\"result\":{\"content\":[{\"isError\":false}],\"is\\u0045rror\":true,"
                + "\"resultType\":\"complete\",\"structuredContent\":{\"isError\":false}}}");

    // Then
    assertThat(outgoing.toolError()).isTrue();
    assertThat(outgoing.isSuccess()).isFalse();
    assertThat(outgoing.resultType()).contains("complete");
    assertThat(outgoing.id().orElseThrow().intValue()).isEqualTo(42);
  }

  @Test
  void membersOfInnerObjectsAreNotTakenForTheResults() {
    // When
    Outgoing outgoing =
        scan(
            "{\"params\":{\"isError\":true},\"x\":{\"result\":{\"isError\":true}},\"id\":\"i\","
                + "\"result\":{\"a\":{\"isError\":true,\"resultType\":\"x\"},\"b\":[{\"isError\":true}]}}");

    // Then
    assertThat(outgoing.isSuccess()).isTrue();
    assertThat(outgoing.resultType()).isEmpty();
    assertThat(outgoing.id().orElseThrow().textValue()).isEqualTo("i");
  }

  @Test
  void codeOfAnErrorAndMethodOfARequestAreTold() {
    assertThat(scan("{\"id\":1,\"error\":{\"code\":-32601,\"message\":\"m\"}}").errorCode())
        .hasValue(-32601);
    assertThat(scan("{\"id\":1,\"method\":\"roots\\/list\"}").method()).contains("roots/list");
  }

  @Test
  void longStringsAreNotHeld() {
    // Given
    ResultScan scan = new ResultScan();
    byte[] part = "abc\\n\u00e9".repeat(10_000).getBytes(UTF_8);

    // When
    feed(scan, "{\"id\":1,\"result\":{\"text\":\"");
    for (int i = 0; i < 500; i++) {
      scan.feed(part, 0, part.length);
    }
    feed(scan, "\",\"isError\":true}}");
    Outgoing outgoing = scan.finish();

    // Then
    assertThat(outgoing.kind()).isEqualTo(Kind.RESULT);
    assertThat(outgoing.toolError()).isTrue();
  }

  @Test
  void longKeysAndIdsAndDepthsAreBounded() {
    // Given
    String longKey = "k".repeat(10_000);

    // Then
    assertThat(scan("{\"id\":1,\"" + longKey + "\":1,\"result\":{\"" + longKey + "\":2}}").kind())
        .isEqualTo(Kind.RESULT);
    assertThat(scan("{\"id\":\"" + longKey + "\",\"result\":{}}").kind()).isEqualTo(Kind.UNKNOWN);
    assertThat(
            scan("{\"id\":1,\"result\":{\"a\":" + "[".repeat(5000) + "]".repeat(5000) + "}}")
                .kind())
        .isEqualTo(Kind.UNKNOWN);
  }

  @Property
  void anySplitTellsTheSame(@ForAll("texts") String text) {
    // Given
    ResultScan scan = new ResultScan();
    for (byte b : text.getBytes(UTF_8)) {
      scan.feed(new byte[] {b}, 0, 1);
    }

    // Then
    assertThat(scan.finish()).isEqualTo(scan(text));
  }

  @Property(tries = 5000)
  void textIsWellFormedExactlyIfJacksonSaysSo(@ForAll("texts") String text) {
    // Given
    JsonScanner scanner = new Deaf();
    byte[] bytes = text.getBytes(UTF_8);

    // When
    scanner.feed(bytes, 0, bytes.length);

    // Then
    assertThat(scanner.finish()).as(text).isEqualTo(isJson(text));
  }

  @Property
  void arbitraryBytesNeverThrow(@ForAll byte[] bytes) {
    assertThat(ResultScan.of(bytes)).isNotNull();
  }

  @Provide
  Arbitrary<String> texts() {
    return Arbitraries.of(
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\"a\"",
            "\"b\":",
            "1",
            "0",
            "-",
            ".",
            "5e3",
            "E+1",
            "true",
            "false",
            "null",
            " ",
            "\\",
            "\\n",
            "\\u00e9",
            "\u20ac",
            "{\"x\":1}",
            "[1,2]",
            "\"isError\":true")
        .list()
        .ofMaxSize(8)
        .map(parts -> String.join("", parts));
  }

  private static boolean isJson(String text) {
    try {
      return !STRICT.readTree(text).isMissingNode();
    } catch (JsonProcessingException e) {
      return false;
    }
  }

  private static final class Deaf extends JsonScanner {
    @Override
    void key(int depth, byte[] written) {}

    @Override
    void scalar(int depth, byte[] written) {}

    @Override
    void open(int depth, boolean isObject) {}
  }

  @Test
  void taskIsNamedByAResultOfEitherEra() {
    // Given
    String modern = "{\"id\":1,\"result\":{\"resultType\":\"task\",\"taskId\":\"t\"}}";
    String legacy = "{\"id\":1,\"result\":{\"task\":{\"a\":{\"taskId\":\"x\"},\"taskId\":\"t\"}}}";

    // Then
    assertThat(scan(modern).taskId()).contains("t");
    assertThat(scan(legacy).taskId()).contains("t");
    assertThat(scan("{\"id\":1,\"result\":{\"x\":{\"taskId\":\"t\"}}}").taskId()).isEmpty();
    assertThat(scan("{\"id\":1,\"result\":{\"taskId\":7}}").taskId()).isEmpty();
    assertThat(scan("{\"id\":1,\"result\":{\"taskId\":\"t\",\"taskId\":\"u\"}}").kind())
        .isEqualTo(Outgoing.Kind.UNKNOWN);
  }

  private static Outgoing scan(String message) {
    return ResultScan.of(message.getBytes(UTF_8));
  }

  private static void feed(ResultScan scan, String text) {
    byte[] bytes = text.getBytes(UTF_8);
    scan.feed(bytes, 0, bytes.length);
  }
}
