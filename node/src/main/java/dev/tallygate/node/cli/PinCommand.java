package dev.tallygate.node.cli;

import dev.tallygate.node.audit.PlainText;
import dev.tallygate.node.config.ConfigReader;
import dev.tallygate.node.config.ConfigReading;
import dev.tallygate.node.config.NodeConfig;
import dev.tallygate.node.config.PinFile;
import dev.tallygate.node.upstream.Inventory;
import dev.tallygate.registry.Definition;
import dev.tallygate.registry.DefinitionChange;
import dev.tallygate.registry.PinKey;
import dev.tallygate.registry.ServerPins;
import io.vertx.core.Future;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.function.Predicate;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code tallygate pin}: what servers may say that their tools are. */
@Command(
    name = "pin",
    description = {
      "Approves the tools, prompts and instructions that servers show now, and writes them to the"
          + " lock file.",
      "What is in it already stays; `pin diff` shows where a server differs, `pin accept` takes"
          + " that."
    },
    mixinStandardHelpOptions = true,
    subcommands = {PinCommand.Diff.class, PinCommand.Accept.class})
public final class PinCommand implements Callable<Integer> {
  static final int OK = 0;
  static final int DIFFERENT = 1;
  static final int FAILED = 2;

  private static final Comparator<PinKey> BY_NAME =
      Comparator.comparing(PinKey::kind).thenComparing(PinKey::name);

  @Mixin private Target target;

  @Parameters(arity = "0..*", paramLabel = "SERVER", description = "Only these servers.")
  private List<String> servers = new ArrayList<>();

  @Override
  public Integer call() throws IOException, InterruptedException {
    NodeConfig config = target.read(servers);
    Map<String, Inventory> shown = target.ask(config, servers);
    Map<String, ServerPins> pins =
        PinFile.change(
            config.pinFile(),
            before -> {
              Map<String, ServerPins> after = new HashMap<>(before);
              shown.forEach(
                  (server, inventory) ->
                      after.merge(server, inventory.shown(), ServerPins::withMissing));
              return after;
            });
    boolean different = false;
    for (String server : shown.keySet()) {
      ServerPins approved = config.pins().getOrDefault(server, ServerPins.NONE);
      List<Difference> left =
          differences(pins.get(server), shown.get(server).shown()).stream()
              .filter(Difference::isChange)
              .toList();
      ServerPins now = pins.get(server);
      sorted(now)
          .filter(key -> !approved.has(key))
          .forEach(key -> target.out().println(server + ": pinned " + name(key)));
      left.forEach(difference -> target.err().println(server + ": " + difference.line()));
      different |= !left.isEmpty();
      target.out().println(server + ": " + now.keys().size() + " definitions are pinned");
    }
    if (different) {
      target.err().println("What changed is not approved by this: see `tallygate pin diff`.");
    }
    target.err().println("The lock file is " + config.pinFile());
    int applied = target.inForce();
    return target.failed ? FAILED : different ? DIFFERENT : applied;
  }

  /** What each of the commands needs. */
  static final class Target {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
        names = {"-c", "--config"},
        paramLabel = "FILE",
        description = "The node's configuration file.")
    private Path config;

    /** Whether a server did not answer. */
    private boolean failed;

    PrintWriter out() {
      return spec.commandLine().getOut();
    }

    PrintWriter err() {
      return spec.commandLine().getErr();
    }

    NodeConfig read(List<String> servers) {
      if (config == null) {
        throw new ParameterException(spec.commandLine(), "name the configuration: --config FILE");
      }
      ConfigReading reading = new ConfigReader().read(config);
      if (reading.config().isEmpty()) {
        reading.errors().forEach(err()::println);
        throw new ParameterException(spec.commandLine(), config + " has errors");
      }
      for (String server : servers) {
        if (!reading.config().get().servers().containsKey(server)) {
          throw new ParameterException(
              spec.commandLine(), config + " has no server `" + PlainText.shown(server) + "`");
        }
      }
      return reading.config().get();
    }

