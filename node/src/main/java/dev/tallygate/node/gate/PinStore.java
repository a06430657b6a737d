package dev.tallygate.node.gate;

import dev.tallygate.registry.Definition;
import dev.tallygate.registry.PinKey;
import java.util.List;
import java.util.Map;

/** Where definitions that were pinned at first sight are kept for the next start. Thread-safe. */
@FunctionalInterface
public interface PinStore {
  /** Returns at once; what is kept already stays. */
  void keep(String server, Map<PinKey, List<Definition>> definitions);
}
