package dev.tallygate.hazelcast;

import dev.tallygate.counters.Claim;
import dev.tallygate.counters.CounterTable;
import dev.tallygate.counters.ReserveResult;
import java.util.List;

/** Holds units of one subject's counters, all claims or none. */
final class ReserveProcessor extends TableProcessor<ReserveResult> {
  final String id;
  final List<Claim> claims;

  ReserveProcessor(String id, List<Claim> claims) {
    this.id = id;
    this.claims = claims;
  }

  @Override
  ReserveResult apply(CounterTable table, long clockMillis) {
    return table.reserve(id, claims, clockMillis);
  }

  @Override
  boolean changed(ReserveResult answer) {
    return answer instanceof ReserveResult.Reserved;
  }
}
