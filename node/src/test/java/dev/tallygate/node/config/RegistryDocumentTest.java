package dev.tallygate.node.config;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tallygate.node.config.ConfigEditor.NewGrant;
import dev.tallygate.node.config.DocumentCompiler.Compiled;
import dev.tallygate.registry.Sealing;
import dev.tallygate.registry.Sha256;
import dev.tallygate.registry.Snapshot;
import dev.tallygate.registry.Token;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a registry's document takes from whom, and what it is on a node. */
class RegistryDocumentTest {
  private static final Sealing SEALING = new Sealing("a secret of the cluster");

  private static final Instant NOW = Instant.parse("2026-11-22T05:31:02Z");

  @TempDir Path directory;
  private final Token declared = Token.random();
  private final Token minted = Token.random();
  private Path file;

  @BeforeEach
  void file() throws IOException {
    file = directory.resolve("tallygate.yaml");
    Files.writeString(
        directory.resolve("cost.json"),
        "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\"search\":{\"limits\":[{\"counter\":\"usd\","
            + "\"window\":\"day\",\"max\":5,\"increment\":0.10}]}}}");
    Files.writeString(directory.resolve("token"), declared.reveal());
    write(grant());
  }

  private void write(String grants) throws IOException {
    Files.writeString(
        file,
        """
        servers:
          files:
            url: http://127.0.0.1:1/mcp
            headers: { X-Key: "k ${env:KEY}", X-Tenant: 007, X-Null: "null" }
            limits: { connections: 64, requestBytes: 1MiB }
            checkArguments: true
        policies: { cost: { file: cost.json } }
        grants:
        %s
        audit: { file: audit.jsonl }
        """
            .formatted(grants));
  }

  private static String grant() {
    return "  - { label: declared, server: files, policy: cost, tokenFile: token }";
  }

  private Declared declared() {
    ConfigReading reading =
        new ConfigReader(Map.of("KEY", "s3cret", "HOSTNAME", "n")::get).read(file);
    return reading
        .config()
        .orElseThrow(() -> new AssertionError(reading.errors().toString()))
        .declared();
  }

  private RegistryDocument published() throws DocumentRefused {
    return RegistryDocument.EMPTY.replacing(RegistryDocument.FILE, declared());
  }

  private DocumentCompiler compiler(Map<String, String> environment) {
    return new DocumentCompiler(file, environment::get, SEALING);
  }

  private Snapshot snapshot(RegistryDocument document) throws DocumentRefused {
    return compiler(Map.of("KEY", "s3cret")).compile(document).snapshot(1, NOW);
  }

  private boolean opens(RegistryDocument document, Token token) throws DocumentRefused {
    return snapshot(document).authenticate(token.reveal(), "files", NOW).isPresent();
  }

  private RegistryDocument mint(RegistryDocument document) throws EditRefused {
    return GrantEdits.mint(
        document,
        new NewGrant("alice", "files", Optional.of("cost"), Optional.empty()),
        minted.sha256(),
        NOW);
  }

  @Test
  void documentSaysWhatTheFileSaysAndHoldsNoSecret() throws Exception {
    // Given
    NodeConfig config =
        new ConfigReader(Map.of("KEY", "s3cret", "HOSTNAME", "n")::get)
            .read(file)
            .config()
            .orElseThrow();

    // When
    RegistryDocument document = RegistryDocument.read(published().text());
    Snapshot snapshot = snapshot(document);

    // Then
    assertThat(snapshot.servers()).isEqualTo(config.servers());
    assertThat(snapshot.grants()).isEqualTo(config.grants());
    assertThat(snapshot.policies()).containsOnlyKeys("cost");
    assertThat(snapshot.servers().get("files").headers())
        .containsEntry("x-key", "k s3cret")
        .containsEntry("x-tenant", "007")
        .containsEntry("x-null", "null");
    assertThat(document.text())
        .contains("${env:KEY}", "0.10")
        .doesNotContain("s3cret", declared.reveal());
    assertThat(document.agreesWith(RegistryDocument.FILE, declared())).isTrue();
  }

