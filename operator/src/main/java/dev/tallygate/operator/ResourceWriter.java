package dev.tallygate.operator;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.operator.compile.Compilation.SecretWanted;
import dev.tallygate.operator.resources.Resource;
import java.io.IOException;

/** Writes what the operator reports and makes. Thread-safe; everything blocks. */
public interface ResourceWriter {
  /**
   * Puts a status in the place of the one before.
   *
   * @throws IOException if it was not taken; it may be tried again
   */
  void status(Resource resource, ObjectNode status) throws IOException;

  /**
   * Makes a Secret with a new token, which goes with its grant; leaves one that is there.
   *
   * @throws IOException if it was not made
   */
  void secret(Resource grant, SecretWanted wanted) throws IOException;

  /** Tells of a transition; may be dropped where there are too many. */
  void event(Resource resource, boolean warning, String reason, String message);
}
