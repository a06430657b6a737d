package dev.tallygate.threads;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;

/** Threads that keep no process from ending. */
public record Daemons(String name) implements ThreadFactory {
  public static ThreadFactory named(String name) {
    return new Daemons(name);
  }

  /** One that does something later, or again and again. */
  public static ScheduledExecutorService scheduler(String name) {
    return Executors.newSingleThreadScheduledExecutor(named(name));
  }

  @Override
  public Thread newThread(Runnable task) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }
}
