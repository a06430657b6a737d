package dev.tallygate.node.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.json.JsonBounds;
import dev.tallygate.json.JsonDocument;
import dev.tallygate.json.JsonRefused;
import dev.tallygate.json.StrictJson;
import dev.tallygate.node.config.ConfigReader;
import dev.tallygate.node.config.ConfigReading;
import dev.tallygate.node.config.NodeConfig;
import dev.tallygate.policy.Charge;
import dev.tallygate.policy.Decision;
import dev.tallygate.policy.Denial;
import dev.tallygate.policy.Finding;
import dev.tallygate.policy.Policy;
import dev.tallygate.policy.PolicyReading;
import dev.tallygate.registry.Grant;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code tallygate explain}: what would be decided of a call, and why. */
@Command(
    name = "explain",
    mixinStandardHelpOptions = true,
    description = {
      "Says what would be decided of a call, and why.",
      "",
      "Tells the rule with its place in the policy, what an agent would be told, and the limits that an"
          + " allowed call must find room in. Nothing is called and nothing is counted.",
      "",
      "Name a grant of a configuration, or a policy file by itself.",
      ""
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:allowed", "3:denied", "1:a file cannot be used", "2:wrong use"})
final class ExplainCommand implements Callable<Integer> {
  private static final int DENIED = 3;

  @Spec private CommandSpec spec;

  @ArgGroup(exclusive = true, multiplicity = "1")
  private Source source;

  private static final class Source {
    @ArgGroup(exclusive = false)
    private OfGrant grant;

    @Option(names = "--policy", paramLabel = "FILE", description = "A policy file.")
    private Path policy;
  }

  private static final class OfGrant {
    @Option(
        names = {"-c", "--config"},
        required = true,
        paramLabel = "FILE",
        description = "The node's configuration file.")
    private Path config;

    @Option(
        names = "--grant",
        required = true,
        paramLabel = "LABEL",
        description = "The grant that calls.")
    private String label;
  }

  @Option(names = "--tool", required = true, description = "The tool that is called.")
  private String tool;

  @Option(
      names = "--args",
      paramLabel = "JSON",
      defaultValue = "{}",
      description =
          "The call's arguments, or @FILE to read them from a file (default: ${DEFAULT-VALUE}).")
  private String arguments;

  @Option(names = "--json", description = "Prints one JSON object.")
  private boolean json;

  /** Whose call it is, and where its policy stands. */
  private record Caller(Optional<Grant> grant, Optional<Path> policy) {}

  @Override
  public Integer call() {
    try {
      JsonNode args = readArguments();
      Caller caller = caller();
      if (caller.policy().isEmpty()) {
        return print(
            new Decision.Deny(
                new Denial(
                    Denial.Reason.NO_POLICY,
                    "(no policy)",
                    Optional.empty(),
                    "This grant has no policy attached, so it may call nothing.")),
            caller,
            Optional.empty(),
            true);
      }
      byte[] text = Reasons.read(caller.policy().get());
      JsonDocument document = StrictJson.readDocument(text, JsonBounds.DOCUMENT);
      PolicyReading reading = Policy.read(document);
      if (reading.policy().isEmpty()) {
        reading.findings().stream()
            .filter(finding -> finding.severity() == Finding.Severity.ERROR)
            .forEach(finding -> err().println(caller.policy().get() + ":" + finding));
        return 1;
      }
      Policy policy = reading.policy().get();
      return print(policy.decide(tool, args), caller, Optional.of(document), policy.lists(tool));
    } catch (JsonRefused e) {
      err().println("error: the policy, " + e.position() + ": " + e.getMessage());
      return 1;
    } catch (IOException e) {
      err().println("error: " + Reasons.of(e));
      return 1;
    } catch (Unusable e) {
      err().println("error: " + e.getMessage());
      return 1;
    }
  }

  /** Something that the command was given cannot be used. */
  private static final class Unusable extends Exception {
    private static final long serialVersionUID = 1L;

    Unusable(String message) {
      super(message);
    }
  }

  private JsonNode readArguments() throws IOException {
    byte[] text =
        arguments.startsWith("@")
            ? Reasons.read(Path.of(arguments.substring(1)))
            : arguments.getBytes(StandardCharsets.UTF_8);
    try {
      JsonNode args = StrictJson.read(text, JsonBounds.REQUEST);
      if (!args.isObject()) {
        throw new ParameterException(spec.commandLine(), "--args must be a JSON object");
      }
      return args;
    } catch (JsonRefused e) {
      throw new ParameterException(
          spec.commandLine(), "--args, " + e.position() + ": " + e.getMessage(), e);
    }
  }

  private Caller caller() throws Unusable {
    if (source.policy != null) {
      return new Caller(Optional.empty(), Optional.of(source.policy));
    }
    ConfigReading reading = new ConfigReader().read(source.grant.config);
    if (reading.config().isEmpty()) {
      reading.errors().forEach(err()::println);
      throw new Unusable("the configuration has errors");
    }
    NodeConfig config = reading.config().get();
    List<Grant> named =
        config.grants().stream().filter(g -> g.label().equals(source.grant.label)).toList();
    Grant grant =
        named.stream()
            .filter(g -> g.inForce(Instant.now()))
            .findFirst()
            .orElseThrow(
                () ->
                    new Unusable(
                        named.isEmpty()
                            ? "there is no grant "
                                + source.grant.label
                                + "; there are "
                                + labels(config)
                            : "the grant " + source.grant.label + " has expired or is revoked"));
    return new Caller(
        Optional.of(grant), grant.policy().map(name -> config.policyFiles().get(name).file()));
  }

  private static String labels(NodeConfig config) {
    return config.grants().isEmpty()
        ? "none"
        : String.join(", ", config.grants().stream().map(Grant::label).sorted().toList());
  }

  private int print(
      Decision decision, Caller caller, Optional<JsonDocument> document, boolean listed) {
    if (json) {
      out().println(asJson(decision, caller, document, listed).toPrettyString());
    } else if (decision instanceof Decision.Deny deny) {
      Denial denial = deny.denial();
      out().println("denied by  " + place(denial.rule(), caller, document));
      denial.name().ifPresent(name -> out().println("name       " + name));
      out().println("message    " + denial.message());
      out().println("listed     " + listed(listed));
    } else {
      out().println("allowed    if every limit below has room");
      out().println("listed     " + listed(listed));
      for (Charge charge : ((Decision.Allow) decision).charges()) {
        out()
            .println(
                "limit      "
                    + charge.amount().stripTrailingZeros().toPlainString()
                    + " of "
                    + charge.max().stripTrailingZeros().toPlainString()
                    + " in "
                    + charge.windowSeconds()
                    + " s, counter "
                    + charge.counter()
                    + " of "
                    + subject(charge, caller)
                    + ", by "
                    + place(charge.rule(), caller, document));
      }
      if (((Decision.Allow) decision).charges().isEmpty()) {
        out().println("limit      none");
      }
    }
    return decision instanceof Decision.Deny ? DENIED : 0;
  }

  private static String listed(boolean listed) {
    return listed ? "yes" : "no: it answers as a tool that the server does not have";
  }

  private static String subject(Charge charge, Caller caller) {
    String scope = charge.scope().name().toLowerCase(Locale.ROOT);
    return switch (charge.scope()) {
      case GRANT -> "grant " + caller.grant().map(Grant::id).orElse("(each)");
      case SERVER -> "server " + caller.grant().map(Grant::server).orElse("(each)");
      case SESSION -> "the MCP session";
      case CLUSTER -> "the whole " + scope;
    };
  }

  private static String place(String rule, Caller caller, Optional<JsonDocument> document) {
    if (!rule.startsWith("/") || document.isEmpty()) {
      return rule;
    }
    return rule
        + " ("
        + caller.policy().orElseThrow()
        + ":"
        + document.get().positionOf(rule)
        + ")";
  }

  private ObjectNode asJson(
      Decision decision, Caller caller, Optional<JsonDocument> document, boolean listed) {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    object.put("tool", tool);
    caller.grant().ifPresent(grant -> object.put("grant", grant.id()));
    object.put("outcome", decision instanceof Decision.Deny ? "denied" : "allowed");
    object.put("listed", listed);
    if (decision instanceof Decision.Deny deny) {
      object.put("rule", deny.denial().rule());
      deny.denial().name().ifPresent(name -> object.put("name", name));
      object.put("message", deny.denial().message());
      document.ifPresent(
          d -> object.put("position", d.positionOf(deny.denial().rule()).toString()));
    } else {
      for (Charge charge : ((Decision.Allow) decision).charges()) {
        object
            .withArray("limits")
            .addObject()
            .put("counter", charge.counter())
            .put("scope", charge.scope().name().toLowerCase(Locale.ROOT))
            .put("windowSeconds", charge.windowSeconds())
            .put("cost", charge.amount())
            .put("max", charge.max())
            .put("rule", charge.rule());
      }
    }
    return object;
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }

  private PrintWriter err() {
    return spec.commandLine().getErr();
  }
}
