package dev.tallygate.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.json.JsonRefused.Kind;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StrictJsonTest {
  private static final JsonBounds SMALL = new JsonBounds(1_000, 4, 20, 10);

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "{",
        "}",
        "[1,]",
        "{\"a\":1,}",
        "{'a':1}",
        "{a:1}",
        "// x\n1",
        "/* x */ 1",
        "# x\n1",
        "NaN",
        "Infinity",
        "-Infinity",
        "+1",
        "01",
        "-01",
        ".5",
        "5.",
        "1e",
        "0x1F",
        "1 2",
        "{} {}",
        "{}x",
        "null null",
        "tru",
        "TRUE",
        "\"a",
        "\"a\nb\"",
        "\"a\tb\"",
        "\"\\x41\"",
        "\"\\u12\"",
        "\"\\u00G0\"",
        "[1 2]",
        "{\"a\" 1}",
        "\u00A01",
        "1\u0000",
        "\u000B1",
        "[}",
      })
  void textThatParsersReadDifferentlyIsRefused(String text) {
    assertThat(refusal(text).kind()).isEqualTo(Kind.SYNTAX);
  }

  @Test
  void byteOrderMarkIsRefused() {
    assertThat(refusal("\uFEFF{}").kind()).isEqualTo(Kind.SYNTAX);
  }

  @ParameterizedTest
  @CsvSource({
    "22C0AF22", // overlong slash
    "22C022", // cut short
    "22FF22",
    "22EDA08022", // a surrogate
    "22F490808022", // beyond U+10FFFF
    "2280",
    "FEFF3131",
    "22E28222",
  })
  void bytesThatAreNotUtf8AreRefused(String hex) {
    // Given
    byte[] bytes = java.util.HexFormat.of().parseHex(hex);

    // When
    JsonRefused refusal =
        catchThrowableOfType(JsonRefused.class, () -> StrictJson.read(bytes, JsonBounds.REQUEST));

    // Then
    assertThat(refusal.kind()).isEqualTo(Kind.NOT_UTF8);
  }

  @Test
  void utf16TextIsRefused() {
    for (String charset : new String[] {"UTF-16BE", "UTF-16LE", "UTF-32BE", "UTF-32LE"}) {
      byte[] bytes = "{\"a\":1}".getBytes(java.nio.charset.Charset.forName(charset));
      assertThatExceptionOfType(JsonRefused.class)
          .as(charset)
          .isThrownBy(() -> StrictJson.read(bytes, JsonBounds.REQUEST));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"a\":1,\"a\":1}",
        "{\"a\":1,\"\\u0061\":2}",
        "{\"x\":{\"a\":1,\"b\":2,\"a\":3}}",
        "{\"\":1,\"\":2}",
        "[{\"/\":1,\"\\/\":2}]",
      })
  void keyThatOccursTwiceIsRefused(String text) {
    assertThat(refusal(text).kind()).isEqualTo(Kind.DUPLICATE_KEY);
  }

  @Test
  void keysThatDifferInCaseOrFormAreDifferent() throws JsonRefused {
    assertThat(read("{\"a\":1,\"A\":2,\"\u00e9\":3,\"e\u0301\":4}")).hasSize(4);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"\\uD800\"",
        "\"\\uDC00\"",
        "\"\\uDC00\\uD800\"",
        "\"\\uD800x\"",
        "{\"\\uD83D\":1}"
      })
  void halfOfASurrogatePairIsRefused(String text) {
    assertThat(refusal(text).kind()).isEqualTo(Kind.LONE_SURROGATE);
  }

  @Test
  void surrogatePairIsRead() throws JsonRefused {
    assertThat(read("\"\\uD83D\\uDE00\"").textValue()).isEqualTo("\uD83D\uDE00");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1e65",
        "1e-65",
        "1E+65",
        "1e999999999",
        "1e-999999999999",
        "1e99999999999999999999",
        "-1e65",
        "10000000000000000000000000000000000000000000000000000000000000000",
        "0.00000000000000000000000000000000000000000000000000000000000000001",
      })
  void numberOutOfRangeIsRefused(String text) {
    assertThat(refusal(text).kind()).isEqualTo(Kind.NUMBER_OUT_OF_RANGE);
  }

  @Test
  void numberOfManyDigitsIsRefused() {
    assertThat(refusal("1".repeat(10_000)).kind()).isEqualTo(Kind.NUMBER_OUT_OF_RANGE);
    assertThat(refusal("0." + "1".repeat(10_000)).kind()).isEqualTo(Kind.NUMBER_OUT_OF_RANGE);
    assertThat(refusal("1e" + "0".repeat(300) + "1").kind()).isEqualTo(Kind.NUMBER_OUT_OF_RANGE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0",
        "-0",
        "9007199254740993",
        "0.1",
        "1e64",
        "1e-64",
        "1e+064",
        "123456789012345678",
        "1234567890123456789",
        "-9223372036854775809",
        "0.12345678901234567890123456789"
      })
  void numberIsKeptExactly(String text) throws JsonRefused {
    assertThat(read(text).decimalValue()).isEqualByComparingTo(new java.math.BigDecimal(text));
  }

  @Test
  void boundsHold() {
    assertThat(refusal(" ".repeat(1_001), SMALL).kind()).isEqualTo(Kind.TOO_LARGE);
    assertThat(refusal("[[[[[]]]]]", SMALL).kind()).isEqualTo(Kind.TOO_DEEP);
    assertThat(refusal("{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}", SMALL).kind())
        .isEqualTo(Kind.TOO_DEEP);
    assertThat(refusal("[1" + ",1".repeat(20) + "]", SMALL).kind()).isEqualTo(Kind.TOO_MANY_VALUES);
    assertThat(refusal("\"12345678901\"", SMALL).kind()).isEqualTo(Kind.STRING_TOO_LONG);
    assertThat(refusal("{\"12345678901\":1}", SMALL).kind()).isEqualTo(Kind.STRING_TOO_LONG);
  }

  @Test
  void whatIsWithinTheBoundsIsRead() throws JsonRefused {
    assertThat(StrictJson.read(bytes("[[[[]]]]"), SMALL)).hasSize(1);
    assertThat(StrictJson.read(bytes("[1" + ",1".repeat(18) + "]"), SMALL)).hasSize(19);
    assertThat(StrictJson.read(bytes("\"1234567890\""), SMALL).textValue()).hasSize(10);
  }

  @Test
  void depthBeyondTheParsersOwnIsRefusedToo() {
    assertThat(refusal("[".repeat(100_000)).kind()).isEqualTo(Kind.TOO_DEEP);
  }

  @Test
  void refusalNamesTheLineColumnAndPointer() {
    // When
    JsonRefused refusal = refusal("{\n  \"a\": [\n    1,\n    1e99\n  ]\n}");

    // Then
    assertThat(refusal.position()).isEqualTo(new Position(4, 5));
    assertThat(refusal.pointer()).isEqualTo("/a/1");
  }

  @Test
  void badByteIsPlaced() {
    // Given
    byte[] bytes = {'{', '\n', ' ', (byte) 0xFF};

    // When
    JsonRefused refusal =
        catchThrowableOfType(JsonRefused.class, () -> StrictJson.read(bytes, JsonBounds.REQUEST));

    // Then
    assertThat(refusal.position()).isEqualTo(new Position(2, 2));
  }

  @Test
  void messageDoesNotAdviseOnTheParser() {
    assertThat(refusal("NaN").getMessage()).doesNotContain("enable", "ALLOW", "Feature");
    assertThat(refusal("// x\n1").getMessage()).doesNotContain("enable", "ALLOW", "Feature");
    assertThat(refusal("01").getMessage()).doesNotContain("enable", "ALLOW", "Feature");
  }

  @Test
  void documentKeepsThePlaceOfEveryValue() throws JsonRefused {
    // When
    JsonDocument document =
        StrictJson.readDocument(
            bytes("{\n  \"a/b\": [\n    1,\n    {\"~\": 2}\n  ]\n}"), JsonBounds.DOCUMENT);

    // Then
    assertThat(document.positionOf("")).isEqualTo(new Position(1, 1));
    assertThat(document.positionOf("/a~1b")).isEqualTo(new Position(2, 3));
    assertThat(document.positionOf("/a~1b/0")).isEqualTo(new Position(3, 5));
    assertThat(document.positionOf("/a~1b/1/~0")).isEqualTo(new Position(4, 6));
    assertThat(document.positionOf("/a~1b/1/absent/deeper")).isEqualTo(new Position(4, 5));
  }

  @Test
  void documentListsKeysThatOccurAgainAndKeepsTheFirst() throws JsonRefused {
    // When
    JsonDocument document =
        StrictJson.readDocument(
            bytes("{\"a\":1,\n\"\\u0061\":2,\n\"a\":{\"b\":3}}"), JsonBounds.DOCUMENT);

    // Then
    assertThat(document.root().get("a").intValue()).isEqualTo(1);
    assertThat(document.duplicates())
        .containsExactly(
            new JsonDocument.DuplicateKey("/a", new Position(2, 1)),
            new JsonDocument.DuplicateKey("/a", new Position(3, 1)));
  }

  private static JsonNode read(String text) throws JsonRefused {
    return StrictJson.read(bytes(text), JsonBounds.REQUEST);
  }

  private static JsonRefused refusal(String text) {
    return refusal(text, JsonBounds.REQUEST);
  }

  private static JsonRefused refusal(String text, JsonBounds bounds) {
    JsonRefused refusal =
        catchThrowableOfType(JsonRefused.class, () -> StrictJson.read(bytes(text), bounds));
    assertThat(refusal).as("refusal of %s", text.length() > 99 ? text.length() : text).isNotNull();
    return refusal;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
