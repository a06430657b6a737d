package dev.tallygate.node.mcp;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NamesTest {
  @ParameterizedTest
  @ValueSource(
      strings = {"a", "Z", "0", "_", ".", "-", "getUser", "DATA_EXPORT_v2", "admin.tools.list"})
  void namesOfTheSpecificationArePlain(String name) {
    assertThat(ToolNames.isPlain(name)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "a b",
        "a ",
        " a",
        "a/b",
        "a\\b",
        "a:b",
        "a,b",
        "a\n",
        "a\0",
        "\u0435cho",
        "\uff45cho",
        "e\u0301cho",
        "\u00e9cho",
        "echo\u200b",
        "\u202eecho",
        "echo\ufeff",
        "\u0661",
        "ec\u00adho",
        "\ud83d\ude00",
        "=?base64?YQ==?="
      })
  void otherNamesAreNotPlain(String name) {
    assertThat(ToolNames.isPlain(name)).isFalse();
  }

  @Test
  void namesHaveALimit() {
    assertThat(ToolNames.isPlain("n".repeat(128))).isTrue();
    assertThat(ToolNames.isPlain("n".repeat(129))).isFalse();
    assertThat(ToolNames.isPlain("n".repeat(1_000_000))).isFalse();
  }

  @Property
  void plainNamesAreThoseOfThePattern(@ForAll String name) {
    assertThat(ToolNames.isPlain(name)).isEqualTo(name.matches("\\A[A-Za-z0-9_.-]{1,128}\\z"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"!", "~", "1868a90c-0d8f-4b6a-8b0a-6f6e7d0b4a11", "a.b/c=", "{\"a\":1}"})
  void sessionIdsAreVisibleAscii(String id) {
    assertThat(SessionId.isWellFormed(id)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", " ", "a b", "a,\tb", "a\r\nX: y", "\u007f", "\u00e9", "a\0", "\u0100"})
  void otherSessionIdsAreRefused(String id) {
    assertThat(SessionId.isWellFormed(id)).isFalse();
  }

  @Test
  void sessionIdsHaveALimit() {
    assertThat(SessionId.isWellFormed("s".repeat(256))).isTrue();
    assertThat(SessionId.isWellFormed("s".repeat(257))).isFalse();
  }

  @Property
  void keyIsNeverMistakenForItself(@ForAll String key) {
    // Given
    KeyFolding keys = new KeyFolding(Set.of(key));

    // Then
    assertThat(keys.mistakable(key)).isNull();
    assertThat(keys.mistakable(key + "\0")).isEqualTo(key);
  }
}
