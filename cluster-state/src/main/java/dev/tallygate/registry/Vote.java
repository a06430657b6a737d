package dev.tallygate.registry;

/** An edition as a data member keeps it, with the attempt that wrote it. */
public record Vote(Ballot ballot, Edition edition) {}
