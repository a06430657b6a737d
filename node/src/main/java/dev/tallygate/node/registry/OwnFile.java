package dev.tallygate.node.registry;

import dev.tallygate.node.config.Declared;
import dev.tallygate.node.config.DocumentRefused;
import dev.tallygate.node.config.RegistryDocument;
import dev.tallygate.node.registry.Publisher.Replacing;
import dev.tallygate.registry.Edition;
import dev.tallygate.registry.Registry;
import dev.tallygate.registry.Registry.NotPublished;
import dev.tallygate.registry.Registry.Outdated;
import dev.tallygate.registry.Registry.PublishResult;
import dev.tallygate.registry.Registry.Published;
import dev.tallygate.threads.Daemons;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes what a node's own file declares: into an empty registry, and when the file changes
 * while it agreed with the registry. A file that says something else than the registry is left
 * alone: it may be an old one. Thread-safe.
 */
public final class OwnFile implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(OwnFile.class);

  private static final long LOOK_MILLIS = 250;

  private final Path file;
  private final Registry registry;
  private final Publisher publisher;
  private final ScheduledExecutorService thread = Daemons.scheduler("tallygate-own-file");
  private volatile Declared declared;
  private volatile Optional<String> problem = Optional.empty();
  private Optional<Declared> due = Optional.empty();
  private boolean met;
  private long compared;

  public OwnFile(Path file, Declared declared, Registry registry, Publisher publisher) {
    this.file = file;
    this.declared = declared;
    this.registry = registry;
    this.publisher = publisher;
  }

  /** Begins to publish. */
  public void follow() {
    thread.scheduleWithFixedDelay(
        this::lookQuietly, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** The file declares this now. */
  public synchronized void changed(Declared next) {
    Declared before = declared;
    declared = next;
    // Of several changes in a row, the first tells whether the file had been the registry's.
    if (due.isEmpty() && met && agrees(before)) {
      due = Optional.of(before);
    }
    if (due.isEmpty()) {
      compare();
    }
  }

  /** Why what the file declares is not what the registry has, for people. */
  public Optional<String> problem() {
    return problem;
  }

  /** Whether the registry has what the file declares, if it declares anything. */
  public boolean isPublished() {
    return declared.isEmpty() || agrees(declared);
  }

  private void lookQuietly() {
    try {
      look();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      LOG.error("what the file declares could not be published; trying again", e);
    }
  }

  private void look() throws InterruptedException {
    Declared now;
    synchronized (this) {
      long newest = registry.newest().map(Edition::revision).orElse(0L);
      if (newest != compared && due.isEmpty()) {
        met = true;
        compare();
      }
      if (due.isPresent() && !agrees(due.get())) {
        due = Optional.empty(); // somebody else published meanwhile; what we have may be older
        compare();
      }
      boolean first = registry.newest().isEmpty() && registry.standing().isEmpty();
      if (due.isEmpty() && !(first && !declared.isEmpty())) {
        return;
      }
      now = declared;
    }
    publish(now, registry.newest().map(Edition::revision).orElse(0L));
  }

  private void publish(Declared now, long expected) throws InterruptedException {
    try {
      PublishResult result =
          publisher.replace(
              RegistryDocument.FILE, now, Replacing.revision(OptionalLong.of(expected)));
      if (result instanceof NotPublished lost) {
        say(Optional.of("what the file declares is not published yet: " + lost.reason()));
        return;
      }
      if (result instanceof Outdated) {
        return; // looked at anew
      }
      synchronized (this) {
        due = Optional.empty();
        met = true;
        if (result instanceof Published published) {
          LOG.info("what {} declares is revision {}", file, published.revision());
          published.late().forEach(late -> LOG.warn("{} is late: {}", late.node(), late.reason()));
        }
        compare();
      }
    } catch (DocumentRefused e) {
      synchronized (this) {
        due = Optional.empty();
        say(Optional.of("what the file declares cannot be published: " + e.getMessage()));
      }
    }
  }

  /** Somebody else may publish at any time, so this is said as of a change of either. */
  private void compare() {
    compared = registry.newest().map(Edition::revision).orElse(0L);
    say(
        declared.isEmpty() || agrees(declared)
            ? Optional.empty()
            : Optional.of(
                "what the file declares is not what the registry has, which is enforced; `tallygate"
                    + " publish --config "
                    + file
                    + "` publishes the file"));
  }

  private void say(Optional<String> now) {
    if (now.isPresent() && !now.equals(problem)) {
      LOG.warn("{}", now.get());
    }
    problem = now;
  }

  private boolean agrees(Declared there) {
    try {
      Optional<Edition> newest = registry.newest();
      return newest.isPresent()
          && RegistryDocument.read(newest.get().document())
              .agreesWith(RegistryDocument.FILE, there);
    } catch (DocumentRefused e) {
      return false;
    }
  }

  /** Publishes nothing more. */
  @Override
  public void close() {
    thread.shutdownNow();
  }
}
