package dev.tallygate.hazelcast;

import com.hazelcast.nio.serialization.compact.CompactReader;
import com.hazelcast.nio.serialization.compact.CompactSerializer;
import com.hazelcast.nio.serialization.compact.CompactWriter;
import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * Writes and reads one immutable type in Hazelcast's Compact format.
 *
 * <p>Members of two releases read each other while a cluster is rolled: so a type's name and its
 * fields' names and kinds never change, and a field that is added must be read with a default where
 * {@code reader.getFieldKind} does not know it.
 */
record RecordSerializer<T>(
    String name,
    Class<T> type,
    BiConsumer<CompactWriter, T> writing,
    Function<CompactReader, T> reading)
    implements CompactSerializer<T> {
  static <T> CompactSerializer<T> of(
      String name,
      Class<T> type,
      BiConsumer<CompactWriter, T> write,
      Function<CompactReader, T> read) {
    return new RecordSerializer<>(name, type, write, read);
  }

  @Override
  public T read(CompactReader reader) {
    return reading.apply(reader);
  }

  @Override
  public void write(CompactWriter writer, T value) {
    writing.accept(writer, value);
  }

  @Override
  public String getTypeName() {
    return "tallygate." + name;
  }

  @Override
  public Class<T> getCompactClass() {
    return type;
  }
}
