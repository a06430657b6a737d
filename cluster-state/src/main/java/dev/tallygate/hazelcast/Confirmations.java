package dev.tallygate.hazelcast;

import com.hazelcast.spi.impl.operationservice.impl.BaseInvocation;
import com.hazelcast.spi.impl.operationservice.impl.Invocation;
import com.hazelcast.spi.impl.operationservice.impl.InvocationFuture;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.Future;

/**
 * How many backups have confirmed to whoever asked for a step that they have what it changed.
 *
 * <p>Hazelcast waits for those that the owner says it has told. An owner tells none that it has
 * just lost, says so, and the step is answered as if it had all its copies; the number itself is
 * kept from callers.
 */
final class Confirmations {
  private static final VarHandle INVOCATION;
  private static final VarHandle RECEIVED;

  static {
    try {
      MethodHandles.Lookup here = MethodHandles.lookup();
      INVOCATION =
          MethodHandles.privateLookupIn(InvocationFuture.class, here)
              .findVarHandle(InvocationFuture.class, "invocation", Invocation.class);
      RECEIVED =
          MethodHandles.privateLookupIn(BaseInvocation.class, here)
              .findVarHandle(BaseInvocation.class, "backupsAcksReceived", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private Confirmations() {}

  /** Those of a step that is answered. */
  static int of(Future<?> answered) {
    Invocation invocation = (Invocation) INVOCATION.get((InvocationFuture<?>) answered);
    return (int) RECEIVED.getVolatile((BaseInvocation) invocation);
  }
}
