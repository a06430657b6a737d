package dev.tallygate.node.upstream;

/** An MCP server did not answer. */
public abstract sealed class UpstreamFailure extends Exception {
  private static final long serialVersionUID = 1L;

  private UpstreamFailure(String message) {
    super(message, null, false, false);
  }

  /** No connection stood, so no byte of the request was written: it certainly did not run. */
  public static final class NotReached extends UpstreamFailure {
    private static final long serialVersionUID = 1L;

    NotReached(String reason) {
      super(reason);
    }
  }

  /** The request was written, and no response began in time. */
  public static final class TimedOut extends UpstreamFailure {
    private static final long serialVersionUID = 1L;

    TimedOut(long millis) {
      super("no response began within " + millis + " ms");
    }
  }

  /** The request may have been written, and the connection broke. */
  public static final class Broken extends UpstreamFailure {
    private static final long serialVersionUID = 1L;

    Broken(Throwable cause) {
      super(reason(cause));
    }
  }

  static String reason(Throwable cause) {
    return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
  }
}
