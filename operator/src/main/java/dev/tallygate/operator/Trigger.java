package dev.tallygate.operator;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Lets one thread wait until something changed, however often it did meanwhile. Thread-safe. */
final class Trigger {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition pulled = lock.newCondition();
  private boolean pending;

  /** Something changed. */
  void pull() {
    lock.lock();
    try {
      pending = true;
      pulled.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until something changed since this returned last, or for so long. */
  void await(Duration atMost) throws InterruptedException {
    lock.lock();
    try {
      long left = atMost.toNanos();
      while (!pending && left > 0) {
        left = pulled.awaitNanos(left);
      }
      pending = false;
    } finally {
      lock.unlock();
    }
  }

  /** Lets changes that come together be one, so that a folder that is applied is one revision. */
  static void gather() throws InterruptedException {
    TimeUnit.MILLISECONDS.sleep(20);
  }
}
