package dev.tallygate.node.registry;

import dev.tallygate.node.config.Declared;
import dev.tallygate.node.config.DocumentCompiler;
import dev.tallygate.node.config.DocumentRefused;
import dev.tallygate.node.config.EditRefused;
import dev.tallygate.node.config.RegistryDocument;
import dev.tallygate.registry.Edition;
import dev.tallygate.registry.Registry;
import dev.tallygate.registry.Registry.NotPublished;
import dev.tallygate.registry.Registry.Outdated;
import dev.tallygate.registry.Registry.PublishResult;
import dev.tallygate.registry.RegistrySettings;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Changes the registry: reads the newest, changes it, finds whether the result is in order, and
 * publishes it; anew where somebody else was faster. Thread-safe; everything blocks.
 */
public final class Publisher {
  private static final int MAX_ATTEMPTS = 20;

  private final Registry registry;
  private final DocumentCompiler compiler;
  private final LiveRegistry live;

  /**
   * @param live has read what is mostly the newest
   */
  public Publisher(Registry registry, DocumentCompiler compiler, LiveRegistry live) {
    this.registry = registry;
    this.compiler = compiler;
    this.live = live;
  }

  /** A change of a document; one that is equal to what it was given changes nothing. */
  public interface Change {
    RegistryDocument of(RegistryDocument document) throws EditRefused, DocumentRefused;
  }

  /**
   * How what a source declares is replaced.
   *
   * @param expected the revision that this is meant for; without one, any
   * @param fence of the writer, where a source has several
   * @param enforcedWithin how long to wait until every node enforces it
   */
  public record Replacing(OptionalLong expected, OptionalLong fence, Duration enforcedWithin) {
    /** Whoever writes, and waiting as long as a command does. */
    public static Replacing revision(OptionalLong expected) {
      return new Replacing(expected, OptionalLong.empty(), RegistrySettings.PATIENCE);
    }
  }

  /**
   * Makes a change.
   *
   * @throws EditRefused if the change cannot be made
   * @throws DocumentRefused if what comes of it has errors
   */
  public PublishResult change(Change change)
      throws EditRefused, DocumentRefused, InterruptedException {
    return change(change, Optional.empty(), Replacing.revision(OptionalLong.empty()));
  }

  /**
   * Puts what a source declares in the place of all that it declared before.
   *
   * @param how what holds for it
   * @throws DocumentRefused if what comes of it has errors
   */
  public PublishResult replace(String source, Declared declared, Replacing how)
      throws DocumentRefused, InterruptedException {
    try {
      return change(
          document -> {
            RegistryDocument fenced =
                how.fence().isPresent()
                    ? document.fencing(source, how.fence().getAsLong())
                    : document;
            return fenced.replacing(source, declared);
          },
          Optional.of(source),
          how);
    } catch (EditRefused e) {
      throw new DocumentRefused(List.of(e.getMessage()));
    }
  }

  private PublishResult change(Change change, Optional<String> source, Replacing how)
      throws EditRefused, DocumentRefused, InterruptedException {
    for (int i = 0; i < MAX_ATTEMPTS; i++) {
      if (!registry.refresh()) {
        return new NotPublished(
            registry.standing().outage().orElse("the newest revision cannot be read now"), false);
      }
      Optional<Edition> newest = registry.newest();
      long revision = newest.map(Edition::revision).orElse(0L);
      if (how.expected().isPresent() && how.expected().getAsLong() != revision) {
        return new Outdated(revision);
      }
      RegistryDocument before =
          newest.isPresent() ? live.document(newest.get()) : RegistryDocument.EMPTY;
      RegistryDocument after = change.of(before);
      compiler.check(after, source);
      String text = after.text();
      if (newest.isPresent() && text.equals(newest.get().document())) {
        return registry.awaitEnforced(newest.get(), how.enforcedWithin());
      }
      PublishResult result = registry.publish(revision, text, how.enforcedWithin());
      if (!(result instanceof Outdated)) {
        return result;
      }
    }
    return new NotPublished("others changed the registry each time; try again", false);
  }
}
