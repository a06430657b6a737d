package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.node.fixture.RawHttp;
import dev.tallygate.node.gate.TestClient;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A7: bytes that two JSON parsers read differently, so that one call is judged and another run.
 *
 * <p>With a lenient parser in {@code StrictJson} comments, second messages, {@code NaN} and bytes
 * that are not UTF-8 reach the server.
 */
@Timeout(180)
class A07ParserDifferentialsTest {
  private static final String CALL = TestClient.legacyCallBody("alpha");
  private static final String OTHER = TestClient.legacyCallBody("denied");

  private static Scene scene;
  private static String session;

  @BeforeAll
  static void start() {
    scene = Scene.start();
    session = "Mcp-Session-Id: " + scene.alice.initialize();
  }

  @AfterAll
  static void stop() {
    scene.close();
  }

  private static String with(String argument) {
    return CALL.replace("\"arguments\":{}", "\"arguments\":{\"a\":" + argument + "}");
  }

  static List<String> noJson() {
    return List.of(
        "",
        " ",
        "x",
        "/*c*/" + CALL,
        CALL + "/*c*/",
        "//c\n" + CALL,
        "#c\n" + CALL,
        CALL.replace("\"id\"", "/*\"*/\"id\""),
        "\uFEFF" + CALL,
        CALL + CALL,
        CALL + "\n" + OTHER,
        CALL + "," + OTHER,
        CALL + "\u0000",
        CALL + "\u001e" + OTHER,
        "\u001e" + CALL,
        ")]}'\n" + CALL,
        CALL + "}",
        CALL.substring(1),
        CALL.substring(0, CALL.length() - 1),
        CALL.replace('"', '\''),
        CALL.replace("\"id\"", "id"),
        CALL.replace(",\"arguments\":{}", ",\"arguments\":{},"),
        CALL.replace(",\"arguments\":{}", ",,\"arguments\":{}"),
        CALL.replace("\"id\":3", "\"id\"=3"),
        CALL.replace(" ", "").replace(",", ",\u00a0"),
        CALL.replace(",", ",\u000b"),
        CALL.replace(",", ",\u2028"),
        with("NaN"),
        with("Infinity"),
        with("-Infinity"),
        with("+1"),
        with(".5"),
        with("1."),
        with("01"),
        with("0x10"),
        with("1e"),
        with("1_000"),
        with("--1"),
        with("True"),
        with("None"),
        with("undefined"),
        with("nul"),
        with("\"\\x41\""),
        with("\"\\u12\""),
        with("\"\\'\""),
        with("\"\t\""),
        with("\"\n\""),
        with("\"\u0000\""),
        with("\"\\\n\""),
        with("[1,]"),
        with("[,1]"),
        with("\"open"));
  }

