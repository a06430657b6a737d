package dev.tallygate.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.DoubleNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CanonicalJsonTest {
  private static final JsonMapper JSON = new JsonMapper();

  private static JsonNode read(String text) {
    try {
      return StrictJson.read(text.getBytes(StandardCharsets.UTF_8), JsonBounds.REQUEST);
    } catch (JsonRefused e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static String canonical(JsonNode value) {
    return new String(CanonicalJson.bytes(value), StandardCharsets.UTF_8);
  }

  @Test
  void exampleOfTheSpecification() {
    // RFC 8785, 3.2.2 and 3.2.4
    String text =
        "{\"numbers\":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"
            + "\"string\":\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\","
            + "\"literals\":[null,true,false]}";
    assertThat(canonical(read(text)))
        .isEqualTo(
            "{\"literals\":[null,true,false],"
                + "\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
                + "\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
  }

  @Test
  void keysAreOrderedAsInTheSpecification() {
    // RFC 8785, 3.2.3: by UTF-16 code units, so the emoji comes before the ligature
    String text =
        "{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\",\"\\ufb33\":\"Hebrew\",\"1\":\"One\","
            + "\"\\ud83d\\ude00\":\"Emoji\",\"\\u0080\":\"Control\",\"\\u00f6\":\"Latin\"}";
    assertThat(CanonicalJson.sortedKeys(read(text)))
        .containsExactly("\r", "1", "\u0080", "\u00f6", "\u20ac", "\ud83d\ude00", "\ufb33");
  }

  @ParameterizedTest
  @CsvSource({
    // RFC 8785, appendix B
    "0000000000000000, 0",
    "8000000000000000, 0",
    "0000000000000001, 5e-324",
    "8000000000000001, -5e-324",
    "7fefffffffffffff, 1.7976931348623157e+308",
    "4340000000000000, 9007199254740992",
    "c340000000000000, -9007199254740992",
    "4430000000000000, 295147905179352830000",
    "44b52d02c7e14af5, 9.999999999999997e+22",
    "44b52d02c7e14af6, 1e+23",
    "44b52d02c7e14af7, 1.0000000000000001e+23",
    "444b1ae4d6e2ef4e, 999999999999999700000",
    "444b1ae4d6e2ef4f, 999999999999999900000",
    "444b1ae4d6e2ef50, 1e+21",
    "3eb0c6f7a0b5ed8c, 9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d, 0.000001",
    "41b3de4355555553, 333333333.3333332",
    "41b3de4355555555, 333333333.3333333",
    "becbf647612f3696, -0.0000033333333333333333",
    "43143ff3c1cb0959, 1424953923781206.2"
  })
  void numbersAreWrittenAsEcmaScriptDoes(String bits, String written) {
    assertThat(
            canonical(
                DoubleNode.valueOf(Double.longBitsToDouble(Long.parseUnsignedLong(bits, 16)))))
        .isEqualTo(written);
  }

  @ParameterizedTest
  @ValueSource(strings = {"9007199254740993", "-9007199254740993", "123456789012345678901"})
  void integerThatADoubleCannotHoldHasNoCanonicalForm(String number) {
    assertThatIllegalArgumentException().isThrownBy(() -> CanonicalJson.bytes(read(number)));
  }

  @ParameterizedTest
  @CsvSource({"9007199254740992, 9007199254740992", "1e22, 1e+22", "1.0, 1", "-0.0, 0"})
  void otherNumbersHaveOne(String number, String written) {
    assertThat(canonical(read(number))).isEqualTo(written);
  }

  @Property
  void anyDoubleIsReadBackFromItsSpelling(@ForAll long bits) throws IOException {
    double value = Double.longBitsToDouble(bits);
    if (!Double.isFinite(value) || Math.abs(value) >= 1L << 53) {
      return;
    }
    assertThat(JSON.readTree(canonical(DoubleNode.valueOf(value))).doubleValue())
        .isEqualTo(value == 0 ? 0 : value);
  }

  @Property
  void spellingDoesNotDependOnTheOrderOfKeys(@ForAll String one, @ForAll String other) {
    var forth = JSON.createObjectNode().put(one, 1).put(other, 2);
    var back = JSON.createObjectNode();
    back.set(other, forth.get(other));
    back.set(one, forth.get(one));
    assertThat(canonical(forth)).isEqualTo(canonical(back));
  }
}
