package dev.tallygate.load;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * How a command that measures was called.
 *
 * @param home the checkout
 * @param quick whether a rough result is enough
 */
public record Invocation(Path home, boolean quick) {
  static final String QUICK = "--quick";

  /**
   * Ends the process where it was called wrongly. On Ctrl-C too, nothing that it started goes on.
   *
   * @param command as it is called
   * @param end ends a process
   */
  public static Invocation of(String command, String[] args, Consumer<ProcessHandle> end) {
    if (!Set.of(QUICK).containsAll(List.of(args))) {
      System.err.println("usage: " + command + " [" + QUICK + "]");
      System.exit(2);
    }
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> ProcessHandle.current().descendants().forEach(end)));
    return new Invocation(
        Path.of(System.getProperty("tallygate.home", ".")).toAbsolutePath().normalize(),
        args.length > 0);
  }
}
