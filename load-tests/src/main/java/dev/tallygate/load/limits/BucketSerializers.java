package dev.tallygate.load.limits;

import com.hazelcast.nio.serialization.Serializer;
import com.hazelcast.nio.serialization.SerializerHook;
import io.github.bucket4j.grid.hazelcast.HazelcastEntryProcessor;
import io.github.bucket4j.grid.hazelcast.SimpleBackupProcessor;
import io.github.bucket4j.grid.hazelcast.VersionedBackupProcessor;
import io.github.bucket4j.grid.hazelcast.serialization.HazelcastEntryProcessorSerializer;
import io.github.bucket4j.grid.hazelcast.serialization.SimpleBackupProcessorSerializer;
import io.github.bucket4j.grid.hazelcast.serialization.VersionedBackupProcessorSerializer;

/**
 * Bucket4j's own serializers, which are faster than Java's, for every member of this run. Hazelcast
 * finds them on the class path; the product's configuration has no place for them.
 */
final class BucketSerializers {
  private static final int FIRST_ID = 9_100;

  private BucketSerializers() {}

  public static final class Step implements SerializerHook<HazelcastEntryProcessor> {
    @Override
    public Class<HazelcastEntryProcessor> getSerializationType() {
      return HazelcastEntryProcessor.class;
    }

    @Override
    public Serializer createSerializer() {
      return new HazelcastEntryProcessorSerializer(FIRST_ID);
    }

    @Override
    public boolean isOverwritable() {
      return true;
    }
  }

  public static final class Backup implements SerializerHook<SimpleBackupProcessor> {
    @Override
    public Class<SimpleBackupProcessor> getSerializationType() {
      return SimpleBackupProcessor.class;
    }

    @Override
    public Serializer createSerializer() {
      return new SimpleBackupProcessorSerializer(FIRST_ID + 1);
    }

    @Override
    public boolean isOverwritable() {
      return true;
    }
  }

  public static final class VersionedBackup implements SerializerHook<VersionedBackupProcessor> {
    @Override
    public Class<VersionedBackupProcessor> getSerializationType() {
      return VersionedBackupProcessor.class;
    }

    @Override
    public Serializer createSerializer() {
      return new VersionedBackupProcessorSerializer(FIRST_ID + 2);
    }

    @Override
    public boolean isOverwritable() {
      return true;
    }
  }
}
