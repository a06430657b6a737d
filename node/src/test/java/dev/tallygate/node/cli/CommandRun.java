package dev.tallygate.node.cli;

import java.io.PrintWriter;
import java.io.StringWriter;

/** A command that was run in this JVM, and what it said. */
public record CommandRun(int exit, String out, String err) {
  public static CommandRun of(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int exit =
        TallygateCommand.line()
            .setOut(new PrintWriter(out, true))
            .setErr(new PrintWriter(err, true))
            .execute(arguments);
    return new CommandRun(exit, out.toString(), err.toString());
  }
}
