package dev.tallygate.sessions;

/**
 * What a stream that is resumed may bring.
 *
 * @param requests the client's latest requests in the session, as they were noted
 */
public record Resumption(RecentIds requests) {}
