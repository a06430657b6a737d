package dev.tallygate.node.config;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How the configuration writes durations ({@code 500ms}, {@code 30d}) and sizes ({@code 4MiB}). */
public final class Units {
  private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h|d)");
  private static final Pattern BYTES = Pattern.compile("(\\d{1,9})(B|KiB|MiB|GiB)?");

  private Units() {}

  /** A whole number followed by {@code ms}, {@code s}, {@code m}, {@code h} or {@code d}. */
  public static Optional<Duration> duration(String text) {
    Matcher matcher = DURATION.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    long number = Long.parseLong(matcher.group(1));
    return Optional.of(
        switch (matcher.group(2)) {
          case "ms" -> Duration.ofMillis(number);
          case "s" -> Duration.ofSeconds(number);
          case "m" -> Duration.ofMinutes(number);
          case "h" -> Duration.ofHours(number);
          default -> Duration.ofDays(number);
        });
  }

  /** A whole number of bytes, or one followed by {@code KiB}, {@code MiB} or {@code GiB}. */
  public static Optional<Long> bytes(String text) {
    Matcher matcher = BYTES.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    long number = Long.parseLong(matcher.group(1));
    String unit = matcher.group(2) == null ? "B" : matcher.group(2);
    return Optional.of(
        switch (unit) {
          case "KiB" -> number << 10;
          case "MiB" -> number << 20;
          case "GiB" -> number << 30;
          default -> number;
        });
  }

  /** The duration as {@link #duration(String)} reads it. */
  public static String text(Duration duration) {
    if (duration.toMillis() % 1000 != 0) {
      return duration.toMillis() + "ms";
    }
    long seconds = duration.toSeconds();
    if (seconds == 0 || seconds % 60 != 0) {
      return seconds + "s";
    }
    if (seconds % 3600 != 0) {
      return seconds / 60 + "m";
    }
    return seconds % 86400 != 0 ? seconds / 3600 + "h" : seconds / 86400 + "d";
  }

  /** The size as {@link #bytes(String)} reads it. */
  public static String text(long bytes) {
    String[] units = {"", "KiB", "MiB", "GiB"};
    int unit = 0;
    long number = bytes;
    while (unit < 3 && number != 0 && number % 1024 == 0) {
      number /= 1024;
      unit++;
    }
    return number + units[unit];
  }
}
