package dev.tallygate.node.cli;

import dev.tallygate.node.config.ConfigFinding;
import dev.tallygate.policy.PolicyImport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code tallygate import}: a policy of the older YAML dialect, made one of this language. */
@Command(
    name = "import",
    mixinStandardHelpOptions = true,
    description = {
      "Converts a policy of the older YAML dialect.",
      "",
      "The policy is printed on stdout, or written to --output. Nothing is lost on the way: what has no"
          + " equal is an error that names its place, and no policy is written.",
      ""
    })
final class ImportCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "FILE", description = "The YAML document.")
  private Path file;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "POLICY",
      description = "Where to write the policy; a file that exists is not overwritten.")
  private Path output;

  @Override
  public Integer call() {
    try {
      PolicyImport converted = PolicyImport.fromYaml(Reasons.read(file));
      converted
          .findings()
          .forEach(
              finding -> spec.commandLine().getErr().println(new ConfigFinding(file, finding)));
      if (converted.policy().isEmpty()) {
        return 1;
      }
      if (output == null) {
        spec.commandLine().getOut().println(converted.policy().get());
      } else {
        Files.writeString(
            output, converted.policy().get() + "\n", java.nio.file.StandardOpenOption.CREATE_NEW);
      }
      return 0;
    } catch (IOException e) {
      spec.commandLine().getErr().println("error: " + Reasons.of(e));
      return 1;
    }
  }
}
