package dev.tallygate.node.cli;

/** Entry point of the command line. */
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    // Before anything touches the common pool: with one worker in it, Hazelcast starts a thread for
    // each call (docs/decisions/0007-common-pool.md).
    if (System.getProperty("java.util.concurrent.ForkJoinPool.common.parallelism") == null) {
      int parallelism = Math.max(4, Runtime.getRuntime().availableProcessors());
      System.setProperty(
          "java.util.concurrent.ForkJoinPool.common.parallelism", Integer.toString(parallelism));
    }
    System.setProperty("hazelcast.logging.type", "slf4j");
    if ("json".equals(System.getenv("TALLYGATE_LOG"))) {
      System.setProperty("logback.configurationFile", "logback-json.xml");
    }
    System.exit(TallygateCommand.line().execute(args));
  }
}
