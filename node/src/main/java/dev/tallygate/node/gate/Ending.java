package dev.tallygate.node.gate;

import dev.tallygate.node.audit.AuditRecord.End;
import java.util.OptionalInt;

/**
 * How a forwarded message ended.
 *
 * @param status the server's HTTP status, if it answered
 * @param ran whether the call may have run; only a certain no gives units back
 */
record Ending(End end, OptionalInt status, boolean ran) {
  static Ending of(End end, int status) {
    return new Ending(end, OptionalInt.of(status), true);
  }

  static Ending silent(End end, boolean ran) {
    return new Ending(end, OptionalInt.empty(), ran);
  }
}
