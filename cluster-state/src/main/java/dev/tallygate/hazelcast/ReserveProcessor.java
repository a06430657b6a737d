package dev.tallygate.hazelcast;

import dev.tallygate.counters.Claim;
import dev.tallygate.counters.CounterTable;
import dev.tallygate.counters.ReserveResult;
import java.util.List;
import java.util.Optional;

/**
 * Holds units of one subject's counters, all claims or none. Answers null where the subject has no
 * table and no birth was given.
 */
final class ReserveProcessor extends TableProcessor<ReserveResult> {
  final String id;
  final List<Claim> claims;
  final Optional<Birth> birth;

  ReserveProcessor(String id, List<Claim> claims, Optional<Birth> birth) {
    this.id = id;
    this.claims = claims;
    this.birth = birth;
  }

  @Override
  Optional<Birth> birth() {
    return birth;
  }

  @Override
  ReserveResult apply(CounterTable table, long clockMillis) {
    return table.reserve(id, claims, clockMillis);
  }

  @Override
  boolean changed(ReserveResult answer) {
    return answer instanceof ReserveResult.Reserved;
  }

  @Override
  ReserveResult withoutTable() {
    return null;
  }
}
