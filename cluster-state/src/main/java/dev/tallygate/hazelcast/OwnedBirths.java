package dev.tallygate.hazelcast;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.internal.serialization.Data;
import com.hazelcast.map.impl.MapService;
import com.hazelcast.map.impl.MapServiceContext;
import com.hazelcast.map.impl.recordstore.RecordStore;
import com.hazelcast.spi.impl.NodeEngineImpl;
import java.util.Optional;

/**
 * Births as the owner of a partition has them, beside the counts that it owns. Read by Hazelcast's
 * inner interface, since a step may ask for no other entry: so nothing comes between the look for a
 * birth and the table that begins by it.
 *
 * <p>Only for steps, on the thread of the partition.
 */
final class OwnedBirths {
  private final MapServiceContext maps;
  private final Data[] keys;

  OwnedBirths(HazelcastInstance member) {
    NodeEngineImpl engine = InnerNode.of(member).getNodeEngine();
    MapService service = engine.getService(MapService.SERVICE_NAME);
    maps = service.getMapServiceContext();
    String[] names = Births.keyOfEach(member.getPartitionService());
    keys = new Data[names.length];
    for (int i = 0; i < names.length; i++) {
      keys[i] = engine.toData(names[i]);
    }
  }

  /** Empty until it is written, and all others are. */
  Optional<Birth> of(int partitionId) {
    RecordStore<?> births = maps.getExistingRecordStore(partitionId, Births.MAP);
    Object written = births == null ? null : births.get(keys[partitionId], false, null);
    return Optional.ofNullable((Birth) maps.toObject(written)).filter(Birth::founded);
  }
}
