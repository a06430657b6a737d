package dev.tallygate.hazelcast;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.impl.MapService;
import com.hazelcast.map.impl.MapServiceContext;
import com.hazelcast.map.impl.PartitionContainer;
import com.hazelcast.map.impl.recordstore.RecordStore;
import com.hazelcast.spi.impl.NodeEngineImpl;
import com.hazelcast.spi.impl.PartitionSpecificRunnable;
import dev.tallygate.threads.Daemons;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Tells Hazelcast that the keys of the ledger's map are loaded. There never are any: what is needed
 * is read when it is.
 *
 * <p>An owner finds that out by itself. A member that owned a partition for a moment, while a
 * cluster formed, and keeps a copy of it now, does not: its {@code
 * MapKeyLoader.updateLocalKeyLoadStatus} tells the new owner instead. It would refuse all changes
 * for ever, as "still loading".
 */
final class KeysToLoad implements AutoCloseable {
  private static final long LOOK_MILLIS = 200;

  private final NodeEngineImpl engine;
  private final MapServiceContext maps;
  private final ScheduledExecutorService looking = Daemons.scheduler("tallygate-keys");

  KeysToLoad(HazelcastInstance member) {
    engine = InnerNode.of(member).getNodeEngine();
    MapService service = engine.getService(MapService.SERVICE_NAME);
    maps = service.getMapServiceContext();
    looking.scheduleWithFixedDelay(this::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
  }

  private void look() {
    for (PartitionContainer partition : maps.getPartitionContainers()) {
      Supplier<RecordStore<?>> records =
          () -> partition.getExistingRecordStore(HazelcastCounterStore.MAP);
      if (isLoading(records.get())) {
        engine.getOperationService().execute(new Loaded(partition.getPartitionId(), records));
      }
    }
  }

  private static boolean isLoading(RecordStore<?> records) {
    return records != null && !records.isLoaded();
  }

  /** Runs where nothing else of the partition does. */
  private record Loaded(int partition, Supplier<RecordStore<?>> records)
      implements PartitionSpecificRunnable {
    @Override
    public int getPartitionId() {
      return partition;
    }

    @Override
    public void run() {
      RecordStore<?> now = records.get();
      if (isLoading(now)) {
        now.updateLoadStatus(true, null);
      }
    }
  }

  @Override
  public void close() {
    looking.shutdownNow();
  }
}
