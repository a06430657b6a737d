package dev.tallygate.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.operator.Reconciler.Outcome;
import dev.tallygate.operator.compile.Compilation.SecretWanted;
import dev.tallygate.operator.compile.Credentials;
import dev.tallygate.operator.gateway.GatewayClient;
import dev.tallygate.operator.resources.Kind;
import dev.tallygate.operator.resources.Ref;
import dev.tallygate.operator.resources.Resource;
import dev.tallygate.operator.resources.Resources;
import dev.tallygate.registry.Sealing;
import dev.tallygate.registry.Sha256;
import dev.tallygate.registry.Token;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ReconcilerTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Ref SERVER = new Ref(Kind.SERVER, "github");
  private static final Ref POLICY = new Ref(Kind.POLICY, "tools");
  private static final Ref GRANT = new Ref(Kind.GRANT, "ci-bot");

  private final Map<Ref, Resource> resources = new HashMap<>();
  private final Map<String, Map<String, String>> secrets = new HashMap<>();
  private final Map<String, Map<String, String>> configMaps = new HashMap<>();
  private final Token token = Token.random();
  private final ExecutorService writers = Executors.newFixedThreadPool(2);
  private final Api api = new Api();
  private FakeRegistry registry;
  private Reconciler reconciler;

  /** Takes statuses as the API server does, so that the next run sees them. */
  private final class Api implements ResourceWriter {
    private final Map<Ref, ObjectNode> statuses = new ConcurrentHashMap<>();
    private final List<String> events = new ArrayList<>();
    private final List<String> made = new ArrayList<>();
    private int writes;
    private boolean away;
    private boolean isFull;

    @Override
    public synchronized void status(Resource resource, ObjectNode status) throws IOException {
      if (away) {
        throw new IOException("the API server is away");
      }
      writes++;
      statuses.put(resource.ref(), status);
    }

    @Override
    public synchronized void secret(Resource grant, SecretWanted wanted) throws IOException {
      if (isFull) {
        throw new IOException("exceeded quota");
      }
      made.add(wanted.name() + "/" + wanted.key());
    }

    @Override
    public synchronized void event(
        Resource resource, boolean warning, String reason, String message) {
      events.add(resource.ref() + (warning ? " warns " : " ") + reason);
    }
  }

  @BeforeEach
  void start() throws IOException {
    registry = new FakeRegistry();
    reconciler = newReconciler();
    put(SERVER, "{\"url\":\"https://mcp.example.com/mcp\"}");
    put(POLICY, "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\"echo\":{}}}");
    put(
        GRANT,
        "{\"serverRef\":{\"name\":\"github\"},\"policyRef\":{\"name\":\"tools\"},"
            + "\"token\":{\"secretRef\":{\"name\":\"t\"}}}");
    secrets.put("t", Map.of("token", token.reveal()));
  }

  @AfterEach
  void stop() {
    registry.close();
    writers.shutdownNow();
  }

  private Reconciler newReconciler() {
    return new Reconciler(
        () -> new Resources("gates", resources, secrets, Map.of(), configMaps),
        new GatewayClient(registry.address(), () -> "token"),
        api,
        writers,
        () ->
            new Credentials(
                new Sealing("a secret of the cluster"), Set.of("as it was"), Set.of("admin-token")),
        Clock.systemUTC(),
        new OperatorMetrics());
  }

  private void put(Ref ref, String spec) {
    put(ref, spec, 1);
  }

  private void put(Ref ref, String spec, int generation) {
    try {
      ObjectNode object = JSON.createObjectNode();
      object.putObject("metadata").put("name", ref.name()).put("generation", generation);
      object.set("spec", JSON.readTree(spec));
      resources.put(ref, Resource.of(ref.kind(), object));
    } catch (IOException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** As the watch sees what was written. */
  private void seeStatuses() {
    api.statuses.forEach(
        (ref, status) ->
            resources.computeIfPresent(
                ref,
                (same, resource) ->
                    new Resource(
                        ref,
                        resource.uid(),
                        resource.version() + "'",
                        resource.generation(),
                        resource.created(),
                        resource.spec(),
                        status,
                        resource.policy())));
  }

  private String condition(Ref ref, String type) {
    for (JsonNode condition : api.statuses.get(ref).path("conditions")) {
      if (condition.path("type").asText().equals(type)) {
        return condition.path("status").asText()
            + " "
            + condition.path("reason").asText()
            + ": "
            + condition.path("message").asText();
      }
    }
    return "none";
  }

  @Test
  void whatResourcesSayIsPublishedAsOneRevisionAndTold() throws Exception {
    // When
    Outcome outcome = reconciler.reconcile();

    // Then
    assertThat(outcome).isEqualTo(Outcome.SETTLED);
    assertThat(registry.puts).isEqualTo(1);
    assertThat(registry.declared.at("/grants/0/tokenSha256").asText())
        .isEqualTo(token.sha256().hex());
    assertThat(condition(GRANT, "Programmed"))
        .isEqualTo("True Programmed: enforced by 3 of 3 nodes at revision 1");
    assertThat(api.events).contains("Grant ci-bot Ready");
  }

  @Test
  void runThatFindsNothingNewPublishesAndWritesNothing() throws Exception {
    // Given
    reconciler.reconcile();
    seeStatuses();
    int writes = api.writes;

    // When
    reconciler.reconcile();
    reconciler.reconcile();

    // Then
    assertThat(registry.puts).isEqualTo(1);
    assertThat(api.writes).isEqualTo(writes);
  }

  @Test
  void changeOfOneResourceWritesNoStatusOfAnother() throws Exception {
    // Given
    reconciler.reconcile();
    seeStatuses();
    int writes = api.writes;

    // When
    put(POLICY, "{\"version\":\"1\",\"default\":\"allow\"}");
    reconciler.reconcile();

    // Then
    assertThat(api.writes).isEqualTo(writes + 1);
    assertThat(condition(POLICY, "Programmed")).endsWith("at revision 2");
    assertThat(condition(GRANT, "Programmed")).endsWith("at revision 1");
  }

  @Test
  void whatNodesRefuseIsToldAndTheRestIsPublished() throws Exception {
    // Given
    registry.refusedText = "mcp.example.com";
    registry.refusal = "/servers/github/url: `url` is not wanted here";

    // When
    reconciler.reconcile();

    // Then
    assertThat(condition(SERVER, "Accepted"))
        .isEqualTo("False Refused: /servers/github/url: `url` is not wanted here");
    assertThat(registry.declared.path("policies").has("tools")).isTrue();
    assertThat(condition(GRANT, "ResolvedRefs")).startsWith("False ServerNotAccepted");

    // When it says something else
    seeStatuses();
    put(SERVER, "{\"url\":\"https://other.example.com/mcp\"}");
    reconciler.reconcile();

    // Then
    assertThat(condition(SERVER, "Accepted")).startsWith("True");
    assertThat(registry.declared.path("grants")).hasSize(1);
  }

  @Test
  void pinsThatNodesRefuseAreToldAtTheirServerAndTheRestIsPublished() throws Exception {
    // Given
    String lockFile = "{\"lockVersion\":1,\"servers\":{\"github\":{\"tools\":{\"a\":[%s]}}}}";
    configMaps.put("pins", Map.of("tallygate.lock.json", lockFile.formatted("\"bent\"")));
    put(
        SERVER,
        "{\"url\":\"https://mcp.example.com/mcp\",\"pins\":{\"configMapRef\":{\"name\":\"pins\"}}}");
    registry.refusedText = "bent";
    registry.refusal = "/pins/github/tools/a/0: must be {sha256, definition}";

    // When
    Outcome outcome = reconciler.reconcile();

    // Then
    assertThat(outcome).isEqualTo(Outcome.SETTLED);
    assertThat(condition(SERVER, "ResolvedRefs"))
        .isEqualTo(
            "False InvalidPins: the lock file in the ConfigMap pins is wrong at"
                + " /pins/github/tools/a/0: must be {sha256, definition}");
    assertThat(registry.declared.at("/servers/github").has("unusable")).isTrue();
    assertThat(condition(POLICY, "Programmed")).startsWith("True");

    // When they are others
    seeStatuses();
    configMaps.put("pins", Map.of("tallygate.lock.json", lockFile.formatted("\"straight\"")));
    reconciler.reconcile();

    // Then
    assertThat(condition(SERVER, "ResolvedRefs")).startsWith("True");
    assertThat(registry.declared.at("/pins/github/tools/a/0").asText()).isEqualTo("straight");
  }

  @Test
  void deletedGrantIsGoneThoughNothingElseCanBePublished() throws Exception {
    // Given
    reconciler.reconcile();
    registry.refusedText = "huge";
    registry.refusal = "1:1: this has more than 8388608 bytes";

    // When
    put(
        new Ref(Kind.POLICY, "huge"),
        "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\"huge\":{}}}");
    resources.remove(GRANT);
    Outcome outcome = reconciler.reconcile();

    // Then
    assertThat(outcome).isEqualTo(Outcome.FAILED);
    assertThat(registry.declared.path("grants")).isEmpty();
    assertThat(registry.declared.path("policies").has("tools")).isTrue();
    assertThat(condition(new Ref(Kind.POLICY, "huge"), "Programmed"))
        .contains("this has more than 8388608 bytes");

    // When the cause is gone
    resources.remove(new Ref(Kind.POLICY, "huge"));

    // Then
    assertThat(reconciler.reconcile()).isEqualTo(Outcome.SETTLED);
  }

  @Test
  void tokenThatWasGivenUpIsRefusedThoughNothingElseCanBePublished() throws Exception {
    // Given
    reconciler.reconcile();
    registry.refusedText = "huge";
    registry.refusal = "1:1: this has more than 8388608 bytes";
    Token next = Token.random();

    // When
    put(
        new Ref(Kind.POLICY, "huge"),
        "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\"huge\":{}}}");
    secrets.put("t", Map.of("token", next.reveal()));
    Outcome outcome = reconciler.reconcile();

    // Then
    assertThat(outcome).isEqualTo(Outcome.FAILED);
    assertThat(registry.declared.at("/grants/0/tokenSha256").asText())
        .isEqualTo(next.sha256().hex());
    assertThat(condition(new Ref(Kind.POLICY, "huge"), "Programmed"))
        .contains("as one of these has it now: Policy huge: 1:1: this has more");
  }

  @Test
  void policyThatNodesCouldNotReadIsRefusedAloneAndItsLastVersionStays() throws Exception {
    // Given
    reconciler.reconcile();
    seeStatuses();
    String policy =
        "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\"echo\":{\"require\":"
            + "[{\"conditions\":[{\"path\":\"args.a\",\"op\":\"eq\",\"value\":%s}]}]}}}";

    for (String value : List.of("1e100", "[".repeat(40) + "]".repeat(40))) {
      // When
      put(POLICY, policy.formatted(value));
      put(SERVER, "{\"url\":\"https://mcp.example.com/" + value.length() + "\"}");
      Outcome outcome = reconciler.reconcile();

      // Then
      assertThat(outcome).isEqualTo(Outcome.SETTLED);
      assertThat(condition(POLICY, "Accepted"))
          .startsWith("False Invalid")
          .contains("/tools/echo/require/0")
          .endsWith("the last accepted version stays in force");
      assertThat(registry.declared.at("/servers/github/url").asText())
          .endsWith("/" + value.length());
    }
  }

  @Test
  void lockFileIsToldByARevisionOfItsOwn() throws Exception {
    // Given
    String lockFile = "{\"lockVersion\":1,\"servers\":{\"github\":{\"tools\":{\"%s\":[]}}}}";
    configMaps.put("pins", Map.of("tallygate.lock.json", lockFile.formatted("a")));
    put(
        SERVER,
        "{\"url\":\"https://mcp.example.com/mcp\",\"pins\":{\"configMapRef\":{\"name\":\"pins\"}}}");
    reconciler.reconcile();
    seeStatuses();

    // When another is published, and a node is late
    configMaps.put("pins", Map.of("tallygate.lock.json", lockFile.formatted("b")));
    registry.late.put("gate-3", 1L);
    Outcome late = reconciler.reconcile();

    // Then
    assertThat(late).isEqualTo(Outcome.PENDING);
    assertThat(condition(SERVER, "Programmed"))
        .isEqualTo(
            "False Reconciling: enforced by 2 of 3 nodes at revision 2; gate-3 enforces revision 1");
    assertThat(condition(POLICY, "Programmed")).startsWith("True");

    // When one cannot be published
    registry.late.clear();
    registry.away = true;
    configMaps.put("pins", Map.of("tallygate.lock.json", lockFile.formatted("c")));
    reconciler.reconcile();

    // Then
    assertThat(condition(SERVER, "Programmed")).startsWith("Unknown GatewayUnreachable");
  }

  @Test
  void changeWhoseAnswerWasLostIsToldByItsOwnRevision() throws Exception {
    // Given
    reconciler.reconcile();
    seeStatuses();
    put(SERVER, "{\"url\":\"https://other.example.com/mcp\"}");
    registry.losesAnswers = true;
    assertThat(reconciler.reconcile()).isEqualTo(Outcome.FAILED);

    // When
    registry.losesAnswers = false;
    registry.late.put("gate-3", 1L);
    Outcome outcome = reconciler.reconcile();

    // Then
    assertThat(outcome).isEqualTo(Outcome.PENDING);
    assertThat(condition(SERVER, "Programmed"))
        .startsWith("False Reconciling: enforced by 2 of 3 nodes at revision 2");
    assertThat(condition(POLICY, "Programmed")).endsWith("at revision 1");
  }

  @Test
  void successorTellsOfNoCredentialThatItsPredecessorPublishedAndNeverTold() throws Exception {
    // Given
    put(
        SERVER,
        "{\"url\":\"https://mcp.example.com/mcp\",\"credential\":{\"secretRef\":{\"name\":\"c\"}}}");
    secrets.put("c", Map.of("token", "one"));
    reconciler.reconcile();
    seeStatuses();
    api.away = true;
    secrets.put("c", Map.of("token", "two"));
    reconciler.reconcile();
    registry.late.put("gate-2", 1L);

    // When
    api.away = false;
    Outcome outcome = newReconciler().reconcile();

    // Then
    assertThat(outcome).isEqualTo(Outcome.PENDING);
    assertThat(condition(SERVER, "Programmed")).startsWith("False Reconciling").contains("gate-2");
  }

  @Test
  void whatWasRefusedIsTriedAgainWhenSomebodyElseHasChangedTheRegistry() throws Exception {
    // Given
    registry.refusedText = "mcp.example.com";
    registry.refusal = "/servers/github: it is declared by `file`; remove it there";
    reconciler.reconcile();
    seeStatuses();

    // When
    registry.refusedText = "";
    registry.revision++;
    reconciler.reconcile();

    // Then
    assertThat(condition(SERVER, "Accepted")).startsWith("True");
    assertThat(registry.declared.path("grants")).hasSize(1);
  }

  @Test
  void secretThatCannotBeMadeHoldsUpNothing() throws Exception {
    // Given
    api.isFull = true;
    put(
        GRANT,
        "{\"serverRef\":{\"name\":\"github\"},\"policyRef\":{\"name\":\"tools\"},"
            + "\"token\":{\"generate\":true,\"secretRef\":{\"name\":\"new\"}}}");

    // When
    Outcome outcome = reconciler.reconcile();

    // Then
    assertThat(outcome).isEqualTo(Outcome.SETTLED);
    assertThat(condition(POLICY, "Programmed")).startsWith("True");
  }

  @Test
  void noServerIsShownASecretOfTheGatewaysThoughItIsNewerThanWhatIsInForce() throws Exception {
    // Given
    secrets.put("admin-token", Map.of("token", "as it will be"));
    secrets.put("copy", Map.of("token", "as it will be\n"));
    secrets.put("old", Map.of("token", "as it was\n"));

    for (String name : List.of("admin-token", "copy", "old")) {
      // When
      put(
          SERVER,
          "{\"url\":\"https://mcp.example.com/mcp\",\"credential\":{\"secretRef\":{\"name\":\""
              + name
              + "\"}}}");
      reconciler.reconcile();

      // Then
      assertThat(condition(SERVER, "ResolvedRefs")).startsWith("False SecretNotAllowed");
      assertThat(registry.declared.at("/servers/github").has("headers")).isFalse();
    }
  }

  @Test
  void ofASecretWithCertificatesNothingElseIsPublished() throws Exception {
    // Given
    String certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
    secrets.put(
        "ca",
        Map.of(
            "ca.crt",
            "of us\n"
                + certificate
                + "\n-----BEGIN PRIVATE KEY-----\nBBBB\n-----END PRIVATE KEY-----\n"
                + certificate));
    secrets.put("admin-token", Map.of("ca.crt", secrets.get("ca").get("ca.crt")));
    put(SERVER, "{\"url\":\"https://mcp.example.com/mcp\",\"caSecretRef\":{\"name\":\"ca\"}}");

    // When
    reconciler.reconcile();

    // Then
    assertThat(registry.declared.at("/servers/github/ca").asText())
        .isEqualTo(certificate + "\n" + certificate + "\n");
  }

  @Test
  void refusalOfWhatIsLeftOutAlreadyDoesNotGoRoundForEver() throws Exception {
    // Given
    registry.refusedText = "tools";
    registry.refusal = "/servers/github/url: `url` is not wanted here";

    // When
    Outcome outcome = reconciler.reconcile();

    // Then
    assertThat(outcome).isEqualTo(Outcome.FAILED);
    assertThat(registry.puts).isLessThan(10);
  }

  @Test
  void grantThatCannotBeReadStopsNoOther() throws Exception {
    // Given
    reconciler.reconcile();

    // When
    put(
        GRANT,
        "{\"serverRef\":{\"name\":\"github\"},\"policyRef\":{\"name\":\"tools\"},"
            + "\"expiresAt\":\"2027-01-31T12:00:00+99:00\","
            + "\"token\":{\"secretRef\":{\"name\":\"t\"}}}");
    put(POLICY, "{\"version\":\"1\",\"default\":\"allow\"}");
    Outcome outcome = reconciler.reconcile();

    // Then
    assertThat(outcome).isEqualTo(Outcome.SETTLED);
    assertThat(condition(GRANT, "Accepted")).startsWith("False Invalid: it cannot be read");
    assertThat(registry.declared.path("grants")).isEmpty();
    assertThat(registry.declared.at("/policies/tools/default").asText()).isEqualTo("allow");
  }

  @Test
  void operatorWhoseFenceAnotherHasBeforeItWroteEnds() throws Exception {
    // Given
    Reconciler other = newReconciler();
    registry.beforeNextPut.add(
        () -> {
          registry.fence = 1;
          registry.revision = 1;
        });

    // Then
    assertThatThrownBy(other::reconcile).isInstanceOf(Reconciler.Overtaken.class);
    assertThat(registry.declared.path("grants")).isEmpty();
  }

  @Test
  void registryThatChangedMeanwhileIsReadAgain() throws Exception {
    // Given
    registry.beforeNextPut.add(() -> registry.revision = 7);

    // When
    Outcome outcome = reconciler.reconcile();

    // Then
    assertThat(outcome).isEqualTo(Outcome.SETTLED);
    assertThat(registry.revision).isEqualTo(8);
    assertThat(registry.declared.path("grants")).hasSize(1);
  }

  @Test
  void successorTellsOfNoChangeByWhatWasSaidBeforeIt() throws Exception {
    // Given
    reconciler.reconcile();
    seeStatuses();
    api.away = true;
    put(
        GRANT,
        "{\"serverRef\":{\"name\":\"github\"},\"policyRef\":{\"name\":\"tools\"},\"suspend\":true,"
            + "\"token\":{\"secretRef\":{\"name\":\"t\"}}}",
        2);
    seeStatuses();
    reconciler.reconcile();
    registry.late.put("gate-2", 1L);

    // When the one that published it never came to tell
    api.away = false;
    Outcome outcome = newReconciler().reconcile();

    // Then
    assertThat(outcome).isEqualTo(Outcome.PENDING);
    assertThat(condition(GRANT, "Programmed")).startsWith("False Reconciling").contains("gate-2");
    assertThat(condition(POLICY, "Programmed")).endsWith("at revision 1");
  }

  @Test
  void operatorThatWasOvertakenPublishesNothingAndEnds() throws Exception {
    // Given
    reconciler.reconcile();
    Reconciler successor = newReconciler();
    successor.reconcile();
    JsonNode published = registry.declared;

    // When
    resources.remove(GRANT);

    // Then
    assertThatThrownBy(reconciler::reconcile).isInstanceOf(Reconciler.Overtaken.class);
    assertThat(registry.declared).isEqualTo(published);
  }

  @Test
  void whileNoGatewayIsReachedItIsToldAndMadeUpForLater() throws Exception {
    // Given
    registry.away = true;

    // When
    Outcome outcome = reconciler.reconcile();

    // Then
    assertThat(outcome).isEqualTo(Outcome.FAILED);
    assertThat(condition(GRANT, "Programmed"))
        .startsWith("Unknown GatewayUnreachable: ")
        .contains("too few data members answer");

    // When
    registry.away = false;
    seeStatuses();

    // Then
    assertThat(reconciler.reconcile()).isEqualTo(Outcome.SETTLED);
    assertThat(condition(GRANT, "Ready")).startsWith("True");
  }

  @Test
  void losingTheGatewaysChangesNothingThatIsInForce() throws Exception {
    // Given
    reconciler.reconcile();
    seeStatuses();
    int writes = api.writes;

    // When
    registry.away = true;

    // Then
    assertThat(reconciler.reconcile()).isEqualTo(Outcome.FAILED);
    assertThat(api.writes).isEqualTo(writes);
  }

  @Test
  void lateNodeIsNamedUntilItEnforcesTheRevision() throws Exception {
    // Given
    registry.late.put("gate-2", 0L);

    // When
    Outcome late = reconciler.reconcile();

    // Then
    assertThat(late).isEqualTo(Outcome.PENDING);
    assertThat(condition(GRANT, "Programmed"))
        .isEqualTo(
            "False Reconciling: enforced by 2 of 3 nodes at revision 1; gate-2 enforces revision 0");

    // When
    registry.late.clear();
    seeStatuses();

    // Then
    assertThat(reconciler.reconcile()).isEqualTo(Outcome.SETTLED);
    assertThat(condition(GRANT, "Ready")).startsWith("True");
  }

  @Test
  void silentNodeHoldsUpOnlyWhatItMayNotKnow() throws Exception {
    // Given
    reconciler.reconcile();
    seeStatuses();

    // When
    registry.lost.add("gate-2");
    put(POLICY, "{\"version\":\"1\",\"default\":\"allow\"}");
    Outcome outcome = reconciler.reconcile();
    seeStatuses();
    reconciler.reconcile();

    // Then
    assertThat(outcome).isEqualTo(Outcome.PENDING);
    assertThat(condition(POLICY, "Programmed"))
        .isEqualTo(
            "False Reconciling: enforced by 2 of 3 nodes at revision 2; gate-2: it does not answer");
    assertThat(condition(GRANT, "Programmed")).startsWith("True");
    assertThat(condition(GRANT, "Ready")).startsWith("True");

    // When
    registry.lost.clear();

    // Then
    assertThat(reconciler.reconcile()).isEqualTo(Outcome.SETTLED);
    assertThat(condition(POLICY, "Programmed")).endsWith("3 of 3 nodes at revision 2");
  }

  @Test
  void grantIsNotSaidToBeSuspendedBeforeEveryNodeRefusesIt() throws Exception {
    // Given
    reconciler.reconcile();
    seeStatuses();
    String suspended =
        "{\"serverRef\":{\"name\":\"github\"},\"policyRef\":{\"name\":\"tools\"},\"suspend\":true,"
            + "\"token\":{\"secretRef\":{\"name\":\"t\"}}}";

    // When
    registry.late.put("gate-3", 1L);
    put(GRANT, suspended, 2);
    reconciler.reconcile();
    seeStatuses();

    // Then
    assertThat(condition(GRANT, "Ready")).startsWith("Unknown Reconciling");

    // When its token is gone too
    secrets.remove("t");
    reconciler.reconcile();
    seeStatuses();

    // Then
    assertThat(condition(GRANT, "Ready")).startsWith("Unknown SecretNotFound");

    // When
    registry.late.clear();
    reconciler.reconcile();

    // Then
    assertThat(condition(GRANT, "Ready")).startsWith("False SecretNotFound");
    assertThat(condition(GRANT, "Programmed")).startsWith("True");
  }

  @Test
  void suspendedGrantIsKnownToBeRefusedThoughNothingElseCanBePublished() throws Exception {
    // Given
    reconciler.reconcile();
    seeStatuses();
    registry.refusedText = "huge";
    registry.refusal = "1:1: this has more than 8388608 bytes";
    registry.late.put("gate-2", 1L);

    // When
    put(
        new Ref(Kind.POLICY, "huge"),
        "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\"huge\":{}}}");
    put(
        GRANT,
        "{\"serverRef\":{\"name\":\"github\"},\"policyRef\":{\"name\":\"tools\"},\"suspend\":true,"
            + "\"token\":{\"secretRef\":{\"name\":\"t\"}}}",
        2);
    reconciler.reconcile();
    seeStatuses();
    String late = condition(GRANT, "Ready");
    registry.late.clear();
    reconciler.reconcile();

    // Then
    assertThat(late).startsWith("Unknown Reconciling");
    assertThat(condition(GRANT, "Ready")).startsWith("False Suspended");
  }

  @Test
  void statusThatWasNotTakenIsWrittenAgain() throws Exception {
    // Given
    api.away = true;
    assertThat(reconciler.reconcile()).isEqualTo(Outcome.FAILED);

    // When
    api.away = false;

    // Then
    assertThat(reconciler.reconcile()).isEqualTo(Outcome.SETTLED);
    assertThat(condition(GRANT, "Ready")).startsWith("True");
  }

  @Test
  void tokenThatWasRevokedAtTheGatewaysIsTold() throws Exception {
    // Given
    reconciler.reconcile();
    seeStatuses();

    // When
    registry.revoked.put(Sha256.of(token.reveal()).hex(), "2026-11-26T12:00:00Z");
    registry.revision++;
    reconciler.reconcile();

    // Then
    assertThat(condition(GRANT, "Ready")).startsWith("False Revoked: ");
    assertThat(registry.puts).isEqualTo(1);
  }

  @Test
  void restartedOperatorKeepsWhatStatusesSay() throws Exception {
    // Given
    reconciler.reconcile();
    seeStatuses();
    int writes = api.writes;

    // When
    newReconciler().reconcile();

    // Then it took the fence, and told nothing new
    assertThat(registry.fence).isEqualTo(2);
    assertThat(api.writes).isEqualTo(writes);
  }

  @Test
  void tokenIsMadeWhereItIsWanted() throws Exception {
    // Given
    put(
        GRANT,
        "{\"serverRef\":{\"name\":\"github\"},\"policyRef\":{\"name\":\"tools\"},"
            + "\"token\":{\"generate\":true,\"secretRef\":{\"name\":\"new\",\"key\":\"bearer\"}}}");

    // When
    reconciler.reconcile();

    // Then
    assertThat(api.made).containsExactly("new/bearer");
    assertThat(condition(GRANT, "Ready")).startsWith("False SecretNotFound");
  }
}
