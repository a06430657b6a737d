package dev.tallygate.node.loop;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.InternetProtocolFamily;
import io.vertx.core.spi.transport.Transport;

/**
 * Java's own I/O, on event loops that come to their tasks and timers soon, however many connections
 * have something to read.
 */
public final class ShortTurns implements io.vertx.core.transport.Transport, Transport {
  private final Transport nio = NIO.implementation();

  @Override
  public String name() {
    return NIO.name();
  }

  @Override
  public boolean available() {
    return NIO.available();
  }

  @Override
  public Throwable unavailabilityCause() {
    return NIO.unavailabilityCause();
  }

  @Override
  public Transport implementation() {
    return this;
  }

  @Override
  public IoHandlerFactory ioHandlerFactory() {
    IoHandlerFactory whole = nio.ioHandlerFactory();
    return executor -> new InTurns(whole.newHandler(executor), System::nanoTime);
  }

  @Override
  public DatagramChannel datagramChannel(InternetProtocolFamily family) {
    return nio.datagramChannel(family);
  }

  @Override
  public ChannelFactory<? extends DatagramChannel> datagramChannelFactory() {
    return nio.datagramChannelFactory();
  }

  @Override
  public ChannelFactory<? extends Channel> channelFactory(boolean domainSocket) {
    return nio.channelFactory(domainSocket);
  }

  @Override
  public ChannelFactory<? extends ServerChannel> serverChannelFactory(boolean domainSocket) {
    return nio.serverChannelFactory(domainSocket);
  }
}