  @ParameterizedTest
  @MethodSource("noJson")
  void textThatIsNotStrictJsonIsRefused(String body) {
    scene.stops(scene.posted(body, session)).rejected(400, "not-json").withError(-32700);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800x\"",
        "\"\\udc00\\ud800\"",
        "\"\\ud800\\ud800\\udc00\"",
        "{\"\\ud800\":1}"
      })
  void halfOfASurrogatePairIsRefused(String argument) {
    scene.stops(scene.posted(with(argument), session)).rejected(400, "not-json");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "UTF-16",
        "UTF-16LE",
        "UTF-16BE",
        "UTF-32",
        "UTF-32LE",
        "UTF-32BE",
        "IBM1047",
        "UTF-7"
      })
  void otherEncodingsAreRefused(String name) {
    byte[] body =
        name.equals("UTF-7")
            ? CALL.replace("\"", "+ACI-").getBytes(StandardCharsets.US_ASCII)
            : CALL.getBytes(Charset.forName(name));
    scene.stops(scene.posted(body, session)).rejected(400, "not-json");
  }

  static List<byte[]> badUtf8() {
    return List.of(
        new byte[] {(byte) 0xff},
        new byte[] {(byte) 0x80},
        new byte[] {(byte) 0xc3},
        new byte[] {(byte) 0xc0, (byte) 0xaf},
        new byte[] {(byte) 0xc1, (byte) 0xa1},
        new byte[] {(byte) 0xe0, (byte) 0x80, (byte) 0xaf},
        new byte[] {(byte) 0xf0, (byte) 0x80, (byte) 0x80, (byte) 0xaf},
        new byte[] {(byte) 0xed, (byte) 0xa0, (byte) 0x80},
        new byte[] {(byte) 0xed, (byte) 0xa0, (byte) 0xbd, (byte) 0xed, (byte) 0xb8, (byte) 0x80},
        new byte[] {(byte) 0xf4, (byte) 0x90, (byte) 0x80, (byte) 0x80},
        new byte[] {(byte) 0xf8, (byte) 0x88, (byte) 0x80, (byte) 0x80, (byte) 0x80},
        new byte[] {(byte) 0xe2, (byte) 0x82});
  }

  @ParameterizedTest
  @MethodSource("badUtf8")
  void bytesThatAreNotUtf8AreRefused(byte[] odd) {
    // In a value, in a key, and in the tool's name, where a server would read U+FFFD.
    for (String body :
        List.of(
            with("\"?\""),
            CALL.replace("\"arguments\":{}", "\"arguments\":{\"?\":1}"),
            CALL.replace("\"alpha\"", "\"alpha?\""))) {
      scene.stops(scene.posted(spliced(body, odd), session)).rejected(400, "not-json");
    }
  }

  private static byte[] spliced(String body, byte[] odd) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int at = body.indexOf('?');
    out.writeBytes(body.substring(0, at).getBytes(StandardCharsets.UTF_8));
    out.writeBytes(odd);
    out.writeBytes(body.substring(at + 1).getBytes(StandardCharsets.UTF_8));
    return out.toByteArray();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1e400",
        "-1e400",
        "1e-400",
        "1e65",
        "1E+99999999999",
        "123456789012345678901234567890" + "12345678901234567890123456789012345678901234567890"
      })
  void numberThatIsInfiniteOrZeroToOthersIsRefused(String number) {
    scene.stops(scene.posted(with(number), session)).rejected(400, "too-complex");
    scene
        .stops(scene.posted(with("[{\"b\":" + number + "}]"), session))
        .rejected(400, "too-complex");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "9007199254740992",
        "9007199254740993",
        "-9007199254740992",
        "18446744073709551616",
        "1.0",
        "1.5",
        "1e0",
        "null",
        "true",
        "[]",
        "{}",
        "[1]"
      })
  void idThatOthersRoundOrDoNotTakeIsRefused(String id) {
    scene
        .stops(scene.posted(CALL.replace("\"id\":3", "\"id\":" + id), session))
        .rejected(400, "bad-id")
        .withError(-32600);
  }

  @Test
  void longIdIsRefused() {
    scene
        .stops(
            scene.posted(CALL.replace("\"id\":3", "\"id\":\"" + "x".repeat(257) + "\""), session))
        .rejected(400, "bad-id");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"__proto__\":{\"name\":\"denied\"}}",
        "{\"__proto__\":null}",
        "{\"\\u005f_proto__\":{}}",
        "{\"a\":[{\"__proto__\":{}}]}"
      })
  void keyThatReplacesWhatAnObjectInheritsIsRefused(String object) {
    scene
        .stops(scene.posted(CALL.replace("\"arguments\":{}", "\"arguments\":" + object), session))
        .rejected(400, "ambiguous-key");
    scene
        .stops(
            scene.posted(
                CALL.replace("\"params\":{", "\"params\":{\"x\":" + object + ","), session))
        .rejected(400, "ambiguous-key");
  }

  @Test
  void secondMediaTypeIsRefused() {
    for (String type : List.of("application/json", "application/json; charset=utf-16")) {
      scene.stops(scene.posted(CALL, session, "Content-Type: " + type)).rejected(415, "media-type");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"a\" : -0 , \"b\":0.10, \"c\":1E2,\t\"d\":9007199254740993}",
        "{\"a\":\"\\u0041\\/\\b\\ud83d\\ude00\uD83D\uDE00\"}",
        "{\"Name\":1,\"name\":2,\"a\":\"\u2028\\u0000\"}"
      })
  void whatIsAcceptedArrivesByteForByte(String arguments) throws IOException {
    // Given
    String body = "\r\n " + CALL.replace("{}", arguments) + "\t\n";

    // When
    try (RawHttp http = new RawHttp(scene.gate.url("fixture"))) {
      scene.posted(body, session).to(http);

      // Then
      assertThat(http.read().status()).isEqualTo(200);
    }
    assertThat(scene.received().get(scene.received().size() - 1).text()).isEqualTo(body);
  }
}
