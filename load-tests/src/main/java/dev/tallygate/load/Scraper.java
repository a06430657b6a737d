package dev.tallygate.load;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Reads a node's metrics when it is asked to, and once a second where it is told to. */
final class Scraper implements AutoCloseable {
  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
  private final URI metrics;
  private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
  private volatile LoadFailure failure;

  private Scraper(URI metrics) {
    this.metrics = metrics;
  }

  static Scraper onDemand(URI metrics) {
    return new Scraper(metrics);
  }

  /** As a Prometheus on short intervals does. */
  static Scraper everySecond(URI metrics) {
    Scraper scraper = new Scraper(metrics);
    scraper.clock.scheduleAtFixedRate(scraper::tryScrape, 0, 1, TimeUnit.SECONDS);
    return scraper;
  }

  private void tryScrape() {
    try {
      scrape();
    } catch (LoadFailure e) {
      failure = e;
    }
  }

  /**
   * The metrics as they are now.
   *
   * @throws LoadFailure if the node does not answer within 10 s, or wrongly
   */
  String scrape() {
    HttpRequest request = HttpRequest.newBuilder(metrics).timeout(Duration.ofSeconds(10)).build();
    try {
      var answer = http.send(request, BodyHandlers.ofString());
      if (answer.statusCode() != 200) {
        throw new LoadFailure(metrics + " answered " + answer.statusCode());
      }
      return answer.body();
    } catch (IOException e) {
      throw new LoadFailure(metrics + ": " + e, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LoadFailure("interrupted", e);
    }
  }

  /** The sum of all samples whose line begins so. */
  static double sum(String exposition, String metric) {
    return exposition
        .lines()
        .filter(line -> line.startsWith(metric + "{") || line.startsWith(metric + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  /**
   * Ends it.
   *
   * @throws LoadFailure if a scrape failed
   */
  @Override
  public void close() {
    clock.shutdown();
    try {
      clock.awaitTermination(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (failure != null) {
      throw failure;
    }
  }
}
