package dev.tallygate.node.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command line as a whole. */
@Command(
    name = "tallygate",
    mixinStandardHelpOptions = true,
    versionProvider = TallygateCommand.Version.class,
    description = "A gateway that judges every MCP tool call before it reaches the server.",
    footer = {
      "",
      "Begin with `tallygate demo`. A node runs by one file: see docs/configuration.md.",
      "TALLYGATE_LOG=json writes the node's log as JSON lines."
    },
    subcommands = {
      ServeCommand.class,
      DemoCommand.class,
      ValidateCommand.class,
      ExplainCommand.class,
      ImportCommand.class,
      GrantCommand.class,
      AuditCommand.class,
      HelpCommand.class
    })
final class TallygateCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Say what to do.");
  }

  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = TallygateCommand.class.getPackage().getImplementationVersion();
      return new String[] {"tallygate " + (version == null ? "(development)" : version)};
    }
  }
}