    /** What the servers show; all of them where none is named. */
    Map<String, Inventory> ask(NodeConfig config, List<String> servers)
        throws InterruptedException {
      SortedSet<String> names =
          new TreeSet<>(servers.isEmpty() ? config.servers().keySet() : servers);
      Map<String, Inventory> shown = new TreeMap<>();
      try (ServerInquiry inquiry = new ServerInquiry()) {
        Map<String, Future<Inventory>> asked = new TreeMap<>();
        for (String name : names) {
          asked.put(
              name,
              inquiry.ask(upstreams -> Inventory.of(upstreams.of(config.servers().get(name)))));
        }
        for (String name : names) {
          try {
            Inventory inventory = asked.get(name).toCompletionStage().toCompletableFuture().get();
            shown.put(name, inventory);
            for (String unusable : inventory.unusable()) {
              err()
                  .println(
                      name
                          + ": warning: "
                          + PlainText.shown(unusable)
                          + " cannot be pinned: parsers differ in how they read it; it stays hidden");
            }
          } catch (ExecutionException e) {
            failed = true;
            err().println(name + ": error: it cannot be asked: " + e.getCause().getMessage());
          }
        }
      }
      return shown;
    }

    /** Waits until a running node follows the lock file; says so, or why it cannot. */
    int inForce() {
      RunningNode.Answer answer = RunningNode.awaitApplied(config);
      err().println(answer.text());
      return answer.isRefusal() ? DIFFERENT : OK;
    }
  }

  /** {@code pin diff}. */
  @Command(
      name = "diff",
      description = {
        "Shows where servers differ from the lock file.",
        "Exits with 0 if they do not, with 1 if one does, with 2 if one cannot be asked."
      },
      mixinStandardHelpOptions = true)
  static final class Diff implements Callable<Integer> {
    @Mixin private Target target;

    @Parameters(arity = "0..*", paramLabel = "SERVER", description = "Only these servers.")
    private List<String> servers = new ArrayList<>();

    @Override
    public Integer call() throws InterruptedException {
      NodeConfig config = target.read(servers);
      Map<String, Inventory> shown = target.ask(config, servers);
      boolean different = false;
      for (Map.Entry<String, Inventory> server : shown.entrySet()) {
        ServerPins pinned = config.pins().getOrDefault(server.getKey(), ServerPins.NONE);
        List<Difference> found = differences(pinned, server.getValue().shown());
        different |= !found.isEmpty();
        for (Difference difference : found) {
          target.out().println(server.getKey() + ": " + difference.line());
          difference.details().forEach(target.out()::println);
        }
      }
      if (!different && !target.failed) {
        target.err().println("The servers are as they were pinned.");
      }
      return target.failed ? FAILED : different ? DIFFERENT : OK;
    }
  }

  /** {@code pin accept}. */
  @Command(
      name = "accept",
      description = "Approves what a server shows now, in place of what was approved before.",
      mixinStandardHelpOptions = true)
  static final class Accept implements Callable<Integer> {
    @Mixin private Target target;

    @Spec private CommandSpec spec;

    @Parameters(paramLabel = "SERVER", description = "The server.")
    private String server;

    @Parameters(
        index = "1..*",
        arity = "0..*",
        paramLabel = "NAME",
        description = "Tools and prompts.")
    private List<String> names = new ArrayList<>();

    @Option(names = "--instructions", description = "The server's instructions.")
    private boolean instructions;

    @Option(names = "--all", description = "All that it shows; what it shows no more is taken out.")
    private boolean all;

    @Override
    public Integer call() throws IOException, InterruptedException {
      if (!all && !instructions && names.isEmpty()) {
        throw new ParameterException(
            spec.commandLine(), "name the tools and prompts, or say --instructions or --all");
      }
      NodeConfig config = target.read(List.of(server));
      Inventory inventory = target.ask(config, List.of(server)).get(server);
      if (inventory == null) {
        return FAILED;
      }
      Predicate<PinKey> chosen =
          key ->
              all
                  || instructions && key.equals(PinKey.INSTRUCTIONS)
                  || key.kind() != PinKey.Kind.INSTRUCTIONS && names.contains(key.name());
      List<Difference> accepted = new ArrayList<>();
      PinFile.change(
          config.pinFile(),
          before -> {
            ServerPins pins = before.getOrDefault(server, ServerPins.NONE);
            accepted.clear();
            for (Difference difference : differences(pins, inventory.shown())) {
              if (chosen.test(difference.key)) {
                accepted.add(difference);
                pins = pins.with(difference.key, difference.shown);
              }
            }
            Map<String, ServerPins> after = new HashMap<>(before);
            after.put(server, pins);
            return after;
          });
      for (String name : names) {
        if (accepted.stream().noneMatch(difference -> difference.key.name().equals(name))) {
          target
              .err()
              .println(
                  "warning: " + PlainText.shown(name) + " does not differ from what is approved");
        }
      }
      for (Difference difference : accepted) {
        target.out().println(server + ": accepted: " + difference.line());
        difference.details().forEach(target.out()::println);
      }
      return target.inForce();
    }
  }

  /**
   * One thing that a server shows otherwise than it is pinned.
   *
   * @param pinned empty for what is new
   * @param shown empty for what is gone
   */
  private record Difference(PinKey key, List<Definition> pinned, List<Definition> shown) {
    boolean isChange() {
      return !pinned.isEmpty() && !shown.isEmpty();
    }

    String line() {
      String what = pinned.isEmpty() ? "new" : shown.isEmpty() ? "gone" : "changed";
      return what + ": " + name(key);
    }

    List<String> details() {
      List<String> lines = new ArrayList<>();
      // All of it, however long: what a reviewer does not see is where a server would hide things.
      for (Definition definition : shown) {
        for (DefinitionChange change : changes(definition)) {
          lines.add("  " + (change.pointer().isEmpty() ? "(whole)" : shown(change.pointer())));
          change.before().ifPresent(value -> lines.add("  - " + shown(value.toString())));
          change.after().ifPresent(value -> lines.add("  + " + shown(value.toString())));
        }
      }
      return lines;
    }

    /** The places that differ; the whole where there are too many to be listed. */
    private List<DefinitionChange> changes(Definition definition) {
      List<DefinitionChange> places = DefinitionChange.since(pinned, definition);
      if (!pinned.isEmpty() && places.size() < DefinitionChange.MAX_CHANGES) {
        return places;
      }
      return List.of(
          new DefinitionChange(
              "",
              pinned.stream().findFirst().map(Definition::value),
              Optional.of(definition.value())));
    }

    /** JSON, in which what a terminal would not show is escaped. */
    private static String shown(String json) {
      StringBuilder visible = new StringBuilder();
      json.codePoints()
          .forEach(
              c -> {
                if (PlainText.mayStand(c)) {
                  visible.appendCodePoint(c);
                } else {
                  visible.append(String.format("\\u%04X", c));
                }
              });
      return visible.toString();
    }
  }

  private static List<Difference> differences(ServerPins pinned, ServerPins shown) {
    SortedSet<PinKey> keys = new TreeSet<>(BY_NAME);
    keys.addAll(pinned.keys());
    keys.addAll(shown.keys());
    List<Difference> found = new ArrayList<>();
    for (PinKey key : keys) {
      Difference difference = new Difference(key, pinned.of(key), shown.of(key));
      // One that is approved in another version of MCP too, and not shown in it now, is none.
      boolean approved =
          !difference.shown.isEmpty() && pinned.of(key).containsAll(difference.shown);
      if (!approved) {
        found.add(difference);
      }
    }
    return found;
  }

  private static Stream<PinKey> sorted(ServerPins pins) {
    return pins.keys().stream().sorted(BY_NAME);
  }

  private static String name(PinKey key) {
    String kind = key.kind().name().toLowerCase(Locale.ROOT);
    return key.name().isEmpty() ? kind : kind + " " + PlainText.shown(key.name());
  }
}
