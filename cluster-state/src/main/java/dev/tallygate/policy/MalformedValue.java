package dev.tallygate.policy;

/** A value of a policy that cannot be used; the message says what would be. */
final class MalformedValue extends Exception {
  private static final long serialVersionUID = 1L;

  MalformedValue(String message) {
    super(message, null, false, false);
  }
}
