package dev.tallygate.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class SealingTest {
  private final Sealing sealing = new Sealing("a secret of the cluster");

  @Property(tries = 500)
  void whatWasSealedIsOpenedInItsPlaceOnly(@ForAll String text, @ForAll String place) {
    // Given
    String sealed = sealing.seal(place, text);

    // When, Then
    assertThat(sealed).matches("[A-Za-z0-9_-]+");
    assertThat(sealing.open(place + "x", sealed)).isEmpty();
    assertThat(sealing.open(place, sealed)).hasValue(new String(text.getBytes(UTF_8), UTF_8));
  }

  @Test
  void sealingAgainGivesTheSameTextAndOtherTextsShareNoNonce() {
    // Given
    String sealed = sealing.seal("/servers/a", "token");

    // When, Then
    assertThat(sealing.seal("/servers/a", "token")).isEqualTo(sealed);
    assertThat(sealing.seal("/servers/a", "other").substring(0, 16))
        .isNotEqualTo(sealed.substring(0, 16));
    assertThat(sealing.seal("/servers/b", "token").substring(0, 16))
        .isNotEqualTo(sealed.substring(0, 16));
  }

  @Test
  void anotherSecretOrAChangedTextOpensNothing() {
    // Given
    String sealed = sealing.seal("/servers/a", "token");
    String changed = (sealed.charAt(0) == 'A' ? "B" : "A") + sealed.substring(1);

    // When, Then
    assertThat(new Sealing("another secret here").open("/servers/a", sealed)).isEmpty();
    assertThat(sealing.open("/servers/a", changed)).isEmpty();
    assertThat(sealing.open("/servers/a", "")).isEmpty();
    assertThat(sealing.open("/servers/a", "§")).isEmpty();
    assertThat(sealing.open("/servers/a", sealed.substring(0, 20))).isEmpty();
  }
}