  @Test
  void missingSecretMakesItsServerUnusableAndNothingElse() throws Exception {
    // When
    Compiled compiled = compiler(Map.of()).compile(published());

    // Then
    assertThat(compiled.unusable())
        .containsExactly(
            Map.entry("files", "the environment variable KEY is not set; set it before the start"));
    assertThat(compiled.grants()).hasSize(1);
    assertThat(compiled.snapshot(3, NOW).unusable()).containsKey("files");
  }

  @Test
  void revokedGrantOfAFileStaysRevokedThoughTheFileDeclaresIt() throws Exception {
    // Given
    RegistryDocument document = published();
    assertThat(opens(document, declared)).isTrue();

    // When
    RegistryDocument revoked = GrantEdits.revoke(document, "declared", NOW);
    RegistryDocument gone = revoked.replacing(RegistryDocument.FILE, Declared.nothing());
    RegistryDocument again = gone.replacing(RegistryDocument.FILE, declared());

    // Then
    assertThat(opens(revoked, declared)).isFalse();
    assertThat(revoked.agreesWith(RegistryDocument.FILE, declared())).isTrue();
    assertThat(opens(again, declared)).isFalse();
    assertThat(snapshot(again).grants().get(0).revoked()).contains(NOW);
    assertThatThrownBy(() -> GrantEdits.revoke(again, "declared", NOW))
        .isInstanceOf(EditRefused.class)
        .hasMessage("`declared` is revoked since " + NOW);
  }

  @Test
  void revocationInAFileOutlivesAnOlderFile() throws Exception {
    // Given
    Declared older = declared();
    write(grant().replace(" }", ", revoked: 2026-01-01T00:00:00Z }"));

    // When
    RegistryDocument document =
        published()
            .replacing(RegistryDocument.FILE, declared())
            .replacing(RegistryDocument.FILE, older);

    // Then
    assertThat(opens(document, declared)).isFalse();
  }

  @Test
  void filesDoNotTouchWhatWasMinted() throws Exception {
    // Given
    RegistryDocument document = mint(published());

    // When
    RegistryDocument after = document.replacing(RegistryDocument.FILE, declared());

    // Then
    assertThat(after.text()).isEqualTo(document.text());
    assertThat(opens(after, minted)).isTrue();
  }

  @Test
  void labelBelongsToOneSource() throws Exception {
    // Given
    RegistryDocument document = mint(published());
    write(
        grant()
            + "\n  - { label: alice, server: files, tokenSha256: \"%s\" }"
                .formatted("ab".repeat(32)));

    // When // Then
    assertThatThrownBy(() -> document.replacing(RegistryDocument.FILE, declared()))
        .isInstanceOf(DocumentRefused.class)
        .hasMessageContaining("/grants/alice: it is declared by another source");
    assertThatThrownBy(() -> mint(document))
        .isInstanceOf(EditRefused.class)
        .hasMessageContaining("a grant labelled `alice` is there already");
  }

  @Test
  void rotationEndsOldTokensForGoodAndOverlapsWhereAsked() throws Exception {
    // Given
    Token second = Token.random();
    Token third = Token.random();
    RegistryDocument document = mint(published());

    // When
    RegistryDocument overlapping =
        GrantEdits.rotate(document, "alice", second.sha256(), Duration.ofHours(1), NOW);
    RegistryDocument ended =
        GrantEdits.rotate(overlapping, "files/alice", third.sha256(), Duration.ZERO, NOW);

    // Then
    assertThat(opens(overlapping, minted)).isTrue();
    assertThat(opens(overlapping, second)).isTrue();
    assertThat(opens(ended, minted)).isFalse();
    assertThat(opens(ended, second)).isFalse();
    assertThat(opens(ended, third)).isTrue();
    assertThatThrownBy(() -> GrantEdits.rotate(ended, "alice", second.sha256(), Duration.ZERO, NOW))
        .isInstanceOf(EditRefused.class)
        .hasMessage("this token was given already; mint another");
    assertThatThrownBy(
            () -> GrantEdits.rotate(ended, "declared", second.sha256(), Duration.ZERO, NOW))
        .isInstanceOf(EditRefused.class)
        .hasMessageContaining("`declared` is declared by `file`");
  }

