package dev.tallygate.sessions;

import dev.tallygate.registry.Sha256;
import java.util.List;

/**
 * Notes as they are remembered: of the same length, however long an id somebody chose.
 *
 * @param requests of the client's requests
 * @param events of ids of events
 * @param questions of ids of the server's requests, in full, since an answer turns on them
 */
public record Digests(long[] requests, long[] events, List<String> questions) {
  public static Digests of(Notes notes) {
    return new Digests(
        notes.requests().stream().mapToLong(RecentIds::digest).toArray(),
        notes.events().stream().mapToLong(RecentIds::digest).toArray(),
        notes.questions().stream().map(Digests::question).toList());
  }

  /** What is remembered of a question. */
  public static String question(String id) {
    return Sha256.of(id).hex();
  }
}
