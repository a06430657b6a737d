package dev.tallygate.node.mcp;

import java.util.List;
import java.util.regex.Pattern;

/** The revisions of MCP that are spoken here. */
public final class ProtocolVersions {
  /** The first revision without sessions and handshake. */
  public static final String FIRST_MODERN = "2026-07-28";

  /** What a request is of that names no version, as the specification says. */
  public static final String ASSUMED = "2025-03-26";

  public static final List<String> MODERN = List.of(FIRST_MODERN);

  public static final List<String> LEGACY = List.of("2025-11-25", "2025-06-18", ASSUMED);

  /** All, newest first. */
  public static final List<String> SUPPORTED =
      List.of(FIRST_MODERN, "2025-11-25", "2025-06-18", ASSUMED);

  private static final Pattern DATE = Pattern.compile("\\d{4}-\\d{2}-\\d{2}");

  private ProtocolVersions() {}

  /** Whether a version, supported or not, is of the era that began with {@link #FIRST_MODERN}. */
  static boolean namesModernEra(String version) {
    return DATE.matcher(version).matches() && version.compareTo(FIRST_MODERN) >= 0;
  }
}
