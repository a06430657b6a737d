package dev.tallygate.node.mcp;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The reference of the protocol names what the gate answers. */
class ProtocolReferenceTest {
  private static final Path REFERENCE = Path.of("..", "docs", "protocol.md");

  @Test
  void everyErrorCodeIsInTheTableAndNoOther() throws Exception {
    // Given
    List<String> codes = new ArrayList<>();
    for (Field field : ErrorCodes.class.getFields()) {
      codes.add(Integer.toString(field.getInt(null)));
    }

    // When
    String table = Files.readString(REFERENCE).split("### Error codes", 2)[1];

    // Then
    assertThat(found("(?m)^\\| (-[0-9]{5}) \\|", table)).containsExactlyInAnyOrderElementsOf(codes);
  }

  @Test
  void everyKindOfRefusalIsNamedAndNoOther() throws Exception {
    // Given
    Set<String> kinds = new LinkedHashSet<>();
    for (Refusal.Kind kind : Refusal.Kind.values()) {
      kinds.add(kind.label());
    }

    // When
    String named = Files.readString(REFERENCE).split("names a refused message by kind:", 2)[1];

    // Then
    assertThat(found("`([a-z-]+)`", named)).containsExactlyInAnyOrderElementsOf(kinds);
  }

  private static List<String> found(String pattern, String text) {
    return Pattern.compile(pattern).matcher(text).results().map(found -> found.group(1)).toList();
  }
}
