package dev.tallygate.registry;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The one registry of a cluster, as a node takes part in it.
 *
 * <p>What is published is on the disks of a majority of the data members before anybody enforces
 * it, so that neither a restart nor the merge of a divided cluster brings back what was before. A
 * node serves calls only while it knows that what it enforces is the newest.
 *
 * <p>Thread-safe.
 */
public interface Registry extends AutoCloseable {
  /** Puts editions into force on this node. */
  interface Enforcer {
    /**
     * Puts an edition into force, for the next call after this returns. Called with growing
     * revisions, one call at a time. It must not block for long.
     *
     * @throws EditionRefused if it cannot be; what was in force stays
     */
    void enforce(Edition edition) throws EditionRefused;
  }

  /** Begins to follow the registry; the newest edition is enforced as soon as it is known. */
  void follow(Enforcer enforcer);

  /**
   * Reads now what is the newest, so that {@link #newest} is not older than this call. Blocks for
   * seconds at most.
   *
   * @return whether it could be read
   */
  boolean refresh() throws InterruptedException;

  /** The newest edition that this node knows to be settled; may be a second old. */
  Optional<Edition> newest();

  /** How this node stands to the registry. */
  Standing standing();

  /**
   * How a node stands to the registry.
   *
   * @param revision that it enforces; 0 for none
   * @param isEmpty whether nothing was ever published, as far as is known
   * @param outage why calls cannot be served now, for people; empty if they can
   * @param problem why a newer revision is not enforced, for people
   */
  record Standing(
      long revision, boolean isEmpty, Optional<String> outage, Optional<String> problem) {}

  /**
   * Publishes a document as the revision after {@code expected}, if that is the newest; 0 for an
   * empty registry. Blocks until a majority of data members has it on disk, or until patience ends;
   * then until every node enforces it, or for {@code enforcedWithin}.
   */
  PublishResult publish(long expected, String document, Duration enforcedWithin)
      throws InterruptedException;

  /** Has every node enforce what is settled already, and waits for that for a time. */
  Published awaitEnforced(Edition settled, Duration within) throws InterruptedException;

  /** What came of publishing. */
  sealed interface PublishResult {}

  /**
   * It is settled.
   *
   * @param nodes every node that is present, with what it enforces
   * @param late nodes that may still judge calls by an older revision, with the reason
   */
  record Published(long revision, List<Enforcement> nodes, List<Late> late)
      implements PublishResult {
    public Published {
      nodes = List.copyOf(nodes);
      late = List.copyOf(late);
    }
  }

  /** Something else was published meanwhile; read that, and decide anew. */
  record Outdated(long newest) implements PublishResult {}

  /**
   * Too few data members can be reached.
   *
   * @param maybePublished whether it may yet come into force
   */
  record NotPublished(String reason, boolean maybePublished) implements PublishResult {}

  /**
   * What a node says that it enforces.
   *
   * @param node its name
   * @param serves whether it takes calls at all
   * @param revision 0 for none
   * @param problem why it does not enforce a newer one, for people
   */
  record Enforcement(String node, boolean serves, long revision, Optional<String> problem) {}

  /** A node that does not say that it enforces the newest, and why. */
  record Late(String node, String reason) {}

  /**
   * What nodes said.
   *
   * @param nodes what each that answered enforces
   * @param lost those that take calls and do not answer, or were lost a moment ago: they may still
   *     judge calls by what they know
   */
  record Survey(List<Enforcement> nodes, List<Late> lost) {
    public Survey {
      nodes = List.copyOf(nodes);
      lost = List.copyOf(lost);
    }
  }

  /** Asks every node what it enforces; blocks for a few seconds at most. */
  Survey survey() throws InterruptedException;

  /** What was said a few seconds ago. Does not block. */
  Survey lastSurvey();

  /** Stops following. */
  @Override
  void close();
}
