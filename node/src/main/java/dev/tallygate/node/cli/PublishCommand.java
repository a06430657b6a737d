package dev.tallygate.node.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.node.cli.AdminClient.AdminRefused;
import dev.tallygate.node.config.ConfigReader;
import dev.tallygate.node.config.ConfigReading;
import dev.tallygate.node.config.Declared;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tallygate publish}: makes what a file declares that of its cluster. */
@Command(
    name = "publish",
    mixinStandardHelpOptions = true,
    description = {
      "Publishes what a file declares to its cluster.",
      "",
      "Servers, policies and grants of the file take the place of all that files declared before; what"
          + " was declared at the admin address stays. The node that runs by the file is asked, and the"
          + " command returns when every node of the cluster enforces it.",
      ""
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:in force on every node",
      "1:refused, or a node is late, which is named",
      "2:wrong use"
    })
final class PublishCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = {"-c", "--config"},
      required = true,
      paramLabel = "FILE",
      description = "The node's file (docs/configuration.md).")
  private Path config;

  @Override
  public Integer call() {
    ConfigReading reading = new ConfigReader().read(config);
    if (reading.config().isEmpty()) {
      reading.errors().forEach(spec.commandLine().getErr()::println);
      return 1;
    }
    if (reading.config().get().cluster().isEmpty()) {
      spec.commandLine()
          .getErr()
          .println(
              "error: " + config + " is that of a node that stands alone; it applies it by itself");
      return 1;
    }
    try {
      JsonNode answer =
          AdminClient.of(config)
              .put("/registry/file", json(reading.config().get().declared()).toString());
      List<String> lines = AdminClient.outcome(answer);
      lines.forEach(spec.commandLine().getOut()::println);
      return answer.path("late").isEmpty() ? 0 : 1;
    } catch (AdminRefused e) {
      spec.commandLine().getErr().println("error: " + e.getMessage());
      return 1;
    }
  }

  private static ObjectNode json(Declared declared) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.set("servers", declared.servers());
    json.set("policies", declared.policies());
    json.set("grants", declared.grants());
    json.set("pins", declared.pins());
    return json;
  }
}
