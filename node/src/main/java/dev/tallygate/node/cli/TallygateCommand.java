package dev.tallygate.node.cli;

import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

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
      StateCommand.class,
      ClusterCommand.class,
      PublishCommand.class,
      DemoCommand.class,
      CallCommand.class,
      ValidateCommand.class,
      ExplainCommand.class,
      ImportCommand.class,
      GrantCommand.class,
      PinCommand.class,
      AuditCommand.class,
      HelpCommand.class
    })
final class TallygateCommand implements Runnable {
  @Spec private CommandSpec spec;

  /** The command line, ready to run. */
  static CommandLine line() {
    // An argument such as --args @call.json names a file of arguments of a call, not of the
    // command.
    return new CommandLine(new TallygateCommand())
        .setExpandAtFiles(false)
        .setParameterExceptionHandler(TallygateCommand::wrongUse);
  }

  /** One line on what is wrong, one on where help is; the help itself where no command is named. */
  private static int wrongUse(ParameterException e, String[] arguments) {
    CommandLine command = e.getCommandLine();
    PrintWriter err = command.getErr();
    boolean isGroup = !command.getSubcommands().isEmpty();
    if (isGroup && e instanceof UnmatchedArgumentException unmatched) {
      err.println(
          "there is no command `"
              + unmatched.getUnmatched().get(0)
              + "`; commands are "
              + String.join(", ", command.getSubcommands().keySet()));
    } else {
      err.println(e.getMessage());
    }
    String name = command.getCommandSpec().qualifiedName();
    if (isGroup && !(e instanceof UnmatchedArgumentException)) {
      command.usage(err);
    } else {
      err.println("See `" + name + " --help`.");
    }
    err.flush();
    return command.getCommandSpec().exitCodeOnInvalidInput();
  }

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
