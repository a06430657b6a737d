package dev.tallygate.registry;

import java.util.List;
import java.util.concurrent.CompletionStage;

/** The data members, as one node reaches them. Thread-safe. */
public interface Keepers {
  /** How many data members there are, whether or not they can be reached. */
  int expected();

  /** Those that can be reached now, as far as is known. */
  List<Remote> present();

  /**
   * One data member, in one run of its process. Every stage completes; it fails if there is no
   * answer in time, or another process answers.
   */
  interface Remote {
    /** Asks {@link Keeper#prepare}. */
    CompletionStage<Held> prepare(Ballot ballot);

    /** Asks {@link Keeper#accept}. */
    CompletionStage<Held> accept(Ballot ballot, Edition edition);

    /** Asks {@link Keeper#look}. */
    CompletionStage<Held> look(Ballot known);
  }
}
