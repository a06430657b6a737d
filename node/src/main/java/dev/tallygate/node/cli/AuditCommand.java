package dev.tallygate.node.cli;

import dev.tallygate.node.audit.AuditKey;
import dev.tallygate.node.audit.AuditSettings;
import dev.tallygate.node.audit.AuditTail;
import dev.tallygate.node.audit.AuditVerifier;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code tallygate audit}: reads the audit log. */
@Command(
    name = "audit",
    description = "Checks and shows the audit log.",
    mixinStandardHelpOptions = true,
    subcommands = {AuditCommand.Verify.class, AuditCommand.Tail.class})
public final class AuditCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "name one of verify and tail after `audit`");
  }

  /** {@code audit verify}. */
  @Command(
      name = "verify",
      mixinStandardHelpOptions = true,
      description = {
        "Checks that nobody changed the log since the node wrote it.",
        "",
        "Every line carries a code made with the node's key over the line and the code before it."
            + " So an edit, a removal, an insertion, another order or lines made with another key"
            + " are found, and the first wrong line is named. Rotated files beside FILE are"
            + " checked first, oldest to newest. The node may run meanwhile.",
        "",
        "Lines cut off at the end leave no trace in the log itself. Note the head that this"
            + " command prints somewhere else, and give it as --head the next time.",
        ""
      },
      exitCodeListHeading = "%nExit codes:%n",
      exitCodeList = {
        "0:the log is as the node wrote it",
        "1:it is not; the line is named",
        "2:wrong usage, or a file or the key cannot be read"
      },
      footerHeading = "%nExamples:%n",
      footer = {
        "  tallygate audit verify /var/lib/tallygate/audit.jsonl",
        "  tallygate audit verify audit.jsonl --key /secure/audit.key --head 5f0c..."
      })
  static final class Verify implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Parameters(paramLabel = "FILE", description = "The log that the node writes now.")
    private Path file;

    @Option(
        names = "--key",
        paramLabel = "KEYFILE",
        description = "The node's audit key. Default: FILE.key")
    private Path key;

    @Option(
        names = "--head",
        paramLabel = "HASH",
        description = "A head noted earlier; the log must still contain it.")
    private String head;

    @Option(
        names = "--after",
        paramLabel = "HASH",
        description =
            "The head that archived files end with, where the oldest files were moved away.")
    private String after;

    @Override
    public Integer call() {
      PrintWriter out = spec.commandLine().getOut();
      PrintWriter err = spec.commandLine().getErr();
      Path keyFile = key != null ? key : AuditSettings.defaultKeyFile(file);
      try {
        if (Files.notExists(file) && Files.notExists(keyFile)) {
          throw new NoSuchFileException(file.toString()); // rather than to speak of its key
        }
        requireNoFolder(file);
        AuditVerifier.Result result =
            AuditVerifier.verify(
                file,
                AuditKey.read(keyFile),
                Optional.ofNullable(head),
                Optional.ofNullable(after));
        result.notes().forEach(note -> out.println("note: " + note));
        if (result.isOk()) {
          out.println("ok: " + result.records() + " records, head " + result.head());
          return 0;
        }
        AuditVerifier.Fault fault = result.fault().orElseThrow();
        err.println("bad: " + fault);
        err.println(result.records() + " records before it are as the node wrote them");
        return 1;
      } catch (IllegalArgumentException | IOException e) {
        err.println("audit verify: " + said(e));
        return 2;
      } finally {
        out.flush();
        err.flush();
      }
    }
  }

  /** {@code audit tail}. */
  @Command(
      name = "tail",
      mixinStandardHelpOptions = true,
      description = {
        "Shows the last records in words, and with -f those that follow.",
        "",
        "Needs no key and checks nothing: use `audit verify` for that. Control and invisible"
            + " characters in names are shown as escapes.",
        ""
      })
  static final class Tail implements Callable<Integer> {
    private static final long PAUSE_MILLIS = 250;

    @Spec private CommandSpec spec;

    @Parameters(paramLabel = "FILE", description = "The log that the node writes now.")
    private Path file;

    @Option(
        names = {"-n", "--lines"},
        paramLabel = "N",
        defaultValue = "20",
        description = "How many records to show; 20 if not given.")
    private int lines;

    @Option(
        names = {"-f", "--follow"},
        description = "Go on with new records until interrupted, also when the file is rotated.")
    private boolean follow;

    @Override
    public Integer call() {
      PrintWriter out = spec.commandLine().getOut();
      if (lines < 0) {
        throw new CommandLine.ParameterException(
            spec.commandLine(), "-n must not be negative: " + lines);
      }
      try {
        requireNoFolder(file);
        AuditTail tail = new AuditTail(file, out);
        if (follow) {
          tail.follow(lines, Tail::pause);
        } else {
          tail.last(lines);
        }
        return 0;
      } catch (IOException e) {
        spec.commandLine().getErr().println("audit tail: " + said(e));
        return 2;
      } finally {
        out.flush();
        spec.commandLine().getErr().flush();
      }
    }

    private static boolean pause() {
      try {
        Thread.sleep(PAUSE_MILLIS);
        return true;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
  }

  private static void requireNoFolder(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      throw new IOException(file + ": is a folder; name the log in it");
    }
  }

  private static String said(Exception e) {
    if (e instanceof NoSuchFileException missing && missing.getReason() != null) {
      return missing.getMessage();
    }
    return e instanceof IOException io ? Reasons.of(io) : e.getMessage();
  }
}
