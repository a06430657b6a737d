package dev.tallygate.node.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.node.cli.AdminClient.AdminRefused;
import dev.tallygate.node.config.ConfigEditor;
import dev.tallygate.node.config.ConfigEditor.NewGrant;
import dev.tallygate.node.config.ConfigEditor.Revocation;
import dev.tallygate.node.config.EditRefused;
import dev.tallygate.node.config.Units;
import dev.tallygate.registry.Grant;
import dev.tallygate.registry.Token;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code tallygate grant}: who may call which server. */
@Command(
    name = "grant",
    description =
        "Makes, lists, rotates and revokes grants in the configuration file, or in a cluster's registry.",
    mixinStandardHelpOptions = true,
    subcommands = {
      GrantCommand.Mint.class,
      GrantCommand.ListGrants.class,
      GrantCommand.Rotate.class,
      GrantCommand.Revoke.class
    })
public final class GrantCommand implements Callable<Integer> {
  static final int OK = 0;
  static final int FAILED = 1;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    throw new ParameterException(
        spec.commandLine(), "name one of mint, list, rotate and revoke after `grant`");
  }

  /** What each of the commands needs. */
  static final class Target {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
        names = {"-c", "--config"},
        required = true,
        paramLabel = "FILE",
        description = "The node's configuration file.")
    private Path config;

    @Option(names = "--json", description = "Prints JSON.")
    private boolean json;

    private final Clock clock = Clock.systemUTC();

    ConfigEditor editor() {
      return new ConfigEditor(config, clock);
    }

    Instant now() {
      return clock.instant();
    }

    PrintWriter out() {
      return spec.commandLine().getOut();
    }

    PrintWriter err() {
      return spec.commandLine().getErr();
    }

    /** Whether the node belongs to a cluster, which has the grants in its registry. */
    boolean isClustered() {
      return AdminClient.isFor(config);
    }

    AdminClient cluster() throws AdminRefused {
      return AdminClient.of(config);
    }

    /** Says where a change of the cluster's registry is in force. */
    int inForce(JsonNode answer) {
      AdminClient.outcome(answer).forEach(err()::println);
      return answer.path("late").isEmpty() ? OK : FAILED;
    }

    int refuse(AdminRefused refused) {
      err().println("error: " + refused.getMessage());
      return FAILED;
    }

    /** Waits until a running node enforces the edit; says so, or why it cannot. */
    int inForce() {
      RunningNode.Answer answer = RunningNode.awaitApplied(config);
      err().println(answer.text());
      return answer.isRefusal() ? FAILED : OK;
    }

    int refuse(EditRefused refused) {
      err().println("error: " + refused.getMessage());
      return FAILED;
    }

    void printToken(String label, String server, Token token, ObjectNode details) {
      if (json) {
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        object.put("label", label);
        if (!server.isEmpty()) {
          object.put("server", server);
        }
        object.setAll(details);
        object.put("token", token.reveal());
        out().println(object);
        return;
      }
      out().println(token.reveal());
      out().flush();
      err()
          .println(
              "This token is shown once. Its client sends it as `Authorization: Bearer TOKEN`"
                  + (server.isEmpty() ? "." : " to /mcp/" + server + "."));
    }
  }

  /** {@code grant mint}. */
  @Command(
      name = "mint",
      description = "Adds a grant and prints its token, once.",
      mixinStandardHelpOptions = true)
  static final class Mint implements Callable<Integer> {
    @Mixin private Target target;

    @Option(
        names = "--label",
        required = true,
        description = "Name of the client, such as alice-laptop.")
    private String label;

    @Option(names = "--server", required = true, description = "The server that it opens.")
    private String server;

    @Option(names = "--policy", description = "Its policy. Without one every call is denied.")
    private String policy;

    @Option(
        names = "--expires",
        paramLabel = "WHEN",
        description = "When it ends: 30d from now, or a time such as 2027-01-31T12:00:00Z.")
    private String expires;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() {
      Optional<Instant> end = Optional.ofNullable(expires).map(this::instant);
      try {
        if (target.isClustered()) {
          Token token = Token.random();
          JsonNode answer = target.cluster().post("/grants", request(token, end));
          print(token, end);
          return target.inForce(answer);
        }
        print(
            target.editor().mint(new NewGrant(label, server, Optional.ofNullable(policy), end)),
            end);
        return target.inForce();
      } catch (AdminRefused e) {
        return target.refuse(e);
      } catch (EditRefused e) {
        return target.refuse(e);
      }
    }

    /** The token itself stays here: its hash is all that the cluster needs. */
    private ObjectNode request(Token token, Optional<Instant> end) {
      ObjectNode request =
          JsonNodeFactory.instance
              .objectNode()
              .put("label", label)
              .put("server", server)
              .put("tokenSha256", token.sha256().hex());
      if (policy != null) {
        request.put("policy", policy);
      }
      end.ifPresent(at -> request.put("expires", at.toString()));
      return request;
    }

    private void print(Token token, Optional<Instant> end) {
      ObjectNode details = JsonNodeFactory.instance.objectNode();
      details.put("id", server + "/" + label);
      details.put("policy", policy);
      details.put("expires", end.map(Instant::toString).orElse(null));
      target.printToken(label, server, token, details);
      if (policy == null) {
        target
            .err()
            .println("warning: the grant has no policy, so every call is denied; add `policy`.");
      }
    }

    private Instant instant(String text) {
      Optional<Duration> fromNow = Units.duration(text);
      if (fromNow.isPresent()) {
        return target.now().plus(fromNow.get()).truncatedTo(ChronoUnit.SECONDS);
      }
      try {
        return OffsetDateTime.parse(text).toInstant().truncatedTo(ChronoUnit.SECONDS);
      } catch (DateTimeException e) {
        throw new ParameterException(
            spec.commandLine(),
            "--expires must be a duration such as 30d or a time such as 2027-01-31T12:00:00Z",
            e);
      }
    }
  }

  /** {@code grant list}. */
  @Command(
      name = "list",
      description = "Lists the grants; neither tokens nor their hashes are shown.",
      mixinStandardHelpOptions = true)
  static final class ListGrants implements Callable<Integer> {
    private static final List<String> HEADINGS =
        List.of("LABEL", "ID", "SERVER", "POLICY", "STATE", "EXPIRES");

    @Mixin private Target target;

    @Override
    public Integer call() {
      try {
        List<Grant> grants =
            target.isClustered()
                ? ListedGrants.of(target.cluster().get("/grants"))
                : target.editor().grants();
        Instant now = target.now();
        if (target.json) {
          target.out().println(json(grants, now));
        } else {
          table(grants, now).forEach(target.out()::println);
        }
        return OK;
      } catch (AdminRefused e) {
        return target.refuse(e);
      } catch (EditRefused e) {
        return target.refuse(e);
      }
    }

    private static ArrayNode json(List<Grant> grants, Instant now) {
      ArrayNode array = JsonNodeFactory.instance.arrayNode();
      for (Grant grant : grants) {
        ObjectNode object = array.addObject();
        object.put("label", grant.label());
        object.put("id", grant.id());
        object.put("server", grant.server());
        object.put("policy", grant.policy().orElse(null));
        object.put("state", state(grant, now));
        object.put("expires", grant.expires().map(Instant::toString).orElse(null));
        object.put("revoked", grant.revoked().map(Instant::toString).orElse(null));
      }
      return array;
    }

    private static List<String> table(List<Grant> grants, Instant now) {
      List<List<String>> rows = new ArrayList<>();
      rows.add(HEADINGS);
      for (Grant grant : grants) {
        rows.add(
            List.of(
                grant.label(),
                grant.id(),
                grant.server(),
                grant.policy().orElse("-"),
                state(grant, now),
                grant.expires().map(Instant::toString).orElse("-")));
      }
      List<String> lines = new ArrayList<>();
      for (List<String> row : rows) {
        StringBuilder line = new StringBuilder();
        for (int column = 0; column < row.size(); column++) {
          int at = column;
          int width = rows.stream().mapToInt(cells -> cells.get(at).length()).max().orElse(0);
          line.append(row.get(column)).append(" ".repeat(width - row.get(column).length() + 2));
        }
        lines.add(line.toString().stripTrailing());
      }
      return lines;
    }

    /** One word for how a grant stands: active, expired, revoked or rotating. */
    static String state(Grant grant, Instant now) {
      if (grant.revoked().isPresent()) {
        return "revoked";
      }
      if (!grant.inForce(now)) {
        return "expired";
      }
      boolean rotating =
          grant.tokens().stream().anyMatch(token -> token.until().map(now::isBefore).orElse(false));
      return rotating ? "rotating" : "active";
    }
  }

  /** {@code grant rotate}. */
  @Command(
      name = "rotate",
      description = "Gives a grant another token and prints it, once.",
      mixinStandardHelpOptions = true)
  static final class Rotate implements Callable<Integer> {
    @Mixin private Target target;

    @Parameters(paramLabel = "LABEL", description = "The grant.")
    private String label;

    @Option(
        names = "--overlap",
        paramLabel = "DURATION",
        defaultValue = "0s",
        converter = DurationConverter.class,
        description =
            "How long the old token is accepted beside the new one, such as 1h."
                + " Default: it ends at once.")
    private Duration overlap;

    @Override
    public Integer call() {
      try {
        if (target.isClustered()) {
          Token token = Token.random();
          ObjectNode request =
              JsonNodeFactory.instance
                  .objectNode()
                  .put("tokenSha256", token.sha256().hex())
                  .put("overlap", Units.text(overlap));
          JsonNode answer = target.cluster().post(AdminClient.grant(label) + "/rotate", request);
          print(token);
          return target.inForce(answer);
        }
        print(target.editor().rotate(label, overlap));
        return target.inForce();
      } catch (AdminRefused e) {
        return target.refuse(e);
      } catch (EditRefused e) {
        return target.refuse(e);
      }
    }

    private void print(Token token) {
      ObjectNode details = JsonNodeFactory.instance.objectNode();
      details.put("overlap", Units.text(overlap));
      target.printToken(label, "", token, details);
    }
  }

  /** {@code grant revoke}. */
  @Command(
      name = "revoke",
      description = "Ends a grant; its entry stays, so that the audit log can be understood.",
      mixinStandardHelpOptions = true)
  static final class Revoke implements Callable<Integer> {
    @Mixin private Target target;

    @Parameters(paramLabel = "LABEL", description = "The grant.")
    private String label;

    @Override
    public Integer call() {
      try {
        if (target.isClustered()) {
          JsonNode answer =
              target
                  .cluster()
                  .post(
                      AdminClient.grant(label) + "/revoke", JsonNodeFactory.instance.objectNode());
          print(target.now().truncatedTo(ChronoUnit.SECONDS));
          return target.inForce(answer);
        }
        Revocation revocation = target.editor().revoke(label);
        print(revocation.at());
        if (revocation.errors().isEmpty()) {
          return target.inForce();
        }
        target
            .err()
            .println(
                "error: the revocation is written, but no node applies it until these errors are"
                    + " corrected:");
        revocation.errors().stream().map(Objects::toString).forEach(target.err()::println);
        return FAILED;
      } catch (AdminRefused e) {
        return target.refuse(e);
      } catch (EditRefused e) {
        return target.refuse(e);
      }
    }

    private void print(Instant at) {
      if (target.json) {
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        object.put("label", label);
        object.put("revoked", at.toString());
        target.out().println(object);
      } else {
        target.out().println(label + " is revoked since " + at);
      }
    }
  }

  /** Reads durations as the configuration writes them. */
  static final class DurationConverter implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      return Units.duration(text.toLowerCase(Locale.ROOT))
          .orElseThrow(
              () -> new TypeConversionException("must be a duration such as 30m, 1h or 7d"));
    }
  }
}
