package dev.tallygate.sessions;

/**
 * Names a session. It belongs to the server that issued its id: two servers may issue the same.
 *
 * @param server name of the server
 * @param id as the server issued it
 */
public record SessionKey(String server, String id) {}
