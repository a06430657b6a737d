package dev.tallygate.hazelcast;

import com.hazelcast.config.SerializationConfig;
import com.hazelcast.config.SerializerConfig;
import com.hazelcast.nio.serialization.ByteArraySerializer;
import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * Writes and reads one type as bytes without names, known by a number.
 *
 * @param id which never changes, and which no other type has
 */
record FlatSerializer<T>(
    int id, Class<T> type, BiConsumer<FlatWriter, T> writing, Function<FlatReader, T> reading)
    implements ByteArraySerializer<T> {
  @Override
  public int getTypeId() {
    return id;
  }

  @Override
  public byte[] write(T value) {
    FlatWriter writer = new FlatWriter();
    writing.accept(writer, value);
    return writer.bytes();
  }

  @Override
  public T read(byte[] bytes) {
    return reading.apply(new FlatReader(bytes));
  }

  void addTo(SerializationConfig config) {
    config.addSerializerConfig(new SerializerConfig().setTypeClass(type).setImplementation(this));
  }
}
