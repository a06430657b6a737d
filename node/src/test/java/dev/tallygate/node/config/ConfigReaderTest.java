package dev.tallygate.node.config;

import static dev.tallygate.node.config.ConfigFolder.BASE;
import static dev.tallygate.node.config.ConfigFolder.HASH_A;
import static dev.tallygate.node.config.ConfigFolder.HASH_B;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.tallygate.node.config.NodeConfig.AuditConfig;
import dev.tallygate.node.fixture.TestCertificate;
import dev.tallygate.registry.Server;
import dev.tallygate.registry.Sha256;
import dev.tallygate.registry.Token;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigReaderTest {
  @TempDir Path directory;
  private ConfigFolder folder;

  @BeforeEach
  void folder() {
    folder = new ConfigFolder(directory);
  }

  @Test
  void everythingIsReadAsWritten() {
    // Given
    folder.environment.put("UPSTREAM_KEY", "s3cret");
    folder.write("secrets/tenant", "acme\n");
    folder.with(
        """
        name: node-1
        listen:
          host: 0.0.0.0
          port: 0
          allowedHosts: [Gate.example.org]
          allowedOrigins: ["https://app.example.org"]
          maxConnections: 20
        admin: { host: "::1", port: 9191 }
        servers:
          everything:
            url: http://127.0.0.1:3901/mcp?tenant=1
            headers:
              X-Api-Key: "key ${env:UPSTREAM_KEY}"
              X-Tenant: ${file:secrets/tenant}
              X-Number: 42
              X-Literal: $${not a reference}
            timeouts: { connect: 500ms, response: 2m, idle: 1h }
            limits: { requestBytes: 1MiB, listBytes: 2MiB, eventBytes: 64KiB, connections: 7, callsPerGrant: 20, streamsPerGrant: 5 }
            denyMethods: [resources/read]
          files: { url: "https://files.example.org/mcp", methods: [ping, initialize] }
        policies:
          readonly: { file: policies/readonly.json }
        grants:
          - label: alice-laptop
            id: alice
            server: everything
            policy: readonly
            tokenSha256: "%s"
            expires: 2030-01-01T02:00:00+02:00
            previous:
              - { tokenSha256: "%s", until: "2029-01-01T00:00:00Z" }
        audit:
          file: logs/audit.jsonl
          keyFile: /keys/audit
          strict: true
          onFailure: allow
          maxBytes: 128MiB
          keepFiles: 3
        """
            .formatted(HASH_A, HASH_B));

    // When
    NodeConfig config = folder.config();

    // Then
    assertThat(config.name()).isEqualTo("node-1");
    assertThat(config.listen().port()).isZero();
    assertThat(config.listen().allowedHosts()).containsExactly("gate.example.org");
    assertThat(config.admin()).isEqualTo(new NodeConfig.Admin("::1", 9191, Optional.empty()));
    Server server = config.servers().get("everything");
    assertThat(server.url()).isEqualTo(URI.create("http://127.0.0.1:3901/mcp?tenant=1"));
    assertThat(server.headers())
        .containsEntry("x-api-key", "key s3cret")
        .containsEntry("x-tenant", "acme")
        .containsEntry("x-number", "42")
        .containsEntry("x-literal", "${not a reference}");
    assertThat(server.timeouts())
        .isEqualTo(
            new Server.Timeouts(
                Duration.ofMillis(500), Duration.ofMinutes(2), Duration.ofHours(1)));
    assertThat(server.bounds()).isEqualTo(new Server.Bounds(1 << 20, 2 << 20, 64 << 10, 7, 20, 5));
    assertThat(server.methods()).contains("ping").doesNotContain("resources/read");
    assertThat(config.servers().get("files").methods())
        .containsExactlyInAnyOrder("ping", "initialize");
    assertThat(config.policies()).containsOnlyKeys("readonly");
    assertThat(config.policyFiles().get("readonly").sha256())
        .isEqualTo(Sha256.of(ConfigFolder.POLICY));
    assertThat(config.grants()).hasSize(1);
    assertThat(config.grants().get(0).id()).isEqualTo("alice");
    assertThat(config.grants().get(0).expires()).contains(Instant.parse("2030-01-01T00:00:00Z"));
    assertThat(config.grants().get(0).tokens()).hasSize(2);
    assertThat(config.audit().file()).isEqualTo(directory.resolve("logs/audit.jsonl"));
    assertThat(config.audit().keyFile()).contains(Path.of("/keys/audit"));
    assertThat(config.audit().onFailure()).isEqualTo(AuditConfig.OnFailure.ALLOW);
    assertThat(config.audit().maxBytes()).isEqualTo(128L << 20);
  }

  @Test
  void whatIsLeftOutHasDefaults() {
    // Given
    folder.environment.put("HOSTNAME", "box7");
    folder.with(
        "servers: { s: { url: 'http://127.0.0.1:1/mcp' } }\naudit: { file: audit.jsonl }\n");

    // When
    NodeConfig config = folder.config();

    // Then
    assertThat(config.name()).isEqualTo("box7");
    assertThat(config.listen()).isEqualTo(NodeConfig.Listen.DEFAULT);
    assertThat(config.admin()).isEqualTo(NodeConfig.Admin.DEFAULT);
    assertThat(config.grants()).isEmpty();
    assertThat(config.servers().get("s").timeouts()).isEqualTo(Server.Timeouts.DEFAULT);
    assertThat(config.servers().get("s").methods()).isEqualTo(Server.DEFAULT_METHODS);
    assertThat(config.audit().keyFile()).isEmpty();
    assertThat(config.audit().strict()).isFalse();
    assertThat(config.audit().onFailure()).isEqualTo(AuditConfig.OnFailure.DENY);
  }

  @Test
  void aGrantIsNamedAfterItsServerAndLabel() {
    // Given
    folder.with(
        BASE + "grants:\n- { label: ci, server: files, tokenSha256: \"" + HASH_A + "\" }\n");

    // When // Then
    assertThat(folder.config().grants().get(0).id()).isEqualTo("files/ci");
    assertThat(folder.config().grants().get(0).policy()).isEmpty();
  }

  @Test
  void aTokenFileIsReadAndOnlyItsHashKept() {
    // Given
    Token token = Token.random();
    folder.write("token", token.reveal() + "\n");
    folder.with(BASE + "grants: [{ label: ci, server: files, tokenFile: token }]\n");

    // When
    NodeConfig config = folder.config();

    // Then
    assertThat(config.grants().get(0).tokens().get(0).sha256()).isEqualTo(token.sha256());
    assertThat(config.toString()).doesNotContain(token.reveal());
  }

  @Test
  void everyFileThatWasAskedForIsRemembered() {
    // Given
    folder.with(BASE + "grants: [{ label: ci, server: files, tokenFile: token }]\n");

    // When
    ConfigReading reading = folder.read();

    // Then
    assertThat(reading.files())
        .containsOnlyKeys(
            folder.file,
            directory.resolve("token"),
            directory.resolve("policies/readonly.json"),
            directory.resolve("tallygate.lock.json"));
    assertThat(reading.files().get(directory.resolve("token"))).isEmpty();
  }

  @Test
  void secretsAreNeverPartOfAFinding() {
    // Given
    folder.environment.put("KEY", "top\nsecret");
    folder.write("key", "other\nhidden\n");
    folder.with(
        BASE.replace(
            "mcp\" }\n  files",
            "mcp\", headers: { A: \"${env:KEY}\", B: \"${file:key}\" } }\n  files"));

    // When // Then
    assertThat(folder.findings())
        .hasSize(2)
        .allSatisfy(text -> assertThat(text).contains("on one line").doesNotContain("secret"))
        .noneMatch(text -> text.contains("hidden"));
  }

  @Test
  void aServerPrintsWithoutItsHeaders() {
    // Given
    folder.environment.put("KEY", "topsecret");
    folder.with(
        "servers: { s: { url: 'http://127.0.0.1:1/mcp', headers: { A: '${env:KEY}' } } }\n"
            + "audit: { file: a }\n");

    // When // Then
    assertThat(folder.config().toString()).doesNotContain("topsecret");
  }

  @Test
  void findingsOfAPolicyNameItsOwnFileAndPlace() {
    // Given
    folder.write(
        "policies/readonly.json", "{\n  \"version\": \"1\",\n  \"default\": \"perhaps\"\n}\n");
    folder.with(BASE);

    // When // Then
    assertThat(folder.findings())
        .singleElement()
        .asString()
        .startsWith("policies/readonly.json:3:")
        .contains("(at /default)");
  }

  @Test
  void allErrorsAreToldAtOnceInOrder() {
    // Given
    folder.with(
        """
        lisen: {}
        servers:
          Bad_Name: { url: ftp://x }
        audit: { strict: maybe }
        """);

    // When // Then
    assertThat(folder.findings())
        .containsExactly(
            "tallygate.yaml:1:1: error: unknown key `lisen`; did you mean `listen`? (at /lisen)",
            "tallygate.yaml:3:3: error: a server's name must be 1 to 63 lower-case letters, digits"
                + " and inner dashes (at /servers/Bad_Name)",
            "tallygate.yaml:3:20: error: `url` must begin with http:// or https:// (at"
                + " /servers/Bad_Name/url)",
            "tallygate.yaml:4:8: error: `file` is missing; say where decisions are recorded: file:"
                + " audit.jsonl (at /audit)",
            "tallygate.yaml:4:18: error: `strict` must be true or false, without quotes (at"
                + " /audit/strict)");
  }

  /** The mark § stands before the place that a finding must name; it is not part of the text. */
  static Stream<Arguments> badTexts() {
    String hash = "\"" + HASH_A + "\"";
    return Stream.of(
        // the text itself
        arguments("§", "the file is empty"),
        arguments("§# nothing\n", "the file is empty"),
        arguments("§- a\n", "must be keys and values"),
        arguments("a: [\n§", "not valid YAML"),
        arguments("§a: \"\\u", "an escape in it is cut off"),
        arguments("a: b§: c\n", "not valid YAML"),
        arguments("§\ta: 1\n", "not valid YAML"),
        arguments("a: §\u0007\n", "U+0007 is not allowed"),
        arguments("a: 1\n§---\nb: 1\n", "second document"),
        arguments("a: &x 1\nb: §*x\n", "aliases"),
        arguments("a: §!!str 1\n", "tags"),
        arguments("a: 1\nb: 2\n§a: 3\n", "`a` is given twice; first on line 1"),
        arguments("? §[a]\n: 1\n", "key must be"),
        arguments("a: " + "[".repeat(31) + "§" + "[".repeat(9) + "]".repeat(40), "deeper"),
        // the top
        arguments("§audit: { file: a }\n", "`servers` is missing"),
        arguments(BASE.replace("audit:", "§audi:"), "did you mean `audit`?"),
        arguments(BASE + "§zzzzzzzz: 1\n", "known keys are name, listen"),
        arguments(BASE + "name: §a b\n", "`name` must be 1 to 63"),
        arguments(BASE + "name:§\n", "`name` has no value"),
        // listen and admin
        arguments(BASE + "listen: §8080\n", "must be keys and values: host, port"),
        arguments(BASE + "listen: { port: §65536 }\n", "from 0 to 65535"),
        arguments(BASE + "listen: { port: §\"80\" }\n", "from 0 to 65535"),
        arguments(BASE + "listen: { host: §\"a b\" }\n", "host name or an IP"),
        arguments(BASE + "listen: { §prot: 1 }\n", "did you mean `port`?"),
        arguments(BASE + "listen: { allowedHosts: §[\"a:1\"] }\n", "leave out scheme"),
        arguments(BASE + "listen: { allowedOrigins: §[\"https://a/\"] }\n", "not an origin"),
        arguments(BASE + "listen: { allowedOrigins: §a }\n", "must be a list"),
        arguments(BASE + "listen: { maxConnections: §0 }\n", "from 1 to 1000000"),
        arguments(BASE + "listen: { drain: §6m }\n", "5m"),
        arguments(BASE + "admin: §{ port: 8080 }\n", "share port 8080"),
        // audit
        arguments(BASE.replace(" audit.jsonl", "§ "), "`file` has no value"),
        arguments(BASE.replace("audit.jsonl", "a, onFailure: §no"), "deny or allow"),
        arguments(BASE.replace("audit.jsonl", "a, maxBytes: §64MB"), "4MiB or 1GiB"),
        arguments(BASE.replace("audit.jsonl", "a, maxBytes: §1"), "at least 64KiB"),
        arguments(BASE.replace("audit.jsonl", "a, keepFiles: §-1"), "from 0 to 10000"),
        // servers
        arguments(server("{ url: §/mcp }"), "must begin with http://"),
        arguments(server("{ url: §'http://u:p@h/' }"), "send them with `headers`"),
        arguments(server("{ url: §'http:///mcp' }"), "`url`"),
        arguments(server("{ url: §'http://h/#x' }"), "must not have a fragment"),
        arguments(server("{ url: §'http://h h/' }"), "is not a URL"),
        arguments(server("{ url: §'http://h:70000/' }"), "port that is not"),
        arguments(server("{ §urll: x }"), "did you mean `url`?"),
        arguments(server("§{ timeouts: {} }"), "`url` is missing"),
        arguments(withUrl("timeouts: { connect: §5 }"), "500ms, 5s"),
        arguments(withUrl("timeouts: { idle: §0s }"), "from 10ms to 1d"),
        arguments(withUrl("timeouts: { §read: 1s }"), "known keys are connect"),
        arguments(withUrl("limits: { requestBytes: §1TiB }"), "must be a size"),
        arguments(withUrl("ca: §tallygate.yaml"), "of no use with an http://"),
        arguments(withUrl("methods: §[tools/call]"), "always pass to the policy"),
        arguments(withUrl("methods: §['a b']"), "not a method's name"),
        arguments(withUrl("denyMethods: §[resource/read]"), "did you mean resources/read?"),
        arguments(withUrl("methods: [ping], denyMethods: §[ping]"), "keep one of them"),
        arguments(withUrl("headers: { §Host: x }"), "written by the gateway"),
        arguments(withUrl("headers: { §MCP-Session-Id: x }"), "written by the gateway"),
        arguments(withUrl("headers: { §Connection: x }"), "written by the gateway"),
        arguments(withUrl("headers: { §'a b': x }"), "not a header name"),
        arguments(withUrl("headers: { A: x, §a: y }"), "header names ignore case"),
        arguments(withUrl("headers: { A: §[x] }"), "must be text"),
        arguments(withUrl("headers: { A: §\"x\\r\\nB: y\" }"), "on one line"),
        arguments(withUrl("headers: { A: §\"\" }"), "not empty"),
        arguments(withUrl("headers: { A: §\"${env:NONE}\" }"), "variable NONE is not set"),
        arguments(withUrl("headers: { A: §\"${file:none}\" }"), "none does not exist"),
        arguments(withUrl("headers: { A: §\"${NONE}\" }"), "${env:NAME}"),
        arguments(withUrl("headers: { A: §\"${env:NONE\" }"), "${env:NAME}"),
        // policies
        arguments(BASE.replace("policies/readonly.json", "§other.json"), "does not exist"),
        arguments(BASE.replace("policies/readonly.json", "§policies"), "not a regular file"),
        arguments(BASE.replace("readonly: {", "§'a b': {"), "a policy's name"),
        arguments(BASE.replace("{ file: policies/readonly.json }", "§x.json"), "values: file"),
        // grants
        arguments(BASE + "grants: §{ a: 1 }\n", "must be a list"),
        arguments(BASE + "grants: [§a]\n", "must be keys and values: label"),
        arguments(BASE + "grants: [§{ label: a }]\n", "`server` is missing"),
        arguments(grants("§{ server: files, tokenSha256: " + hash + " }"), "`label` is missing"),
        arguments(grants("§{ label: a, server: files }"), "`tokenSha256` is missing"),
        arguments(grants("{ label: §a b, server: files }"), "`label` must be 1 to 100"),
        arguments(grants("{ label: a, server: §file }"), "did you mean `files`?"),
        arguments(grants("{ label: a, server: §zzzzzz }"), "there are everything, files"),
        arguments(grants("{ label: a, policy: §readonli }"), "did you mean `readonly`?"),
        arguments(grants("{ label: a, expires: §tomorrow }"), "such as 2027-01-31"),
        arguments(grants("{ label: a, revoked: §true }"), "such as 2027-01-31"),
        arguments(grants("{ label: a, id: §'a b' }"), "`id` must be 1 to 200"),
        arguments(grants("{ label: a, tokenSha256: §abc }"), "64 hexadecimal digits"),
        arguments(
            grants("{ label: a, tokenSha256: §" + Token.random().reveal() + " }"),
            "holds the token itself"),
        arguments(
            grants("{ label: a, tokenSha256: " + hash + ", tokenFile: §t }"), "keep one of them"),
        arguments(grants("{ label: a, §tokenSha: t }"), "did you mean `tokenSha256`?"),
        arguments(
            grants("{ label: a, previous: [§{ tokenSha256: " + hash + " }] }"),
            "`until` is missing"),
        arguments(
            grants(
                "{ label: a, tokenSha256: "
                    + hash
                    + ", previous: [{ until: '2030-01-01T00:00:00Z', tokenSha256: §"
                    + hash
                    + " }] }"),
            "is the token that the grant on line 8 has too"),
        arguments(
            grants(
                "{ label: a, tokenSha256: " + hash + " }",
                "{ label: b, tokenSha256: §" + hash.replace('a', 'A') + " }"),
            "is the token that the grant on line 8 has too"),
        arguments(
            grants("{ label: a, server: files }", "{ label: §a, server: files }"),
            "`a` is already that of the grant on line 8"),
        arguments(
            grants("{ label: a, server: files, id: x }", "{ label: b, id: §x, server: files }"),
            "`x` is already that of the grant on line 8"));
  }

  private static String server(String server) {
    return "audit: { file: a }\nservers:\n  s: " + server + "\n";
  }

  private static String withUrl(String more) {
    return server("{ url: 'http://h/', " + more + " }");
  }

  private static String grants(String... grants) {
    return BASE + "grants:\n  - " + String.join("\n  - ", grants) + "\n";
  }

  @ParameterizedTest
  @MethodSource("badTexts")
  void aBadTextIsRefusedWithItsPlaceAndTheCure(String marked, String message) {
    // Given
    int mark = marked.indexOf('§');
    String before = marked.substring(0, mark);
    int line = (int) before.chars().filter(c -> c == '\n').count() + 1;
    int column = mark - before.lastIndexOf('\n');
    folder.with(before + marked.substring(mark + 1));

    // When
    ConfigReading reading = folder.read();

    // Then
    assertThat(reading.config()).isEmpty();
    assertThat(reading.errors())
        .extracting(error -> error.finding().position() + " " + error.finding().message())
        .anySatisfy(
            text -> assertThat(text).startsWith(line + ":" + column + " ").contains(message));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"not a token", "tg_short", "tg_0000000000000000000000000000000000000000000"})
  void aTokenFileMustHoldAToken(String content) {
    // Given a token of few characters, or one whose last character no encoder writes
    folder.write("token", content.replaceFirst("0$", "1"));
    folder.with(BASE + "grants: [{ label: ci, server: files, tokenFile: token }]\n");

    // When // Then
    assertThat(folder.findings())
        .singleElement()
        .asString()
        .contains("does not hold a token", "/grants/0/tokenFile")
        .doesNotContain(content);
  }

  @Test
  void aRevokedLabelMayBeGivenAgain() {
    // Given
    folder.with(
        BASE
            + "grants:\n- { label: ci, server: files, tokenSha256: \"%s\", revoked: \"2026-01-01T00:00:00Z\" }\n"
                .formatted(HASH_A)
            + "- { label: ci, server: files, tokenSha256: \"%s\" }\n".formatted(HASH_B));

    // When // Then
    assertThat(folder.config().grants()).hasSize(2);
  }

  @Test
  void aMissingConfigurationIsAFindingToo() {
    // When // Then
    assertThat(folder.findings())
        .containsExactly("tallygate.yaml:1:1: error: the file does not exist");
  }

  @Test
  void bytesThatAreNotUtf8AreRefused() throws IOException {
    // Given
    Files.write(folder.file, new byte[] {'a', ':', ' ', (byte) 0xC3, (byte) 0x28});

    // When // Then
    assertThat(folder.findings()).singleElement().asString().contains("not UTF-8");
  }

  @Test
  void aFileOverTheBoundIsRefusedUnread() throws IOException {
    // Given
    Files.write(folder.file, new byte[YamlReader.MAX_BYTES + 1]);

    // When // Then
    assertThat(folder.findings()).singleElement().asString().contains("larger than 4MiB");
  }

  @Test
  void aByteOrderMarkAndCarriageReturnsAreTaken() {
    // Given
    folder.with("\uFEFF" + BASE.replace("\n", "\r\n"));

    // When // Then
    assertThat(folder.config().servers()).containsOnlyKeys("everything", "files");
  }

  @Test
  void aCaFileMustHoldCertificates() {
    // Given
    folder.write("ca.pem", "nothing");
    folder.with(BASE.replace("files.example.org/mcp\"", "files.example.org/mcp\", ca: ca.pem"));

    // When // Then
    assertThat(folder.findings()).singleElement().asString().contains("/servers/files/ca", "PEM");
  }

  @Test
  void onePolicyFileMayServeTwoNamesAndIsReportedOnce() {
    // Given
    folder.write("policies/readonly.json", "{}");
    folder.with(
        BASE.replace("policies:\n", "policies:\n  other: { file: policies/readonly.json }\n"));

    // When // Then
    assertThat(folder.findings()).doesNotHaveDuplicates().isNotEmpty();
  }

  private static final String TLS = "listen: { tls: { certificate: own.pem, key: own.key } }\n";

  @ParameterizedTest
  @ValueSource(strings = {"RSA", "EC", "Ed25519"})
  void aCertificateIsReadWithItsKey(String algorithm) {
    // Given
    TestCertificate own = TestCertificate.of(algorithm, 1);
    folder.write("own.pem", own.pem());
    folder.write("own.key", own.keyPem());
    folder.with(TLS + BASE);

    // When
    NodeConfig.Tls tls = folder.config().listen().tls().orElseThrow();

    // Then
    assertThat(tls.certificate()).isEqualTo(own.pem());
    assertThat(tls.key()).isEqualTo(own.keyPem());
    assertThat(folder.config().toString()).doesNotContain("PRIVATE KEY");
    assertThat(folder.findings()).isEmpty();
  }

  @Test
  void aCertificateThatCannotServeIsAnError() {
    // Given
    TestCertificate own = TestCertificate.of("EC", 1);
    TestCertificate other = TestCertificate.of("EC", 1);
    String sec1 = own.keyPem().replace("PRIVATE", "EC PRIVATE");
    folder.with(TLS + BASE);

    // When // Then
    assertThat(folder.findings())
        .hasSize(2)
        .anySatisfy(said -> assertThat(said).contains("/listen/tls/certificate", "not exist"))
        .anySatisfy(said -> assertThat(said).contains("/listen/tls/key", "not exist"));
    folder.write("own.pem", own.pem());
    for (String key : List.of("nothing", sec1)) {
      folder.write("own.key", key);
      assertThat(folder.findings()).singleElement().asString().contains("openssl pkcs8");
    }
    folder.write("own.key", own.keyPem().replaceFirst("\n....", "\nAAAA"));
    assertThat(folder.findings()).singleElement().asString().contains("does not belong");
    folder.write("own.key", other.keyPem());
    assertThat(folder.findings()).singleElement().asString().contains("does not belong");
    folder.write("own.key", own.keyPem());
    folder.write("own.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assertThat(folder.findings()).singleElement().asString().contains("certificates in PEM");
    folder.with(TLS.replace(", key: own.key", "") + BASE);
    folder.write("own.pem", own.pem());
    assertThat(folder.findings()).singleElement().asString().contains("`key` is missing");
  }

  @Test
  void aCertificateThatHasExpiredIsAWarning() {
    // Given
    TestCertificate own = TestCertificate.of("EC", -10);
    folder.write("own.pem", own.pem());
    folder.write("own.key", own.keyPem());
    folder.with(TLS + BASE);

    // When // Then
    assertThat(folder.findings()).singleElement().asString().contains("warning", "expired");
  }

  @Test
  void clearTextHttp2HasNoPlaceBesideACertificate() {
    // Given
    TestCertificate own = TestCertificate.of("EC", 1);
    folder.write("own.pem", own.pem());
    folder.write("own.key", own.keyPem());
    folder.with(TLS.replace("tls:", "h2c: true, tls:") + BASE);

    // When // Then
    assertThat(folder.findings()).singleElement().asString().contains("/listen/h2c", "remove");
  }
}
