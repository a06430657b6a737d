package dev.tallygate.node.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.node.config.ConfigFinding;
import dev.tallygate.node.config.ConfigReader;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code tallygate validate}: everything that is wrong with a configuration or with policies. */
@Command(
    name = "validate",
    description = {
      "Checks a configuration with everything that it names, or policy files.",
      "Prints each finding as FILE:LINE:COLUMN. Exits with 1 if one of them is an error."
    },
    mixinStandardHelpOptions = true)
public final class ValidateCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = {"-c", "--config"},
      paramLabel = "FILE",
      description = "A node's configuration file.")
  private Path config;

  @Parameters(arity = "0..*", paramLabel = "POLICY", description = "Policy files, JSON.")
  private List<Path> policies = new ArrayList<>();

  @Option(names = "--json", description = "Prints one JSON array of findings.")
  private boolean json;

  @Override
  public Integer call() {
    if (config == null && policies.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(), "name what to check: --config FILE, or policy files");
    }
    ConfigReader reader = new ConfigReader();
    List<ConfigFinding> findings = new ArrayList<>();
    if (config != null) {
      findings.addAll(reader.read(config).findings());
    }
    for (Path policy : policies) {
      findings.addAll(reader.readPolicy(policy));
    }
    boolean valid = findings.stream().noneMatch(ConfigFinding::isError);
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(json(findings));
    } else {
      findings.forEach(out::println);
      if (valid) {
        spec.commandLine().getErr().println("valid");
      }
    }
    return valid ? 0 : 1;
  }

  private static ArrayNode json(List<ConfigFinding> findings) {
    ArrayNode array = JsonNodeFactory.instance.arrayNode();
    for (ConfigFinding found : findings) {
      ObjectNode object = array.addObject();
      object.put("file", found.file().toString());
      object.put("line", found.finding().position().line());
      object.put("column", found.finding().position().column());
      object.put("severity", found.finding().severity().name().toLowerCase(Locale.ROOT));
      object.put("pointer", found.finding().pointer());
      object.put("message", found.finding().message());
    }
    return array;
  }
}
