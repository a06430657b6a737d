package dev.tallygate.hazelcast;

import com.hazelcast.config.Config;
import com.hazelcast.config.InMemoryFormat;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.MergePolicyConfig;
import com.hazelcast.spi.merge.DiscardMergePolicy;
import dev.tallygate.sessions.SessionKey;
import dev.tallygate.sessions.SessionStore;
import java.util.List;
import java.util.stream.Stream;

/** The maps that hold what is remembered of sessions and tasks. */
final class SessionMaps {
  static final String SESSIONS = "sessions";
  static final String TASKS = "tasks";

  /** What each grant has, so that it can be bounded, and forgotten with the grant. */
  static final String HELD = "held-by-grants";

  private SessionMaps() {}

  static void addTo(Config config) {
    // Only garbage collection: that a session was silent for too long is decided by itself.
    int twiceIdle = (int) SessionStore.MAX_IDLE.multipliedBy(2).toSeconds();
    config.addMapConfig(map(SESSIONS).setTimeToLiveSeconds(twiceIdle));
    config.addMapConfig(map(TASKS));
    config.addMapConfig(map(HELD));
  }

  private static MapConfig map(String name) {
    return new MapConfig(name)
        // Objects, so that a step reads and writes its session without taking it apart.
        .setInMemoryFormat(InMemoryFormat.OBJECT)
        .setBackupCount(1)
        .setStatisticsEnabled(false)
        .setPerEntryStatsEnabled(false)
        // The side without a quorum knows nothing new, and may still have what has ended since.
        .setMergePolicyConfig(
            new MergePolicyConfig().setPolicy(DiscardMergePolicy.class.getName()));
  }

  static List<MapConfig> in(Config config) {
    return Stream.of(SESSIONS, TASKS, HELD).map(config::getMapConfig).toList();
  }

  static String key(SessionKey key) {
    return key(key.server(), key.id());
  }

  /** Names of servers have no line breaks. */
  static String key(String server, String id) {
    return server + "\n" + id;
  }

  static SessionKey sessionKey(String key) {
    int end = key.indexOf('\n');
    return new SessionKey(key.substring(0, end), key.substring(end + 1));
  }
}
