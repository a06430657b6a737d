package dev.tallygate.node.loop;

import io.netty.channel.IoEvent;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoRegistration;
import io.netty.channel.nio.NioIoEvent;
import io.netty.channel.nio.NioIoHandle;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Handles a few of the channels that are ready, then lets tasks and timers run, and goes on where
 * it was. Netty's handler goes round all that are ready first, be it a thousand; here they stand in
 * line, and it is asked for more when nobody does. Used on one event loop.
 */
final class InTurns implements IoHandler {
  private static final Logger LOG = LoggerFactory.getLogger(InTurns.class);

  /** The tasks that a channel leaves take up to 1 ms, and all of them come before the timers. */
  static final int MAX_CHANNELS = 16;

  static final long MAX_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private final IoHandler whole;
  private final LongSupplier nanos;
  private final Queue<Waiting> line = new ArrayDeque<>();

  /**
   * @param whole finds what is ready
   */
  InTurns(IoHandler whole, LongSupplier nanos) {
    this.whole = whole;
    this.nanos = nanos;
  }

  @Override
  public int run(IoHandlerContext context) {
    if (line.isEmpty()) {
      whole.run(context);
    }
    long began = nanos.getAsLong();
    int handled = 0;
    while (!line.isEmpty() && handled < MAX_CHANNELS && nanos.getAsLong() - began < MAX_NANOS) {
      line.remove().handle();
      handled++;
    }
    return handled;
  }

  @Override
  public IoRegistration register(IoHandle handle) throws Exception {
    return whole.register(new Waiting((NioIoHandle) handle));
  }

  @Override
  public void initialize() {
    whole.initialize();
  }

  @Override
  public void prepareToDestroy() {
    whole.prepareToDestroy();
  }

  @Override
  public void destroy() {
    whole.destroy();
  }

  @Override
  public void wakeup() {
    whole.wakeup();
  }

  @Override
  public boolean isCompatible(Class<? extends IoHandle> type) {
    return whole.isCompatible(type);
  }

  /** A channel that stands in line once it is ready. */
  private final class Waiting implements NioIoHandle {
    private final NioIoHandle channel;
    private IoRegistration registration;
    private NioIoEvent ready;

    Waiting(NioIoHandle channel) {
      this.channel = channel;
    }

    @Override
    public void handle(IoRegistration registration, IoEvent event) {
      if (ready == null) {
        line.add(this);
      }
      this.registration = registration;
      this.ready = (NioIoEvent) event;
    }

    void handle() {
      NioIoEvent event = ready;
      ready = null;
      try {
        if (registration.isValid() && isStillWanted(event)) {
          channel.handle(registration, event);
        }
      } catch (RuntimeException e) {
        LOG.warn("A channel failed", e);
      }
    }

    /** Since it became ready, what it is read for may have had enough. */
    private boolean isStillWanted(NioIoEvent event) {
      SelectionKey key = registration.attachment();
      return event.ops().isIncludedIn(key.interestOps());
    }

    @Override
    public SelectableChannel selectableChannel() {
      return channel.selectableChannel();
    }

    @Override
    public void registered() {
      channel.registered();
    }

    @Override
    public void unregistered() {
      channel.unregistered();
    }

    @Override
    public void close() throws Exception {
      channel.close();
    }
  }
}
