package dev.tallygate.hazelcast;

import com.hazelcast.nio.serialization.compact.CompactReader;
import com.hazelcast.nio.serialization.compact.CompactSerializer;
import com.hazelcast.nio.serialization.compact.CompactWriter;
import dev.tallygate.registry.Ballot;
import dev.tallygate.registry.Edition;
import dev.tallygate.registry.Held;
import dev.tallygate.registry.Registry.Enforcement;
import dev.tallygate.registry.Vote;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Function;

/** How the registry's questions and answers travel; the rules of {@link RecordSerializer} hold. */
final class RegistrySerializers {
  private RegistrySerializers() {}

  static List<CompactSerializer<?>> all() {
    return List.of(
        of(
            "Ballot",
            Ballot.class,
            (writer, ballot) -> {
              writer.writeInt64("number", ballot.number());
              writer.writeString("proposer", ballot.proposer());
            },
            reader -> new Ballot(reader.readInt64("number"), reader.readString("proposer"))),
        of(
            "Edition",
            Edition.class,
            (writer, edition) -> {
              writer.writeInt64("revision", edition.revision());
              writer.writeString("document", edition.document());
            },
            reader -> new Edition(reader.readInt64("revision"), reader.readString("document"))),
        of(
            "Vote",
            Vote.class,
            (writer, vote) -> {
              writer.writeCompact("ballot", vote.ballot());
              writer.writeCompact("edition", vote.edition());
            },
            reader -> new Vote(reader.readCompact("ballot"), reader.readCompact("edition"))),
        of("Held", Held.class, RegistrySerializers::held, RegistrySerializers::held),
        of(
            "Enforcement",
            Enforcement.class,
            RegistrySerializers::enforcement,
            RegistrySerializers::enforcement),
        of(
            "Prepare",
            PrepareTask.class,
            (writer, task) -> {
              writer.writeString("member", task.member);
              writer.writeCompact("ballot", task.ballot);
            },
            reader -> new PrepareTask(reader.readString("member"), reader.readCompact("ballot"))),
        of(
            "Accept",
            AcceptTask.class,
            (writer, task) -> {
              writer.writeString("member", task.member);
              writer.writeCompact("vote", task.vote);
            },
            reader -> new AcceptTask(reader.readString("member"), reader.readCompact("vote"))),
        of(
            "Look",
            LookTask.class,
            (writer, task) -> {
              writer.writeString("member", task.member);
              writer.writeCompact("known", task.known);
            },
            reader -> new LookTask(reader.readString("member"), reader.readCompact("known"))),
        of(
            "Farewell",
            FarewellTask.class,
            (writer, task) -> {
              writer.writeString("member", task.member);
              writer.writeString("leaving", task.leaving);
            },
            reader -> new FarewellTask(reader.readString("member"), reader.readString("leaving"))),
        of(
            "AskDeparted",
            DepartedTask.class,
            (writer, task) -> writer.writeString("member", task.member),
            reader -> new DepartedTask(reader.readString("member"))),
        of(
            "Departed",
            Departed.class,
            RegistrySerializers::departed,
            RegistrySerializers::departed),
        of(
            "Enforce",
            EnforceTask.class,
            (writer, task) -> {
              writer.writeString("member", task.member);
              writer.writeCompact("edition", task.edition.orElse(null));
            },
            reader ->
                new EnforceTask(
                    reader.readString("member"),
                    Optional.ofNullable(reader.readCompact("edition")))));
  }

  private static void held(CompactWriter writer, Held held) {
    writer.writeBoolean("agreed", held.agreed());
    writer.writeCompact("promised", held.promised());
    writer.writeCompact("ballot", held.ballot());
    writer.writeCompact("edition", held.edition().orElse(null));
  }

  private static Held held(CompactReader reader) {
    return new Held(
        reader.readBoolean("agreed"),
        reader.readCompact("promised"),
        reader.readCompact("ballot"),
        Optional.ofNullable(reader.readCompact("edition")));
  }

  private static void enforcement(CompactWriter writer, Enforcement enforcement) {
    writer.writeString("node", enforcement.node());
    writer.writeBoolean("serves", enforcement.serves());
    writer.writeInt64("revision", enforcement.revision());
    writer.writeString("problem", enforcement.problem().orElse(null));
  }

  private static Enforcement enforcement(CompactReader reader) {
    return new Enforcement(
        reader.readString("node"),
        reader.readBoolean("serves"),
        reader.readInt64("revision"),
        Optional.ofNullable(reader.readString("problem")));
  }

  private static void departed(CompactWriter writer, Departed departed) {
    List<Departed.Node> nodes = departed.nodes();
    writer.writeArrayOfString(
        "members", nodes.stream().map(Departed.Node::member).toArray(String[]::new));
    writer.writeArrayOfString(
        "names", nodes.stream().map(Departed.Node::name).toArray(String[]::new));
    writer.writeArrayOfInt64(
        "agoMillis", nodes.stream().mapToLong(Departed.Node::agoMillis).toArray());
  }

  private static Departed departed(CompactReader reader) {
    String[] members = reader.readArrayOfString("members");
    String[] names = reader.readArrayOfString("names");
    long[] agoMillis = reader.readArrayOfInt64("agoMillis");
    List<Departed.Node> nodes = new ArrayList<>();
    for (int i = 0; i < members.length; i++) {
      nodes.add(new Departed.Node(members[i], names[i], agoMillis[i]));
    }
    return new Departed(nodes);
  }

  private static <T> CompactSerializer<T> of(
      String name,
      Class<T> type,
      BiConsumer<CompactWriter, T> writing,
      Function<CompactReader, T> reading) {
    return new RecordSerializer<>(name, type, writing, reading);
  }
}
