package dev.tallygate.registry;

import java.io.IOException;
import java.nio.file.Path;

/** A file of the registry is not as it was written. */
public final class RegistryDamaged extends IOException {
  private static final long serialVersionUID = 1L;

  RegistryDamaged(Path file, String wrong) {
    super(
        file
            + " is damaged: "
            + wrong
            + "; move it away and start again, the node then takes the registry from the other data"
            + " members");
  }
}
