package dev.tallygate.durability;

import java.io.IOException;

/** A database that this release must not count on; the message says what to change. */
public final class DatabaseRefused extends IOException {
  private static final long serialVersionUID = 1L;

  DatabaseRefused(String message) {
    super(message);
  }
}
