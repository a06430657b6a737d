package dev.tallygate.operator;

import dev.tallygate.operator.Reconciler.Outcome;
import dev.tallygate.operator.Reconciler.Overtaken;
import dev.tallygate.operator.compile.Credentials;
import dev.tallygate.operator.gateway.GatewayClient;
import dev.tallygate.operator.kubernetes.KubernetesWriter;
import dev.tallygate.operator.kubernetes.Leadership;
import dev.tallygate.operator.kubernetes.Leadership.Pod;
import dev.tallygate.operator.kubernetes.NamespaceWatch;
import dev.tallygate.registry.Sealing;
import io.kubernetes.client.openapi.ApiClient;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running operator. Until it leads it watches, so that it can go on at once; after it led it
 * ends, and Kubernetes starts another.
 */
public final class Operator implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Operator.class);

  /** How often nodes are asked what they enforce though nothing changed. */
  private static final Duration QUIET = Duration.ofSeconds(5);

  private static final Duration NODES_LATE = Duration.ofMillis(200);
  private static final Duration SHORTEST_RETRY = Duration.ofMillis(250);
  private static final Duration LONGEST_RETRY = Duration.ofSeconds(5);
  private static final Duration STUCK = Duration.ofMinutes(3);
  private static final int WRITERS = 4;

  /**
   * How it runs.
   *
   * @param namespace whose resources it serves
   * @param gateway admin address of the gateways, such as {@code http://tallygate-admin:9090}
   * @param adminToken gives what the admin address wants to be shown
   * @param clusterSecret by which credentials are sealed
   * @param ownSecrets names of the Secrets of the gateways, members and operators, which no server
   *     is shown
   * @param lease name of the Lease by which one of several operators leads
   * @param identity that no other process has, ever
   * @param pod that it runs in, where it does
   * @param listen where metrics and probes are served
   */
  public record Settings(
      String namespace,
      URI gateway,
      Supplier<String> adminToken,
      String clusterSecret,
      Set<String> ownSecrets,
      String lease,
      String identity,
      Optional<Pod> pod,
      InetSocketAddress listen) {
    @Override
    public String toString() {
      return "Settings[" + namespace + ", " + gateway + "]"; // the rest holds secrets
    }
  }

  private final Trigger trigger = new Trigger();
  private final OperatorMetrics metrics = new OperatorMetrics();
  private final ExecutorService writers = Executors.newFixedThreadPool(WRITERS);
  private final NamespaceWatch watch;
  private final Leadership leadership;
  private final Reconciler reconciler;
  private final Probes probes;
  private volatile long lastRun = System.nanoTime();
  private volatile boolean closed;
  private volatile Thread loop;

  public Operator(ApiClient client, Settings settings) throws IOException {
    watch = new NamespaceWatch(client, settings.namespace(), trigger::pull, metrics::watchFailed);
    leadership =
        new Leadership(
            client, settings.namespace(), settings.lease(), settings.identity(), settings.pod());
    reconciler =
        new Reconciler(
            watch::resources,
            new GatewayClient(settings.gateway(), settings.adminToken()),
            new KubernetesWriter(client, settings.namespace(), settings.identity()),
            writers,
            credentials(settings),
            Clock.systemUTC(),
            metrics);
    probes = new Probes(settings.listen(), metrics, watch::hasSynced, this::isAlive);
  }

  private static Supplier<Credentials> credentials(Settings settings) {
    Sealing sealing = new Sealing(settings.clusterSecret());
    return () ->
        new Credentials(
            sealing,
            new HashSet<>(List.of(settings.clusterSecret(), settings.adminToken().get())),
            settings.ownSecrets());
  }

  /** Where metrics and probes are served. */
  public int port() {
    return probes.port();
  }

  /**
   * Watches, and works while it leads.
   *
   * @return whether it was closed; otherwise it lost the lease, or another took over
   */
  public boolean run() {
    watch.start();
    LOG.info("waiting for the lease");
    leadership.run(
        () -> {
          Thread worker = new Thread(this::work, "tallygate-reconciler");
          lastRun = System.nanoTime();
          loop = worker;
          worker.start();
        });
    metrics.leads(false);
    end();
    return closed;
  }

  private void work() {
    try {
      LOG.info("this operator leads");
      while (!watch.hasSynced()) {
        trigger.await(NODES_LATE);
      }
      metrics.leads(true);
      Duration retry = SHORTEST_RETRY;
      while (!closed) {
        Outcome outcome = once();
        retry = outcome == Outcome.FAILED ? longer(retry) : SHORTEST_RETRY;
        trigger.await(
            switch (outcome) {
              case SETTLED -> QUIET;
              case PENDING -> NODES_LATE;
              case FAILED -> retry;
            });
        Trigger.gather();
      }
    } catch (Overtaken e) {
      LOG.error("{}; this one ends", e.getMessage());
      leadership.close();
    } catch (InterruptedException e) {
      LOG.info("the operator ends");
    }
  }

  private static Duration longer(Duration retry) {
    Duration twice = retry.multipliedBy(2);
    return twice.compareTo(LONGEST_RETRY) > 0 ? LONGEST_RETRY : twice;
  }

  private Outcome once() throws Overtaken, InterruptedException {
    long began = System.nanoTime();
    Outcome outcome;
    try {
      outcome = reconciler.reconcile();
    } catch (RuntimeException e) {
      LOG.error("a run failed; trying again", e);
      outcome = Outcome.FAILED;
    }
    lastRun = System.nanoTime();
    metrics.ran(
        (lastRun - began) / (double) TimeUnit.SECONDS.toNanos(1), outcome == Outcome.FAILED);
    return outcome;
  }

  /** One that leads and did not finish a run for minutes hangs, or cannot see what is there. */
  private boolean isAlive() {
    return loop == null || System.nanoTime() - lastRun < STUCK.toNanos();
  }

  private void end() {
    Thread worker = loop;
    if (worker != null) {
      worker.interrupt();
    }
  }

  /** Gives the lease back and ends. What is published stays in force. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    end();
    leadership.close();
    watch.close();
    writers.shutdownNow();
    probes.close();
  }
}
