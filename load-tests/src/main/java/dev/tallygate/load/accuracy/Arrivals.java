package dev.tallygate.load.accuracy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.tallygate.policy.Algorithm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Calls that arrived at the MCP server, each by the window that its node charged: the server noted
 * the ids of their decisions, and the audit logs say to which window each was charged.
 *
 * @param arrived units of calls that arrived
 * @param charged units of all calls that were let through, and of those that were given back
 * @param unrecorded calls that arrived and are in no audit log
 */
record Arrivals(List<UnitLog.Entry> arrived, List<UnitLog.Entry> charged, long unrecorded) {
  private static final int SUB_WINDOWS = 60;
  private static final JsonMapper JSON = new JsonMapper();

  Arrivals {
    arrived = List.copyOf(arrived);
    charged = List.copyOf(charged);
  }

  /**
   * @param server what the server noted
   * @param audits the log of each node, of which the last line may be torn
   */
  static Arrivals read(Path server, List<Path> audits, List<Column> columns, int windowSeconds)
      throws IOException {
    // First, since a call is in its node's log before it arrives.
    List<String> ids = Files.readAllLines(server);
    Map<String, UnitLog.Entry> decisions = new HashMap<>();
    List<UnitLog.Entry> charged = new ArrayList<>();
    for (Path audit : audits) {
      for (String line : Files.readAllLines(audit)) {
        Optional<JsonNode> record = record(line);
        if (record.isEmpty()) {
          continue;
        }
        String id = record.get().path("decisionId").asText();
        JsonNode charge = record.get().path("charged").path(0);
        if (!charge.isMissingNode()) {
          UnitLog.Entry entry = entry(charge, columns, windowSeconds);
          decisions.put(id, entry);
          charged.add(entry);
        } else if (record.get().path("refunded").size() > 0 && decisions.containsKey(id)) {
          charged.add(decisions.get(id).negated());
        }
      }
    }
    List<UnitLog.Entry> arrived = new ArrayList<>();
    long unrecorded = 0;
    for (String id : ids) {
      if (decisions.containsKey(id)) {
        arrived.add(decisions.get(id));
      } else {
        unrecorded++;
      }
    }
    return new Arrivals(arrived, charged, unrecorded);
  }

  private static Optional<JsonNode> record(String line) {
    try {
      return Optional.of(JSON.readTree(line));
    } catch (JsonProcessingException torn) {
      return Optional.empty();
    }
  }

  private static UnitLog.Entry entry(JsonNode charge, List<Column> columns, int windowSeconds) {
    Column.Subject of = Column.Subject.of(charge.path("counter").asText()).orElseThrow();
    boolean sliding = columns.get(of.column()).algorithm() == Algorithm.SLIDING;
    long until = Instant.parse(charge.path("until").asText()).toEpochMilli();
    // A fixed window is charged until its end, a 60th of a sliding one for 60 more of them.
    long perWindow = sliding ? SUB_WINDOWS : 1;
    long chargedFor = sliding ? SUB_WINDOWS + 1 : 1;
    long window = until * perWindow / (windowSeconds * 1000L) - chargedFor;
    return new UnitLog.Entry(
        of.column(), of.number(), window, Long.parseLong(charge.path("units").asText()));
  }
}
