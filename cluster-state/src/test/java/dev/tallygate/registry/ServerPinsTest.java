package dev.tallygate.registry;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.TextNode;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ServerPinsTest {
  private static final PinKey TOOL = PinKey.tool("a");
  private static final Definition ONE = Definition.of(TextNode.valueOf("one"));
  private static final Definition TWO = Definition.of(TextNode.valueOf("two"));

  @Test
  void aThingKeepsItsDefinitionsInOrderAndOnce() {
    ServerPins pins = ServerPins.of(Map.of(TOOL, List.of(TWO, ONE, TWO)));
    assertThat(pins.of(TOOL)).containsExactly(TWO, ONE);
  }

  @Test
  void toolsPromptsAndInstructionsOfOneNameAreDifferent() {
    ServerPins pins = ServerPins.of(Map.of(TOOL, List.of(ONE)));
    assertThat(pins.has(PinKey.prompt("a"))).isFalse();
    assertThat(pins.has(PinKey.INSTRUCTIONS)).isFalse();
  }

  @Test
  void whatIsReplacedByNothingIsGone() {
    ServerPins pins = ServerPins.of(Map.of(TOOL, List.of(ONE))).with(TOOL, List.of());
    assertThat(pins).isEqualTo(ServerPins.NONE);
  }

  @Test
  void missingOnesAreAddedAndOthersStay() {
    ServerPins pins = ServerPins.of(Map.of(TOOL, List.of(ONE)));
    ServerPins more = ServerPins.of(Map.of(TOOL, List.of(TWO), PinKey.INSTRUCTIONS, List.of(TWO)));
    assertThat(pins.withMissing(more).of(TOOL)).containsExactly(ONE);
    assertThat(pins.withMissing(more).of(PinKey.INSTRUCTIONS)).containsExactly(TWO);
  }
}
