package dev.tallygate.durability;

/**
 * The counts of one subject as they are written.
 *
 * @param change the higher, the newer
 * @param endsAt when they count no more, in milliseconds since the epoch
 * @param partial whether the row before it may have counts that it lacks, since that could not be
 *     read when they began
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Row(String subject, long change, long endsAt, byte[] counts, boolean partial) {}
