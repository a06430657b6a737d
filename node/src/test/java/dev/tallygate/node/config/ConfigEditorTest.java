package dev.tallygate.node.config;

import static dev.tallygate.node.config.ConfigFolder.BASE;
import static dev.tallygate.node.config.ConfigFolder.HASH_A;
import static dev.tallygate.node.config.ConfigFolder.HASH_B;
import static dev.tallygate.node.config.ConfigFolder.HASH_C;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tallygate.node.config.ConfigEditor.NewGrant;
import dev.tallygate.registry.Grant;
import dev.tallygate.registry.Snapshot;
import dev.tallygate.registry.Token;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigEditorTest {
  private static final Instant NOW = Instant.parse("2027-03-01T10:00:00Z");

  @TempDir Path directory;
  private ConfigFolder folder;
  private ConfigEditor editor;

  @BeforeEach
  void folder() {
    folder = new ConfigFolder(directory);
    editor = at(NOW);
  }

  private ConfigEditor at(Instant now) {
    return new ConfigEditor(folder.file, Clock.fixed(now, ZoneOffset.UTC));
  }

  private static NewGrant grant(String label) {
    return new NewGrant(label, "files", Optional.of("readonly"), Optional.empty());
  }

  private Optional<Grant> opened(Token token, Instant when) {
    Snapshot snapshot = folder.config().snapshot(1, when);
    return snapshot.authenticate(token.reveal(), "files", when);
  }

  @Test
  void whatIsNoRegularFileIsRefusedRatherThanWaitedFor() {
    // Given
    ConfigEditor device = new ConfigEditor(Path.of("/dev/zero"), Clock.systemUTC());

    // Then
    assertThatThrownBy(device::grants)
        .isInstanceOf(EditRefused.class)
        .hasMessage("/dev/zero is not a regular file");
    assertThatThrownBy(() -> device.revoke("alice"))
        .isInstanceOf(EditRefused.class)
        .hasMessage("/dev/zero is not a regular file");
  }

  /**
   * Grants in many shapes of YAML, each with a live grant {@code ci}: after an edit every line that
   * was there must still be there as it was, but for the one that the edit changes.
   */
  static Stream<String> shapes() {
    String ci = "label: ci, server: files, tokenSha256: \"" + HASH_A + "\"";
    String block = "label: ci\n    server: files\n    tokenSha256: " + HASH_A + "\n";
    List<String> shapes =
        List.of(
            BASE + "grants:\n  - { " + ci + " }\n",
            BASE + "grants:\n  - { " + ci + " }   # the builder\n  # the end\n",
            BASE + "grants:\n- { " + ci + " }\n",
            BASE + "grants:\n      -   { " + ci + ", } # c\n",
            BASE + "grants:\n  - " + block,
            BASE + "grants: # all\n  # before\n  - " + block + "    # inside\n# after\n",
            BASE + "grants:\n  - " + block + "\n\n# far below\n",
            BASE + "grants:\n  -\n    " + block,
            BASE + "grants:\n- " + block.replace("    ", "  "),
            BASE + "grants:\n  - " + block.replace("server", "# why\n    server"),
            BASE + "grants: [{ " + ci + " }]\n",
            BASE + "grants: [ { " + ci + " }, ] # t\n",
            BASE + "grants: [\n  { " + ci + " } # c\n]\n",
            BASE + "grants: [\n  { " + ci + " }, # c\n  # d\n]\n",
            BASE + "grants:\n  [\n    {\n      " + ci.replace(", ", ",\n      ") + "\n    }\n  ]\n",
            BASE + "grants:\n  - {\n      " + ci.replace(", ", ",\n      ") + ", # last\n    }\n",
            "# first\ngrants:\n  - { " + ci + " }\n\n# then\n" + BASE,
            "grants:\n  - " + block + "# then\n" + BASE,
            "---\n" + BASE + "grants:\n  - " + block + "...\n",
            BASE.replace("\n", "   # é 😀 §\n") + "grants:\n  - { " + ci + " } # 😀\n",
            BASE
                + "\"grants\":\n  - \"label\": 'ci'\n    server: >-\n      files\n    tokenSha256: "
                + HASH_A
                + "\n",
            BASE
                + "grants:\n  - tokenSha256: "
                + HASH_A
                + "\n    server: files\n    label: |-\n      ci\n",
            BASE + "grants:\n  - { " + ci + ", previous: [] }\n",
            BASE + "grants:\n  - " + block + "    previous: [] # none\n",
            BASE
                + "grants:\n  - "
                + block
                + "    previous:\n      - tokenSha256: "
                + HASH_B
                + "\n        until: 2020-01-01T00:00:00Z\n    expires: 2040-01-01T00:00:00Z\n",
            BASE
                + "grants:\n  - previous:\n    - { tokenSha256: "
                + HASH_B
                + ", until: \"2020-01-01T00:00:00Z\" }\n    "
                + block,
            "{ servers: { files: { url: \"http://127.0.0.1:1/\" } }, audit: { file: a },\n"
                + "  policies: { readonly: { file: policies/readonly.json } },\n"
                + "  grants: [ { "
                + ci
                + " } ] }\n",
            """
            {
              "servers": { "files": { "url": "http://127.0.0.1:1/" } },
              "policies": { "readonly": { "file": "policies/readonly.json" } },
              "audit": { "file": "a" },
              "grants": [
                {
                  "label": "ci",
                  "server": "files",
                  "tokenSha256": "%s"
                }
              ]
            }
            """
                .formatted(HASH_A));
    return shapes.stream()
        .flatMap(
            shape ->
                Stream.of(shape, "\uFEFF" + shape.replace("\n", "\r\n"), shape.stripTrailing()));
  }

  /** The same without any grant. */
  static Stream<String> shapesWithoutGrants() {
    return Stream.of(
            BASE,
            BASE + "# the end\n",
            BASE + "grants: []\n",
            BASE + "grants: [] # none yet\n# below\n",
            BASE + "grants: [ ]\n",
            BASE + "grants: [ # c\n  ]\n",
            BASE + "grants:\n",
            BASE + "grants: # none yet\n  # still none\n",
            BASE + "grants: ~\n",
            BASE + "grants: null # c\n",
            "grants:\n" + BASE,
            "grants: []\n" + BASE,
            "  " + BASE.replace("\n", "\n  ").stripTrailing() + "\n",
            "{ servers: { files: { url: \"http://127.0.0.1:1/\" } }, audit: { file: a },"
                + " policies: { readonly: { file: policies/readonly.json } } }\n",
            "{ servers: { files: { url: \"http://127.0.0.1:1/\" } }, audit: { file: a }, grants: [],"
                + " policies: { readonly: { file: policies/readonly.json } } }\n")
        .flatMap(shape -> Stream.of(shape, shape.replace("\n", "\r\n"), shape.stripTrailing()));
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void mintingKeepsEverythingThatWasThere(String shape) throws EditRefused {
    // Given
    folder.with(shape);

    // When
    Token token = editor.mint(grant("new"));

    // Then
    assertThat(opened(token, NOW)).map(Grant::label).contains("new");
    assertOnlyAdded(shape, folder.text());
    assertLineEndsAs(shape, folder.text());
    assertThat(folder.text()).doesNotContain(token.reveal());
  }

  @ParameterizedTest
  @MethodSource("shapesWithoutGrants")
  void theFirstGrantMayBeMintedIntoAnyShape(String shape) throws EditRefused {
    // Given
    folder.with(shape);

    // When
    Token first = editor.mint(grant("first"));
    Token second = editor.mint(grant("second"));

    // Then
    assertThat(opened(first, NOW)).map(Grant::label).contains("first");
    assertThat(opened(second, NOW)).map(Grant::label).contains("second");
    assertLineEndsAs(shape, folder.text());
    assertThat(comments(folder.text())).isEqualTo(comments(shape));
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void revokingAddsOneKey(String shape) throws EditRefused {
    // Given
    folder.with(shape);

    // When
    editor.revoke("ci");

    // Then
    assertThat(folder.config().grants().get(0).revoked()).contains(NOW);
    assertOnlyAdded(shape, folder.text());
    assertLineEndsAs(shape, folder.text());
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void rotatingTwiceAcceptsTheOldTokensUntilTheOverlapEnds(String shape) throws EditRefused {
    // Given
    folder.with(shape);

    // When
    Token first = editor.rotate("ci", Duration.ofHours(1));
    Token second = at(NOW.plusSeconds(60)).rotate("ci", Duration.ofHours(1));

    // Then
    assertThat(opened(first, NOW.plusSeconds(3659))).isPresent();
    assertThat(opened(first, NOW.plusSeconds(3660))).isEmpty();
    assertThat(opened(second, NOW.plusSeconds(3660))).isPresent();
    assertThat(folder.config().grants().get(0).tokens()).hasSize(3);
    assertLineEndsAs(shape, folder.text());
    assertThat(comments(folder.text())).isEqualTo(comments(shape));
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void rotatingWithoutOverlapEndsEveryOlderToken(String shape) throws EditRefused {
    // Given
    folder.with(shape);
    Token first = editor.rotate("ci", Duration.ofHours(1));

    // When
    Token second = editor.rotate("ci", Duration.ZERO);

    // Then
    assertThat(opened(first, NOW)).isEmpty();
    assertThat(opened(second, NOW)).isPresent();
    assertThat(folder.config().grants().get(0).tokens()).hasSize(1);
  }

  /** Every character of the old text is in the new one, in order. */
  private static void assertOnlyAdded(String before, String after) {
    int at = 0;
    for (int i = 0; i < after.length() && at < before.length(); i++) {
      if (after.charAt(i) == before.charAt(at)) {
        at++;
      }
    }
    assertThat(at).as("what was kept of the text:\n" + after).isEqualTo(before.length());
    List<String> lines = new ArrayList<>(before.lines().toList());
    lines.removeAll(after.lines().toList());
    assertThat(lines).as("changed lines").hasSizeLessThanOrEqualTo(1);
  }

  private static void assertLineEndsAs(String before, String after) {
    String others = before.contains("\r\n") ? after.replace("\r\n", "") : after;
    assertThat(others).doesNotContain("\r");
    if (before.contains("\r\n")) {
      assertThat(others).doesNotContain("\n");
    }
  }

  private static List<String> comments(String text) {
    return text.lines()
        .filter(line -> line.contains("#"))
        .map(line -> line.substring(line.indexOf('#')))
        .toList();
  }

  @Test
  void aNewGrantIsWrittenLikeTheOneBefore() throws EditRefused {
    // Given
    folder.with(
        BASE
            + "grants:\n  - { label: ci, server: files, tokenSha256: \""
            + HASH_A
            + "\" } # c\n"
            + "  # end\n");

    // When
    Token token =
        editor.mint(
            new NewGrant(
                "alice", "files", Optional.of("readonly"), Optional.of(NOW.plusSeconds(60))));

    // Then
    assertThat(folder.text())
        .isEqualTo(
            BASE
                + "grants:\n  - { label: ci, server: files, tokenSha256: \""
                + HASH_A
                + "\" } # c\n"
                + "  - { label: alice, server: files, policy: readonly, tokenSha256: \""
                + token.sha256().hex()
                + "\", expires: \"2027-03-01T10:01:00Z\" }\n"
                + "  # end\n");
  }

  @Test
  void theFirstGrantIsWrittenAsABlock() throws EditRefused {
    // Given
    folder.with(BASE + "grants: [] # none yet\n");

    // When
    Token token = editor.mint(grant("alice"));

    // Then
    assertThat(folder.text())
        .isEqualTo(
            BASE
                + "grants: # none yet\n"
                + "  - label: alice\n    server: files\n    policy: readonly\n    tokenSha256: \""
                + token.sha256().hex()
                + "\"\n");
  }

  @Test
  void revokingIsReadable() throws EditRefused {
    // Given
    String grant =
        "grants:\n  - label: ci # the builder\n    server: files\n    tokenSha256: " + HASH_A;
    folder.with(BASE + grant + " # hash\n\n# end\n");

    // When
    editor.revoke("ci");

    // Then
    assertThat(folder.text())
        .isEqualTo(BASE + grant + " # hash\n    revoked: \"2027-03-01T10:00:00Z\"\n\n# end\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"null", "true", "yes", "1e3", "0x10", "2027", "a@b"})
  void aLabelThatYamlCouldTakeForSomethingElseStaysText(String label) throws EditRefused {
    // Given
    folder.with(BASE);

    // When
    Token token = editor.mint(grant(label));

    // Then
    assertThat(opened(token, NOW)).map(Grant::label).contains(label);
  }

  @Test
  void refusalsNameTheCureAndWriteNothing() {
    // Given
    String text =
        BASE
            + """
            grants:
              - { label: ci, server: files, tokenSha256: "%s" }
              - { label: gone, server: files, tokenSha256: "%s", revoked: "2027-01-01T00:00:00Z" }
              - { label: old, server: files, tokenSha256: "%s", expires: "2027-01-01T00:00:00Z" }
              - { label: mounted, server: files, tokenFile: /run/token }
            """
                .formatted(HASH_A, HASH_B, HASH_C);
    folder.with(text);

    // When // Then
    assertRefused(() -> editor.mint(grant("ci")), "`ci` is there already");
    assertRefused(() -> editor.mint(grant("a b")), "a label has");
    assertRefused(
        () -> editor.mint(new NewGrant("a", "none", Optional.empty(), Optional.empty())),
        "there is no server `none`; there are everything, files");
    assertRefused(
        () -> editor.mint(new NewGrant("a", "files", Optional.of("x"), Optional.empty())),
        "there is no policy `x`; there are readonly");
    assertRefused(
        () -> editor.mint(new NewGrant("a", "files", Optional.empty(), Optional.of(NOW))),
        "expire at once");
    assertRefused(() -> editor.revoke("cii"), "did you mean `ci`?");
    assertRefused(() -> editor.revoke("gone"), "revoked since 2027-01-01T00:00:00Z");
    assertRefused(() -> editor.rotate("gone", Duration.ZERO), "revoked since");
    assertRefused(() -> editor.rotate("old", Duration.ZERO), "expired at 2027-01-01");
    assertRefused(() -> editor.rotate("mounted", Duration.ZERO), "comes from the file /run/token");
    assertThat(folder.text()).isEqualTo(text);
  }

  private static void assertRefused(Callable<?> edit, String message) {
    assertThatThrownBy(edit::call).isInstanceOf(EditRefused.class).hasMessageContaining(message);
  }

  @Test
  void aRevokedLabelMayBeMintedAgain() throws EditRefused {
    // Given
    folder.with(BASE);
    Token first = editor.mint(grant("ci"));
    editor.revoke("ci");

    // When
    Token second = editor.mint(grant("ci"));

    // Then
    assertThat(opened(first, NOW)).isEmpty();
    assertThat(opened(second, NOW)).isPresent();
    assertThat(editor.grants()).extracting(Grant::label).containsExactly("ci", "ci");
  }

  @Test
  void neitherSecretsNorPolicyFilesAreNeededToEdit() throws EditRefused {
    // Given
    folder.with(
        BASE.replace(
                "mcp\" }\n  files", "mcp\", headers: { A: \"${env:NOT_SET_HERE}\" } }\n  files")
            .replace("readonly.json", "elsewhere.json"));

    // When
    editor.mint(grant("ci"));

    // Then
    assertThat(editor.grants()).extracting(Grant::label).containsExactly("ci");
  }

  @Test
  void aFileWithErrorsIsNotMintedInto() {
    // Given
    folder.with(BASE + "lisen: {}\n");

    // When // Then
    assertRefused(() -> editor.mint(grant("ci")), "tallygate.yaml:7:1: error: unknown key `lisen`");
  }

  @Test
  void anErrorElsewhereDoesNotStopARevocationButIsTold() throws EditRefused {
    // Given
    folder.with(BASE);
    editor.mint(grant("ci"));
    folder.with(folder.text() + "lisen: {}\n");

    // When
    ConfigEditor.Revocation revocation = editor.revoke("ci");

    // Then
    assertThat(folder.text()).contains("revoked: \"2027-03-01T10:00:00Z\"");
    assertThat(revocation.errors()).hasSize(1);
  }

  @Test
  void whatIsNotYamlIsRefusedWithItsPlace() {
    // Given
    folder.with("a: [\n");

    // When // Then
    assertRefused(() -> editor.revoke("ci"), "tallygate.yaml:2:1: error: not valid YAML");
    assertRefused(editor::grants, "tallygate.yaml:2:1: error: not valid YAML");
  }

  @Test
  void aMissingFileIsRefused() {
    assertRefused(() -> editor.mint(grant("ci")), "does not exist");
    assertRefused(editor::grants, "does not exist");
  }

  @Test
  void permissionsStayAndNothingIsLeftBehind() throws Exception {
    // Given
    folder.with(BASE);
    Files.setPosixFilePermissions(folder.file, PosixFilePermissions.fromString("rw-r-----"));

    // When
    editor.mint(grant("ci"));

    // Then
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.file)))
        .isEqualTo("rw-r-----");
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("tallygate.yaml", "policies");
    }
  }

  @Test
  void aLinkStaysALink() throws Exception {
    // Given
    folder.with(BASE);
    Path target = Files.move(folder.file, directory.resolve("real.yaml"));
    Files.createSymbolicLink(folder.file, Path.of("real.yaml"));

    // When
    editor.mint(grant("ci"));

    // Then
    assertThat(folder.file).isSymbolicLink();
    assertThat(target).content().contains("label: ci");
  }

  @Test
  void aChangeMadeByAnotherProgramMeanwhileIsNotLost() throws IOException {
    // Given
    folder.with(BASE);

    // When
    try (LockedFile locked = LockedFile.open(folder.file)) {
      byte[] before = locked.read();
      folder.with(BASE + "# by hand\n");

      // Then
      assertThatThrownBy(() -> locked.replace(before, new byte[] {'x'}))
          .hasMessageContaining("was changed by someone else");
    }
    assertThat(folder.text()).endsWith("# by hand\n");
  }

  @Test
  void commandsAtOneTimeLoseNothing() throws Exception {
    // Given
    folder.with(BASE);
    int commands = 24;
    ExecutorService threads = Executors.newFixedThreadPool(8);

    // When
    List<Future<Token>> minted = new ArrayList<>();
    for (int i = 0; i < commands; i++) {
      String label = "client-" + i;
      minted.add(threads.submit(() -> at(NOW).mint(grant(label))));
    }
    List<Token> tokens = new ArrayList<>();
    for (Future<Token> token : minted) {
      tokens.add(token.get());
    }
    threads.shutdown();

    // Then
    assertThat(tokens).allSatisfy(token -> assertThat(opened(token, NOW)).isPresent());
    assertThat(editor.grants()).hasSize(commands);
  }

  @Test
  void processesAtOneTimeLoseNothing() throws Exception {
    // Given
    folder.with(BASE);
    List<Process> processes = new ArrayList<>();

    // When
    for (int i = 0; i < 3; i++) {
      processes.add(
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-cp",
                  System.getProperty("java.class.path"),
                  Minting.class.getName(),
                  folder.file.toString(),
                  "process-" + i)
              .inheritIO()
              .start());
    }

    // Then
    for (Process process : processes) {
      assertThat(process.waitFor()).isZero();
    }
    assertThat(editor.grants()).hasSize(3 * Minting.GRANTS);
  }

  /** A process that mints grants one after another. */
  static final class Minting {
    static final int GRANTS = 20;

    public static void main(String[] args) throws EditRefused {
      for (int i = 0; i < GRANTS; i++) {
        new ConfigEditor(Path.of(args[0]), Clock.systemUTC()).mint(grant(args[1] + "-" + i));
      }
    }
  }

  @Test
  void anAnchoredListIsEditedSafelyOrNotAtAll() {
    // Given
    String text =
        BASE + "grants: &g\n  - { label: ci, server: files, tokenSha256: \"" + HASH_A + "\" }\n";
    folder.with(text);

    // When // Then
    assertRefused(() -> editor.mint(grant("new")), "cannot be edited safely");
    assertThat(folder.text()).isEqualTo(text);
  }
}
