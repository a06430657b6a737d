package dev.tallygate.node.gate;

import dev.tallygate.node.audit.AuditRecord.PinState;
import dev.tallygate.node.upstream.Inventory;
import dev.tallygate.registry.Definition;
import dev.tallygate.registry.DefinitionChange;
import dev.tallygate.registry.PinKey;
import dev.tallygate.registry.ServerPins;
import dev.tallygate.registry.Sha256;
import dev.tallygate.registry.Trust;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * Keeps one server to the definitions that are approved: a tool whose description changes after
 * people or models came to trust it is the "rug pull" of MCP.
 *
 * <p>Every definition that the server shows, to the gate itself or to any client, is compared with
 * the approved ones. One that differs does not pass, and its tool is held back for as long as it
 * was last shown within {@link #MEMORY}. If the server shows the approved one and another in turn,
 * its replicas disagree, or it answers some clients otherwise.
 *
 * <p>With {@link Trust#FIRST_USE} what is seen first is approved by that. Because servers word
 * things otherwise in other versions of MCP, the gate then takes an {@link Inventory} in all of
 * them at once. Thread-safe.
 */
final class ServerPinning {
  /** How long a definition that differs counts after it was last shown. */
  static final Duration MEMORY = Duration.ofMinutes(10);

  /** A server that shows ever new things is asked for all of them no more often than this. */
  static final Duration INVENTORY_PAUSE = Duration.ofMinutes(1);

  /** One that could not be asked is asked again after this. */
  static final Duration INVENTORY_RETRY = Duration.ofSeconds(5);

  /** A server cannot make the gate remember more differences than this. */
  private static final int MAX_SIGHTINGS = 10_000;

  /** Where it is told what becomes of definitions. */
  interface Journal {
    /** Something was pinned at first sight, or is held back from now on. */
    void happened(
        PinState state,
        PinKey key,
        Optional<Definition> approved,
        Definition seen,
        List<DefinitionChange> changes);

    /** Definitions are to be in the lock file, all at once: a part of a server is no measure. */
    void keep(Map<PinKey, List<Definition>> definitions);
  }

  /**
   * Why something is held back.
   *
   * @param members names of the members that changed, safe to show
   */
  record Held(PinState state, List<String> members) {}

  private static final class Sighting {
    private final Sha256 seen;
    private final List<DefinitionChange> changes;
    private long at;
    private boolean approvedSince;
    private boolean disagreeing;

    /** Of what the server shows it keeps next to nothing: the server chooses how much that is. */
    Sighting(Sha256 seen, List<DefinitionChange> changes) {
      this.seen = seen;
      this.changes = changes.stream().map(DefinitionChange::placeOnly).toList();
    }
  }

  private final Journal journal;
  private final LongSupplier nanos;
  private final Map<PinKey, Sighting> sightings = new HashMap<>();
  private final Set<PinKey> reportedNew = new HashSet<>();

  /**
   * Pinned at first sight by this node. It stays once it is in the lock file: somebody may still
   * look with a snapshot that is older than that.
   */
  private final Map<PinKey, List<Definition>> firstSeen = new ConcurrentHashMap<>();

  /** Of those the ones that were in the lock file whole: from then on it is the measure. */
  private final Set<PinKey> written = ConcurrentHashMap.newKeySet();

  /** Seen first since the last inventory, so in one version of MCP only. */
  private final Set<PinKey> fresh = new HashSet<>();

  private int pinnedFirst;
  private long bytesPinnedFirst;
  private volatile boolean acquainted;
  private volatile boolean inventoryDue;
  private CompletableFuture<Void> inventory = CompletableFuture.completedFuture(null);
  private long nextInventory;

  ServerPinning(Journal journal, LongSupplier nanos) {
    this.journal = journal;
    this.nanos = nanos;
    this.nextInventory = nanos.getAsLong();
  }

  /**
   * Whether a definition that the server shows may pass to a client.
   *
   * @param pinned what the lock file approves now
   * @param item the whole definition as the server wrote it
   */
  boolean passes(Trust trust, ServerPins pinned, PinKey key, byte[] item) {
    if (trust == Trust.ANY) {
      return true;
    }
    try {
      return passes(trust, pinned, key, Inventory.definition(item));
    } catch (IllegalArgumentException e) {
      return false; // parsers differ in how they read it
    }
  }

  /** As above, for a definition that was read. */
  synchronized boolean passes(Trust trust, ServerPins pinned, PinKey key, Definition seen) {
    if (trust == Trust.ANY) {
      return true;
    }
    List<Definition> approved = approved(trust, pinned, key);
    Sighting sighting = sightings.get(key);
    if (approved.contains(seen)) {
      if (sighting != null) {
        sighting.approvedSince = true;
      }
      return true;
    }
    if (!approved.isEmpty()) {
      differs(key, approved, seen, sighting);
      return false;
    }
    if (trust == Trust.FIRST_USE && hasRoom(List.of(seen))) {
      journal.keep(Map.of(key, pinFirst(key, List.of(seen))));
      fresh.add(key);
      inventoryDue = true;
      return true;
    }
    if (reportedNew.size() < MAX_SIGHTINGS && reportedNew.add(key)) {
      journal.happened(PinState.NEW, key, Optional.empty(), seen, List.of());
    }
    return false;
  }

  private void differs(PinKey key, List<Definition> approved, Definition seen, Sighting before) {
    Sighting sighting = before;
    if (sighting == null || !sighting.seen.equals(seen.digest())) {
      if (sighting == null && sightings.size() >= MAX_SIGHTINGS) {
        return; // it does not pass all the same
      }
      List<DefinitionChange> changes = DefinitionChange.since(approved, seen);
      sighting = new Sighting(seen.digest(), changes);
      sighting.disagreeing = before != null && before.disagreeing;
      sightings.put(key, sighting);
      journal.happened(PinState.CHANGED, key, Optional.of(approved.get(0)), seen, changes);
    }
    if ((sighting.approvedSince || before != null && before.approvedSince)
        && !sighting.disagreeing) {
      sighting.disagreeing = true;
      journal.happened(
          PinState.DISAGREEING, key, Optional.of(approved.get(0)), seen, sighting.changes);
    }
    sighting.at = nanos.getAsLong();
  }

  /** Whether the server may have more pinned than it has, by what it says alone. */
  private boolean hasRoom(List<Definition> more) {
    return pinnedFirst + more.size() <= Inventory.MAX_DEFINITIONS
        && bytesPinnedFirst + length(more) <= Inventory.MAX_BYTES;
  }

  private static long length(List<Definition> definitions) {
    return definitions.stream().mapToLong(Definition::length).sum();
  }

  /** All that is pinned of a thing with more definitions of it. */
  private List<Definition> pinFirst(PinKey key, List<Definition> definitions) {
    pinnedFirst += definitions.size();
    bytesPinnedFirst += length(definitions);
    List<Definition> all = new ArrayList<>(firstSeen.getOrDefault(key, List.of()));
    all.addAll(definitions);
    List<Definition> pinned = List.copyOf(all);
    firstSeen.put(key, pinned);
    written.remove(key);
    journal.happened(PinState.FIRST_USE, key, Optional.empty(), definitions.get(0), List.of());
    return pinned;
  }

  /** Why something must not be used; empty if it may be. */
  Optional<Held> held(Trust trust, ServerPins pinned, PinKey key) {
    if (trust == Trust.ANY) {
      return Optional.empty();
    }
    List<Definition> approved = approved(trust, pinned, key);
    if (approved.isEmpty()) {
      return Optional.of(new Held(PinState.NEW, List.of()));
    }
    return sighted(approved, key);
  }

  private synchronized Optional<Held> sighted(List<Definition> approved, PinKey key) {
    Sighting sighting = sightings.get(key);
    if (sighting == null) {
      return Optional.empty();
    }
    if (isAmong(approved, sighting.seen) || nanos.getAsLong() - sighting.at > MEMORY.toNanos()) {
      sightings.remove(key);
      return Optional.empty();
    }
    return Optional.of(
        new Held(
            sighting.disagreeing ? PinState.DISAGREEING : PinState.CHANGED,
            DefinitionChange.members(sighting.changes)));
  }

  private static boolean isAmong(List<Definition> approved, Sha256 seen) {
    return approved.stream().anyMatch(one -> one.digest().equals(seen));
  }

  /** The approved definitions of a thing, that of the newest version of MCP first. */
  List<Definition> approved(Trust trust, ServerPins pinned, PinKey key) {
    List<Definition> locked = pinned.of(key);
    List<Definition> own = firstSeen.get(key);
    if (own == null || trust == Trust.PINNED || locked.containsAll(own)) {
      return locked;
    }
    if (locked.isEmpty()) {
      return own;
    }
    // Another one was accepted, or is being joined by its wording in other versions of MCP.
    return locked.contains(own.get(0)) && !written.contains(key) ? own : locked;
  }

  /** Takes note of what the lock file of the newest snapshot has. */
  void written(ServerPins pinned) {
    firstSeen.forEach(
        (key, own) -> {
          if (pinned.of(key).containsAll(own)) {
            written.add(key);
          }
        });
  }

  /** How many things were shown otherwise than approved of late. */
  synchronized int heldBack() {
    long now = nanos.getAsLong();
    sightings.values().removeIf(sighting -> now - sighting.at > MEMORY.toNanos());
    return sightings.size();
  }

  /**
   * One caller's part in an inventory.
   *
   * @param mine whether the caller is to take it, and then to say {@link #take} or {@link #failed}
   * @param first whether nothing is known of the server before it
   * @param over completes when it has ended, whosever it is
   */
  record Turn(boolean mine, boolean first, CompletionStage<Void> over) {}

  /** Whether the server is to be asked for all that it shows. */
  boolean wantsInventory(Trust trust, ServerPins pinned) {
    return trust == Trust.FIRST_USE && (inventoryDue || !acquainted && pinned.isEmpty());
  }

  synchronized Turn turn(ServerPins pinned) {
    boolean due = inventory.isDone() && nanos.getAsLong() - nextInventory >= 0;
    if (due) {
      inventory = new CompletableFuture<>();
    }
    return new Turn(due, !acquainted && pinned.isEmpty(), inventory.minimalCompletionStage());
  }

  /** All that the server shows, in all versions. */
  void take(ServerPins pinned, ServerPins shown) {
    synchronized (this) {
      Map<PinKey, List<Definition>> first = new HashMap<>();
      for (PinKey key : shown.keys()) {
        List<Definition> approved = approved(Trust.FIRST_USE, pinned, key);
        List<Definition> others = new ArrayList<>(shown.of(key));
        others.removeAll(approved);
        if ((approved.isEmpty() || fresh.contains(key) && !others.isEmpty()) && hasRoom(others)) {
          first.put(key, pinFirst(key, others));
        }
      }
      if (!first.isEmpty()) {
        journal.keep(first);
      }
      fresh.clear();
      inventoryDue = false;
      acquainted = true;
    }
    over(INVENTORY_PAUSE);
  }

  void failed() {
    over(INVENTORY_RETRY);
  }

  private void over(Duration pause) {
    CompletableFuture<Void> ended;
    synchronized (this) {
      nextInventory = nanos.getAsLong() + pause.toNanos();
      ended = inventory;
    }
    ended.complete(null);
  }
}
