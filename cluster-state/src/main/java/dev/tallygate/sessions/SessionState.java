package dev.tallygate.sessions;

import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What is remembered of one session: which of the server's requests the client still owes an
 * answer, so that an answer to a question never asked goes nowhere; and what of its own may come
 * again on a stream that is resumed. Bounded, whatever server and client do. Thread-safe.
 */
public final class SessionState {
  /** A server that asks more than this at once is not answered further. */
  public static final int MAX_QUESTIONS = 1_000;

  private final Opening opening;
  private final RecentIds requests;
  private final RecentIds events;
  private final Set<String> questions;
  private volatile long lastUsed;

  public SessionState(Opening opening, long now) {
    this(new Contents(opening, new long[0], new long[0], List.of(), now));
  }

  /**
   * All that a state holds.
   *
   * @param requests digests, the oldest first
   * @param events digests, the oldest first
   * @param questions in the order in which they were asked
   * @param lastUsed by the clock of whoever holds the state
   */
  public record Contents(
      Opening opening,
      long[] requests,
      long[] events,
      Collection<String> questions,
      long lastUsed) {}

  public SessionState(Contents contents) {
    opening = contents.opening;
    requests = RecentIds.of(RecentIds.MAX, contents.requests);
    events = RecentIds.of(RecentIds.MAX, contents.events);
    questions = new LinkedHashSet<>(contents.questions);
    lastUsed = contents.lastUsed;
  }

  public synchronized Contents contents() {
    return new Contents(
        opening, requests.digests(), events.digests(), List.copyOf(questions), lastUsed);
  }

  public Opening opening() {
    return opening;
  }

  public boolean isOf(String grantId) {
    return opening.grantId().equals(grantId);
  }

  public long lastUsed() {
    return lastUsed;
  }

  public void touch(long now) {
    lastUsed = now;
  }

  /** Remembers more of the session. */
  public synchronized void note(Digests notes) {
    Arrays.stream(notes.requests()).forEach(requests::add);
    Arrays.stream(notes.events()).forEach(events::add);
    notes.questions().forEach(this::ask);
  }

  private void ask(String question) {
    if (questions.size() < MAX_QUESTIONS) {
      questions.add(question);
    }
  }

  /** Whether the client may answer the question of that digest; true at most once for each. */
  public synchronized boolean answer(String question) {
    return questions.remove(question);
  }

  /**
   * What a stream may bring that is resumed from the event of that digest; empty where none such
   * went out.
   */
  public Optional<Resumption> resume(long event) {
    return events.contains(event) ? Optional.of(new Resumption(requests)) : Optional.empty();
  }
}
