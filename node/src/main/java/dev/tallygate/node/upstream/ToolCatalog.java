package dev.tallygate.node.upstream;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.tallygate.node.mcp.McpParamHeaders;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * The tools that a server is known to have, so that a name which it does not have and one that is
 * hidden are answered alike.
 *
 * <p>Known are the tools of the gate's own listing, and those of lists that passed to clients: some
 * servers show a tool only to clients with certain capabilities. Thread-safe.
 */
public final class ToolCatalog {
  /** How often strangers' guesses may make the gate ask the server again. */
  static final Duration REFRESH_AT_MOST_EVERY = Duration.ofSeconds(5);

  /** How soon the gate asks again after the server did not answer. */
  static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  /** A list older than this is looked at again when a tool is called. */
  static final Duration OLD_AFTER = Duration.ofMinutes(5);

  private static final int MAX_OBSERVED = 10_000;

  private static final JsonMapper JSON = new JsonMapper();

  private final LongSupplier nanos;
  private final Set<String> observed = ConcurrentHashMap.newKeySet();
  private final Map<String, McpParamHeaders> mirrored = new ConcurrentHashMap<>();
  private volatile Set<String> listed = Set.of();
  private volatile boolean everListed;
  private volatile boolean outdated;
  private volatile long listedAt;
  private CompletableFuture<Void> listing = CompletableFuture.completedFuture(null);
  private long nextListing;

  public ToolCatalog(LongSupplier nanos) {
    this.nanos = nanos;
    this.nextListing = nanos.getAsLong();
  }

  public boolean knows(String tool) {
    return listed.contains(tool) || observed.contains(tool);
  }

  /** The tools that the gate has heard of. */
  public Set<String> known() {
    Set<String> known = new HashSet<>(listed);
    known.addAll(observed);
    return known;
  }

  /** Whether the gate has had the server's list at all. */
  public boolean isKnown() {
    return everListed;
  }

  /** The server says that its tools have changed. */
  public void outdated() {
    outdated = true;
  }

  /** Whether the server said that its list is another one now. */
  public boolean isOutdated() {
    return outdated;
  }

  /** Whether the gate had the list a while ago. */
  public boolean isOld() {
    return everListed && nanos.getAsLong() - listedAt > OLD_AFTER.toNanos();
  }

  /**
   * Takes note of a tool that a list held.
   *
   * @param tool the whole definition as the server wrote it
   */
  public void observe(String name, byte[] tool) {
    if (observed.size() >= MAX_OBSERVED && !observed.contains(name)) {
      observed.clear();
      mirrored.clear();
    }
    observed.add(name);
    if (mayMirror(tool)) {
      try {
        McpParamHeaders.declaredBy(JSON.readTree(tool).path("inputSchema"))
            .ifPresent(headers -> mirrored.put(name, headers));
      } catch (IOException e) {
        mirrored.remove(name); // what is listed is JSON
      }
    } else {
      mirrored.remove(name);
    }
  }

  /** The headers that a tool's definition, as it was last shown, wants of its calls. */
  public Optional<McpParamHeaders> mirrored(String tool) {
    return Optional.ofNullable(mirrored.get(tool));
  }

  /** Few tools want that, and to look for the annotation is cheaper than to read the tool. */
  private static boolean mayMirror(byte[] tool) {
    return new String(tool, StandardCharsets.ISO_8859_1).contains("x-mcp-header");
  }

  /**
   * One caller's part in a listing.
   *
   * @param mine whether the caller is to list the server's tools, and then to say {@link #listed}
   *     or {@link #failed}; one caller at a time is
   * @param over completes when the listing under way, whosever it is, has ended
   */
  record Turn(boolean mine, CompletionStage<Void> over) {}

  /** The listing under way; a new one if none is and the last was long enough ago. */
  synchronized Turn turn() {
    boolean due = listing.isDone() && nanos.getAsLong() - nextListing >= 0;
    if (due) {
      outdated = false; // what is said while it is listed counts again
      listing = new CompletableFuture<>();
    }
    return new Turn(due, listing.minimalCompletionStage());
  }

  /** The server's tools are these, and no others. */
  public void listed(Collection<String> names) {
    listed = Set.copyOf(names);
    everListed = true;
    listedAt = nanos.getAsLong();
    end(REFRESH_AT_MOST_EVERY);
  }

  void failed() {
    end(RETRY_AFTER);
  }

  private void end(Duration pause) {
    CompletableFuture<Void> ended;
    synchronized (this) {
      ended = listing;
      nextListing = nanos.getAsLong() + pause.toNanos();
    }
    ended.complete(null);
  }
}
