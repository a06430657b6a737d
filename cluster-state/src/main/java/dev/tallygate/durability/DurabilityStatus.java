package dev.tallygate.durability;

import java.time.Duration;
import java.util.Optional;

/**
 * How it stands with what is written down.
 *
 * @param problem why the database cannot be had; empty where it answers
 * @param waiting rows that are not written yet
 * @param written rows that were written
 * @param superseded rows that were not, since the database had newer ones
 * @param writes how often rows were written, many at a time
 * @param writing how long that took in all
 */
public record DurabilityStatus(
    Optional<String> problem,
    int waiting,
    long written,
    long superseded,
    long writes,
    Duration writing) {}