  @Test
  void serverThatIsHeldToItsLockFileHasNoOtherPins() throws Exception {
    // Given
    String text =
        """
        {"servers": {"a": {"url": "http://x/mcp", "trust": "%s"}},
         "pins": {"a": {"tools": {%s}}}}
        """;
    Declared first = read(text.formatted("first-use", "\"t\": [], \"u\": []"));
    Declared more = read(text.formatted("first-use", "\"t\": []"));
    Declared held = read(text.formatted("pinned", "\"t\": []"));
    RegistryDocument document =
        RegistryDocument.EMPTY.replacing(RegistryDocument.KUBERNETES, first);

    // When
    RegistryDocument joined = document.replacing(RegistryDocument.KUBERNETES, more);
    RegistryDocument pinned = document.replacing(RegistryDocument.KUBERNETES, held);

    // Then
    assertThat(joined.json().at("/pins/a/tools")).hasSize(2);
    assertThat(pinned.json().at("/pins/a/tools")).hasSize(1);
    assertThat(pinned.agreesWith(RegistryDocument.KUBERNETES, held)).isTrue();
    assertThat(
            joined
                .replacing(
                    RegistryDocument.KUBERNETES,
                    read(
                        "{\"servers\": {\"a\": {\"url\": \"http://x/mcp\", \"trust\": \"pinned\"}}}"))
                .agreesWith(RegistryDocument.KUBERNETES, held))
        .isFalse();
  }

  private static Declared read(String text) throws DocumentRefused {
    return RegistryDocument.readDeclared(text.getBytes(UTF_8));
  }

  @Test
  void whatIsNotInOrderIsRefusedWithItsPlace() throws Exception {
    // Given
    Declared bad =
        RegistryDocument.readDeclared(
            """
            {"servers": {"a": {"url": "ftp://x"}},
             "policies": {"p": {"version": "1", "default": "maybe"}},
             "grants": [{"label": "x", "server": "nowhere", "tokenFile": "t"}],
             "pins": {"a": {"tools": {"t": ["bent"]}}}}
            """
                .getBytes(StandardCharsets.UTF_8));
    RegistryDocument document = RegistryDocument.EMPTY.replacing(RegistryDocument.ADMIN, bad);

    // When // Then
    assertThatThrownBy(
            () -> compiler(Map.of()).check(document, Optional.of(RegistryDocument.ADMIN)))
        .isInstanceOfSatisfying(
            DocumentRefused.class,
            refused ->
                assertThat(refused.errors())
                    .anyMatch(error -> error.startsWith("/servers/a/url: "))
                    .anyMatch(error -> error.startsWith("/policies/p/default: "))
                    .anyMatch(error -> error.startsWith("/grants/x/server: "))
                    .anyMatch(error -> error.startsWith("/pins/a/tools/t/0: "))
                    .anyMatch(error -> error.contains("a token's file is of one node")));
  }

  @Test
  void textThatIsNoDocumentIsRefusedInOneLine() {
    for (String text :
        new String[] {"", "[]", "{\"servers\":[]}", "{\"x\":{}}", "{\"a\":1,\"a\":2}"}) {
      assertThatThrownBy(() -> RegistryDocument.read(text))
          .isInstanceOf(DocumentRefused.class)
          .satisfies(refused -> assertThat(refused.getMessage().lines()).hasSize(1));
      assertThatThrownBy(() -> RegistryDocument.readDeclared(text.getBytes(StandardCharsets.UTF_8)))
          .isInstanceOf(DocumentRefused.class);
    }
  }

  @Test
  void hashesOfTokensAreThoseOfTheFiles() throws Exception {
    assertThat(published().json().at("/grants/0/tokenSha256").asText())
        .isEqualTo(Sha256.of(declared.reveal()).hex());
  }

  private static Declared operators(String servers) throws DocumentRefused {
    return RegistryDocument.readDeclared(("{\"servers\":" + servers + "}").getBytes(UTF_8));
  }

