package dev.tallygate.node.loop;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.IoEvent;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.nio.NioIoEvent;
import io.netty.channel.nio.NioIoHandle;
import io.netty.channel.nio.NioIoOps;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class InTurnsTest {
  private static final int TURNS = 3;

  private final List<Integer> handled = new ArrayList<>();
  private final AllReady ready = new AllReady();
  private long now;
  private final InTurns loop = new InTurns(ready, () -> now);

  @Test
  void aTurnIsOverAfterSomeChannelsAndTheNextGoesOnWhereItWas() throws Exception {
    // Given
    List<Integer> all = IntStream.range(0, TURNS * InTurns.MAX_CHANNELS).boxed().toList();
    for (int each : all) {
      connect(each, () -> {});
    }

    // When
    turn();

    // Then
    assertThat(handled).hasSize(InTurns.MAX_CHANNELS);

    // When
    turn();
    turn();

    // Then
    assertThat(handled).isEqualTo(all);
  }

  @Test
  void aTurnIsOverAfterSomeTime() throws Exception {
    // Given
    for (int i = 0; i < 10; i++) {
      connect(i, () -> now += TimeUnit.MILLISECONDS.toNanos(4));
    }

    // When
    turn();

    // Then
    assertThat(handled).containsExactly(0, 1, 2);
  }

  @Test
  void aChannelThatTakesLongerThanATurnIsHandledNevertheless() throws Exception {
    // Given
    connect(0, () -> now += 2 * InTurns.MAX_NANOS);
    connect(1, () -> {});

    // When
    turn();
    turn();

    // Then
    assertThat(handled).containsExactly(0, 1);
  }

  @Test
  void channelsThatAreAlwaysReadyKeepNoOtherWaiting() throws Exception {
    // Given
    List<Integer> all = IntStream.range(0, TURNS * InTurns.MAX_CHANNELS).boxed().toList();
    for (int each : all) {
      connect(each, () -> {});
    }

    // When
    for (int i = 0; i < 2 * TURNS; i++) {
      turn();
    }

    // Then
    List<Integer> twice = new ArrayList<>(all);
    twice.addAll(all);
    assertThat(handled).isEqualTo(twice);
  }

  @Test
  void aChannelThatWasPausedWhileItStoodInLineIsNotRead() throws Exception {
    // Given
    List<Registered> second = new ArrayList<>();
    connect(0, () -> second.get(0).key.interest = 0);
    second.add(connect(1, () -> {}));

    // When
    turn();

    // Then
    assertThat(handled).containsExactly(0);
  }

  @Test
  void aChannelThatWasPausedIsReadWhenItIsWantedAgain() throws Exception {
    // Given
    Registered paused = connect(0, () -> {});
    paused.key.interest = 0;
    turn();
    assertThat(handled).isEmpty();

    // When
    paused.key.interest = SelectionKey.OP_READ;
    turn();

    // Then
    assertThat(handled).containsExactly(0);
  }

  @Test
  void aChannelThatWasClosedWhileItStoodInLineIsLeftOut() throws Exception {
    // Given
    List<Registered> second = new ArrayList<>();
    connect(0, () -> second.get(0).cancel());
    second.add(connect(1, () -> {}));

    // When
    turn();

    // Then
    assertThat(handled).containsExactly(0);
  }

  @Test
  void aChannelThatFailsHoldsUpNoOther() throws Exception {
    // Given
    connect(
        0,
        () -> {
          throw new IllegalStateException("of one channel");
        });
    connect(1, () -> {});

    // When
    turn();

    // Then
    assertThat(handled).containsExactly(0, 1);
  }

  private void turn() {
    loop.run(null);
  }

  private Registered connect(int index, Runnable work) throws Exception {
    return (Registered)
        loop.register(
            new NioIoHandle() {
              @Override
              public SelectableChannel selectableChannel() {
                throw new UnsupportedOperationException();
              }

              @Override
              public void handle(IoRegistration registration, IoEvent event) {
                handled.add(index);
                work.run();
              }

              @Override
              public void close() {}
            });
  }

  /** Finds all that is registered ready to be read, whenever it is asked. */
  private static final class AllReady implements IoHandler {
    private final List<Registered> all = new ArrayList<>();

    @Override
    public int run(IoHandlerContext context) {
      NioIoEvent read = () -> NioIoOps.READ;
      all.forEach(each -> each.handle.handle(each, read));
      return all.size();
    }

    @Override
    public IoRegistration register(IoHandle handle) {
      Registered registered = new Registered(handle);
      all.add(registered);
      return registered;
    }

    @Override
    public void wakeup() {}

    @Override
    public boolean isCompatible(Class<? extends IoHandle> type) {
      return true;
    }
  }

  private static final class Registered implements IoRegistration {
    private final IoHandle handle;
    private final Key key = new Key();

    Registered(IoHandle handle) {
      this.handle = handle;
    }

    @Override
    @SuppressWarnings("unchecked")
    public <T> T attachment() {
      return (T) key;
    }

    @Override
    public long submit(IoOps ops) {
      throw new UnsupportedOperationException();
    }

    @Override
    public boolean isValid() {
      return key.isValid();
    }

    @Override
    public boolean cancel() {
      key.cancel();
      return true;
    }
  }

  private static final class Key extends SelectionKey {
    private int interest = OP_READ;
    private boolean valid = true;

    @Override
    public boolean isValid() {
      return valid;
    }

    @Override
    public void cancel() {
      valid = false;
    }

    @Override
    public int interestOps() {
      return interest;
    }

    @Override
    public SelectionKey interestOps(int ops) {
      interest = ops;
      return this;
    }

    @Override
    public int readyOps() {
      return OP_READ;
    }

    @Override
    public SelectableChannel channel() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Selector selector() {
      throw new UnsupportedOperationException();
    }
  }
}
