package dev.tallygate.node.config;

import static dev.tallygate.node.config.ConfigFolder.BASE;
import static dev.tallygate.node.config.ConfigFolder.HASH_A;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.tallygate.policy.Decision;
import dev.tallygate.registry.Grant;
import dev.tallygate.registry.Sha256;
import dev.tallygate.registry.Snapshot;
import dev.tallygate.registry.Token;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LiveConfigTest {
  private static final String GRANT =
      "grants:\n  - { label: ci, server: files, tokenSha256: \"" + HASH_A + "\" }\n";

  @TempDir Path directory;
  private ConfigFolder folder;
  private LiveConfig live;
  private final List<Long> told = new CopyOnWriteArrayList<>();

  @BeforeEach
  void folder() {
    folder = new ConfigFolder(directory);
    folder.with(BASE);
  }

  @AfterEach
  void close() {
    if (live != null) {
      live.close();
    }
  }

  private LiveConfig open() throws ConfigRefused {
    live = LiveConfig.open(folder.file, folder.reader(), Clock.systemUTC());
    live.onChange(snapshot -> told.add(snapshot.revision()));
    return live;
  }

  private void awaitRevision(long revision) {
    await().untilAsserted(() -> assertThat(live.snapshot().revision()).isEqualTo(revision));
  }

  @Test
  void theFirstRevisionIsOneAndNamesTheFileThatWasRead() throws Exception {
    // When
    open();

    // Then
    assertThat(live.snapshot().revision()).isEqualTo(1);
    assertThat(live.status())
        .isEqualTo(
            new ConfigStatus(
                1,
                Optional.of(Sha256.of(Files.readAllBytes(folder.file))),
                Optional.empty(),
                live.snapshot().since(),
                Optional.empty(),
                List.of()));
  }

  @Test
  void aConfigurationWithErrorsDoesNotOpen() {
    // Given
    folder.with(BASE + "lisen: {}\n");

    // When // Then
    assertThatThrownBy(this::open)
        .isInstanceOf(ConfigRefused.class)
        .hasMessageContaining("tallygate.yaml:7:1: error: unknown key `lisen`");
  }

  @Test
  void aValidChangeIsTheNextRevision() throws ConfigRefused {
    // Given
    open();

    // When
    folder.with(BASE + GRANT);

    // Then
    awaitRevision(2);
    assertThat(live.snapshot().grants()).extracting(Grant::label).containsExactly("ci");
    assertThat(live.status().revision()).isEqualTo(2);
    await().untilAsserted(() -> assertThat(told).containsExactly(2L));
  }

  @Test
  void anInvalidChangeKeepsTheLastGoodAndSaysWhyUntilItIsCorrected() throws ConfigRefused {
    // Given
    open();
    Snapshot good = live.snapshot();

    // When
    folder.with(BASE + "lisen: {}\n");

    // Then
    await()
        .untilAsserted(
            () ->
                assertThat(live.status().problem())
                    .hasValueSatisfying(text -> assertThat(text).contains("7:1", "`lisen`")));
    assertThat(live.snapshot()).isSameAs(good);

    // When
    folder.with(BASE);

    // Then
    await().untilAsserted(() -> assertThat(live.status().problem()).isEmpty());
    assertThat(live.snapshot()).isSameAs(good);
  }

  @Test
  void aChangedPolicyFileIsTheNextRevision() throws ConfigRefused {
    // Given
    open();

    // When
    folder.write("policies/readonly.json", "{\"version\": \"1\", \"default\": \"deny\"}");

    // Then
    awaitRevision(2);
    assertThat(
            live.snapshot()
                .policies()
                .get("readonly")
                .decide("any", JsonNodeFactory.instance.objectNode()))
        .isInstanceOf(Decision.Deny.class);
  }

  @Test
  void aBrokenPolicyFileKeepsTheLastGood() throws ConfigRefused {
    // Given
    open();

    // When
    folder.write("policies/readonly.json", "{");

    // Then
    await()
        .untilAsserted(
            () ->
                assertThat(live.status().problem())
                    .hasValueSatisfying(text -> assertThat(text).contains("readonly.json:1:")));
    assertThat(live.snapshot().revision()).isEqualTo(1);
  }

  @Test
  void aFileReplacedByRenameIsSeenEvenWithItsOldTimeAndSize() throws Exception {
    // Given
    folder.with(BASE + GRANT);
    FileTime time = Files.getLastModifiedTime(folder.file);
    open();

    // When
    Path other = folder.write("other", BASE + GRANT.replace(": ci", ": ic"));
    Files.setLastModifiedTime(other, time);
    Files.move(other, folder.file, StandardCopyOption.ATOMIC_MOVE);

    // Then
    awaitRevision(2);
    assertThat(live.snapshot().grants().get(0).label()).isEqualTo("ic");
  }

  @Test
  void aFolderSwappedBehindALinkIsSeen() throws Exception {
    // Given a folder laid out as Kubernetes mounts a ConfigMap
    Path mount = Files.createDirectory(directory.resolve("mount"));
    revision("..1", BASE);
    revision("..2", BASE + GRANT);
    Files.createSymbolicLink(mount.resolve("..data"), Path.of("..1"));
    Files.createSymbolicLink(mount.resolve("tallygate.yaml"), Path.of("..data/tallygate.yaml"));
    Files.createSymbolicLink(mount.resolve("policies"), Path.of("..data/policies"));
    live = LiveConfig.open(mount.resolve("tallygate.yaml"), folder.reader(), Clock.systemUTC());

    // When
    Files.createSymbolicLink(mount.resolve("..tmp"), Path.of("..2"));
    Files.move(mount.resolve("..tmp"), mount.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);

    // Then
    awaitRevision(2);
    assertThat(live.snapshot().grants()).hasSize(1);
  }

  private void revision(String name, String text) {
    folder.write("mount/" + name + "/tallygate.yaml", text);
    folder.write("mount/" + name + "/policies/readonly.json", ConfigFolder.POLICY);
  }

  @Test
  void aDeletedFileKeepsTheLastGoodUntilItIsBack() throws Exception {
    // Given
    open();

    // When
    Files.delete(folder.file);

    // Then
    await()
        .untilAsserted(
            () ->
                assertThat(live.status().problem())
                    .hasValueSatisfying(text -> assertThat(text).contains("does not exist")));
    assertThat(live.snapshot().revision()).isEqualTo(1);

    // When
    folder.with(BASE + GRANT);

    // Then
    awaitRevision(2);
    assertThat(live.status().problem()).isEmpty();
  }

  @Test
  void aFileThatWasMissingIsWaitedFor() throws ConfigRefused {
    // Given
    open();
    folder.with(BASE.replace("readonly.json", "later.json"));
    await().untilAsserted(() -> assertThat(live.status().problem()).isPresent());

    // When
    folder.write("policies/later.json", ConfigFolder.POLICY);

    // Then
    awaitRevision(2);
  }

  @Test
  void aNewTokenInATokenFileReplacesTheOld() throws ConfigRefused {
    // Given
    Token before = Token.random();
    Token after = Token.random();
    folder.write("token", before.reveal());
    folder.with(BASE + "grants: [{ label: ci, server: files, tokenFile: token }]\n");
    open();

    // When
    folder.write("token", after.reveal() + "\n");

    // Then
    awaitRevision(2);
    Instant now = Instant.now();
    assertThat(live.snapshot().authenticate(after.reveal(), "files", now)).isPresent();
    assertThat(live.snapshot().authenticate(before.reveal(), "files", now)).isEmpty();
  }

  @Test
  void aNewSecretInAFileReachesTheHeaders() throws ConfigRefused {
    // Given
    folder.write("key", "one\n");
    folder.with(BASE.replace("org/mcp\"", "org/mcp\", headers: { A: \"${file:key}\" }"));
    open();

    // When
    folder.write("key", "two\n");

    // Then
    awaitRevision(2);
    assertThat(live.snapshot().servers().get("files").headers()).containsEntry("a", "two");
  }

  @Test
  void theSameContentMakesNoRevision() throws ConfigRefused {
    // Given
    open();
    Snapshot before = live.snapshot();

    // When
    folder.with(BASE + "# a comment\n");
    live.reload();

    // Then
    assertThat(live.snapshot()).isSameAs(before);
    assertThat(told).isEmpty();
  }

  @Test
  void whatNeedsARestartIsAWarningAndTheRestIsApplied() throws ConfigRefused {
    // Given
    open();
    folder.with(
        BASE
            + GRANT
            + "listen: { port: 1234 }\nadmin: { port: 1235 }\n"
            + "cluster: { role: gateway, dataMembers: 1, join: { members: [localhost] },"
            + " secret: 'sixteen or more letters' }\n");

    // When
    ConfigStatus status = live.reload();

    // Then
    assertThat(status.revision()).isEqualTo(2);
    assertThat(status.warnings())
        .hasSize(3)
        .allSatisfy(text -> assertThat(text).contains("restart the node"))
        .anySatisfy(text -> assertThat(text).contains("`cluster`"));
    assertThat(live.config().listen().port()).isEqualTo(8080);
    assertThat(live.config().cluster()).isEmpty();
  }

  @Test
  void aFailingListenerDoesNotStopTheOthers() throws ConfigRefused {
    // Given
    live = LiveConfig.open(folder.file, folder.reader(), Clock.systemUTC());
    live.onChange(
        snapshot -> {
          throw new IllegalStateException("broken");
        });
    live.onChange(snapshot -> told.add(snapshot.revision()));
    folder.with(BASE + GRANT);

    // When
    live.reload();

    // Then
    assertThat(told).containsExactly(2L);
  }

  @Test
  void manyWritesInARowEndInTheLastOne() throws Exception {
    // Given
    open();

    // When
    for (int i = 0; i < 50; i++) {
      folder.with(BASE + GRANT.replace(": ci", ": ci" + i));
    }

    // Then
    await()
        .untilAsserted(
            () ->
                assertThat(live.snapshot().grants())
                    .extracting(Grant::label)
                    .containsExactly("ci49"));
  }

  @Test
  void aLookReportsAChangeOnceItHasSettled() throws IOException {
    // Given
    FileWatch watch = new FileWatch();
    watch.expect(folder.read().files());

    // When // Then
    assertThat(watch.look()).isEqualTo(FileWatch.Look.SAME);
    folder.with(BASE + "# 1\n");
    assertThat(watch.look()).isEqualTo(FileWatch.Look.SETTLING);
    folder.with(BASE + "# 2\n");
    assertThat(watch.look()).isEqualTo(FileWatch.Look.SETTLING);
    assertThat(watch.look()).isEqualTo(FileWatch.Look.CHANGED);
  }

  @Test
  void aFileThatNeverSettlesIsReadAtLast() {
    // Given
    FileWatch watch = new FileWatch();
    watch.expect(folder.read().files());

    // When
    FileWatch.Look last = FileWatch.Look.SETTLING;
    int looks = 0;
    while (last == FileWatch.Look.SETTLING && looks < 100) {
      folder.with(BASE + "# " + looks++ + "\n");
      last = watch.look();
    }

    // Then
    assertThat(last).isEqualTo(FileWatch.Look.CHANGED);
  }

  @Test
  void aWriteThatNoAttributeShowsIsFoundByItsContent() throws IOException {
    // Given
    folder.with(BASE + "# 1\n");
    FileWatch watch = new FileWatch();
    watch.expect(folder.read().files());
    FileTime time = Files.getLastModifiedTime(folder.file);
    for (int i = 0; i < 15; i++) {
      assertThat(watch.look()).isEqualTo(FileWatch.Look.SAME);
    }

    // When
    folder.with(BASE + "# 2\n");
    Files.setLastModifiedTime(folder.file, time);

    // Then
    FileWatch.Look look = FileWatch.Look.SAME;
    for (int i = 0; i < 25 && look == FileWatch.Look.SAME; i++) {
      look = watch.look();
    }
    assertThat(look).isEqualTo(FileWatch.Look.SETTLING);
  }
}