  @Test
  void sealedHeaderIsOpenedInItsPlaceOnly() throws Exception {
    // Given
    String sealed = SEALING.seal("/servers/github/headers/Authorization", "s3cret");
    String server =
        "{\"url\":\"https://h/mcp\",\"headers\":{\"Authorization\":\"Bearer ${sealed:%s}\"}}"
            .formatted(sealed);
    RegistryDocument document =
        RegistryDocument.EMPTY.replacing(
            RegistryDocument.KUBERNETES,
            operators("{\"github\":" + server + ",\"other\":" + server + "}"));

    // When
    Snapshot snapshot = snapshot(document);

    // Then
    assertThat(document.text()).doesNotContain("s3cret");
    assertThat(snapshot.servers().get("github").headers())
        .containsEntry("authorization", "Bearer s3cret");
    assertThat(snapshot.unusable().get("other")).contains("sealed by another secret");
  }

  @Test
  void serverThatItsSourceCallsUnusableIsNotCalledAndKeepsItsPins() throws Exception {
    // Given
    RegistryDocument document =
        RegistryDocument.EMPTY.replacing(
            RegistryDocument.KUBERNETES,
            operators(
                "{\"github\":{\"url\":\"https://h/mcp\",\"unusable\":\"Secret x is missing\"}}"));

    // When
    Snapshot snapshot = snapshot(document);

    // Then
    assertThat(snapshot.unusable()).containsEntry("github", "Secret x is missing");
  }

  @Test
  void certificatesMayStandInTheDocumentItself() throws Exception {
    // Given
    RegistryDocument document =
        RegistryDocument.EMPTY.replacing(
            RegistryDocument.KUBERNETES,
            operators(
                "{\"github\":{\"url\":\"https://h/mcp\",\"ca\":\"-----BEGIN CERTIFICATE-----\\nno\"}}"));

    // When, Then: they are looked at before they are published
    assertThatThrownBy(
            () -> compiler(Map.of()).check(document, Optional.of(RegistryDocument.KUBERNETES)))
        .isInstanceOf(DocumentRefused.class)
        .hasMessageContaining(
            "/servers/github/ca: `ca` is text, which is not a list of certificates");
  }

  @Test
  void writerThatWasOvertakenWritesNothing() throws Exception {
    // Given
    RegistryDocument fenced = RegistryDocument.EMPTY.fencing(RegistryDocument.KUBERNETES, 2);

    // When, Then
    assertThat(fenced.fence(RegistryDocument.KUBERNETES)).isEqualTo(2);
    assertThat(RegistryDocument.read(fenced.text()).fence(RegistryDocument.KUBERNETES))
        .isEqualTo(2);
    assertThatThrownBy(() -> fenced.fencing(RegistryDocument.KUBERNETES, 1))
        .isInstanceOf(DocumentRefused.class)
        .hasMessageStartingWith("/fences/kubernetes: another took over");
  }

  @Test
  void errorsOfGrantsAreNamedByTheirLabels() throws Exception {
    // Given
    RegistryDocument document =
        RegistryDocument.EMPTY.replacing(
            RegistryDocument.KUBERNETES,
            RegistryDocument.readDeclared(
                ("{\"grants\":[{\"label\":\"ci-bot\",\"server\":\"none\",\"tokenSha256\":\""
                        + "5e".repeat(32)
                        + "\"}]}")
                    .getBytes(UTF_8)));

    // When, Then
    assertThatThrownBy(
            () -> compiler(Map.of()).check(document, Optional.of(RegistryDocument.KUBERNETES)))
        .isInstanceOf(DocumentRefused.class)
        .hasMessageStartingWith(
            "/grants/ci-bot/server: `server` names `none`, which does not exist");
  }

  @Test
  void whatOneSourceTakesAwayLeavesGrantsOfOthersWithoutItAndStopsNobody() throws Exception {
    // Given a grant that was minted for a server of the file
    RegistryDocument document = mint(published());
    assertThat(opens(document, minted)).isTrue();

    // When
    RegistryDocument without = document.replacing(RegistryDocument.FILE, Declared.nothing());

    // Then
    compiler(Map.of()).check(without, Optional.of(RegistryDocument.FILE));
    assertThat(opens(without, minted)).isFalse();
    assertThatThrownBy(() -> compiler(Map.of()).check(without, Optional.of(RegistryDocument.ADMIN)))
        .isInstanceOf(DocumentRefused.class)
        .hasMessageStartingWith("/grants/alice/server");
  }
}
