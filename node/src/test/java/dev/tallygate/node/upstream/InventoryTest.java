package dev.tallygate.node.upstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class InventoryTest {
  @Test
  void instructionsThatNoLockFileCanHoldAreNoDefinition() {
    assertThatThrownBy(() -> Inventory.instructions("Be careful\ud800"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(Inventory.instructions("Be careful \ud83d\ude00"))
        .isNotEqualTo(Inventory.instructions("Be careful"));
  }
}
