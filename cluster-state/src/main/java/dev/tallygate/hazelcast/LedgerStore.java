package dev.tallygate.hazelcast;

import com.hazelcast.config.Config;
import com.hazelcast.config.ExecutorConfig;
import com.hazelcast.config.MapStoreConfig;
import com.hazelcast.internal.util.Clock;
import com.hazelcast.map.EntryStore;
import com.hazelcast.spi.impl.executionservice.ExecutionService;
import dev.tallygate.counters.CounterTable;
import dev.tallygate.durability.DurableCounts;
import dev.tallygate.durability.KeptCounts;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Where the ledger's map reads tables that it does not have, and writes those that changed.
 *
 * <p>With a store, Hazelcast takes a step in turns: it reads on a thread that may wait, takes the
 * step on the partition's thread, writes on a thread that may wait, and only then answers and tells
 * the backups. Steps on one partition wait for each other meanwhile, so that no other one changes
 * the table that is being written.
 *
 * <p>Hazelcast's own write-behind is not used: it would keep the table itself, not what it held,
 * and write it while other steps change it.
 */
final class LedgerStore implements EntryStore<String, CounterTable> {
  /** Key of the one of a member in its user context. */
  static final String KEY = "tallygate.store";

  /** Each waits for the database for one partition at a time. */
  private static final int THREADS = 16;

  private static final Duration LOADED_FOR = Duration.ofHours(1);

  private final DurableCounts counts;

  /** Subjects that could not be read when a step on them began. */
  private final Set<String> unknown = ConcurrentHashMap.newKeySet();

  private LedgerStore(DurableCounts counts) {
    this.counts = counts;
  }

  /** Has the members of a configuration write their counts down. */
  static void use(DurableCounts counts, Config config) {
    LedgerStore store = new LedgerStore(counts);
    config.getUserContext().put(KEY, store);
    config.addExecutorConfig(
        new ExecutorConfig(ExecutionService.MAP_STORE_OFFLOADABLE_EXECUTOR, THREADS));
    config
        .getMapConfig(HazelcastCounterStore.MAP)
        .setMapStoreConfig(
            new MapStoreConfig()
                .setEnabled(true)
                .setImplementation(store)
                .setWriteDelaySeconds(0)
                .setInitialLoadMode(MapStoreConfig.InitialLoadMode.LAZY));
  }

  /** Whether what is written can be read now. */
  boolean canRead() {
    return counts.canRead();
  }

  /** Whether what other members have lost is written, as far as can be told from here. */
  boolean isWhole() {
    return counts.isWhole();
  }

  /** Whether nobody could tell, when it was looked for last, what is written of a subject. */
  boolean takeUnknown(String subject) {
    return unknown.remove(subject);
  }

  @Override
  public MetadataAwareValue<CounterTable> load(String subject) {
    KeptCounts kept = counts.load(subject);
    if (kept instanceof KeptCounts.Unknown) {
      unknown.add(subject);
      return null;
    }
    unknown.remove(subject);
    return kept instanceof KeptCounts.Found found
        ? new MetadataAwareValue<>(
            new CounterTable(found.contents()),
            Math.max(Clock.currentTimeMillis(), found.contents().endsAt()) + LOADED_FOR.toMillis())
        : null;
  }

  @Override
  public Map<String, MetadataAwareValue<CounterTable>> loadAll(Collection<String> subjects) {
    Map<String, MetadataAwareValue<CounterTable>> loaded = new HashMap<>();
    for (String subject : subjects) {
      MetadataAwareValue<CounterTable> table = load(subject);
      if (table != null) {
        loaded.put(subject, table);
      }
    }
    return loaded;
  }

  /** None: what is needed is read when it is. */
  @Override
  public Iterable<String> loadAllKeys() {
    return null;
  }

  @Override
  public void store(String subject, MetadataAwareValue<CounterTable> changed) {
    counts.keep(subject, changed.getValue());
  }

  @Override
  public void storeAll(Map<String, MetadataAwareValue<CounterTable>> changed) {
    changed.forEach(this::store);
  }

  /** Nothing: what has ended is deleted in the background, and nothing else ever is. */
  @Override
  public void delete(String subject) {}

  @Override
  public void deleteAll(Collection<String> subjects) {}
}
