package dev.tallygate.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tallygate.registry.Grant.TokenHash;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SnapshotTest {
  private static final Instant NOW = Instant.parse("2027-03-01T10:00:00Z");
  private static final Token TOKEN = Token.random();

  private static Grant grant(Optional<Instant> expires, Optional<Instant> revoked, TokenHash... t) {
    return new Grant("id", "ci", "files", Optional.empty(), List.of(t), expires, revoked);
  }

  private static TokenHash accepted(Token token) {
    return new TokenHash(token.sha256(), Optional.empty());
  }

  private static Optional<Grant> shown(Token token, String server, Instant now, Grant... grants) {
    return new Snapshot(1, NOW, Map.of(), Map.of(), List.of(grants), Map.of())
        .authenticate(token.reveal(), server, now);
  }

  @Test
  void aTokenOpensItsServer() {
    // Given
    Grant grant = grant(Optional.empty(), Optional.empty(), accepted(TOKEN));

    // When // Then
    assertThat(shown(TOKEN, "files", NOW, grant)).contains(grant);
  }

  @Test
  void unknownRevokedExpiredAndForeignTokensAreAlike() {
    // Given
    Grant live = grant(Optional.empty(), Optional.empty(), accepted(TOKEN));
    Grant revoked = grant(Optional.empty(), Optional.of(NOW), accepted(TOKEN));
    Grant expired = grant(Optional.of(NOW), Optional.empty(), accepted(TOKEN));

    // When // Then
    assertThat(shown(Token.random(), "files", NOW, live)).isEmpty();
    assertThat(shown(TOKEN, "other", NOW, live)).isEmpty();
    assertThat(shown(TOKEN, "files", NOW, revoked)).isEmpty();
    assertThat(shown(TOKEN, "files", NOW, expired)).isEmpty();
  }

  @Test
  void aGrantEndsAtTheMomentItExpires() {
    // Given
    Grant grant = grant(Optional.of(NOW), Optional.empty(), accepted(TOKEN));

    // When // Then
    assertThat(shown(TOKEN, "files", NOW.minusNanos(1), grant)).isPresent();
    assertThat(shown(TOKEN, "files", NOW, grant)).isEmpty();
  }

  @Test
  void aRevocationHoldsWhateverTimeItNames() {
    // Given a clock that lags behind the one that wrote the revocation
    Grant grant = grant(Optional.empty(), Optional.of(NOW), accepted(TOKEN));

    // When // Then
    assertThat(shown(TOKEN, "files", NOW.minus(Duration.ofHours(1)), grant)).isEmpty();
  }

  @Test
  void theOldTokenOfARotationEndsWithTheOverlap() {
    // Given
    Token next = Token.random();
    Grant grant =
        grant(
            Optional.empty(),
            Optional.empty(),
            accepted(next),
            new TokenHash(TOKEN.sha256(), Optional.of(NOW)));

    // When // Then
    assertThat(shown(TOKEN, "files", NOW.minusNanos(1), grant)).contains(grant);
    assertThat(shown(TOKEN, "files", NOW, grant)).isEmpty();
    assertThat(shown(next, "files", NOW, grant)).contains(grant);
  }

  @Test
  void twoGrantsCannotShareAToken() {
    // Given
    Grant grant = grant(Optional.empty(), Optional.empty(), accepted(TOKEN));

    // When // Then
    assertThatThrownBy(() -> shown(TOKEN, "files", NOW, grant, grant))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageNotContaining(TOKEN.sha256().hex());
  }

  @Test
  void aTokenHas256BitsAndNeverPrintsThem() {
    // When // Then
    assertThat(TOKEN.reveal()).matches("tg_[A-Za-z0-9_-]{43}");
    assertThat(Token.isWellFormed(TOKEN.reveal())).isTrue();
    assertThat(TOKEN).hasToString("tg_...");
    assertThat(Token.random().reveal()).isNotEqualTo(TOKEN.reveal());
  }

  @Test
  void whatNoEncoderWritesIsNotAToken() {
    // When // Then
    assertThat(Token.isWellFormed(TOKEN.reveal().substring(0, 45) + "B")).isFalse();
    assertThat(Token.isWellFormed(TOKEN.reveal() + "\n")).isFalse();
    assertThat(Token.isWellFormed(TOKEN.reveal().substring(1))).isFalse();
    assertThat(Token.isWellFormed("")).isFalse();
  }
}
