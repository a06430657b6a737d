package dev.tallygate.registry;

import java.io.IOException;
import java.util.Optional;

/** Where one keeper has its vote, and its last promise. */
interface VoteStore {
  /** What was written last; empty if nothing was. */
  Optional<Vote> read() throws IOException;

  /** Replaces what is there; when this returns it outlasts a loss of power. */
  void write(Vote vote) throws IOException;

  /** What was promised last; {@link Ballot#NONE} if nothing was. */
  Ballot promised() throws IOException;

  /** Replaces the promise; when this returns it outlasts a loss of power. */
  void promise(Ballot ballot) throws IOException;
}
