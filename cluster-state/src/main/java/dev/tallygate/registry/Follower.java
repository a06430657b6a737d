package dev.tallygate.registry;

import dev.tallygate.registry.Registry.Enforcement;
import dev.tallygate.registry.Registry.Enforcer;
import dev.tallygate.registry.Registry.Standing;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one node enforces, and how sure it is that this is the newest. Thread-safe.
 *
 * <p>It is sure as of the beginning of a reading that found what it enforces, and serves calls for
 * {@code maxCutOff} from then on.
 */
public final class Follower {
  private static final Logger LOG = LoggerFactory.getLogger(Follower.class);

  private final String node;
  private final Duration maxCutOff;
  private final LongSupplier nanoTime;
  private final Enforcer enforcer;
  private volatile State state = new State(0, OptionalLong.empty(), false, "", Optional.empty());

  /** Exchanged as one. */
  private record State(
      long revision,
      OptionalLong sureAsOf,
      boolean isEmpty,
      String unreachable,
      Optional<String> problem) {}

  /**
   * @param node its name
   * @param nanoTime a clock that is never set, such as {@link System#nanoTime}
   */
  public Follower(String node, Duration maxCutOff, LongSupplier nanoTime, Enforcer enforcer) {
    this.node = node;
    this.maxCutOff = maxCutOff;
    this.nanoTime = nanoTime;
    this.enforcer = enforcer;
  }

  /** Enforces a settled edition, unless a newer one is enforced already. */
  public synchronized Enforcement enforce(Edition edition) {
    if (edition.revision() > state.revision()) {
      State before = state;
      try {
        enforcer.enforce(edition);
        state =
            new State(
                edition.revision(),
                before.sureAsOf(),
                false,
                before.unreachable(),
                Optional.empty());
      } catch (EditionRefused | RuntimeException e) {
        String problem =
            "revision " + edition.revision() + " cannot be enforced: " + e.getMessage();
        if (!before.problem().equals(Optional.of(problem))) {
          LOG.error("{}; revision {} stays in force", problem, before.revision(), e);
        }
        state =
            new State(
                before.revision(),
                before.sureAsOf(),
                false,
                before.unreachable(),
                Optional.of(problem));
      }
    }
    return enforcement();
  }

  /** A reading that began at {@code asOf}, by the clock of this, found {@code revision}. */
  public synchronized void confirmed(long revision, long asOf) {
    if (revision == state.revision()) {
      boolean wasOut = outage(state).isPresent();
      state = new State(revision, OptionalLong.of(asOf), false, "", state.problem());
      if (wasOut) {
        LOG.info("revision {} is the newest; calls are served", revision);
      }
    }
  }

  /** A reading found that nothing was ever published. */
  public synchronized void foundEmpty() {
    state = new State(state.revision(), state.sureAsOf(), true, "", state.problem());
  }

  /** A reading found nothing out. */
  public synchronized void unreachable(String reason) {
    if (!reason.equals(state.unreachable())) {
      LOG.warn("the newest revision cannot be read: {}", reason);
    }
    state = new State(state.revision(), state.sureAsOf(), state.isEmpty(), reason, state.problem());
  }

  public Standing standing() {
    State now = state;
    return new Standing(now.revision(), now.isEmpty(), outage(now), now.problem());
  }

  public Enforcement enforcement() {
    State now = state;
    return new Enforcement(node, outage(now).isEmpty(), now.revision(), now.problem());
  }

  private Optional<String> outage(State now) {
    String why = now.problem().or(() -> Optional.of(now.unreachable())).orElseThrow();
    if (now.sureAsOf().isEmpty()) {
      return Optional.of(
          now.isEmpty()
              ? "the registry is empty; publish one with `tallygate publish`"
              : "the newest revision is not known yet" + (why.isEmpty() ? "" : ": " + why));
    }
    Duration unsure = Duration.ofNanos(nanoTime.getAsLong() - now.sureAsOf().getAsLong());
    return unsure.compareTo(maxCutOff) <= 0
        ? Optional.empty()
        : Optional.of(
            "since "
                + unsure.toSeconds()
                + " s it is not known whether revision "
                + now.revision()
                + " is the newest"
                + (why.isEmpty() ? "" : ": " + why));
  }
}
