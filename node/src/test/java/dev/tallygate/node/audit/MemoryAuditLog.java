package dev.tallygate.node.audit;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** An audit log for tests: keeps records in memory and fails when told to. */
public final class MemoryAuditLog implements AuditLog {
  private final List<AuditRecord> records = new CopyOnWriteArrayList<>();
  private volatile String failure;

  /** Every record from now on is refused; null ends that. */
  public void failWith(String message) {
    failure = message;
  }

  public List<AuditRecord> records() {
    return List.copyOf(records);
  }

  public <T extends AuditRecord> List<T> records(Class<T> type) {
    return records.stream().filter(type::isInstance).map(type::cast).toList();
  }

  @Override
  public CompletionStage<Void> append(AuditRecord record) {
    String why = failure;
    if (why != null) {
      return CompletableFuture.failedStage(new AuditUnavailable(why));
    }
    records.add(record);
    return CompletableFuture.completedStage(null);
  }

  @Override
  public String digest(byte[] secret) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec("test".getBytes(StandardCharsets.US_ASCII), "HmacSHA256"));
      return HexFormat.of().formatHex(mac.doFinal(secret));
    } catch (java.security.GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public int queued() {
    return 0;
  }

  @Override
  public void close() {
    failure = "closed";
  }
}
