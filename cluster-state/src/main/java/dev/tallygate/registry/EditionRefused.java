package dev.tallygate.registry;

/** An edition cannot be enforced here; the message says why, in one line. */
public final class EditionRefused extends Exception {
  private static final long serialVersionUID = 1L;

  public EditionRefused(String message) {
    super(message);
  }
}
