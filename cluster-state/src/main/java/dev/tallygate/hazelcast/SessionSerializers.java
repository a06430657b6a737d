package dev.tallygate.hazelcast;

import static dev.tallygate.hazelcast.RecordSerializer.of;

import com.hazelcast.nio.serialization.compact.CompactReader;
import com.hazelcast.nio.serialization.compact.CompactSerializer;
import com.hazelcast.nio.serialization.compact.CompactWriter;
import dev.tallygate.hazelcast.SessionProcessor.Repeat;
import dev.tallygate.sessions.Digests;
import dev.tallygate.sessions.Opening;
import dev.tallygate.sessions.RecentIds;
import dev.tallygate.sessions.SessionState;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * How what is remembered of sessions and tasks travels between members and rests on backups, by the
 * rules of {@link RecordSerializer}.
 */
final class SessionSerializers {
  private SessionSerializers() {}

  static List<CompactSerializer<?>> all() {
    return List.of(
        of(
            "Opening",
            Opening.class,
            (writer, opening) -> {
              writer.writeString("grant", opening.grantId());
              texts(writer, "declared", opening.declared());
            },
            reader ->
                new Opening(reader.readString("grant"), Set.copyOf(texts(reader, "declared")))),
        of(
            "Session",
            SharedSession.class,
            SessionSerializers::session,
            SessionSerializers::session),
        of(
            "OpenSession",
            SessionStep.Open.class,
            (writer, step) -> writer.writeCompact("opening", step.opening()),
            reader -> new SessionStep.Open(reader.readCompact("opening"))),
        of(
            "FindSession",
            SessionStep.Find.class,
            (writer, step) -> writer.writeString("grant", step.grantId()),
            reader -> new SessionStep.Find(reader.readString("grant"))),
        of(
            "LookAtSession",
            SessionStep.Look.class,
            (writer, step) -> writer.writeString("grant", step.grantId()),
            reader -> new SessionStep.Look(reader.readString("grant"))),
        of(
            "NoteOfSession",
            SessionStep.Note.class,
            (writer, step) -> {
              writer.writeString("grant", step.grantId());
              writer.writeArrayOfInt64("requests", step.notes().requests());
              writer.writeArrayOfInt64("events", step.notes().events());
              texts(writer, "questions", step.notes().questions());
              writer.writeInt64("id", step.id());
            },
            reader ->
                new SessionStep.Note(
                    reader.readString("grant"),
                    new Digests(
                        reader.readArrayOfInt64("requests"),
                        reader.readArrayOfInt64("events"),
                        texts(reader, "questions")),
                    reader.readInt64("id"))),
        of(
            "AnswerInSession",
            SessionStep.Answer.class,
            (writer, step) -> {
              writer.writeString("grant", step.grantId());
              writer.writeString("question", step.question());
              writer.writeInt64("id", step.id());
            },
            reader ->
                new SessionStep.Answer(
                    reader.readString("grant"),
                    reader.readString("question"),
                    reader.readInt64("id"))),
        of(
            "ResumeSession",
            SessionStep.Resume.class,
            (writer, step) -> {
              writer.writeString("grant", step.grantId());
              writer.writeInt64("event", step.event());
            },
            reader ->
                new SessionStep.Resume(reader.readString("grant"), reader.readInt64("event"))),
        of(
            "EndSession",
            SessionStep.End.class,
            (writer, step) -> writer.writeString("grant", step.grantId()),
            reader -> new SessionStep.End(reader.readString("grant"))),
        of(
            "SessionStep",
            SessionProcessor.class,
            (writer, processor) -> writer.writeCompact("step", processor.step),
            reader -> new SessionProcessor<>(reader.readCompact("step"))),
        of(
            "SessionStepAgain",
            Repeat.class,
            (writer, repeat) -> {
              writer.writeCompact("step", repeat.step());
              writer.writeInt64("millis", repeat.millis());
            },
            reader -> new Repeat<>(reader.readCompact("step"), reader.readInt64("millis"))),
        of(
            "HeldByGrant",
            Held.class,
            (writer, held) -> texts(writer, "keys", held.keys()),
            reader -> new Held(texts(reader, "keys"))),
        of(
            "HoldOfGrant",
            HoldProcessor.class,
            (writer, step) -> {
              writer.writeString("key", step.key);
              writer.writeInt32("max", step.max);
              writer.writeBoolean("oldestGoes", step.oldestGoes);
            },
            reader ->
                new HoldProcessor(
                    reader.readString("key"),
                    reader.readInt32("max"),
                    reader.readBoolean("oldestGoes"))),
        of(
            "ReleaseOfGrant",
            ReleaseProcessor.class,
            (writer, step) -> texts(writer, "keys", step.keys),
            reader -> new ReleaseProcessor(Set.copyOf(texts(reader, "keys")))),
        of("HeldQuery", HeldQuery.class, (writer, query) -> {}, reader -> new HeldQuery()),
        of(
            "BindTask",
            BindTaskProcessor.class,
            (writer, step) -> writer.writeString("grant", step.grantId),
            reader -> new BindTaskProcessor(reader.readString("grant"))),
        of(
            "UnbindTask",
            UnbindTaskProcessor.class,
            (writer, step) -> writer.writeString("grant", step.grantId),
            reader -> new UnbindTaskProcessor(reader.readString("grant"))));
  }

  private static void session(CompactWriter writer, SharedSession session) {
    SessionState.Contents contents = session.state().contents();
    writer.writeCompact("opening", contents.opening());
    writer.writeArrayOfInt64("requests", contents.requests());
    writer.writeArrayOfInt64("events", contents.events());
    texts(writer, "questions", contents.questions());
    writer.writeInt64("lastUsed", contents.lastUsed());
    writer.writeArrayOfInt64("steps", session.steps().digests());
  }

  private static SharedSession session(CompactReader reader) {
    return new SharedSession(
        new SessionState(
            new SessionState.Contents(
                reader.readCompact("opening"),
                reader.readArrayOfInt64("requests"),
                reader.readArrayOfInt64("events"),
                texts(reader, "questions"),
                reader.readInt64("lastUsed"))),
        RecentIds.of(SharedSession.MAX_STEPS, reader.readArrayOfInt64("steps")));
  }

  private static void texts(CompactWriter writer, String field, Collection<String> texts) {
    writer.writeArrayOfString(field, texts.toArray(String[]::new));
  }

  private static List<String> texts(CompactReader reader, String field) {
    return Arrays.asList(reader.readArrayOfString(field));
  }
}
