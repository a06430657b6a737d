package dev.tallygate.hazelcast;

import com.hazelcast.map.EntryProcessor;
import java.util.Map;

/** Forgets a task that is bound to a grant; answers whether it was. */
final class UnbindTaskProcessor implements EntryProcessor<String, String, Boolean> {
  final String grantId;
  private transient boolean changed;

  UnbindTaskProcessor(String grantId) {
    this.grantId = grantId;
  }

  @Override
  public Boolean process(Map.Entry<String, String> entry) {
    changed = grantId.equals(entry.getValue());
    if (changed) {
      entry.setValue(null);
    }
    return changed;
  }

  @Override
  public EntryProcessor<String, String, Boolean> getBackupProcessor() {
    return changed ? this : null;
  }
}
