package dev.tallygate.node.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ToolCatalogTest {
  private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1_000);
  private final ToolCatalog catalog = new ToolCatalog(nanos::get);

  @Test
  void oneCallerListsAndTheOthersWait() {
    // When
    ToolCatalog.Turn first = catalog.turn();
    ToolCatalog.Turn second = catalog.turn();

    // Then
    assertThat(first.mine()).isTrue();
    assertThat(second.mine()).isFalse();
    assertThat(second.over().toCompletableFuture()).isNotDone();
    catalog.listed(List.of("a"));
    assertThat(second.over().toCompletableFuture()).isCompleted();
    assertThat(catalog.isKnown()).isTrue();
    assertThat(catalog.knows("a")).isTrue();
  }

  @Test
  void guessesDoNotMakeTheServerListAgainAtOnce() {
    // Given
    catalog.turn();
    catalog.listed(List.of());

    // Then
    assertThat(catalog.turn().mine()).isFalse();
    assertThat(catalog.turn().over().toCompletableFuture()).isCompleted();
    nanos.addAndGet(ToolCatalog.REFRESH_AT_MOST_EVERY.toNanos());
    assertThat(catalog.turn().mine()).isTrue();
  }

  @Test
  void failedListingIsTriedAgainSooner() {
    // Given
    catalog.turn();
    catalog.failed();

    // Then
    assertThat(catalog.isKnown()).isFalse();
    assertThat(catalog.turn().mine()).isFalse();
    nanos.addAndGet(ToolCatalog.RETRY_AFTER.toNanos());
    assertThat(catalog.turn().mine()).isTrue();
  }

  @Test
  void listingReplacesWhatItListedBefore() {
    // Given
    catalog.turn();
    catalog.listed(List.of("a"));
    catalog.observe("seen", "{}".getBytes(java.nio.charset.StandardCharsets.UTF_8));

    // When
    nanos.addAndGet(ToolCatalog.REFRESH_AT_MOST_EVERY.toNanos());
    catalog.turn();
    catalog.listed(List.of("b"));

    // Then
    assertThat(catalog.knows("a")).isFalse();
    assertThat(catalog.knows("b")).isTrue();
    assertThat(catalog.knows("seen")).isTrue();
  }
}
