package dev.tallygate.node.config;

import dev.tallygate.node.config.NodeConfig.Listen;
import dev.tallygate.node.config.NodeConfig.Tls;
import dev.tallygate.registry.Sha256;
import dev.tallygate.registry.Snapshot;
import dev.tallygate.threads.Daemons;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The configuration in force. Follows its file and every file that it names while the node runs: a
 * valid change becomes the next revision at once; an invalid one changes nothing and is told by
 * {@link #status()}. Thread-safe.
 */
public final class LiveConfig implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LiveConfig.class);

  private static final long LOOK_MILLIS = 250;
  private static final long SETTLE_MILLIS = 100;

  /** What is in force, exchanged as one. */
  private record InForce(NodeConfig config, Snapshot snapshot, ConfigStatus status) {}

  private final Path file;
  private final ConfigReader reader;
  private final Clock clock;
  private final NodeConfig started;
  private final FileWatch watch = new FileWatch();
  private final List<Consumer<Snapshot>> listeners = new CopyOnWriteArrayList<>();
  private final List<Consumer<Tls>> certificateListeners = new CopyOnWriteArrayList<>();
  private final ScheduledExecutorService watcher = Daemons.scheduler("tallygate-config");
  private volatile InForce inForce;

  private LiveConfig(
      Path file, ConfigReader reader, Clock clock, NodeConfig started, ConfigReading reading) {
    this.file = file;
    this.reader = reader;
    this.clock = clock;
    this.started = started;
    Instant now = clock.instant();
    this.inForce =
        new InForce(
            started,
            started.snapshot(1, now),
            new ConfigStatus(
                1,
                digest(reading),
                pinsDigest(reading, started),
                now,
                Optional.empty(),
                texts(reading.warnings())));
    watch.expect(reading.files());
  }

  /**
   * Reads the configuration and begins to follow it. Revisions start at 1 in each process.
   *
   * @throws ConfigRefused if it has errors
   */
  public static LiveConfig open(Path file, ConfigReader reader, Clock clock) throws ConfigRefused {
    ConfigReading reading = reader.read(file);
    if (reading.config().isEmpty()) {
      throw new ConfigRefused(reading.errors());
    }
    LiveConfig live = new LiveConfig(file, reader, clock, reading.config().get(), reading);
    live.inForce.status().warnings().forEach(LOG::warn);
    live.watchAgainIn(LOOK_MILLIS);
    return live;
  }

  /**
   * The configuration as last applied; name, listen (but for its certificate), admin, audit and
   * cluster are those of the start.
   */
  public NodeConfig config() {
    return inForce.config();
  }

  /** The file that is followed. */
  public Path file() {
    return file;
  }

  /** What calls are judged by now. Take it once for each call. */
  public Snapshot snapshot() {
    return inForce.snapshot();
  }

  public ConfigStatus status() {
    return inForce.status();
  }

  /**
   * Calls {@code listener} with every later snapshot, in order of revision, on the thread that
   * found it. It must not block for long.
   */
  public void onChange(Consumer<Snapshot> listener) {
    listeners.add(listener);
  }

  /** Calls {@code listener} with every later certificate, as {@link #onChange} does. */
  public void onCertificate(Consumer<Tls> listener) {
    certificateListeners.add(listener);
  }

  /** Reads the files now and applies them if they are valid and judge otherwise than before. */
  public synchronized ConfigStatus reload() {
    ConfigReading reading = reader.read(file);
    watch.expect(reading.files());
    InForce before = inForce;
    if (reading.config().isEmpty()) {
      refuse(before, reading);
      return inForce.status();
    }
    NodeConfig read = reading.config().get();
    List<String> warnings = texts(reading.warnings());
    warnings.addAll(needingRestart(read));
    boolean changed = !read.judgesAs(before.config());
    long revision = before.snapshot().revision() + (changed ? 1 : 0);
    Snapshot snapshot = changed ? read.snapshot(revision, clock.instant()) : before.snapshot();
    Listen listen = started.listen().renewedBy(read.listen());
    boolean renewed = !listen.tls().equals(before.config().listen().tls());
    NodeConfig config =
        new NodeConfig(
            started.name(),
            listen,
            started.admin(),
            started.audit(),
            read.servers(),
            read.policies(),
            read.policyFiles(),
            read.grants(),
            read.pinFile(),
            read.pins(),
            started.cluster(),
            started.maxCutOff(),
            started.durability(),
            read.declared());
    inForce =
        new InForce(
            config,
            snapshot,
            new ConfigStatus(
                revision,
                digest(reading),
                pinsDigest(reading, config),
                snapshot.since(),
                Optional.empty(),
                warnings));
    if (!warnings.equals(before.status().warnings())) {
      warnings.forEach(LOG::warn);
    }
    if (renewed) {
      LOG.info("the certificate of `listen` is another one now");
      listen.tls().ifPresent(tls -> certificateListeners.forEach(each -> each.accept(tls)));
    }
    if (changed) {
      if (started.cluster().isEmpty()) {
        LOG.info("configuration revision {} is in force", revision);
      }
      listeners.forEach(listener -> tell(listener, snapshot));
    } else if (before.status().problem().isPresent()) {
      LOG.info("the configuration is valid again; revision {} stays in force", revision);
    }
    return inForce.status();
  }

  private void refuse(InForce before, ConfigReading reading) {
    String problem = String.join("\n", texts(reading.errors()));
    ConfigStatus status = before.status();
    inForce =
        new InForce(
            before.config(),
            before.snapshot(),
            new ConfigStatus(
                status.revision(),
                digest(reading),
                pinsDigest(reading, before.config()),
                status.since(),
                Optional.of(problem),
                status.warnings()));
    if (!status.problem().equals(Optional.of(problem))) {
      LOG.error(
          "the configuration has errors; revision {} stays in force:\n{}",
          status.revision(),
          problem);
    }
  }

  private Optional<Sha256> digest(ConfigReading reading) {
    return reading.files().getOrDefault(file.toAbsolutePath(), Optional.empty());
  }

  private static Optional<Sha256> pinsDigest(ConfigReading reading, NodeConfig config) {
    return reading.files().getOrDefault(config.pinFile(), Optional.empty());
  }

  private List<String> needingRestart(NodeConfig read) {
    List<String> keys = new ArrayList<>();
    if (!read.listen().equals(started.listen().renewedBy(read.listen()))) {
      keys.add("listen");
    }
    if (!read.admin().equals(started.admin())) {
      keys.add("admin");
    }
    if (!read.audit().equals(started.audit())) {
      keys.add("audit");
    }
    if (!read.pinFile().equals(started.pinFile())) {
      keys.add("pins");
    }
    if (!read.cluster().equals(started.cluster())
        || !read.maxCutOff().equals(started.maxCutOff())) {
      keys.add("cluster");
    }
    if (!read.durability().equals(started.durability())) {
      keys.add("counters");
    }
    if (!read.name().equals(started.name())) {
      keys.add("name");
    }
    return keys.stream()
        .map(key -> file + ": warning: `" + key + "` has changed; restart the node to apply it")
        .toList();
  }

  private static List<String> texts(List<ConfigFinding> findings) {
    List<String> texts = new ArrayList<>();
    findings.forEach(finding -> texts.add(finding.toString()));
    return texts;
  }

  private static void tell(Consumer<Snapshot> listener, Snapshot snapshot) {
    try {
      listener.accept(snapshot);
    } catch (RuntimeException e) {
      LOG.error("a listener failed on revision {}", snapshot.revision(), e);
    }
  }

  private void watchAgainIn(long millis) {
    watcher.schedule(this::watch, millis, TimeUnit.MILLISECONDS);
  }

  private void watch() {
    long next = LOOK_MILLIS;
    try {
      next = look();
    } catch (RuntimeException e) {
      LOG.error("looking at the configuration failed; trying again", e);
    } finally {
      if (!watcher.isShutdown()) {
        watchAgainIn(next);
      }
    }
  }

  private synchronized long look() {
    switch (watch.look()) {
      case CHANGED -> reload();
      case SETTLING -> {
        return SETTLE_MILLIS;
      }
      case SAME -> {}
    }
    return LOOK_MILLIS;
  }

  /** Stops following the files. */
  @Override
  public void close() {
    watcher.shutdownNow();
  }
}
