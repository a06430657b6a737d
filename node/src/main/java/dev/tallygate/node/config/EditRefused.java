package dev.tallygate.node.config;

/** An edit that was not made; the file is as it was. The message names the reason and the cure. */
public final class EditRefused extends Exception {
  private static final long serialVersionUID = 1L;

  EditRefused(String message) {
    super(message);
  }

  EditRefused(String message, Throwable cause) {
    super(message, cause);
  }
}
