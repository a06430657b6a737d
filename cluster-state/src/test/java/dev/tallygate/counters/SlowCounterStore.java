package dev.tallygate.counters;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A store whose answers can be held back. */
class SlowCounterStore extends ForwardingCounterStore {
  final Deque<Runnable> heldBack = new ArrayDeque<>();
  boolean holdBack;

  SlowCounterStore(CounterStore counts) {
    super(counts);
  }

  void releaseAll() {
    while (!heldBack.isEmpty()) {
      heldBack.remove().run();
    }
  }

  @Override
  public CompletionStage<ReserveResult> reserve(String id, List<Claim> claims) {
    CompletionStage<ReserveResult> answer = super.reserve(id, claims);
    if (!holdBack) {
      return answer;
    }
    CompletableFuture<ReserveResult> later = new CompletableFuture<>();
    heldBack.add(() -> answer.thenAccept(later::complete));
    return later;
  }
}
